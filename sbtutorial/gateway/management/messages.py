"""Management operations on messages: looked at, scheduled, received by number, settled by token.

Each is one function from the request's body to the response's; see `management`.
Source: Azure Service Bus, "AMQP request-response-based operations".
"""

from collections.abc import Generator, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.types import Int, Long, Timestamp, encode
from sbtutorial.broker.background import Steps
from sbtutorial.broker.entities.ingress import Ingress
from sbtutorial.broker.entities.subscription import Subscription
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.subqueues.disposition import Disposition, Settlement
from sbtutorial.broker.subqueues.message_session import MessageSession
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.clock import Clock
from sbtutorial.gateway.budget import in_units
from sbtutorial.gateway.management.call import Call, InSteps, Operation, array_of
from sbtutorial.gateway.management.parts import (
    PART,
    UNITS_A_PART,
    parts_by_size,
    parts_of,
    under_locks,
)
from sbtutorial.gateway.nodes.settlement import dead_lettering
from sbtutorial.gateway.wire.changes import property_changes
from sbtutorial.gateway.wire.message import encode_message, read_message
from sbtutorial.gateway.wire.reading import read_messages_in_steps

# One answer has 250 messages at most, however many are asked for, and 256 KB of them. Source:
# Azure/azure-sdk-for-python#26643, paolosalvatori/ServiceBusExplorer#56, azure-sdk-for-net#17702.
MAX_PEEKED = 250
MAX_PEEK_BYTES = 262_144
RECEIVE_AND_DELETE, PEEK_LOCK = 0, 1
# To find a message takes far less time than to hand it over.
_FOUND_AT_ONCE = 1000


def renew_lock(call: Call) -> InSteps:
    """`com.microsoft:renew-lock`: one new end for each lock token, or for none."""
    tokens = call.list_field("lock-tokens", UUID, "lock tokens (uuid)")
    ends = yield from under_locks(call, tokens, call.target.require_lock, call.target.renew_lock)
    shift = call.clock.to_wire(0.0)  # one look at the clocks is enough
    return {"expirations": array_of(Timestamp(round((end + shift) * 1000)) for end in ends)}


def peek_message(call: Call) -> dict[str, Any] | None:
    """`com.microsoft:peek-message`: messages from a sequence number on, nothing taken or locked."""
    call.require_no_forwarding()
    start = call.field("from-sequence-number", int, "a sequence number (long)")
    count = call.field("message-count", int, "a count (int)")
    encoded: list[dict[str, bytes]] = []
    size = 0
    for message in _peek(call, start, min(count, MAX_PEEKED)):
        payload = encode_message(message, to_wire=call.clock.to_wire)
        size += len(payload)
        if encoded and size > MAX_PEEK_BYTES:
            break
        encoded.append({"message": payload})
    return {"messages": encoded} if encoded else None


def _peek(call: Call, start: int, count: int) -> list[Message]:
    if call.body.get("session-id") is None:
        return call.target.messages.peek(start, count)
    session_id = call.field("session-id", str, "a session id (string)")
    return call.sessions.messages.peek_session(session_id, start, count)


def schedule_message(call: Call) -> InSteps:
    """`com.microsoft:schedule-message`: messages for later; answers their sequence numbers."""
    call.require_no_forwarding()
    entries = call.list_field("messages", Mapping, "maps")
    if len(entries) > (most := call.entity.limits.max_batch_messages):
        raise BrokerError(
            ErrorCode.MESSAGE_SIZE_EXCEEDED,
            f"{len(entries)} messages are to be scheduled; one call takes {most}. Schedule them in "
            "several calls.",
        )
    ingress, now = _ingress(call), call.now
    read = partial(read_message, from_wire=call.clock.from_wire, new_id=call.ids.message_id)
    payloads = list(map(_payload, entries))
    messages, now = yield from read_messages_in_steps(payloads, now, read, _unreadable)
    numbers = yield from in_units(ingress.send_in_steps(messages, now=now, who=call.who))
    yield UNITS_A_PART  # before as many numbers are written
    return {"sequence-numbers": array_of(map(Long, numbers))}


def _ingress(call: Call) -> Ingress:
    entity = call.entity
    if isinstance(entity, Subscription):
        raise BrokerError(
            ErrorCode.NOT_ALLOWED,
            f"Nothing can be sent to '{entity.path}': it is a {entity.kind}. Send to its topic.",
        )
    return entity.ingress


def _payload(entry: Mapping[str, Any]) -> bytes:
    payload = entry.get("message")
    if not isinstance(payload, bytes):
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR, "'messages' must hold maps with an encoded 'message'."
        )
    return payload


def _unreadable(_number: int, error: DecodeError | BrokerError) -> BrokerError:
    if isinstance(error, BrokerError):
        return error
    return BrokerError(ErrorCode.ARGUMENT_ERROR, f"a message to schedule cannot be read: {error}")


def cancel_scheduled_message(call: Call) -> InSteps:
    """`com.microsoft:cancel-scheduled-message`: all of the sequence numbers, or none.

    Many are found and held back a part at a time, and then cancelled in one turn, so that what
    ends the broker in the middle leaves all or none. Source: Azure/azure-sdk-for-net#9874.
    """
    numbers = _sequence_numbers(call)
    ingress, now = _ingress(call), call.now
    if len(numbers) <= PART:
        ingress.schedule.cancel(numbers, now=now, who=call.who)
        return {}
    cancellation = ingress.cancellation(call.who)
    try:
        for part, is_last in parts_of(numbers):
            cancellation.hold(part, now=now)
            if not is_last:
                now = yield UNITS_A_PART
        cancellation.finish(now)
    except Exception:
        yield from _in_steps(cancellation.let_go())
        raise
    yield from _in_steps(cancellation.let_go())
    return {}


def _in_steps(steps: Steps) -> Generator[int, float, None]:
    for _ in steps:
        yield UNITS_A_PART


def _sequence_numbers(call: Call) -> list[int]:
    numbers = call.list_field("sequence-numbers", int, "sequence numbers (long)")
    return list(dict.fromkeys(numbers))


def receive_by_sequence_number(call: Call) -> InSteps:
    """`com.microsoft:receive-by-sequence-number`: deferred messages, all asked for or none.

    All are found first, and nobody else gets them while they are handed over.
    """
    numbers = _sequence_numbers(call)
    mode = call.field("receiver-settle-mode", int, "0 (receive and delete) or 1 (peek-lock)")
    if mode not in _HAND_OVER:
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR,
            f"'receiver-settle-mode' must be 0 (receive and delete) or 1 (peek-lock), not {mode}.",
        )
    receiver, table, now = call.receiving(), call.target.messages, call.now
    found: list[Message] = []
    entries: list[dict[str, Any]] = []
    try:
        for part, is_last in parts_of(numbers, _FOUND_AT_ONCE):
            some = receiver.find_deferred(part, now=now)
            table.reserve(some)
            found += some
            if not is_last:
                now = yield UNITS_A_PART
        for messages, is_last in parts_by_size(found):
            entries += _HAND_OVER[mode](call, receiver, messages, now)
            if not is_last:
                now = yield UNITS_A_PART
    finally:
        table.unreserve(found)
    return {"messages": entries}


def _lock(
    call: Call, receiver: SubQueue | MessageSession, messages: list[Message], now: float
) -> list[dict[str, Any]]:
    receiver.lock_deferred(messages, now=now, who=call.who)
    return [_deferred(message, call.clock) for message in messages]


def _delete(
    call: Call, receiver: SubQueue | MessageSession, messages: list[Message], now: float
) -> list[dict[str, Any]]:
    entries = [_deferred(message, call.clock) for message in messages]
    receiver.delete_deferred(messages, now=now, who=call.who)
    return entries


_HAND_OVER = {RECEIVE_AND_DELETE: _delete, PEEK_LOCK: _lock}


def _deferred(message: Message, clock: Clock) -> dict[str, Any]:
    entry: dict[str, Any] = {"message": encode_message(message, to_wire=clock.to_wire)}
    if message.lock_token is not None:
        entry["lock-token"] = message.lock_token
    return entry


def batch_delete_messages(call: Call) -> InSteps:
    """`com.microsoft:batch-delete-messages`: the oldest ready ones, up to a number."""
    count = call.field("message-count", int, "a number of messages (int)")
    most = call.target.context.limits.max_deleted_at_once
    if not 1 <= count <= most:
        raise BrokerError(
            ErrorCode.ARGUMENT_OUT_OF_RANGE,
            f"'message-count' is {count}; one call deletes 1 to {most}.",
        )
    before = call.field("enqueued-time-utc", Timestamp, "an instant (timestamp)")
    session_id = call.body.get("session-id")
    if session_id is not None:
        session_id = call.field("session-id", str, "a session id (string)")
    deleted = yield from in_units(
        call.target.delete_ready_in_steps(
            enqueued_before=call.clock.from_wire(before / 1000),
            at_most=count,
            now=call.now,
            who=call.who,
            session_id=session_id,
        )
    )
    return {"message-count": Int(deleted)} if deleted else None


def update_disposition(call: Call) -> InSteps:
    """`com.microsoft:update-disposition`: settle by lock token, all of them or none.

    It takes no link: whoever knows the tokens may settle. What ends the broker in the middle of
    more than `AS_ONE` may leave some settled: see `under_locks`.
    """
    status = call.field("disposition-status", str, "a string").lower()
    settlement = _SETTLEMENTS.get(status)
    if settlement is None:
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR,
            f"'disposition-status' must be one of {', '.join(_SETTLEMENTS)}, not '{status}'.",
        )
    disposition = _disposition(call, settlement)
    tokens = _lock_tokens(call)
    receiving = call.receiving()

    def check(token: UUID, *, now: float) -> None:
        subqueue = receiving.settling_subqueue(token, now=now)
        subqueue.settling.check(token, disposition, now=now)

    def settle(token: UUID, *, now: float, who: str) -> None:
        call.target.settling.settle_checked(token, disposition, now=now, who=who)

    changes = call.body.get("properties-to-modify")
    weight = len(encode(changes)) if changes else 0
    yield from under_locks(call, tokens, check, settle, weight=weight)
    return {}


def _lock_tokens(call: Call) -> list[UUID]:
    """Each token once. By its bytes: a client could choose UUIDs whose hashes are all alike."""
    tokens = call.list_field("lock-tokens", UUID, "lock tokens (uuid)")
    return list({token.bytes: token for token in tokens}.values())


def _disposition(call: Call, settlement: Settlement) -> Disposition:
    changes = call.body.get("properties-to-modify")
    if settlement is not Settlement.DEAD_LETTER:
        return Disposition(settlement, property_changes(changes))
    reason, description = (
        call.body.get("deadletter-reason"),
        call.body.get("deadletter-description"),
    )
    return dead_lettering(reason, description, changes)


# The spelling `defered` is the protocol's own.
_SETTLEMENTS = {
    "completed": Settlement.COMPLETE,
    "abandoned": Settlement.ABANDON,
    "defered": Settlement.DEFER,
    "suspended": Settlement.DEAD_LETTER,
}


MESSAGE_OPERATIONS: dict[str, Operation] = {
    "com.microsoft:renew-lock": Operation(renew_lock, "Listen"),
    "com.microsoft:peek-message": Operation(peek_message, "Listen"),
    "com.microsoft:schedule-message": Operation(schedule_message, "Send"),
    "com.microsoft:cancel-scheduled-message": Operation(cancel_scheduled_message, "Send"),
    "com.microsoft:receive-by-sequence-number": Operation(receive_by_sequence_number, "Listen"),
    "com.microsoft:update-disposition": Operation(update_disposition, "Listen"),
    "com.microsoft:batch-delete-messages": Operation(batch_delete_messages, "Listen"),
}
