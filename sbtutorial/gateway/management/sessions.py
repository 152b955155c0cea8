"""Management operations on sessions: their locks, their states, and which there are.

Each is one function from the request's body to the response's; see `management`.
Source: Azure Service Bus, "AMQP request-response-based operations", session operations.
"""

from typing import Any

from sbtutorial.amqp.types import Int, Symbol, Timestamp
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.gateway.management.call import Call, Operation, array_of

# The end of .NET's time, in milliseconds: clients who write it mean no time at all.
NO_TIME_MS = 253_402_300_800_000
_SESSION_NOT_FOUND = Symbol("com.microsoft:session-not-found")


def renew_session_lock(call: Call) -> dict[str, Any]:
    """`com.microsoft:renew-session-lock`: one new end, for all that is under the lock."""
    until = call.session().renew(now=call.now)
    return {"expiration": Timestamp(round(call.clock.to_wire(until) * 1000))}


def get_session_state(call: Call) -> dict[str, Any]:
    """`com.microsoft:get-session-state`: the bytes that the application has kept, or null."""
    return {"session-state": call.session().state(now=call.now)}


def set_session_state(call: Call) -> dict[str, Any]:
    """`com.microsoft:set-session-state`: keep these bytes, or with null none."""
    state = call.body.get("session-state")
    if state is not None:
        state = bytes(call.field("session-state", bytes, "binary or null"))
    call.session().set_state(state, now=call.now)
    return {}


def get_message_sessions(call: Call) -> dict[str, Any] | None:
    """`com.microsoft:get-message-sessions`: a page of ids.

    They are those with active messages or a state; or, given a time, those whose state was set
    later than that.
    """
    updated_ms = call.field("last-updated-time", int, "a time (timestamp)")
    skip, top = _count(call, "skip"), _count(call, "top")
    if updated_ms >= NO_TIME_MS:
        ids = call.sessions.messages.list_sessions(skip=skip, top=top)
    else:
        after = call.clock.from_wire(updated_ms / 1000)
        ids = call.sessions.messages.list_updated_after(after, skip=skip, top=top)
    return {"skip": Int(skip + len(ids)), "sessions-ids": array_of(ids)} if ids else None


def _count(call: Call, name: str) -> int:
    value: int = call.field(name, int, "a count (int)")
    if value < 0:
        raise BrokerError(
            ErrorCode.ARGUMENT_OUT_OF_RANGE, f"'{name}' is {value}; it may be 0 or more."
        )
    return value


SESSION_OPERATIONS: dict[str, Operation] = {
    "com.microsoft:renew-session-lock": Operation(renew_session_lock, "Listen"),
    "com.microsoft:get-session-state": Operation(get_session_state, "Listen"),
    "com.microsoft:set-session-state": Operation(set_session_state, "Listen"),
    "com.microsoft:get-message-sessions": Operation(
        get_message_sessions, "Listen", _SESSION_NOT_FOUND
    ),
}
