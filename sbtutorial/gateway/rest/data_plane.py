"""The HTTP data plane: send, receive, and settle what is locked, each a request of its own.

    POST    <entity>/messages                    send a message, or a batch
    POST    <entity>/messages/head?timeout=60    receive under a lock, waiting so many seconds
    DELETE  <entity>/messages/head?timeout=60    receive and delete
    DELETE  <entity>/messages/<which>/<token>    complete; PUT unlocks, POST renews the lock

It is what the SDKs were made of before they spoke AMQP. There are no sessions here.

Source: Azure Service Bus, REST API, "Service Bus runtime": "Send Message", "Peek-Lock Message",
"Receive and Delete Message", "Delete Message", "Unlock Message", "Renew Lock for a Message".
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import inf, isfinite
from typing import Any
from urllib.parse import quote
from uuid import UUID

from sbtutorial.broker.errors import BrokerError, ErrorCode, plain_receiver_refused
from sbtutorial.broker.message import Message
from sbtutorial.broker.paths import split_subqueue
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.gateway.access.resource import Resource
from sbtutorial.gateway.access.sas import (
    LATE_RENEWAL_SECONDS,
    LISTEN,
    SEND,
    TokenError,
    Verified,
)
from sbtutorial.gateway.budget import in_units
from sbtutorial.gateway.core import Core
from sbtutorial.gateway.faults import Occasion
from sbtutorial.gateway.reactor import Job
from sbtutorial.gateway.rest.data_paths import DataKind, DataPath
from sbtutorial.gateway.rest.message import batch_items, read_items, read_sent, write_received
from sbtutorial.http.refusals import (
    DATA_PLANE_STATUSES,
    HttpRefusal,
    Status,
    error_response,
    method_refused,
    refused,
)
from sbtutorial.http.request import NO_ANSWER, Request, Response

DEFAULT_WAIT_SECONDS = 60.0

_MAX_AGENT_CHARS = 100  # it stands in the log with every event
_NO_BODY = (("Content-Type", "application/xml; charset=utf-8"),)

# An entity that is deleted under somebody who waits for its messages.
_GONE = Status(410, 41000)


@dataclass(frozen=True, slots=True)
class Poll:
    """A receiver that waits for a message; whoever has an event loop waits, and asks again.

    Nothing is taken before the very step in which the answer is there: a client that goes away
    while it waits has had no message, and there is none to give back.

    Attributes:
        subqueue: Where a message may come; its listeners hear of it.
        wait_seconds: How long to wait; 0 only looks.
        attempt: In broker time, in a turn: the answer with a message, or a refusal; None when
            there is still nothing.
        nothing: What is answered when the time is over.
    """

    subqueue: SubQueue
    wait_seconds: float
    attempt: Callable[[float], Response | None]
    nothing: Response


@dataclass(frozen=True, slots=True)
class Work:
    """An answer that takes a while to come about; the broker works on it between others' turns.

    Attributes:
        start: Begins the work; what it is given is called with the answer, once.
    """

    start: Callable[[Callable[[Response], None]], None]


Answer = Response | Poll | Work


@dataclass(frozen=True, slots=True)
class MessageCall:
    """One request on messages, with all that a handler may need.

    Attributes:
        expires_at: The end of its token, in wall-clock seconds.
    """

    request: Request
    path: DataPath
    core: Core
    expires_at: float = inf

    @property
    def who(self) -> str:
        """The client, as the log of events names it: its program's name."""
        return client_of(self.request)

    @property
    def wait_seconds(self) -> float:
        """How long a receiver waits for a message."""
        text = self.request.query.get("timeout", "")
        try:
            seconds = float(text) if text else DEFAULT_WAIT_SECONDS
        except ValueError:
            seconds = -1.0
        if not (isfinite(seconds) and seconds >= 0):
            raise BrokerError(
                ErrorCode.ARGUMENT_ERROR,
                f"timeout is '{text[:40]}'; it must be a number of seconds, 0 or more.",
            )
        # Nothing is given out on a token that has ended meanwhile.
        left = self.expires_at + LATE_RENEWAL_SECONDS - self.core.clock.wall()
        return min(seconds, max(left, 0.0))

    def subqueue(self) -> SubQueue:
        """Where messages are received and settled.

        Raises:
            BrokerError: There is no such entity, or it cannot be received from over HTTP.
        """
        subqueue = self.core.namespace.directory.subqueue(self.path.entity)
        if subqueue.requires_session:
            raise plain_receiver_refused(subqueue.path)
        return subqueue


Handler = Callable[[MessageCall], Answer]


def client_of(request: Request) -> str:
    """Who asks, as the log of events names it: its program's name."""
    agent = request.headers.get("user-agent", "").partition(" ")[0]
    return agent[:_MAX_AGENT_CHARS] or "HTTP"


def handle(request: Request, path: DataPath, core: Core) -> Answer:
    """Answer a call: at once, or with what a receiver waits for."""
    try:
        verified = authorize(request, path, core)
        _, handler = _HANDLERS[path.kind][request.method]
        return handler(MessageCall(request, path, core, verified.expires_at))
    except HttpRefusal as refusal:
        return refusal.response
    except BrokerError as refusal:
        return _refused(refusal)


def authorize(request: Request, path: DataPath, core: Core) -> Verified:
    """Ask of a call's token that it allows what is asked; the head of the request is enough.

    Raises:
        HttpRefusal: No call of this method can be made here.
        BrokerError: UNAUTHORIZED.
    """
    handlers = _HANDLERS[path.kind]
    if request.method not in handlers:
        raise HttpRefusal(method_refused(request, handlers))
    right, _ = handlers[request.method]
    try:
        return core.keyring.authorize(
            request.headers.get("authorization"),
            Resource(request.host, path.resource.lower()),
            entity=split_subqueue(path.entity).entity,
            now=core.clock.wall(),
            right=right,
        )
    except TokenError as refusal:
        raise BrokerError(ErrorCode.UNAUTHORIZED, str(refusal)) from None


# -- Sending --------------------------------------------------------------------------------


def _send(call: MessageCall) -> Response | Work:
    core = call.core
    items = batch_items(call.request, core.namespace.limits.max_batch_messages)
    if items is not None and len(list(islice(_in_parts(items), 2))) > 1:
        core.namespace.directory.sendable(call.path.entity)
        return Work(partial(_start_batch, call, items))
    with core.reactor.turn() as now:
        entity = core.namespace.directory.sendable(call.path.entity)
        messages = list(_read(call, items))
        _require_size(messages, entity.context.max_message_bytes)
        entity.ingress.send(messages, now=now, who=call.who)
    return _done(call, Occasion.SENT, 201)


def _read(call: MessageCall, items: list[Mapping[str, Any]] | None) -> Iterator[Message]:
    core = call.core
    if items is None:
        yield read_sent(call.request, core.clock.from_wire, core.ids.message_id)
    else:
        yield from read_items(items, core.clock.from_wire, core.ids.message_id)


# Of a large batch, so many messages and properties are read at once: this much of a turn.
_ITEMS_AT_ONCE = 32
_PROPERTIES_AT_ONCE = 512
_UNITS = 24


def _in_parts(items: list[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    part: list[Mapping[str, Any]] = []
    properties = 0
    for item in items:
        part.append(item)
        given = item.get("UserProperties")
        properties += len(given) if isinstance(given, Mapping) else 0
        if len(part) == _ITEMS_AT_ONCE or properties > _PROPERTIES_AT_ONCE:
            yield part
            part, properties = [], 0
    if part:
        yield part


def _start_batch(
    call: MessageCall, items: list[Mapping[str, Any]], answer: Callable[[Response], None]
) -> None:
    call.core.reactor.start(_send_in_steps(call, items, answer))


def _send_in_steps(
    call: MessageCall, items: list[Mapping[str, Any]], answer: Callable[[Response], None]
) -> Job:
    response = error_response(500, "The broker has failed; see its log.")
    try:
        now = yield 0
        messages: list[Message] = []
        for part in _in_parts(items):
            messages += _read(call, part)
            now = yield _UNITS
        entity = call.core.namespace.directory.sendable(call.path.entity)
        _require_size(messages, entity.context.max_message_bytes)
        yield from in_units(entity.ingress.send_in_steps(messages, now=now, who=call.who))
        response = _done(call, Occasion.SENT, 201)
    except BrokerError as refusal:
        response = _refused(refusal)
    finally:
        answer(response)


def _require_size(messages: list[Message], most: int) -> None:
    """A batch has the limit of a single message."""
    size = sum(message.size_bytes for message in messages)
    if len(messages) > 1 and size > most:
        raise BrokerError(
            ErrorCode.MESSAGE_SIZE_EXCEEDED,
            f"The batch has {size} bytes in {len(messages)} messages; {most} are allowed together. "
            "Send fewer at a time.",
        )


# -- Receiving ------------------------------------------------------------------------------


def _peek_lock(call: MessageCall) -> Poll:
    """Hold the next message under a lock; one that cannot be written is given back."""

    def attempt(subqueue: SubQueue, now: float) -> Response | None:
        message = subqueue.peek_lock_next(now=now, who=call.who)
        if message is None or message.lock_token is None:
            return None
        try:
            return _written(call, 201, subqueue, message)
        except Exception:
            subqueue.settling.release(message.lock_token, now=now, who=call.who)
            raise

    return _receive(call, attempt)


def _receive_and_delete(call: MessageCall) -> Poll:
    """Take the next message, once its answer is written; one that cannot be written stays."""

    def attempt(subqueue: SubQueue, now: float) -> Response | None:
        message = subqueue.first_ready(now=now)
        if message is None:
            return None
        answer = _written(call, 200, subqueue, message)
        subqueue.receive_and_delete_next(now=now, who=call.who)
        return answer

    return _receive(call, attempt)


def _receive(call: MessageCall, attempt: Callable[[SubQueue, float], Response | None]) -> Poll:
    subqueue = call.subqueue()
    subqueue.require_receivers(of_sessions=False)

    def attempt_or_refuse(now: float) -> Response | None:
        try:
            return attempt(subqueue, now)
        except BrokerError as refusal:
            return _refused(refusal, _GONE if subqueue.context.deleted else None)

    return Poll(subqueue, call.wait_seconds, attempt_or_refuse, Response(204))


def _written(call: MessageCall, status: int, subqueue: SubQueue, message: Message) -> Response:
    location = _location(call, subqueue, message)
    return write_received(status, message, call.core.clock.to_wire, location)


def _location(call: MessageCall, subqueue: SubQueue, message: Message) -> str | None:
    """Where a message is settled; version 0.21 looks for `/subscriptions/` in small letters."""
    if message.lock_token is None:
        return None
    path = quote(subqueue.path.lower(), safe="/$")
    host = call.request.headers.get("host", "")
    return f"https://{host}/{path}/messages/{message.sequence_number}/{message.lock_token}"


# -- Settling -------------------------------------------------------------------------------


def _on_lock(
    act_of: Callable[[SubQueue], Callable[..., object]], answer: Callable[[MessageCall], Response]
) -> Handler:
    """What answers a request on a lock."""

    def handler(call: MessageCall) -> Response:
        token = _token(call.path.token)
        with call.core.reactor.turn() as now:
            subqueue = call.subqueue()
            _require_message(subqueue.require_lock(token, now=now), call, subqueue)
            act_of(subqueue)(token, now=now, who=call.who)
        return answer(call)

    return handler


def _settled(call: MessageCall) -> Response:
    return _done(call, Occasion.SETTLED, 200)


def _renewed(_call: MessageCall) -> Response:
    return Response(200, _NO_BODY)


def _token(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR,
            f"'{text[:80]}' is no lock token: take the LockToken of the message's "
            "BrokerProperties.",
        ) from None


def _require_message(message: Message, call: MessageCall, subqueue: SubQueue) -> None:
    which = call.path.which
    if which not in (str(message.sequence_number), str(message.message_id)):
        raise BrokerError(
            ErrorCode.MESSAGE_LOCK_LOST,
            f"No message '{which[:80]}' of '{subqueue.path}' is held under this lock token: it "
            f"holds message {message.sequence_number}.",
        )


_HANDLERS: dict[DataKind, dict[str, tuple[str, Handler]]] = {
    DataKind.MESSAGES: {"POST": (SEND, _send)},
    DataKind.HEAD: {"POST": (LISTEN, _peek_lock), "DELETE": (LISTEN, _receive_and_delete)},
    DataKind.LOCK: {
        "DELETE": (LISTEN, _on_lock(lambda subqueue: subqueue.settling.complete, _settled)),
        "PUT": (LISTEN, _on_lock(lambda subqueue: subqueue.settling.abandon, _settled)),
        "POST": (LISTEN, _on_lock(lambda subqueue: subqueue.renew_lock, _renewed)),
    },
}


# Which refusals on order a call may meet, beside that of any call.
_SETTLING = ((DataKind.LOCK, "DELETE"), (DataKind.LOCK, "PUT"))
REFUSED = {(DataKind.MESSAGES, "POST"): Occasion.SEND, **dict.fromkeys(_SETTLING, Occasion.SETTLE)}


def _done(call: MessageCall, occasion: Occasion, status: int) -> Response:
    """Say so, unless somebody asked that it be kept from the client."""
    fault = call.core.faults.next(occasion, call.path.entity, call.who)
    return NO_ANSWER if fault else Response(status, _NO_BODY)


def _refused(error: BrokerError, status: Status | None = None) -> Response:
    statuses = DATA_PLANE_STATUSES if status is None else {error.code: status}
    return refused(error, statuses)
