"""The `$management` node of an entity: request/response operations beside its links.

Each operation is one function from the request's body to the response's; a refusal is a
`BrokerError` and becomes its status code and condition.
Source: Azure Service Bus, "AMQP request-response-based operations".
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.types import Array, Long, Timestamp
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.intake import Intake
from sbtutorial.broker.message import Message
from sbtutorial.broker.queue import Queue
from sbtutorial.broker.subqueue import SubQueue
from sbtutorial.broker.topic import Topic
from sbtutorial.clock import Clock
from sbtutorial.server.claims import Claims
from sbtutorial.server.conditions import CONDITIONS
from sbtutorial.server.requests import Dialect, Request, Response
from sbtutorial.server.wire_message import encode_message, read_message

MAX_PEEK_BYTES = 262_144
RECEIVE_AND_DELETE, PEEK_LOCK = 0, 1


class Call(NamedTuple):
    """One operation on one entity, with what its function may need."""

    target: SubQueue
    body: Mapping[str, Any]
    clock: Clock
    who: str
    now: float

    def field(self, name: str, kind: type, what: str) -> Any:
        """A field of the body.

        Raises:
            BrokerError: ARGUMENT_ERROR: it is missing, or of another type.
        """
        value = self.body.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise BrokerError(
                ErrorCode.ARGUMENT_ERROR,
                f"'{name}' must be {what}, not {value!r}.",
            )
        return value

    def list_field(self, name: str, kind: type, what: str) -> list[Any]:
        """A field that is a list or an array of one type."""
        values = self.field(name, Sequence, f"a list of {what}")
        for value in values:
            if not isinstance(value, kind):
                raise BrokerError(
                    ErrorCode.ARGUMENT_ERROR, f"'{name}' must hold {what}, not {value!r}."
                )
        return list(values)


def renew_lock(call: Call) -> dict[str, Any]:
    """`com.microsoft:renew-lock`: one new end for each lock token."""
    tokens = call.list_field("lock-tokens", UUID, "lock tokens (uuid)")
    ends = [call.target.renew_lock(token, now=call.now, who=call.who) for token in tokens]
    return {"expirations": _array(Timestamp(round(call.clock.to_wire(end) * 1000)) for end in ends)}


def peek_message(call: Call) -> dict[str, Any] | None:
    """`com.microsoft:peek-message`: messages from a sequence number on, nothing taken or locked."""
    start = call.field("from-sequence-number", int, "a sequence number (long)")
    count = call.field("message-count", int, "a count (int)")
    encoded: list[dict[str, bytes]] = []
    size = 0
    for message in call.target.peek(start, count):
        payload = encode_message(message, to_wire=call.clock.to_wire)
        size += len(payload)
        if encoded and size > MAX_PEEK_BYTES:
            break
        encoded.append({"message": payload})
    return {"messages": encoded} if encoded else None


def schedule_message(call: Call) -> dict[str, Any]:
    """`com.microsoft:schedule-message`: messages for later; answers their sequence numbers."""
    entries = call.list_field("messages", Mapping, "maps")
    messages = [_scheduled(entry, call.clock) for entry in entries]
    numbers = _intake(call).send(messages, now=call.now, who=call.who)
    return {"sequence-numbers": _array(map(Long, numbers))}


def _intake(call: Call) -> Intake:
    entity = call.target.entity
    if not isinstance(entity, Queue | Topic):
        raise BrokerError(
            ErrorCode.NOT_ALLOWED,
            f"Nothing can be sent to '{entity.path}': it is a {entity.kind}. Send to its topic.",
        )
    return entity.intake


def _scheduled(entry: Mapping[str, Any], clock: Clock) -> Message:
    payload = entry.get("message")
    if not isinstance(payload, bytes):
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR, "'messages' must hold maps with an encoded 'message'."
        )
    try:
        return read_message(payload, from_wire=clock.from_wire)
    except DecodeError as error:
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR, f"a message to schedule cannot be read: {error}"
        ) from error


def cancel_scheduled_message(call: Call) -> dict[str, Any]:
    """`com.microsoft:cancel-scheduled-message`: all of the sequence numbers, or none."""
    numbers = call.list_field("sequence-numbers", int, "sequence numbers (long)")
    _intake(call).cancel_scheduled(numbers, now=call.now, who=call.who)
    return {}


def receive_by_sequence_number(call: Call) -> dict[str, Any]:
    """`com.microsoft:receive-by-sequence-number`: deferred messages, all asked for or none."""
    numbers = call.list_field("sequence-numbers", int, "sequence numbers (long)")
    mode = call.field("receiver-settle-mode", int, "0 (receive and delete) or 1 (peek-lock)")
    receive = _RECEIVE_DEFERRED.get(mode)
    if receive is None:
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR,
            f"'receiver-settle-mode' must be 0 (receive and delete) or 1 (peek-lock), not {mode}.",
        )
    messages = receive(call.target, numbers, now=call.now, who=call.who)
    return {"messages": [_deferred(message, call.clock) for message in messages]}


_RECEIVE_DEFERRED: dict[int, Callable[..., list[Message]]] = {
    RECEIVE_AND_DELETE: SubQueue.take_deferred,
    PEEK_LOCK: SubQueue.receive_deferred,
}


def _deferred(message: Message, clock: Clock) -> dict[str, Any]:
    entry: dict[str, Any] = {"message": encode_message(message, to_wire=clock.to_wire)}
    if message.lock_token is not None:
        entry["lock-token"] = message.lock_token
    return entry


def update_disposition(call: Call) -> dict[str, Any]:
    """`com.microsoft:update-disposition`: settle by lock token, without the link it came on."""
    status = call.field("disposition-status", str, "a string").lower()
    settle = _SETTLEMENTS.get(status)
    if settle is None:
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR,
            f"'disposition-status' must be one of {', '.join(_SETTLEMENTS)}, not '{status}'.",
        )
    for token in call.list_field("lock-tokens", UUID, "lock tokens (uuid)"):
        settle(call, token)
    return {}


def _complete(call: Call, token: UUID) -> None:
    call.target.complete(token, now=call.now, who=call.who)


def _abandon(call: Call, token: UUID) -> None:
    changed = call.body.get("properties-to-modify")
    call.target.abandon(token, changed, now=call.now, who=call.who)


def _defer(call: Call, token: UUID) -> None:
    changed = call.body.get("properties-to-modify")
    call.target.defer(token, changed, now=call.now, who=call.who)


def _dead_letter(call: Call, token: UUID) -> None:
    call.target.dead_letter(
        token,
        call.body.get("deadletter-reason"),
        call.body.get("deadletter-description"),
        call.body.get("properties-to-modify"),
        now=call.now,
        who=call.who,
    )


# The spelling `defered` is the protocol's own.
_SETTLEMENTS: dict[str, Callable[[Call, UUID], None]] = {
    "completed": _complete,
    "abandoned": _abandon,
    "defered": _defer,
    "suspended": _dead_letter,
}


class Operation(NamedTuple):
    """What an operation does, and the right it takes."""

    run: Callable[[Call], dict[str, Any] | None]
    right: str


OPERATIONS: dict[str, Operation] = {
    "com.microsoft:renew-lock": Operation(renew_lock, "Listen"),
    "com.microsoft:peek-message": Operation(peek_message, "Listen"),
    "com.microsoft:schedule-message": Operation(schedule_message, "Send"),
    "com.microsoft:cancel-scheduled-message": Operation(cancel_scheduled_message, "Send"),
    "com.microsoft:receive-by-sequence-number": Operation(receive_by_sequence_number, "Listen"),
    "com.microsoft:update-disposition": Operation(update_disposition, "Listen"),
}


class ManagementHandler:
    """Answers the requests on one entity's `$management` node."""

    dialect = Dialect("statusCode", "statusDescription", "errorCondition")

    def __init__(self, target: SubQueue, claims: Claims, clock: Clock) -> None:
        self._target = target
        self._claims = claims
        self._clock = clock

    def handle(self, request: Request) -> Response:
        """Run one operation: 200 with its answer, 204 when there is nothing, or the refusal."""
        try:
            body = self._run(request)
        except BrokerError as refusal:
            condition = CONDITIONS[refusal.code]
            return Response(condition.status_code, refusal.message, condition.symbol)
        if body is None:
            return Response(204, "No content")
        return Response(200, "OK", body=body)

    def _run(self, request: Request) -> dict[str, Any] | None:
        operation = OPERATIONS.get(request.operation)
        if operation is None:
            raise BrokerError(
                ErrorCode.NOT_IMPLEMENTED,
                f"'{request.operation}' is not an operation of this broker.",
            )
        self._claims.require(operation.right, self._target.path)
        body = request.body if isinstance(request.body, Mapping) else {}
        return operation.run(Call(self._target, body, self._clock, request.who, request.now))


def _array(values: Any) -> Array:
    return Array(list(values))
