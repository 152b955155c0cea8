"""The request/response pair of links that `$cbs` and every `<entity>/$management` are.

The client sends requests on one link and gets the answers on the other.
Source: AMQP Management, working draft; Azure Service Bus, "request-response operations".
"""

from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.events import MessageReceived
from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    Accepted,
    Properties,
    Rejected,
    build_map_section,
    encode_section,
    split_sections,
)
from sbtutorial.amqp.performatives import Error
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.amqp.types import Int, Symbol, decode, encode
from sbtutorial.gateway.nodes.node import Node
from sbtutorial.gateway.wire.conditions import DECODE_ERROR


class Request(NamedTuple):
    """A request as a `$cbs` or `$management` node gets it."""

    operation: str
    properties: Mapping[str, Any]
    body: Any
    who: str
    now: float


class Response(NamedTuple):
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


class RequestHandler(Protocol):
    """Answers requests; never raises for what a client asked."""

    dialect: Dialect

    def handle(self, request: Request) -> Response:
        """Do what is asked and say how it went."""


class ResponseNode(Node):
    """The link on which answers go out; they wait here while it has no credit."""

    def __init__(self, link: SenderLink, path: str, routes: "ResponseRoutes") -> None:
        self.link = link
        self._path = path
        self._routes = routes
        self._waiting: deque[bytes] = deque()
        self._next_tag = 0
        routes.add(path, self)

    def send(self, payload: bytes) -> None:
        """Send one answer, settled, as soon as the client has granted credit for it."""
        self._waiting.append(payload)
        self._send_waiting()

    def flow_received(self, *, now: float) -> None:
        """Send what waits, as far as credit goes."""
        self._send_waiting()
        if self.link.drain:
            self.link.drained()

    def detached(self) -> None:
        """No answer can go this way any more."""
        self._routes.remove(self._path, self)

    def _send_waiting(self) -> None:
        while self._waiting and self.link.credit > 0:
            self._next_tag += 1
            self.link.send(
                self._waiting.popleft(),
                delivery_tag=self._next_tag.to_bytes(4, "big"),
                settled=True,
            )


class ResponseRoutes:
    """The response links of one session, by node: where an answer goes."""

    def __init__(self) -> None:
        self._links: dict[str, list[ResponseNode]] = {}

    def add(self, path: str, node: ResponseNode) -> None:
        """Remember a response link of the node at `path`."""
        self._links.setdefault(path.lower(), []).append(node)

    def remove(self, path: str, node: ResponseNode) -> None:
        """Forget it."""
        self._links[path.lower()].remove(node)

    def find(self, path: str, reply_to: object) -> ResponseNode | None:
        """The link that `reply_to` names, else the newest of that node, else none."""
        nodes = self._links.get(path.lower(), [])
        named = [node for node in nodes if reply_to in _names(node.link)]
        candidates = named or nodes
        return candidates[-1] if candidates else None


def _names(link: SenderLink) -> tuple[object, ...]:
    return link.name, getattr(link.target, "address", None)


class RequestNode(Node):
    """The link on which requests come in: settles each, has it answered, sends the answer."""

    CREDIT = 100

    def __init__(
        self,
        link: ReceiverLink,
        path: str,
        handler: RequestHandler,
        routes: ResponseRoutes,
        who: str,
    ) -> None:
        self._link = link
        self._path = path
        self._handler = handler
        self._routes = routes
        self._who = who
        link.grant(self.CREDIT)

    def message_received(self, event: MessageReceived, *, now: float) -> None:
        """Answer one request; one that cannot be read is rejected instead."""
        try:
            properties, request = _read_request(event.payload, self._who, now)
        except DecodeError as error:
            self._link.settle(event.delivery_id, Rejected(Error(DECODE_ERROR, str(error), None)))
            return
        # Some clients give up unless the request is settled before its answer arrives.
        self._link.settle(event.delivery_id, Accepted())
        self._link.keep_credit(self.CREDIT)
        response = self._handler.handle(request)
        if route := self._routes.find(self._path, properties.reply_to):
            route.send(_encode_response(response, properties, self._handler.dialect))


def _read_request(payload: bytes, who: str, now: float) -> tuple[Properties, Request]:
    sections = split_sections(payload)
    properties = Properties.decode_section(sections.properties or b"\x00\x53\x73\x45")
    named = _decode_section(sections.application_properties) or {}
    request = Request(
        operation=str(named.get("operation", "")),
        properties=named,
        body=_decode_section(sections.body),
        who=who,
        now=now,
    )
    return properties, request


def _decode_section(section: bytes | None) -> Any:
    return decode(section)[0].value if section else None


def _encode_response(response: Response, request: Properties, dialect: Dialect) -> bytes:
    status: list[tuple[str, object]] = [
        (dialect.status_code, Int(response.status_code)),
        (dialect.status_description, response.description),
    ]
    if response.condition is not None:
        status.append((dialect.error_condition, response.condition))
    items = b"".join(encode(key) + encode(value) for key, value in status)
    return b"".join(
        (
            Properties(correlation_id=request.message_id).encode(),
            build_map_section(APPLICATION_PROPERTIES, items, len(status)),
            encode_section(AMQP_VALUE, response.body),
        )
    )
