"""Gathered rows into SQLite, in as few statements as that takes.

Each statement that runs lets go of Python's own lock and has to get it back, from a thread that
serves clients meanwhile; so rows go in by the dozen with one statement, not one by one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from sqlite3 import Connection
from typing import Any, Protocol

from sbtutorial.broker.changes import ChangeKind, MessageChange
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import MessageState
from sbtutorial.store.sqlite.columns import column
from sbtutorial.store.sqlite.gathering import Gathered, Statement
from sbtutorial.store.sqlite.noting import WRITTEN
from sbtutorial.store.sqlite.schema import NUMBER_BITS, NUMBER_MASK

# A statement may have 999 values in every SQLite there is.
_SIZES = (32, 8, 1)
_KEY_SIZES = (512, 32, 1)


class MessageCodec(Protocol):
    """What messages hold, as bytes."""

    def write_content(self, content: object) -> bytes:
        """What its sender sent, which the broker never looks at."""

    def write_properties(self, properties: Mapping[str, object]) -> bytes:
        """The properties that a settlement has set."""


class Writer:
    """Says what to write into the tables of a file."""

    def __init__(self, codec: MessageCodec) -> None:
        self._codec = codec

    def statements(self, rows: Gathered) -> list[Statement]:
        """What writes these rows, in order. Hot: most turns have one row."""
        found = rows.statements.copy()
        for before, key, order in rows.renumbered:
            found.append(("UPDATE messages SET id = ?, ord = ? WHERE id = ?", (key, order, before)))
        if rows.latest:
            found += self._messages(rows)
        if rows.deleted:
            for keys in _chunks(rows.deleted, _KEY_SIZES):
                found.append((_buried(len(keys)), tuple(keys)))
        if rows.duplicates:
            found += _all(_REMEMBER, list(rows.duplicates.values()))
        for entity, (number, accessed_at) in rows.marks.items():
            found.append((_MARK, (entity, number, accessed_at)))
        if rows.last_at:
            found.append((_REACH, (rows.last_at,)))
        if rows.last_noted:
            found.append((WRITTEN, (rows.last_noted,)))
        return found

    def _messages(self, rows: Gathered) -> list[Statement]:
        found: list[Statement] = []
        born, changed = [], []
        for key, (change, order, subqueue) in rows.latest.items():
            is_locking = change.kind is ChangeKind.LOCKED
            who = change.who if is_locking else rows.holders.get(key)
            state = self._state(change, order, subqueue, who)
            if key in rows.born:
                born.append((key, *self._fixed(rows, key), *state))
            else:
                changed.append((key, 0, 0, 0, *state))
        for key in rows.sources.keys() - rows.born.keys() if rows.sources else ():
            values = column(rows.sources[key]), key
            found.append(("UPDATE messages SET source = ? WHERE id = ?", values))
        if born:
            write = self._codec.write_content
            contents = [(key, write(rows.born[key][0].content)) for key, *_ in born]
            found += _all(_CONTENTS, contents)
            found += _all(_BORN, born)
        if changed:
            found += _all(_CHANGED, changed)
        return found

    def _fixed(self, rows: Gathered, key: int) -> tuple[Any, ...]:
        message, order = rows.born[key]
        source = rows.sources.get(key) if key in rows.sources else message.source_on_arrival
        return order, key, *_sent(message), column(source), *_travelled(message)

    def _state(
        self, change: MessageChange, order: int, subqueue: int, who: str | None
    ) -> tuple[Any, ...]:
        token, properties = change.lock_token, change.properties
        is_locked = token is not None
        return (
            subqueue,
            int(change.state),
            change.delivery_count,
            change.enqueued_at,
            change.expires_at,
            token.bytes if token is not None else None,
            change.locked_until,
            column(who) if is_locked else None,
            order if is_locked else None,
            self._codec.write_properties(properties) if properties else None,
            change.size_bytes,
            change.header_bytes,
        )


def transact(connection: Connection, statements: Iterable[Statement]) -> None:
    """Run statements, all or none of them.

    Raises:
        sqlite3.Error: None of them was run.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement, values in statements:
            connection.execute(statement, values)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def removals(keys: Sequence[int]) -> Iterator[Statement]:
    """What removes the rows of messages that are gone, by their keys; it may be done twice."""
    last = {key >> NUMBER_BITS: key & NUMBER_MASK for key in sorted(keys)}
    for entity, number in last.items():
        yield _MARK_IF_THERE, (number, entity)
    for chunk in _chunks(keys, _KEY_SIZES):
        for statement in _deletions(len(chunk)):
            yield statement, tuple(chunk)


def _all(statement: tuple[str, str], rows: Sequence[tuple[Any, ...]]) -> list[Statement]:
    """What inserts rows; the statement is what stands before the values, and after them."""
    columns = len(rows[0])
    return [
        (_text(statement, len(chunk), columns), tuple(chain.from_iterable(chunk)))
        for chunk in _chunks(rows, _SIZES)
    ]


@cache
def _text(statement: tuple[str, str], rows: int, columns: int) -> str:
    """A statement for so many rows."""
    before, after = statement
    one = f"({_marks(columns)})"
    return f"{before} VALUES {','.join([one] * rows)} {after}"


@cache
def _buried(count: int) -> str:
    """What has so many messages be gone, by their keys."""
    return f"UPDATE messages SET state = {int(MessageState.GONE)} WHERE id IN ({_marks(count)})"


def _marks(count: int) -> str:
    return ",".join("?" * count)


@cache
def _deletions(count: int) -> tuple[str, str]:
    """What removes so many messages by their keys."""
    marks = _marks(count)
    contents = f"SELECT content FROM messages WHERE id IN ({marks})"
    return (
        f"DELETE FROM contents WHERE id IN ({contents})",
        f"DELETE FROM messages WHERE id IN ({marks})",
    )


def _sent(message: Message) -> tuple[Any, ...]:
    """What its sender said of a message."""
    return (
        column(message.message_id),
        column(message.session_id),
        column(message.partition_key),
        message.time_to_live,
        message.scheduled_enqueue_at,
    )


def _travelled(message: Message) -> tuple[Any, ...]:
    return message.enqueued_sequence_number, message.hops


def _chunks(rows: Sequence[Any], sizes: Sequence[int]) -> Iterable[Sequence[Any]]:
    """The rows in pieces of few sizes, so that few statements have to be prepared."""
    return (rows,) if len(rows) == 1 else _pieces(rows, sizes)


def _pieces(rows: Sequence[Any], sizes: Sequence[int]) -> Iterator[Sequence[Any]]:
    left = iter(rows)
    count = len(rows)
    for size in sizes:
        while count >= size:
            yield list(islice(left, size))
            count -= size


_STATE = (
    "subqueue, state, delivery_count, enqueued_at, expires_at, lock_token, locked_until, locked_by,"
    " lock_ord, properties, size_bytes, header_bytes"
)
_FIXED = "message_id, session_id, partition_key, time_to_live, scheduled_at, source, origin, hops"
_SETTING = ", ".join(f"{name} = excluded.{name}" for name in _STATE.split(", "))
# Who renews a lock is not who has it.
_SETTING = _SETTING.replace(
    "= excluded.locked_by",
    "= CASE WHEN excluded.lock_token NOT NULL THEN coalesce(excluded.locked_by, locked_by) END",
)
_CONTENTS = "INSERT INTO contents (id, content)", ""
_BORN = f"INSERT INTO messages (id, ord, content, {_FIXED}, {_STATE})", ""
# The row is there: only its state is written.
_CHANGED = (
    f"INSERT INTO messages (id, ord, content, hops, {_STATE})",
    f"ON CONFLICT (id) DO UPDATE SET {_SETTING}",
)
_REMEMBER = "INSERT INTO duplicates (id, message_id, partition_key, accepted_at)", ""
# Broker time does not go back behind it, whatever the computer's clock is set to.
_REACH = (
    "INSERT INTO meta VALUES ('last_at', ?)"
    " ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)"
)
# The messages that are gone, whose rows are there still.
BURIED = f"SELECT id FROM messages WHERE state = {int(MessageState.GONE)}"
# Of an entity that is there still.
_MARK_IF_THERE = (
    "INSERT INTO marks (entity, last_number) SELECT id, ? FROM entities WHERE id = ?"
    " ON CONFLICT (entity) DO UPDATE SET last_number = max(last_number, excluded.last_number)"
)
_MARK = (
    "INSERT INTO marks (entity, last_number, accessed_at) VALUES (?, ?, ?)"
    " ON CONFLICT (entity) DO UPDATE SET last_number = max(last_number, excluded.last_number),"
    " accessed_at = coalesce(excluded.accessed_at, accessed_at)"
)
