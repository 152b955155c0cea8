"""Messages over HTTP: send, receive, and settle what is locked, each a request of its own.

    POST    <entity>/messages                    send a message, or a batch
    POST    <entity>/messages/head?timeout=60    receive under a lock, waiting so many seconds
    DELETE  <entity>/messages/head?timeout=60    receive and delete
    DELETE  <entity>/messages/<which>/<token>    complete; PUT unlocks, POST renews the lock

It is what the SDKs were made of before they spoke AMQP. There are no sessions here.

Source: Azure Service Bus, REST API, "Service Bus runtime": "Send Message", "Peek-Lock Message",
"Receive and Delete Message", "Delete Message", "Unlock Message", "Renew Lock for a Message".
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import NamedTuple
from urllib.parse import quote
from uuid import UUID

from sbtutorial.admin.atom import error_response
from sbtutorial.admin.routes import STATUSES, Status
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.session_errors import plain_receiver_refused
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.gateway.access.sas import LISTEN, SEND, TokenError
from sbtutorial.gateway.attach import require_own_receivers
from sbtutorial.gateway.core import Core
from sbtutorial.gateway.nodes.settlement import Settling, Verdict, settle
from sbtutorial.gateway.rest.data_paths import DataKind, DataPath
from sbtutorial.gateway.rest.message import read_sent, write_received
from sbtutorial.http.request import Request, Response

DEFAULT_WAIT_SECONDS = 60.0

_NO_BODY = (("Content-Type", "application/xml; charset=utf-8"),)

# Where HTTP's data plane says something else than administration does.
_STATUSES = {
    **STATUSES,
    ErrorCode.MESSAGE_LOCK_LOST: Status(404, 40400),
    ErrorCode.NOT_ALLOWED: Status(405, 40500),
}
# An entity that is deleted under somebody who waits for its messages.
_GONE = Status(410, 41000)


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way, with all that a handler may need."""

    request: Request
    path: DataPath
    core: Core

    @property
    def who(self) -> str:
        """The client, as the log of events names it: its program's name."""
        return self.request.headers.get("user-agent", "").partition(" ")[0] or "HTTP"

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
        return seconds

    def subqueue(self) -> SubQueue:
        """Where messages are received and settled.

        Raises:
            BrokerError: There is no such entity, or it cannot be received from over HTTP.
        """
        subqueue = self.core.namespace.subqueue(self.path.entity)
        if subqueue.requires_session:
            raise plain_receiver_refused(subqueue.path)
        return subqueue


Take = Callable[[SubQueue, float], Message | None]


class Poll(NamedTuple):
    """A receiver that waits for a message.

    Attributes:
        subqueue: Where it waits; its listeners hear when it is worth trying again.
        wait_seconds: How long; 0 only looks.
        attempt: Given broker time, in a turn: the answer, or None if there is no message yet.
        nothing: The answer when the time is over.
    """

    subqueue: SubQueue
    wait_seconds: float
    attempt: Callable[[float], Response | None]
    nothing: Response = Response(204)


Answer = Response | Poll
Handler = Callable[[Call], Answer]


def handle(request: Request, path: DataPath, core: Core) -> Answer:
    """Answer a call: at once, or later where a receiver waits for a message."""
    handlers = _HANDLERS[path.kind]
    if request.method not in handlers:
        return _method_refused(request, handlers)
    right, handler = handlers[request.method]
    call = Call(request, path, core)
    try:
        _authorize(call, right)
        return handler(call)
    except TokenError as refusal:
        return _refused(BrokerError(ErrorCode.UNAUTHORIZED, str(refusal)))
    except BrokerError as refusal:
        return _refused(refusal)


def _authorize(call: Call, right: str) -> None:
    request, core = call.request, call.core
    resource = f"https://{request.headers.get('host', '')}{request.target}"
    header = request.headers.get("authorization")
    core.keyring.authorize(header, resource, now=core.clock.wall(), right=right)


# -- Sending --------------------------------------------------------------------------------


def _send(call: Call) -> Response:
    core = call.core
    with core.reactor.turn() as now:
        entity = core.namespace.sendable(call.path.entity)
        messages = read_sent(call.request, core.clock.from_wire, core.ids.message_id)
        _require_size(messages, entity.max_message_bytes)
        entity.intake.send(messages, now=now, who=call.who)
    return Response(201, _NO_BODY)


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


def _peek_lock(call: Call) -> Poll:
    return _receive(call, 201, lambda subqueue, now: subqueue.lock_next(now=now, who=call.who))


def _receive_and_delete(call: Call) -> Poll:
    return _receive(call, 200, lambda subqueue, now: subqueue.take_next(now=now, who=call.who))


def _receive(call: Call, status: int, take: Take) -> Poll:
    subqueue = call.subqueue()
    require_own_receivers(subqueue)
    attempt = partial(_attempt, call, status, subqueue, take)
    return Poll(subqueue, call.wait_seconds, attempt)


def _attempt(
    call: Call, status: int, subqueue: SubQueue, take: Take, now: float
) -> Response | None:
    """The next message as an answer; None if there is none now."""
    try:
        message = take(subqueue, now)
    except BrokerError as refusal:
        return _refused(refusal, _GONE if subqueue.entity.deleted else None)
    if message is None:
        return None
    location = _location(call, subqueue, message)
    return write_received(status, message, call.core.clock.to_wire, location)


def _location(call: Call, subqueue: SubQueue, message: Message) -> str | None:
    """Where a message is settled; version 0.21 looks for `/subscriptions/` in small letters."""
    if message.lock_token is None:
        return None
    path = quote(subqueue.path.lower(), safe="/$")
    host = call.request.headers.get("host", "")
    return f"https://{host}/{path}/messages/{message.sequence_number}/{message.lock_token}"


# -- Settling -------------------------------------------------------------------------------


def _settling(act: Callable[..., object]) -> Handler:
    """What answers a request on a lock."""

    def handler(call: Call) -> Response:
        token = _token(call.path.token)
        with call.core.reactor.turn() as now:
            subqueue = call.subqueue()
            _require_message(subqueue.require_lock(token, now=now), call, subqueue)
            act(subqueue, token, now=now, who=call.who)
        return Response(200, _NO_BODY)

    return handler


def _token(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR,
            f"'{text[:80]}' is no lock token: take the LockToken of the message's "
            "BrokerProperties.",
        ) from None


def _require_message(message: Message, call: Call, subqueue: SubQueue) -> None:
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
        "DELETE": (LISTEN, _settling(partial(settle, Verdict(Settling.COMPLETE)))),
        "PUT": (LISTEN, _settling(partial(settle, Verdict(Settling.ABANDON)))),
        "POST": (LISTEN, _settling(SubQueue.renew_lock)),
    },
}


# -- Refusing -------------------------------------------------------------------------------


def _refused(error: BrokerError, status: Status | None = None) -> Response:
    http, sub_code = status or _STATUSES[error.code]
    return error_response(http, f"SubCode={sub_code}. {error.message}")


def _method_refused(request: Request, handlers: dict[str, tuple[str, Handler]]) -> Response:
    allowed = ", ".join(handlers)
    refusal = error_response(
        405, f"{request.method} is not offered on '/{request.path}': use {allowed}."
    )
    return Response(405, (*refusal.headers, ("Allow", allowed)), refusal.body)
