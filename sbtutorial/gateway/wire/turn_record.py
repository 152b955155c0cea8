"""The changes of a turn as bytes, quickly: for a log that is read only where a broker was killed.

Nearly all changes are of messages, and their fields are numbers and text, which Python's own
serializer writes in half a microsecond (its version 4, which every Python since 3.4 reads). A
change with a value that it does not know, such as an id that is a UUID, and a change of a rare kind
are written by the codec of `record`.
Source: Python, "marshal".
"""

import marshal
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from sbtutorial.broker.changes import (
    SETS_PROPERTIES,
    Change,
    ChangeKind,
    EntityChange,
    MessageChange,
    SessionChange,
)
from sbtutorial.broker.states import MessageState
from sbtutorial.gateway.wire.kept_message import read_message, write_message

_VERSION = 4
_SENT, _ACCESSED = ChangeKind.SENT, ChangeKind.ACCESSED

Encode = Callable[[Change], bytes]
Decode = Callable[[bytes], Change]


def write_turn(changes: Iterable[Change], encode: Encode) -> bytes:
    """All that these changes say. Hot: runs for each turn that is kept."""
    turn: list[Any] = []
    for change in changes:
        if type(change) is MessageChange:
            turn.append(_message_change(change))
        elif change.kind is _ACCESSED:  # in nearly every turn
            turn.append((change.at, change.entity))
        elif type(change) is SessionChange:
            turn.append((change.at, change.kind._value_, *change[2:]))
        else:
            turn.append(encode(change))
    try:
        return marshal.dumps(turn, _VERSION)
    except ValueError:  # a value of another type
        return marshal.dumps([encode(change) for change in changes], _VERSION)


def read_turn(data: bytes, decode: Decode) -> list[Change]:
    """Changes that say the same; a message of theirs is known as far as it came with them.

    Raises:
        ValueError: These bytes are no turn's.
    """
    try:
        return [_read(one, decode) for one in marshal.loads(data)]
    except (EOFError, TypeError, LookupError) as error:
        raise ValueError(f"these bytes are no turn: {error}") from error


def _message_change(change: MessageChange) -> tuple[Any, ...]:
    kind, is_new, token = change.kind, change.is_new, change.lock_token
    properties = change.properties
    sets = is_new or kind in SETS_PROPERTIES
    return (
        change.at,
        kind._value_,
        change.entity,
        change.sequence_number,
        change.delivery_count,
        change.who,
        change.detail,
        int(change.state),
        is_new,
        change.target,
        change.previous_sequence_number,
        change.enqueued_at,
        change.expires_at,
        token and token.bytes,
        change.locked_until,
        dict(properties) if sets and properties is not None else None,
        change.size_bytes,
        change.header_bytes,
        write_message(change.message, with_content=is_new) if is_new or kind is _SENT else None,
    )


def _read(one: Any, decode: Decode) -> Change:
    if isinstance(one, bytes):
        return decode(one)
    at, kind, *rest = one
    if not rest:
        return EntityChange(at, _ACCESSED, kind, 0, None, 0, "", "")
    if len(one) == len(SessionChange._fields):
        return SessionChange._make((at, ChangeKind(kind), *rest))
    (entity, number, delivery_count, who, detail, state, is_new, target, *times) = rest
    before, enqueued_at, expires_at, token, locked_until, properties, *sizes, written = times
    message = read_message(written, *sizes)
    return MessageChange(
        *(at, ChangeKind(kind), entity, number, message.message_id, delivery_count, who, detail),
        *(message, MessageState(state), is_new, target, before, enqueued_at, expires_at),
        *(token and UUID(bytes=token), locked_until, properties, *sizes),
    )
