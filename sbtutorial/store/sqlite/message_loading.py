"""Messages of a file: as they are, many at once, or as changes where each has its own place.

What its sender sent stays in the file until somebody asks for it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from sqlite3 import Connection
from typing import Any, Protocol
from uuid import UUID

from sbtutorial.broker.changes import Change, ChangeKind, MessageChange
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import MessageState
from sbtutorial.store.restore import KeptMessages
from sbtutorial.store.sqlite.columns import text_of, value_of
from sbtutorial.store.sqlite.entity_loading import EntityLoader, Ordered
from sbtutorial.store.sqlite.places import SUFFIXES
from sbtutorial.store.sqlite.schema import NUMBER_BITS, NUMBER_MASK

# So many rows at once; how far the reading is, is told as often.
_RUN = 50_000
_GONE = int(MessageState.GONE)
_SELECT = f"""
SELECT id, ord, content, message_id, session_id, partition_key, time_to_live, scheduled_at, source,
    origin, hops, subqueue, state, delivery_count, enqueued_at, expires_at, lock_token,
    locked_until, locked_by, lock_ord, properties, size_bytes, header_bytes
FROM messages WHERE state <> {_GONE} AND id >> {NUMBER_BITS} NOT IN (SELECT entity FROM gone)
"""
# Of these no timer is set: 1 is SCHEDULED.
_UNTIMED = "expires_at IS NULL AND state <> 1"
# Of these all is said by the columns that are read of them: 2 is ACTIVE, 0 the entity itself.
_IS_PLAIN = """
    state = 2 AND subqueue = 0 AND expires_at IS NULL AND session_id IS NULL
    AND partition_key IS NULL AND time_to_live IS NULL AND scheduled_at IS NULL
    AND source IS NULL AND hops = 0 AND properties IS NULL
"""
_IN_NUMBERS = "id >= ? AND id < ?"
_PLAIN = f"""
SELECT id, content, message_id, enqueued_at, delivery_count, origin, size_bytes, header_bytes
FROM messages WHERE {_IN_NUMBERS} AND {_IS_PLAIN} ORDER BY id
"""
_UNUSUAL = f"{_SELECT} AND {_IN_NUMBERS} AND {_UNTIMED} AND NOT ({_IS_PLAIN}) ORDER BY id"
_TIMED = f"{_SELECT} AND NOT ({_UNTIMED}) ORDER BY ord"
# A lock is told of by itself, so a message comes in as it was before it.
_BEFORE_THE_LOCK = {
    MessageState.LOCKED: MessageState.ACTIVE,
    MessageState.DEFERRED_LOCKED: MessageState.DEFERRED,
}
_STATES = list(MessageState)
_ACTIVE = MessageState.ACTIVE


class MessageReader(Protocol):
    """What messages hold, from bytes."""

    def content_later(self, read: Callable[[int], bytes], number: int) -> object:
        """What a sender sent; its bytes are read by this number when somebody looks into it."""

    def read_properties(self, data: bytes) -> Mapping[str, object]:
        """The properties that a settlement has set."""


class MessageLoader:
    """Reads the messages of one file, once.

    Args:
        connection: The file's.
        reader: Reads what they hold.
        fetch: The content of a number.
        on_progress: Told now and then how many messages were read, of how many.
        entities: Those of the file; they are read first.

    Attributes:
        count: How many messages were read.
    """

    def __init__(
        self,
        connection: Connection,
        reader: MessageReader,
        fetch: Callable[[int], bytes],
        on_progress: Callable[[int, int], None],
        entities: EntityLoader,
    ) -> None:
        self._connection = connection
        self._reader = reader
        self._fetch = fetch
        self._on_progress = on_progress
        self._paths = entities.paths
        self._with_sessions = entities.with_sessions
        self.count = 0

    @property
    def last_ord(self) -> int:
        """The last place in the order that a message has."""
        ((last,),) = self._rows("SELECT coalesce(max(ord), 0) FROM messages")
        return int(last)

    def locks(self) -> Iterator[Ordered]:
        """The locks that messages have, each at its place in the order."""
        for row in self._rows(_SELECT + "AND lock_token NOT NULL"):
            change = self._change(row, ChangeKind.LOCKED, _STATES[row[12]])
            locked = change._replace(
                who=text_of(row[18]),
                is_new=False,
                lock_token=UUID(bytes=row[16]),
                locked_until=row[17],
            )
            yield row[19], locked

    def of_entity(self, entity_id: int) -> Iterator[KeptMessages]:
        """The messages of an entity for which no timer is set: their place in the order is none."""
        if entity_id in self._with_sessions:
            return
        path, first = self._paths[entity_id], entity_id << NUMBER_BITS
        numbers = first, first + NUMBER_MASK
        yield from self._plain(path, numbers)
        found: tuple[list[Message], ...] = ([], [], [])
        rows = iter(self._rows(_UNUSUAL, numbers))
        while more := list(islice(rows, _RUN)):
            for row in more:
                found[row[11]].append(self._message_in_state(row))
            self._tell(len(more))
        for suffix, messages in zip(SUFFIXES, found, strict=True):
            if messages:
                yield _many(path + suffix, messages)

    def _plain(self, path: str, numbers: tuple[int, int]) -> Iterator[KeptMessages]:
        """Those of which there is little to say, as of nearly all: few columns of each are read."""
        rows = iter(self._rows(_PLAIN, numbers))
        messages: list[Message] = []
        while more := list(map(self._plain_message, islice(rows, _RUN))):
            messages += more
            self._tell(len(more))
        if messages:
            yield _many(path, messages)

    def _plain_message(self, row: Any) -> Message:
        key, content, message_id, enqueued_at, delivery_count, origin, size, header_size = row
        message = Message(
            self._reader.content_later(self._fetch, content),
            size_bytes=size,
            header_bytes=header_size,
            message_id=value_of(message_id) if type(message_id) is bytes else message_id,
        )
        message.sequence_number = key & NUMBER_MASK
        message.state = _ACTIVE
        message.enqueued_at = enqueued_at
        message.delivery_count = delivery_count
        message.enqueued_sequence_number = origin
        return message

    def _tell(self, more: int) -> None:
        """Say how many were read by now, once for each so many."""
        before = self.count
        self.count += more
        if self.count // _RUN > before // _RUN:
            self._on_progress(self.count, self._total)

    @cached_property
    def _total(self) -> int:
        ((total,),) = self._rows("SELECT count(*) FROM messages")
        return int(total)

    def timed(self) -> Iterator[Any]:
        """The messages for which timers are set, and those of sessions."""
        if not self._with_sessions:
            yield from self._rows(_TIMED)
            return
        for row in self._rows(f"{_SELECT} ORDER BY ord"):
            if self._has_sessions(row) or not (
                row[15] is None and row[12] != MessageState.SCHEDULED
            ):
                yield row

    def may_follow(self, row: Any, run: list[Any]) -> bool:
        """Whether a message may come in together with those before it: they are alike and few."""
        return len(run) < _RUN and _kind(row) == _kind(run[0])

    def kept(self, rows: list[Any]) -> Iterator[Change | KeptMessages]:
        """Messages of one subqueue, whose timers are to be set in this order."""
        if not rows:
            return
        first = rows[0]
        if first[12] == MessageState.SCHEDULED or self._has_sessions(first):
            for row in rows:
                state = _STATES[row[12]]
                yield self._change(row, ChangeKind.KEPT, _BEFORE_THE_LOCK.get(state, state))
        else:
            path = self._paths[first[0] >> NUMBER_BITS] + SUFFIXES[first[11]]
            yield _many(path, list(map(self._message_in_state, rows)))
        self._tell(len(rows))

    def _has_sessions(self, row: Any) -> bool:
        return row[0] >> NUMBER_BITS in self._with_sessions

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> Iterable[Any]:
        return self._connection.execute(query, values)

    def _message_in_state(self, row: Any) -> Message:
        message = self._message(row)
        state = _STATES[row[12]]
        message.state = _BEFORE_THE_LOCK.get(state, state)
        return message

    def _change(self, row: Any, kind: ChangeKind, state: MessageState) -> MessageChange:
        message = self._message(row)
        path = self._paths[row[0] >> NUMBER_BITS] + SUFFIXES[row[11]]
        common = row[14], kind, path, message.sequence_number, message.message_id, row[13], "", ""
        rest = (
            *(message, state, True, "", 0, row[14], row[15], None, None),
            *(message.properties, row[21], row[22]),
        )
        return MessageChange._make((*common, *rest))

    def _message(self, row: Any) -> Message:
        """A message as it is, but for its state and its lock."""
        (key, _, content, message_id, session_id, partition_key, ttl, scheduled_at, source) = row[
            :9
        ]
        message = Message(
            self._reader.content_later(self._fetch, content),
            size_bytes=row[21],
            header_bytes=row[22],
            message_id=value_of(message_id) if type(message_id) is bytes else message_id,
            session_id=session_id if session_id is None else text_of(session_id),
            partition_key=partition_key if partition_key is None else text_of(partition_key),
            time_to_live=ttl,
            scheduled_enqueue_at=scheduled_at,
        )
        message.sequence_number = key & NUMBER_MASK
        message.enqueued_at = row[14]
        message.expires_at = row[15]
        message.delivery_count = row[13]
        message.enqueued_sequence_number = row[9]
        message.hops = row[10]
        if source is not None:
            message.dead_letter_source = text_of(source)
        if row[20] is not None:
            message.properties = self._reader.read_properties(row[20])
        return message


def _kind(row: Any) -> tuple[int, int, bool]:
    """Of which subqueue a message is, and whether it is scheduled."""
    return row[0] >> NUMBER_BITS, row[11], row[12] == MessageState.SCHEDULED


def _many(path: str, messages: list[Message]) -> KeptMessages:
    return KeptMessages(path, messages, max(message.enqueued_at for message in messages))
