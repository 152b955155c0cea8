"""The messages of a subqueue with sessions: by number, by session, and which session is free.

Source: Azure Service Bus, "Message sessions", session state.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from math import inf, nextafter
from typing import NamedTuple

from sortedcontainers import SortedDict, SortedList, SortedSet

from sbtutorial.broker.background import Steps
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import MessageState
from sbtutorial.broker.subqueues.message_table import MessageTable, ReadyHeap
from sbtutorial.broker.subqueues.numbered import NumberedMessages

_ACTIVE, _LOCKED = MessageState.ACTIVE, MessageState.LOCKED
_SORTED_AT_ONCE = 64


class SessionState(NamedTuple):
    """What an application keeps with one session."""

    content: bytes
    updated_at: float


class SessionStates:
    """The states of a subqueue's sessions, each a few bytes, whether there are messages or not."""

    def __init__(self) -> None:
        self._by_id: dict[str, SessionState] = {}
        self._by_time: SortedList[tuple[float, str]] = SortedList()

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._by_id

    def get(self, session_id: str) -> bytes | None:
        """The state of a session; None when it has none."""
        state = self._by_id.get(session_id)
        return state.content if state is not None else None

    def set(self, session_id: str, content: bytes | None, at: float) -> int:
        """Give a session a state, or none.

        Returns:
            By how many bytes the states have grown.
        """
        before = self._by_id.pop(session_id, None)
        if before is not None:
            self._by_time.remove((before.updated_at, session_id))
        if content is not None:
            self._by_id[session_id] = SessionState(content, at)
            self._by_time.add((at, session_id))
        return len(content or b"") - len(before.content if before is not None else b"")

    def updated_after(self, at: float, skip: int, top: int) -> list[str]:
        """A page of the sessions whose state was set later than this, in that order."""
        start = self._by_time.bisect_left((nextafter(at, inf),)) + skip
        return [session_id for _, session_id in self._by_time[start : start + top]]


class SessionEntry:
    """One session, for as long as it has active messages or a holder.

    Attributes:
        ready: The numbers of its ready messages.
        ready_count: How many those are. `locked_count`: how many are with its holder.
        is_held: Whether a receiver has its lock.
        place: The number under which it stands among the free sessions.
    """

    __slots__ = ("id", "is_held", "locked_count", "place", "ready", "ready_count")

    def __init__(self, session_id: str, is_ready: Callable[[int], bool]):
        self.id = session_id
        self.ready = ReadyHeap(is_ready)
        self.ready_count = self.locked_count = 0
        self.is_held = False
        self.place: int | None = None

    @property
    def is_active(self) -> bool:
        """Whether it has active messages, with its holder or not."""
        return self.ready_count > 0 or self.locked_count > 0


class MessageSessionTable(MessageTable):
    """A table of messages that also knows sessions: by id, or by which has waited longest."""

    def clear(self) -> NumberedMessages:
        """Be empty at once, without a state; returns the messages that were here."""
        before = super().clear()
        self._states = SessionStates()
        self._listed: SortedSet[str] = SortedSet()  # with active messages or a state
        self._entries: dict[str, SessionEntry] = {}
        self._free: SortedDict[int, SessionEntry] = SortedDict()  # by their first ready message
        self._by_session: SortedList[tuple[str | None, int]] = SortedList()
        self._stirred: dict[str, None] = {}
        self._expected: dict[str, SessionEntry] = {}  # of sessions that will be, perhaps
        # What came in or went with very many others, and is not in the sorted lists so far.
        self._unsorted: list[Message] = []
        self._unlisted: dict[str, None] = {}
        self._leftovers: list[tuple[str | None, int]] = []
        return before

    @property
    def is_blank(self) -> bool:
        """Whether `clear` would change nothing: sessions may be known without messages."""
        return super().is_blank and not (self._listed or self._unlisted or self._entries)

    # -- Sessions -----------------------------------------------------------------------------

    def session(self, session_id: str) -> SessionEntry:
        """The session of this id, which exists from now on."""
        entry = self._entries.get(session_id)
        if entry is None:
            expected = self._expected.pop(session_id, None)
            entry = expected or SessionEntry(session_id, self.is_ready)
            self._entries[session_id] = entry
        return entry

    def look_at(self, session_id: str) -> SessionEntry | None:
        """The session of this id; None when it has neither active messages nor a holder."""
        return self._entries.get(session_id)

    def next_free(self) -> SessionEntry | None:
        """Of the sessions that nobody holds, the one whose first ready message is the oldest."""
        return self._free.peekitem(0)[1] if self._free else None

    def hold(self, entry: SessionEntry) -> None:
        """A receiver has the session's lock from now on."""
        entry.is_held = True
        self._settle_place(entry)

    def free(self, entry: SessionEntry) -> None:
        """Nobody has the session's lock any more; what is unsettled comes back after this."""
        entry.is_held = False
        self._settle_place(entry)

    def take_stirred(self) -> list[str]:
        """The held sessions with newly ready messages since the last call, in that order."""
        stirred, self._stirred = self._stirred, {}
        return list(stirred)

    # -- States -------------------------------------------------------------------------------

    def state_of(self, session_id: str) -> bytes | None:
        """What the application has kept with a session; None if nothing."""
        return self._states.get(session_id)

    def set_state(self, session_id: str, content: bytes | None, at: float) -> None:
        """Keep something with a session, or nothing any more."""
        self.size_bytes += self._states.set(session_id, content, at)
        self._settle_place(self.session(session_id))

    # -- Looking ------------------------------------------------------------------------------

    def peek_session(
        self, session_id: str, from_sequence_number: int, max_count: int
    ) -> list[Message]:
        """Look at one session's messages as `peek` looks at all."""
        self._sort(len(self._unsorted) + len(self._leftovers))
        keys = self._by_session.irange((session_id, from_sequence_number), (session_id, inf))
        return [self[number] for _, number in islice(keys, max(max_count, 0))]

    def peek_of_session(
        self, session_id: str | None, from_sequence_number: int, max_count: int
    ) -> list[Message]:
        """As `peek`, or `peek_session` if a session is named."""
        if session_id is None:
            return self.peek(from_sequence_number, max_count)
        return self.peek_session(session_id, from_sequence_number, max_count)

    def list_sessions(self, *, skip: int, top: int) -> list[str]:
        """Ids, in order, of the sessions that have active messages or a state."""
        self._list(len(self._unlisted))
        return list(self._listed[skip : skip + top])

    def list_updated_after(self, at: float, *, skip: int, top: int) -> list[str]:
        """Ids of the sessions whose state was set later than this, the earliest first."""
        return self._states.updated_after(at, skip, top)

    # -- Keeping messages by session, too -------------------------------------------------------

    def first(self) -> Message | None:
        """The oldest ready message of a session that nobody holds; None without one."""
        entry = self.next_free()
        number = None if entry is None else entry.ready.first()
        return None if number is None else self[number]

    def leave_first(self) -> Message | None:
        """As `first`: its number stays until it is moved or removed."""
        return self.first()

    def put(self, message: Message, state: MessageState) -> None:
        """Take a message in, in this state."""
        self._by_session.add((message.session_id, message.sequence_number))
        super().put(message, state)

    def change(self, message: Message, state: MessageState) -> None:
        """Have a message in this state from now on, and its session count it."""
        before = message.state
        super().change(message, state)
        if before in (_ACTIVE, _LOCKED) or state in (_ACTIVE, _LOCKED):
            self._count(message, before, state)

    def drop(self, message: Message, state: MessageState) -> None:
        """Let a message go, in this state, and the timer that it has."""
        super().drop(message, state)
        self._by_session.discard((message.session_id, message.sequence_number))

    def drop_all(self, messages: Sequence[Message], state: MessageState) -> None:
        """Let many go, in this state, that are not ready and have no timer; then see `finish`."""
        super().drop_all(messages, state)
        self._leftovers += [(one.session_id, one.sequence_number) for one in messages]

    def expect(self, messages: Sequence[Message]) -> None:
        """Make ready what takes long, as these will come with very many others; see `fill`."""
        for session_id in {message.session_id for message in messages}:
            if session_id is not None and session_id not in self._entries:
                self._expected[session_id] = SessionEntry(session_id, self.is_ready)

    def fill(self, messages: Sequence[Message]) -> None:
        """Take in many, of the highest numbers, each in the state that it has already."""
        super().fill(messages)
        self._unsorted += messages

    def finish(self) -> Steps | None:
        """Sort in or out what has come or gone with very many others, in steps; if anything."""
        self._expected.clear()
        return self._finish() if self._unsorted or self._leftovers or self._unlisted else None

    def renumber(self, message: Message, sequence_number: int) -> None:
        """Keep a message under another number from now on."""
        self._by_session.discard((message.session_id, message.sequence_number))
        super().renumber(message, sequence_number)
        self._by_session.add((message.session_id, sequence_number))

    def tidy(self) -> None:
        """Forget what the ready heaps hold of messages that are not ready, or hold twice."""
        for entry in self._entries.values():
            entry.ready.tidy()

    # -- How it is done -----------------------------------------------------------------------

    def _finish(self) -> Steps:
        while self._unsorted or self._leftovers or self._unlisted:
            self._sort(_SORTED_AT_ONCE)
            self._list(_SORTED_AT_ONCE)
            yield _SORTED_AT_ONCE

    def _sort(self, at_most: int) -> None:
        """Know some messages by their session that came with many others, or do not any more."""
        for _ in range(min(at_most, len(self._leftovers))):
            self._by_session.discard(self._leftovers.pop())
        for _ in range(min(at_most, len(self._unsorted))):
            message = self._unsorted.pop()
            key = message.session_id, message.sequence_number
            is_here = self.find(message.sequence_number) is message
            if is_here and key not in self._by_session:  # as one is that has a new number by now
                self._by_session.add(key)

    def _list(self, at_most: int) -> None:
        for _ in range(min(at_most, len(self._unlisted))):
            self._listed.add(self._unlisted.popitem()[0])

    def _make_ready(self, messages: Sequence[Message]) -> None:
        free: dict[int, SessionEntry] = {}
        for message in messages:
            number, entry = message.sequence_number, self._entry_of(message)
            entry.ready.join(number)
            entry.ready_count += 1
            if entry.is_held:
                self._stirred[entry.id] = None
            elif entry.place is None:
                entry.place = number
                free[number] = entry
        self._free.update(free)
        self._unlisted.update(dict.fromkeys(one.session_id or "" for one in messages))

    def _heap_of(self, message: Message) -> ReadyHeap:
        return self._entry_of(message).ready

    def _entry_of(self, message: Message) -> SessionEntry:
        assert message.session_id is not None, "every ingress refuses it"
        return self.session(message.session_id)

    def _count(self, message: Message, before: MessageState, after: MessageState) -> None:
        entry = self._entry_of(message)
        entry.ready_count += (after is _ACTIVE) - (before is _ACTIVE)
        entry.locked_count += (after is _LOCKED) - (before is _LOCKED)
        entry.ready.sweep(entry.ready_count)
        self._settle_place(entry)
        if entry.is_held and after is _ACTIVE:
            self._stirred[entry.id] = None

    def _settle_place(self, entry: SessionEntry) -> None:
        """Give a session its place: among the free, among the listed, or nowhere any more."""
        self._place_among_free(entry)
        if entry.is_active or entry.id in self._states:
            self._listed.add(entry.id)
        else:
            self._listed.discard(entry.id)
            self._unlisted.pop(entry.id, None)
        if not entry.is_held and not entry.is_active:
            self._entries.pop(entry.id, None)

    def _place_among_free(self, entry: SessionEntry) -> None:
        is_free = not entry.is_held and entry.ready_count > 0
        place = entry.ready.first() if is_free else None
        if place == entry.place:
            return
        if entry.place is not None:
            del self._free[entry.place]
        if place is not None:
            self._free[place] = entry
        entry.place = place
