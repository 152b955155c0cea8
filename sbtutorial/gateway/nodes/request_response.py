"""The request/response pair of links that `$cbs` and every `<entity>/$management` are.

The client sends requests on one link and gets the answers on the other.
Source: AMQP Management, working draft; Azure Service Bus, "request-response operations".
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.events import MessageReceived
from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    Accepted,
    Properties,
    Rejected,
    TransactionalState,
    build_map_section,
    split_sections,
)
from sbtutorial.amqp.performatives import Error
from sbtutorial.amqp.pieces import Payload, Pieces
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.amqp.sections import NOT_CHECKED, Ends
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.amqp.types import Int, Symbol, decode, encode
from sbtutorial.broker.errors import ErrorCode
from sbtutorial.broker.limits import MAX_HEADER_BYTES
from sbtutorial.gateway.budget import Budget
from sbtutorial.gateway.nodes.long_values import LONG_BYTES, encode_in_steps, read_in_steps
from sbtutorial.gateway.nodes.node import Node
from sbtutorial.gateway.reactor import Job
from sbtutorial.gateway.wire.conditions import CONDITIONS, DECODE_ERROR, RESOURCE_LIMIT_EXCEEDED
from sbtutorial.gateway.wire.reading import checked_in_steps, is_long

# Answers that wait for credit, and requests that wait for those: no client makes us keep more.
_MAX_WAITING_BYTES = 256 * 1024
_MAX_HELD_BYTES = 1024 * 1024
_DESCRIPTOR_BYTES = 3  # before the value of a section
_TOO_MANY = Error(
    RESOURCE_LIMIT_EXCEEDED,
    "Too many requests wait for answers that are not taken: grant credit on the link for answers.",
    None,
)

_IN_A_TRANSACTION = Error(
    CONDITIONS[ErrorCode.NOT_IMPLEMENTED].symbol,
    "This broker takes no part of a transaction as a request: schedule, cancel and settle by token "
    "outside of transactions.",
    None,
)


class AmqpRequest(NamedTuple):
    """A request as a `$cbs` or `$management` node gets it."""

    operation: str
    properties: Mapping[str, Any]
    body: Any
    who: str
    now: float


class AmqpResponse(NamedTuple):
    """Its answer; `body` is written as an amqp-value."""

    status_code: int
    description: str
    condition: Symbol | None = None
    body: Any = None


class Dialect(NamedTuple):
    """The names of the status properties: `$cbs` and `$management` spell them differently."""

    status_code: str
    status_description: str
    error_condition: str


# What comes to an answer little by little: a job whose first step is done at once, and often all.
Answering = Generator[int, float, AmqpResponse]


class RequestHandler(Protocol):
    """Answers requests; never raises for what a client asked."""

    dialect: Dialect

    def handle(self, request: AmqpRequest) -> AmqpResponse | Answering:
        """Do what is asked and say how it went; or begin, if that takes long."""


class ResponseNode(Node):
    """The link on which answers go out; they wait here while it has no credit.

    Attributes:
        names: What `reply_to` may call it.
        on_room: Called when the client takes answers again, after `is_behind` was true.
    """

    def __init__(self, link: SenderLink, path: str, routes: "ResponseRoutes") -> None:
        self.link = link
        self.names = _names(link)
        self.on_room: dict[Callable[[float], Job | None], None] = {}
        self._path = path
        self._routes = routes
        self._waiting: deque[Payload] = deque()
        self._waiting_bytes = 0
        self._next_tag = 0
        routes.add(path, self)

    @property
    def is_behind(self) -> bool:
        """Whether so many answers wait for credit that no more should be made."""
        return self._waiting_bytes > _MAX_WAITING_BYTES or self.link.session.windows.sendable <= 0

    def send(self, payload: Payload) -> None:
        """Send one answer, settled, as soon as the client has granted credit for it."""
        self._waiting.append(payload)
        self._waiting_bytes += len(payload)
        self._send_waiting()

    def flow_received(self, *, now: float) -> Job | None:
        """Send what waits, as far as credit goes; then have more answered."""
        self._send_waiting()
        job = self._have_more_answered(now)
        if self.link.drain:
            self.link.drained()
        return job

    def _have_more_answered(self, now: float) -> Job | None:
        while self.on_room and not self.is_behind:
            answer_more = next(iter(self.on_room))
            del self.on_room[answer_more]
            if job := answer_more(now):
                return self._go_on_after(job)
        return None

    def _go_on_after(self, job: Job | None) -> Job:
        while job is not None:
            yield from job
            job = self._have_more_answered((yield 0))

    def detached(self) -> Job | None:
        """No answer can go this way any more."""
        self._routes.remove(self._path, self)
        self._waiting.clear()
        return None

    def _send_waiting(self) -> None:
        while self._waiting and self.link.credit > 0:
            payload = self._waiting.popleft()
            self._waiting_bytes -= len(payload)
            self._next_tag += 1
            self.link.send(payload, delivery_tag=self._next_tag.to_bytes(4, "big"), settled=True)


class ResponseRoutes:
    """The response links of one session, by node: where an answer goes."""

    def __init__(self) -> None:
        # The newest last; by node, and by node and a name that `reply_to` may say.
        self._links: dict[object, dict[ResponseNode, None]] = {}

    def add(self, path: str, node: ResponseNode) -> None:
        """Remember a response link of the node at `path`."""
        for key in _keys(path, node):
            self._links.setdefault(key, {})[node] = None

    def remove(self, path: str, node: ResponseNode) -> None:
        """Forget it."""
        for key in _keys(path, node):
            links = self._links[key]
            links.pop(node, None)
            if not links:
                del self._links[key]

    def find(self, path: str, reply_to: object) -> ResponseNode | None:
        """The link that `reply_to` names, else the newest of that node, else none."""
        at = path.lower()
        links = self._links.get((at, reply_to)) if isinstance(reply_to, str) else None
        links = links or self._links.get(at)
        return next(reversed(links)) if links else None


def _keys(path: str, node: ResponseNode) -> Iterator[object]:
    at = path.lower()
    yield at
    yield from ((at, name) for name in node.names)


def _names(link: SenderLink) -> frozenset[str]:
    names = link.name, getattr(link.target, "address", None)
    return frozenset(name for name in names if isinstance(name, str))


class RequestNode(Node):
    """The link on which requests come in: settles each, has it answered, sends the answer.

    A request that belongs to a transaction is rejected. While the client leaves too many answers
    untaken, its requests wait here, as many as it had credit for; those that it sends beyond that
    are rejected.
    """

    CREDIT = 100

    def __init__(
        self,
        link: ReceiverLink,
        path: str,
        handler: RequestHandler,
        routes: ResponseRoutes,
        who: str,
        budget: Budget,
    ) -> None:
        self._link = link
        self._path = path
        self._handler = handler
        self._routes = routes
        self._who = who
        self._budget = budget
        self._held: deque[_Held] = deque()
        self._held_bytes = 0
        self._is_gone = False
        link.grant(self.CREDIT)

    def message_received(self, event: MessageReceived, *, now: float) -> Job | None:
        """Answer one request, or keep it; one that cannot be read is rejected instead."""
        if isinstance(event.state, TransactionalState):
            # Done at once it would stay done after a rollback.
            self._link.settle(event.delivery_id, Rejected(_IN_A_TRANSACTION))
            return self._answer_held(now)
        if self._held and not self._can_hold(event):
            self._link.settle(event.delivery_id, Rejected(_TOO_MANY))
            return None
        self._held.append(_Held(event, None if is_long(event.payload) else NOT_CHECKED))
        self._held_bytes += len(event.payload)
        return self._answer_held(now)

    def detached(self) -> Job | None:
        """What was kept is not done any more."""
        self._is_gone = True
        self._held.clear()
        return None

    def _can_hold(self, event: MessageReceived) -> bool:
        size = self._held_bytes + len(event.payload)
        return len(self._held) < self.CREDIT and size <= _MAX_HELD_BYTES

    def _answer_held(self, now: float) -> Job | None:
        """Answer until nothing is held, answers are not taken, or there is one that takes long."""
        while self._held:
            event, ends = self._held[0]
            if ends is None:
                return self._check_first(event)
            try:
                properties, named, body = _read_head(event.payload, ends)
                takes_steps = len(body) > LONG_BYTES
                value = None if takes_steps else _decode_section(body)
            except DecodeError as error:
                self._reject_first(event, error)
                continue
            route = self._routes.find(self._path, properties.reply_to)
            if route is not None and route.is_behind:
                route.on_room[self._go_on] = None
                return None
            self._drop_first()
            # Some clients give up unless the request is settled before its answer arrives.
            self._link.settle(event.delivery_id, Accepted())
            self._budget.spend_on_bytes(len(event.payload))
            answer = (
                self._handle_long(named, body)
                if takes_steps
                else self._handler.handle(self._request(named, value, now))
            )
            if not isinstance(answer, AmqpResponse):
                try:
                    self._budget.spend(next(answer))
                except StopIteration as end:
                    answer = end.value
                else:
                    return self._answer_in_steps(answer, properties, route)
            encoding = _encode_response(answer, properties, self._handler.dialect)
            try:
                self._budget.spend(next(encoding))
            except StopIteration as end:
                self._send(end.value, route)
            else:
                return self._send_in_steps(encoding, route)
        self._link.keep_credit(self.CREDIT)
        return None

    def _check_first(self, event: MessageReceived) -> Job:
        """Walk over a request that is long, and then answer it, and those behind it."""
        yield 0
        try:
            ends = yield from checked_in_steps(event.payload)
        except DecodeError as error:
            if not self._is_gone:
                self._reject_first(event, error)
        else:
            if not self._is_gone:
                self._held[0] = _Held(event, ends)
        now = yield 0
        if job := self._go_on(now):
            yield from job

    def _reject_first(self, event: MessageReceived, error: DecodeError) -> None:
        self._drop_first()
        self._link.settle(event.delivery_id, Rejected(Error(DECODE_ERROR, str(error), None)))

    def _request(self, named: Mapping[str, Any], body: Any, now: float) -> AmqpRequest:
        return AmqpRequest(str(named.get("operation", "")), named, body, self._who, now)

    def _handle_long(self, named: Mapping[str, Any], body: bytes) -> Answering:
        try:
            value = yield from read_in_steps(body, _DESCRIPTOR_BYTES)
        except DecodeError as error:
            return AmqpResponse(400, f"The body of the request cannot be read: {error}")
        now = yield 1
        answer = self._handler.handle(self._request(named, value, now))
        return answer if isinstance(answer, AmqpResponse) else (yield from answer)

    def _go_on(self, now: float) -> Job | None:
        return None if self._is_gone else self._answer_held(now)

    def _answer_in_steps(
        self, answering: Answering, properties: Properties, route: ResponseNode | None
    ) -> Job:
        """Come to an answer that has begun, and then to those of the requests behind it."""
        now = yield 0
        try:
            while True:
                now = yield answering.send(now)
        except StopIteration as end:
            answer: AmqpResponse = end.value
        encoding = _encode_response(answer, properties, self._handler.dialect)
        yield from self._send_in_steps(encoding, route)

    def _send_in_steps(
        self, encoding: Generator[int, float, Payload], route: ResponseNode | None
    ) -> Job:
        """Send an answer that is long, and then those to the requests behind it."""
        yield 0
        self._send((yield from encoding), route)
        now = yield 0
        if job := self._go_on(now):
            yield from job

    def _drop_first(self) -> None:
        self._held_bytes -= len(self._held.popleft().event.payload)

    def _send(self, payload: Payload, route: ResponseNode | None) -> None:
        if route is not None and route.link.is_attached:
            self._budget.spend_on_bytes(len(payload))
            route.send(payload)


class _Held(NamedTuple):
    """A request, and where what is long in it ends; None while that is not known."""

    event: MessageReceived
    ends: Ends | None


def _read_head(payload: bytes, ends: Ends) -> tuple[Properties, Mapping[str, Any], bytes]:
    """Of a request its properties, what it names, and the body as it came."""
    sections = split_sections(payload, ends)
    properties = Properties.decode_section(sections.properties or b"\x00\x53\x73\x45")
    own = sections.application_properties
    if own is not None and len(own) > MAX_HEADER_BYTES:
        raise DecodeError(f"the application properties have more than {MAX_HEADER_BYTES} bytes")
    return properties, _decode_section(own) or {}, sections.body


def _decode_section(section: bytes | None) -> Any:
    return decode(section)[0].value if section else None


def _encode_response(
    response: AmqpResponse, request: Properties, dialect: Dialect
) -> Generator[int, float, Payload]:
    status: list[tuple[str, object]] = [
        (dialect.status_code, Int(response.status_code)),
        (dialect.status_description, response.description),
    ]
    if response.condition is not None:
        status.append((dialect.error_condition, response.condition))
    items = b"".join(encode(key) + encode(value) for key, value in status)
    body = yield from encode_in_steps(response.body)
    payload = Pieces(
        (
            Properties(correlation_id=request.message_id).encode(),
            build_map_section(APPLICATION_PROPERTIES, items, len(status)),
            bytes((0x00, 0x53, AMQP_VALUE)),
            *body,
        )
    )
    return payload if len(payload) > LONG_BYTES else payload[:]
