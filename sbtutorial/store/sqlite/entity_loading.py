"""Entities of a file, and what belongs to them but for messages: as changes, with their places.

Each comes with its place in the order of all that the namespace is made of.
"""

from collections.abc import Iterable, Iterator
from sqlite3 import Connection
from typing import Any

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
from sbtutorial.store.sqlite.columns import text_of, value_of
from sbtutorial.store.sqlite.places import Places
from sbtutorial.store.sqlite.schema import NUMBER_BITS, NUMBER_MASK
from sbtutorial.store.store import Codec

Ordered = tuple[int, Change]

_GONE = int(MessageState.GONE)
# How far entities have numbered, as far as only messages that are gone know it.
_NUMBERED = f"""
SELECT id >> {NUMBER_BITS} AS entity, max(id & {NUMBER_MASK}) FROM messages WHERE state = {_GONE}
    AND id >> {NUMBER_BITS} NOT IN (SELECT entity FROM gone) GROUP BY entity
"""
_CLOCK = "SELECT name, value FROM meta WHERE name IN ('advanced_seconds', 'last_at')"
_NO_RULE = Rule("none", TrueFilter())
# Behind everything: where a state stands among changes makes no difference.
LAST = 1 << 62


class EntityLoader:
    """Reads the entities of one file, once.

    Args:
        connection: The file's.
        codec: Reads entities and rules.
        places: Learns where everything is.

    Attributes:
        paths: Of the entities that were read, by their numbers.
        with_sessions: The numbers of those whose messages belong to sessions.
    """

    def __init__(self, connection: Connection, codec: Codec, places: Places) -> None:
        self.paths: dict[int, str] = {}
        self.with_sessions: set[int] = set()
        self._connection = connection
        self._codec = codec
        self._places = places

    def load(self) -> Iterator[Ordered]:
        """Entities, rules, sessions, and what a topic or a forwarding is in the middle of."""
        yield from self._entities()
        yield from self._rules()
        yield from self._sessions()
        yield from self._forwards()
        yield from self._hand_outs()

    def _entities(self) -> Iterator[Ordered]:
        for (last,) in self._rows("SELECT max(entity) FROM gone"):
            self._places.last_id = last or 0
        for row in self._rows("SELECT * FROM entities ORDER BY id"):
            entity_id, path, created_at, created_ord, updated_at, updated_ord, record, *idle = row
            idle_at, idle_until, idle_ord, _ = idle
            change = self._codec.decode(record)
            assert isinstance(change, EntityChange)
            assert change.description is not None
            path = self.paths[entity_id] = text_of(path)
            self._places.add(path, entity_id).adopt(change.description)
            if getattr(change.description, "requires_session", False):
                self.with_sessions.add(entity_id)
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
            path = self.paths[entity_id]
            yield order, RuleChange(at, ChangeKind.RULE_CREATED, path, *common, _NO_RULE)
            yield order, RuleChange(at, ChangeKind.RULE_DELETED, path, *common)
        for rules in added.values():
            yield from rules

    def _sessions(self) -> Iterator[Ordered]:
        query = "SELECT * FROM sessions WHERE entity NOT IN (SELECT entity FROM gone)"
        for entity_id, name, holder, until, lock_ord, renew_ord, state, state_at in self._rows(
            query
        ):
            path, session_id = self.paths[entity_id], text_of(name)
            if lock_ord is not None:
                common = path, 0, None, 0, text_of(holder), session_id, until
                yield lock_ord, SessionChange(0.0, ChangeKind.SESSION_LOCKED, *common)
                if renew_ord is not None:
                    renewed = ChangeKind.SESSION_LOCK_RENEWED
                    yield renew_ord, SessionChange(0.0, renewed, *common)
            if state is not None:
                was_set = ChangeKind.SESSION_STATE_SET
                common = path, 0, None, 0, "", session_id, None
                yield LAST, SessionChange(state_at, was_set, *common, state)

    def _forwards(self) -> Iterator[Ordered]:
        for path, order in self._rows("SELECT path, ord FROM forwards ORDER BY ord"):
            path = text_of(path)
            self._places.place(path)
            self._places.forwards[path] = None
            yield order, _told(path, 0, ChangeKind.FORWARDED)

    def _hand_outs(self) -> Iterator[Ordered]:
        for topic_id, number, at, order in self._rows("SELECT * FROM hand_outs"):
            path = self.paths[topic_id]
            topic = self._places.entity(path)
            topic.is_handing_out = True
            begun = _told(path, number, ChangeKind.ACTIVATED)
            yield order, begun._replace(at=at, state=MessageState.ACTIVE)
            query = "SELECT subscription, count FROM copies WHERE topic = ?"
            for subscription, count in self._rows(query, (topic_id,)):
                if subscription not in self.paths:
                    continue  # it is gone
                topic.copies[subscription] = count
                copied = _told(self.paths[subscription], 0, ChangeKind.COPIED)
                for _ in range(count):
                    yield order, copied

    def accounts(self) -> Iterator[Change]:
        """How far is numbered, who was in use, and the ids that are remembered."""
        for row in self._rows("SELECT * FROM duplicates ORDER BY id"):
            key, message_id, partition_key, at = row
            path = self.paths.get(key >> NUMBER_BITS)
            if path is None:
                continue
            self._places.entity(path).remembered += 1
            message = Message(None, size_bytes=0, message_id=value_of(message_id))
            message.partition_key = None if partition_key is None else text_of(partition_key)
            message.sequence_number = key & NUMBER_MASK
            sent = _told(path, key & NUMBER_MASK, ChangeKind.SENT)
            yield sent._replace(at=at, message_id=message.message_id, message=message)
        for entity_id, last_number in self._rows(_NUMBERED):
            yield _told(self.paths[entity_id], last_number, ChangeKind.RECEIVER_GONE)
        for entity_id, last_number, accessed_at in self._rows("SELECT * FROM marks"):
            path = self.paths[entity_id]
            entity = self._places.entity(path)
            entity.last_number = entity.kept_number = last_number
            yield _told(path, last_number, ChangeKind.RECEIVER_GONE)
            if accessed_at is not None:
                entity.accessed_at = entity.kept_accessed_at = accessed_at
                accessed = ChangeKind.ACCESSED
                yield EntityChange(accessed_at, accessed, path, 0, None, 0, "", "")
        if clock := dict(self._rows(_CLOCK)):
            last_at, seconds = clock.get("last_at", 0.0), clock.get("advanced_seconds", 0.0)
            yield NamespaceChange(last_at, ChangeKind.ADVANCED, "", 0, None, 0, "", "", seconds)

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> Iterable[Any]:
        return self._connection.execute(query, values)


def _told(path: str, number: int, kind: ChangeKind) -> MessageChange:
    """A change of which only this counts."""
    nothing = Message(None, size_bytes=0)
    common = 0.0, kind, path, number, None, 0, "", ""
    return MessageChange(
        *common, nothing, MessageState.NEW, False, "", 0, 0.0, None, None, None, None, 0, 0
    )
