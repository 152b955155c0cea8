"""A file's rows as the changes that make an equal namespace, in the order that they stand for.

Of each message there is one change that brings it in as it is, and one more for the lock that it
has: both set something for an instant to come, at different places in the order. What its sender
sent stays in the file until somebody asks for it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from operator import itemgetter
from sqlite3 import Connection
from typing import Any, Protocol
from uuid import UUID

from sbtutorial.broker.changes import (
    Change,
    ChangeKind,
    EntityChange,
    MessageChange,
    NamespaceChange,
    RuleChange,
    SessionChange,
)
from sbtutorial.broker.message import Message
from sbtutorial.broker.rules.filters.boolean import TrueFilter
from sbtutorial.broker.rules.rule import Rule
from sbtutorial.broker.states import MessageState
from sbtutorial.store.restore import KeptMessages
from sbtutorial.store.sqlite.columns import text_of, value_of
from sbtutorial.store.sqlite.places import SUFFIXES, Places
from sbtutorial.store.sqlite.schema import NUMBER_BITS
from sbtutorial.store.store import Codec

Ordered = tuple[int, Change]

_NUMBER = (1 << NUMBER_BITS) - 1
_ORDER = itemgetter(0)
# So many rows at once; how far the reading is, is told as often.
_RUN = 50_000
_GONE = int(MessageState.GONE)
_SELECT = f"""
SELECT id, ord, content, message_id, session_id, partition_key, time_to_live, scheduled_at, source,
    origin, hops, subqueue, state, delivery_count, enqueued_at, expires_at, lock_token,
    locked_until, locked_by, lock_ord, properties, size_bytes, header_bytes
FROM messages WHERE state <> {_GONE} AND id >> {NUMBER_BITS} NOT IN (SELECT entity FROM gone)
"""
# How far entities have numbered, as far as only messages that are gone know it.
_NUMBERED = f"""
SELECT id >> {NUMBER_BITS} AS entity, max(id & {_NUMBER}) FROM messages WHERE state = {_GONE}
    AND id >> {NUMBER_BITS} NOT IN (SELECT entity FROM gone) GROUP BY entity
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
_CLOCK = "SELECT name, value FROM meta WHERE name IN ('advanced_seconds', 'last_at')"
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


class Loader:
    """Reads one file, once.

    Args:
        connection: The file's.
        codec: Reads entities and rules.
        messages: Reads messages.
        fetch: The content of a number.
        on_progress: Told now and then how many messages were read, of how many.

    Attributes:
        last_ord: The last place in the order that any row has.
    """

    def __init__(
        self,
        connection: Connection,
        codec: Codec,
        messages: MessageReader,
        fetch: Callable[[int], bytes],
        on_progress: Callable[[int, int], None],
    ) -> None:
        self.last_ord = 0
        self.places = Places()
        self._connection = connection
        self._codec = codec
        self._messages = messages
        self._fetch = fetch
        self._on_progress = on_progress
        self._paths: dict[int, str] = {}
        self._with_sessions: set[int] = set()
        self._read = 0

    def load(self) -> Iterator[Change | KeptMessages]:
        """The changes; the places are known when they have been used up."""
        for one in self._in_order():
            yield one
            if isinstance(one, EntityChange) and one.kind in _CREATED:
                yield from self._many(one)

    def _in_order(self) -> Iterator[Change | KeptMessages]:
        few = sorted(self._few(), key=_ORDER)
        ((last,),) = self._rows("SELECT coalesce(max(ord), 0) FROM messages")
        orders = (order for order, _ in few if order < _LAST)
        self.last_ord = max(last, max(orders, default=0))
        following = iter(few)
        order, change = next(following, (0, None))
        run: list[Any] = []  # rows that follow each other, of one subqueue
        for row in self._timed():
            is_told_first = change is not None and order < row[1]
            if run and (is_told_first or len(run) >= _RUN or not _is_like(row, run[0])):
                yield from self._kept(run)
                run = []
            while change is not None and order < row[1]:
                yield change
                order, change = next(following, (0, None))
            run.append(row)
        yield from self._kept(run)
        while change is not None:
            yield change
            order, change = next(following, (0, None))
        yield from self._accounts()

    # -- Few of each -----------------------------------------------------------------------------

    def _few(self) -> Iterator[Ordered]:
        yield from self._entities()
        yield from self._rules()
        yield from self._sessions()
        yield from self._locks()
        yield from self._forwards()
        yield from self._hand_outs()

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> Iterable[Any]:
        return self._connection.execute(query, values)

    def _entities(self) -> Iterator[Ordered]:
        for (last,) in self._rows("SELECT max(entity) FROM gone"):
            self.places.last_id = last or 0
        for row in self._rows("SELECT * FROM entities ORDER BY id"):
            entity_id, path, created_at, created_ord, updated_at, updated_ord, record, *idle = row
            idle_at, idle_until, idle_ord, _ = idle
            change = self._codec.decode(record)
            assert isinstance(change, EntityChange)
            assert change.description is not None
            path = self._paths[entity_id] = text_of(path)
            self.places.add(path, entity_id).adopt(change.description)
            if getattr(change.description, "requires_session", False):
                self._with_sessions.add(entity_id)
            kind = ChangeKind(f"{change.description.kind}_created")
            yield created_ord, change._replace(at=created_at, kind=kind)
            if updated_ord is not None:
                yield updated_ord, change._replace(at=updated_at)
            if idle_ord is not None:
                watched = ChangeKind.IDLE_WATCHED
                common = idle_at, watched, path, 0, None, 0, "", ""
                yield idle_ord, EntityChange(*common, None, idle_until)

    def _rules(self) -> Iterator[Ordered]:
        """The one that was added last stands for when that was, whether it is there still."""
        added: dict[int, list[tuple[int, RuleChange]]] = {}
        for entity_id, _, at, order, record in self._rows("SELECT * FROM rules ORDER BY ord"):
            change = self._codec.decode(record)
            assert isinstance(change, RuleChange)
            created = change._replace(at=at, kind=ChangeKind.RULE_CREATED)
            added.setdefault(entity_id, []).append((order, created))
        query = "SELECT id, created_ord, rule_added_at FROM entities WHERE rule_added_at NOT NULL"
        for entity_id, order, at in self._rows(query):
            rules = added.get(entity_id)
            if rules:
                rules[-1] = rules[-1][0], rules[-1][1]._replace(at=at)
                continue
            common = 0, None, 0, "", _NO_RULE.name
            path = self._paths[entity_id]
            yield order, RuleChange(at, ChangeKind.RULE_CREATED, path, *common, _NO_RULE)
            yield order, RuleChange(at, ChangeKind.RULE_DELETED, path, *common)
        for rules in added.values():
            yield from rules

    def _sessions(self) -> Iterator[Ordered]:
        query = "SELECT * FROM sessions WHERE entity NOT IN (SELECT entity FROM gone)"
        for entity_id, name, holder, until, lock_ord, renew_ord, state, state_at in self._rows(
            query
        ):
            path, session_id = self._paths[entity_id], text_of(name)
            if lock_ord is not None:
                common = path, 0, None, 0, text_of(holder), session_id, until
                yield lock_ord, SessionChange(0.0, ChangeKind.SESSION_LOCKED, *common)
                if renew_ord is not None:
                    renewed = ChangeKind.SESSION_LOCK_RENEWED
                    yield renew_ord, SessionChange(0.0, renewed, *common)
            if state is not None:
                was_set = ChangeKind.SESSION_STATE_SET
                common = path, 0, None, 0, "", session_id, None
                yield _LAST, SessionChange(state_at, was_set, *common, state)

    def _locks(self) -> Iterator[Ordered]:
        for row in self._rows(_SELECT + "AND lock_token NOT NULL"):
            change = self._change(row, ChangeKind.LOCKED, _STATES[row[12]])
            locked = change._replace(
                who=text_of(row[18]),
                is_new=False,
                lock_token=UUID(bytes=row[16]),
                locked_until=row[17],
            )
            yield row[19], locked

    def _forwards(self) -> Iterator[Ordered]:
        for path, order in self._rows("SELECT path, ord FROM forwards ORDER BY ord"):
            path = text_of(path)
            self.places.place(path)
            self.places.forwards[path] = None
            yield order, _told(path, 0, ChangeKind.FORWARDED)

    def _hand_outs(self) -> Iterator[Ordered]:
        for topic_id, number, at, order in self._rows("SELECT * FROM hand_outs"):
            path = self._paths[topic_id]
            topic = self.places.entity(path)
            topic.is_handing_out = True
            begun = _told(path, number, ChangeKind.ACTIVATED)
            yield order, begun._replace(at=at, state=MessageState.ACTIVE)
            query = "SELECT subscription, count FROM copies WHERE topic = ?"
            for subscription, count in self._rows(query, (topic_id,)):
                if subscription not in self._paths:
                    continue  # it is gone
                topic.copies[subscription] = count
                copied = _told(self._paths[subscription], 0, ChangeKind.COPIED)
                for _ in range(count):
                    yield order, copied

    def _accounts(self) -> Iterator[Change]:
        """How far is numbered, who was in use, and the ids that are remembered."""
        for row in self._rows("SELECT * FROM duplicates ORDER BY id"):
            key, message_id, partition_key, at = row
            path = self._paths.get(key >> NUMBER_BITS)
            if path is None:
                continue
            self.places.entity(path).remembered += 1
            message = Message(None, size_bytes=0, message_id=value_of(message_id))
            message.partition_key = None if partition_key is None else text_of(partition_key)
            message.sequence_number = key & _NUMBER
            sent = _told(path, key & _NUMBER, ChangeKind.SENT)
            yield sent._replace(at=at, message_id=message.message_id, message=message)
        for entity_id, last_number in self._rows(_NUMBERED):
            yield _told(self._paths[entity_id], last_number, ChangeKind.RECEIVER_GONE)
        for entity_id, last_number, accessed_at in self._rows("SELECT * FROM marks"):
            path = self._paths[entity_id]
            entity = self.places.entity(path)
            entity.last_number = entity.kept_number = last_number
            yield _told(path, last_number, ChangeKind.RECEIVER_GONE)
            if accessed_at is not None:
                entity.accessed_at = entity.kept_accessed_at = accessed_at
                accessed = ChangeKind.ACCESSED
                yield EntityChange(accessed_at, accessed, path, 0, None, 0, "", "")
        if clock := dict(self._rows(_CLOCK)):
            last_at, seconds = clock.get("last_at", 0.0), clock.get("advanced_seconds", 0.0)
            yield NamespaceChange(last_at, ChangeKind.ADVANCED, "", 0, None, 0, "", "", seconds)

    # -- Messages: hot ---------------------------------------------------------------------------

    def _many(self, created: EntityChange) -> Iterator[KeptMessages]:
        """The messages of an entity for which no timer is set: their place in the order is none."""
        if getattr(created.description, "requires_session", False):
            return
        first = self.places.entity(created.entity).id << NUMBER_BITS
        numbers = first, first + _NUMBER
        yield from self._plain(created.entity, numbers)
        found: tuple[list[Message], ...] = ([], [], [])
        rows = iter(self._rows(_UNUSUAL, numbers))
        while more := list(islice(rows, _RUN)):
            for row in more:
                found[row[11]].append(self._message_in_state(row))
            self._tell(len(more))
        for suffix, messages in zip(SUFFIXES, found, strict=True):
            if messages:
                yield _many(created.entity + suffix, messages)

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
            self._messages.content_later(self._fetch, content),
            size_bytes=size,
            header_bytes=header_size,
            message_id=value_of(message_id) if type(message_id) is bytes else message_id,
        )
        message.sequence_number = key & _NUMBER
        message.state = _ACTIVE
        message.enqueued_at = enqueued_at
        message.delivery_count = delivery_count
        message.enqueued_sequence_number = origin
        return message

    def _tell(self, more: int) -> None:
        """Say how many were read by now, once for each so many."""
        before = self._read
        self._read += more
        if self._read // _RUN > before // _RUN:
            self._on_progress(self._read, self._total)

    @cached_property
    def _total(self) -> int:
        ((total,),) = self._rows("SELECT count(*) FROM messages")
        return int(total)

    def _timed(self) -> Iterator[Any]:
        """The messages for which timers are set, and those of sessions."""
        if not self._with_sessions:
            yield from self._rows(_TIMED)
            return
        for row in self._rows(f"{_SELECT} ORDER BY ord"):
            if self._has_sessions(row) or not (
                row[15] is None and row[12] != MessageState.SCHEDULED
            ):
                yield row

    def _kept(self, rows: list[Any]) -> Iterator[Change | KeptMessages]:
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
            self._messages.content_later(self._fetch, content),
            size_bytes=row[21],
            header_bytes=row[22],
            message_id=value_of(message_id) if type(message_id) is bytes else message_id,
            session_id=session_id if session_id is None else text_of(session_id),
            partition_key=partition_key if partition_key is None else text_of(partition_key),
            time_to_live=ttl,
            scheduled_enqueue_at=scheduled_at,
        )
        message.sequence_number = key & _NUMBER
        message.enqueued_at = row[14]
        message.expires_at = row[15]
        message.delivery_count = row[13]
        message.enqueued_sequence_number = row[9]
        message.hops = row[10]
        if source is not None:
            message.dead_letter_source = text_of(source)
        if row[20] is not None:
            message.properties = self._messages.read_properties(row[20])
        return message


def _is_like(row: Any, other: Any) -> bool:
    """Whether two messages are of one subqueue, and are both scheduled or both not."""
    return _subqueue(row) == _subqueue(other)


def _subqueue(row: Any) -> tuple[int, int, bool]:
    return row[0] >> NUMBER_BITS, row[11], row[12] == MessageState.SCHEDULED


def _many(path: str, messages: list[Message]) -> KeptMessages:
    return KeptMessages(path, messages, max(message.enqueued_at for message in messages))


def _told(path: str, number: int, kind: ChangeKind) -> MessageChange:
    """A change of which only this counts."""
    nothing = Message(None, size_bytes=0)
    common = 0.0, kind, path, number, None, 0, "", ""
    return MessageChange(
        *common, nothing, MessageState.NEW, False, "", 0, 0.0, None, None, None, None, 0, 0
    )


_NO_RULE = Rule("none", TrueFilter())
_CREATED = (
    ChangeKind.QUEUE_CREATED,
    ChangeKind.TOPIC_CREATED,
    ChangeKind.SUBSCRIPTION_CREATED,
)
# Behind everything: where a state stands among changes makes no difference.
_LAST = 1 << 62
