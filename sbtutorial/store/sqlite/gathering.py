"""What turns have changed, as the rows that have to be written for it, each once.

A message that came and went is none; of one that changed several times the last state counts. Rows
of messages, which are many, are gathered by key; what is rare is gathered as statements.

How far an entity has numbered is in the rows of its messages, too: it is written when they are
removed, or never were. How far time has gone is written with what has happened by time alone, and
else once a second: broker time does not go back behind the end of anything.
"""

from collections.abc import Callable, Iterable
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
from sbtutorial.broker.states import MessageState
from sbtutorial.store.sqlite.columns import column
from sbtutorial.store.sqlite.places import KeptEntity, Place, Places
from sbtutorial.store.sqlite.schema import NUMBER_BITS
from sbtutorial.store.store import Codec

Statement = tuple[str, tuple[Any, ...]]

# When an entity was in use is known up to this, should the broker end without a goodbye.
ACCESS_SECONDS = 5.0

_GONE, _NEW = MessageState.GONE, MessageState.NEW
_SAY_NOTHING = (ChangeKind.DUPLICATE_DROPPED, ChangeKind.RECEIVER_GONE)
_REMEMBERED = (ChangeKind.SENT, ChangeKind.SCHEDULED)


class Gathered:
    """The rows of some turns.

    Attributes:
        born: Messages that were not there before, by key, each with its place in the order.
        latest: Of each message that is born or was changed, by key: the last change of it, the
            place of that in the order, and the number of its subqueue.
        sources: Where messages came from that were dead-lettered, by key.
        holders: Who has a lock that was granted and renewed in these turns, by key.
        renumbered: Keys that messages had, each with the new one and its place in the order.
        deleted: Keys of messages that are gone.
        duplicates: Ids to remember, by key.
        marks: Of entities, by number: how far they have numbered, and when they were in use last.
        statements: All that is rare, in order.
        has_gone: Whether an entity is gone, of which messages may be left.
        last_at: How far time had gone by then; 0 where the file may do without knowing.
        last_noted: The number of the last of these turns that the log has; 0 for none.
    """

    def __init__(self) -> None:
        self.born: dict[int, tuple[Message, int]] = {}
        self.latest: dict[int, tuple[MessageChange, int, int]] = {}
        self.sources: dict[int, str] = {}
        self.holders: dict[int, str] = {}
        self.renumbered: list[tuple[int, int, int]] = []
        self.deleted: list[int] = []
        self.duplicates: dict[int, tuple[Any, ...]] = {}
        self.marks: dict[int, tuple[int, float | None]] = {}
        self.statements: list[Statement] = []
        self.has_gone = False
        self.last_at = 0.0
        self.last_noted = 0

    def forget(self, entity: KeptEntity) -> None:
        """Nothing need be written of the messages of an entity that is gone."""
        for rows in (self.born, self.latest, self.sources, self.duplicates):
            for key in [key for key in rows if key >> NUMBER_BITS == entity.id]:
                del rows[key]
        self.marks.pop(entity.id, None)


class Gatherer:
    """Gathers turn after turn; knows what a file has, as far as that decides what is written.

    Args:
        codec: Writes entities, rules and messages.
        places: What there is in the file.
        last_ord: The last place in the order of all changes.
    """

    def __init__(self, codec: Codec, places: Places, last_ord: int) -> None:
        self._codec = codec
        self._places = places
        self._ord = last_ord
        self._rows = Gathered()
        self._last_at = self._kept_at = 0.0

    def rest(self) -> Gathered:
        """What is not kept yet, as it is written at the end."""
        rows = Gathered()
        rows.marks = {one.id: one.mark() for one in self._places if not one.is_marked}
        rows.last_at = self._last_at
        return rows

    def gather(self, turns: Iterable[Iterable[Change]]) -> Gathered:
        """The rows of these turns, which come after those before."""
        rows = self._rows = Gathered()
        least = self._kept_at + _INSTANT_SECONDS
        for changes in turns:
            for change in changes:
                self._ord += 1
                if change.at > self._last_at:
                    self._last_at = change.at
                if change.kind in _BY_TIME:
                    least = self._kept_at
                if type(change) is MessageChange:
                    self._message(change)
                else:
                    _RARE[type(change)](self, change)
        if self._last_at > least:
            rows.last_at = self._kept_at = self._last_at
        return rows

    # -- Messages: hot -------------------------------------------------------------------------

    def _message(self, change: MessageChange) -> None:
        rows, kind, state = self._rows, change.kind, change.state
        place = self._places.place(change.entity)
        number = change.sequence_number
        key = place.base + number
        entity = place.entity
        if number > entity.last_number:
            entity.last_number = number
        if kind in _SAY_NOTHING:
            if entity.last_number > entity.kept_number and kind is ChangeKind.DUPLICATE_DROPPED:
                rows.marks[entity.id] = entity.mark()  # it took a number
            return
        if kind in _REMEMBERED and entity.window_seconds:
            self._remember(change, entity, key)
        if change.is_new:
            rows.born[key] = change.message, self._ord
            if entity.topic:
                self._count_copy(entity)
        elif state is _GONE:
            self._gone(key, entity)
            if kind is ChangeKind.FORWARDED:
                self._forwarded(change.entity)
            elif kind is ChangeKind.HANDED_OUT:
                self._hand_out_ended(entity)
            return
        elif state is _NEW:  # a topic keeps nothing but the number
            rows.marks[entity.id] = entity.mark()
            return
        if change.target:
            place = self._places.place(change.target)
            rows.sources[key] = change.entity
            self._may_forward(change.target)
        elif kind is ChangeKind.ACTIVATED:
            self._activated(change, place, key)
        elif kind is ChangeKind.LOCK_RENEWED and key in rows.latest:
            before = rows.latest[key][0]
            if before.kind is ChangeKind.LOCKED:
                rows.holders[key] = before.who
        rows.latest[key] = change, self._ord, place.subqueue

    def _gone(self, key: int, entity: KeptEntity) -> None:
        rows = self._rows
        rows.latest.pop(key, None)
        if rows.born.pop(key, None) is None:
            rows.deleted.append(key)
        elif entity.last_number > entity.kept_number:
            rows.marks[entity.id] = entity.mark()

    def _remember(self, change: MessageChange, entity: KeptEntity, key: int) -> None:
        message = change.message
        if message.message_id is None:
            return
        about = column(message.message_id), column(message.partition_key)
        self._rows.duplicates[key] = key, *about, change.at
        entity.remembered += 1
        if entity.remembered >= _REMEMBERED_BETWEEN_SWEEPS:
            self._forget_past(entity, change.at)

    def _forget_past(self, entity: KeptEntity, at: float) -> None:
        """Ids whose window is over by then are not remembered again, however long it becomes."""
        entity.remembered = 0
        first, end = entity.id << NUMBER_BITS, (entity.id + 1) << NUMBER_BITS
        past = at - entity.window_seconds
        self._add(
            "DELETE FROM duplicates WHERE id >= ? AND id < coalesce((SELECT id FROM duplicates"
            " WHERE id >= ? AND id < ? AND accepted_at > ? ORDER BY id LIMIT 1), ?)",
            (first, first, end, past, end),
        )
        pending = self._rows.duplicates
        for key in [key for key in pending if first <= key < end and pending[key][-1] <= past]:
            del pending[key]

    def _activated(self, change: MessageChange, place: Place, key: int) -> None:
        """A scheduled message has another number."""
        rows, before = self._rows, place.base + change.previous_sequence_number
        rows.latest.pop(before, None)
        born = rows.born.pop(before, None)
        if born is not None:
            rows.born[key] = born[0], self._ord
        else:
            rows.renumbered.append((before, key, self._ord))
        if place.entity.is_topic:
            self._hand_out_begun(place.entity, change)

    # -- Topics in the middle of handing out, and what forwards ----------------------------------

    def _hand_out_begun(self, entity: KeptEntity, change: MessageChange) -> None:
        entity.is_handing_out = True
        entity.copies.clear()
        values = entity.id, change.sequence_number, change.at, self._ord
        self._add("DELETE FROM copies WHERE topic = ?", (entity.id,))
        self._add("INSERT OR REPLACE INTO hand_outs VALUES (?, ?, ?, ?)", values)

    def _hand_out_ended(self, entity: KeptEntity) -> None:
        entity.is_handing_out = False
        self._add("DELETE FROM hand_outs WHERE topic = ?", (entity.id,))
        self._add("DELETE FROM copies WHERE topic = ?", (entity.id,))

    def _count_copy(self, entity: KeptEntity) -> None:
        topic = self._places.find(entity.topic)
        if topic is not None and topic.is_handing_out:
            count = topic.copies[entity.id] = topic.copies.get(entity.id, 0) + 1
            values = topic.id, entity.id, count
            self._add("INSERT OR REPLACE INTO copies VALUES (?, ?, ?)", values)

    def _may_forward(self, path: str) -> None:
        if path not in self._places.forwards:
            self._forwarded(path)

    def _forwarded(self, path: str) -> None:
        forwards = self._places.forwards
        forwards.pop(path, None)
        forwards[path] = None
        self._add("INSERT OR REPLACE INTO forwards VALUES (?, ?)", (column(path), self._ord))

    # -- The rest: rare --------------------------------------------------------------------------

    def _session(self, change: SessionChange) -> None:
        entity = self._places.place(change.entity).entity.id
        name = column(change.detail)
        self._add("INSERT OR IGNORE INTO sessions (entity, id) VALUES (?, ?)", (entity, name))
        changed: tuple[Any, ...]
        if change.kind is ChangeKind.SESSION_STATE_SET:
            changed, what = (change.state, change.at), "state = ?, state_at = ?"
        elif change.kind is ChangeKind.SESSION_LOCKED:
            changed = column(change.who), change.locked_until, self._ord
            what = "holder = ?, locked_until = ?, lock_ord = ?, renew_ord = NULL"
        elif change.kind is ChangeKind.SESSION_LOCK_RENEWED:
            changed, what = (change.locked_until, self._ord), "locked_until = ?, renew_ord = ?"
        else:
            changed, what = (), "holder = NULL, lock_ord = NULL"
        here = "WHERE entity = ? AND id = ?"
        self._add(f"UPDATE sessions SET {what} {here}", (*changed, entity, name))
        if not changed or change.state is None:
            unused = f"DELETE FROM sessions {here} AND lock_ord IS NULL AND state IS NULL"
            self._add(unused, (entity, name))

    def _entity(self, change: EntityChange) -> None:
        if change.kind is ChangeKind.ACCESSED:
            entity = self._places.entity(change.entity)
            entity.accessed_at = change.at
            if change.at >= entity.kept_accessed_at + ACCESS_SECONDS:
                self._rows.marks[entity.id] = entity.mark()
        elif change.kind is ChangeKind.IDLE_WATCHED:
            values = change.at, change.until, self._ord, self._places.entity(change.entity).id
            what = "idle_at = ?, idle_until = ?, idle_ord = ?"
            self._add(f"UPDATE entities SET {what} WHERE id = ?", values)
        elif change.description is None:
            entity = self._places.remove(change.entity)
            self._rows.forget(entity)
            self._end(entity)
        else:
            self._described(change)

    def _described(self, change: EntityChange) -> None:
        assert change.description is not None
        record = self._codec.encode(change)
        entity = self._places.find(change.entity)
        if change.kind in _CREATED or entity is None:
            entity = self._places.add(change.entity)
            columns = "id, path, created_at, created_ord, record"
            values = entity.id, column(change.entity), change.at, self._ord, record
            self._add(f"INSERT INTO entities ({columns}) VALUES (?, ?, ?, ?, ?)", values)
        else:
            what = "updated_at = ?, updated_ord = ?, record = ?, idle_ord = NULL"
            updated = change.at, self._ord, record, entity.id
            self._add(f"UPDATE entities SET {what} WHERE id = ?", updated)
            if entity.window_seconds:
                self._forget_past(entity, change.at)
        entity.adopt(change.description)

    def _end(self, entity: KeptEntity) -> None:
        """An entity is gone: what is little of it at once, what may be much bit by bit."""
        self._rows.has_gone = True
        for statement in _ENDING:
            self._add(statement, (entity.id,))
        self._add(
            "DELETE FROM forwards WHERE path = ? OR path >= ? AND path < ?",
            (column(entity.path), f"{entity.path}/$", f"{entity.path}/%"),
        )

    def _rule(self, change: RuleChange) -> None:
        entity, name = self._places.entity(change.entity).id, column(change.detail.lower())
        if change.rule is None:
            self._add("DELETE FROM rules WHERE entity = ? AND name = ?", (entity, name))
            return
        record = self._codec.encode(change)
        if change.kind is ChangeKind.RULE_CREATED:
            values = entity, name, change.at, self._ord, record
            self._add("INSERT OR REPLACE INTO rules VALUES (?, ?, ?, ?, ?)", values)
            added = change.at, entity
            self._add("UPDATE entities SET rule_added_at = ? WHERE id = ?", added)
        else:
            updated = record, entity, name
            self._add("UPDATE rules SET record = ? WHERE entity = ? AND name = ?", updated)

    def _namespace(self, change: NamespaceChange) -> None:
        if change.kind is ChangeKind.ADVANCED:
            self._add(
                "INSERT INTO meta VALUES ('advanced_seconds', ?)"
                " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
                (change.seconds,),
            )
            return
        for entity in self._places.clear():
            self._rows.forget(entity)
            self._end(entity)

    def _add(self, statement: str, values: tuple[Any, ...]) -> None:
        self._rows.statements.append((statement, values))


_REMEMBERED_BETWEEN_SWEEPS = 1000
_INSTANT_SECONDS = 1.0
_BY_TIME = frozenset(
    {
        ChangeKind.ACTIVATED,
        ChangeKind.ADVANCED,
        ChangeKind.DEAD_LETTERED,
        ChangeKind.EXPIRED,
        ChangeKind.LOCK_EXPIRED,
        ChangeKind.QUEUE_DELETED,
        ChangeKind.SESSION_LOCK_LOST,
        ChangeKind.SUBSCRIPTION_DELETED,
        ChangeKind.TOPIC_DELETED,
    }
)
_CREATED = (
    ChangeKind.QUEUE_CREATED,
    ChangeKind.TOPIC_CREATED,
    ChangeKind.SUBSCRIPTION_CREATED,
)
_ENDING = (
    "INSERT INTO gone VALUES (?)",
    "DELETE FROM entities WHERE id = ?",
    "DELETE FROM marks WHERE entity = ?",
    "DELETE FROM rules WHERE entity = ?",
    "DELETE FROM hand_outs WHERE topic = ?",
    "DELETE FROM copies WHERE topic = ?",
)
_RARE: dict[type, Callable[[Gatherer, Any], None]] = {
    SessionChange: Gatherer._session,
    EntityChange: Gatherer._entity,
    RuleChange: Gatherer._rule,
    NamespaceChange: Gatherer._namespace,
}
