"""Sessions as their line knows them: which have messages, and which of those are free.

Source: Azure Service Bus, "Message sessions".
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sortedcontainers import SortedDict, SortedSet

from sbtutorial.broker.message import Message
from sbtutorial.broker.states import MessageState
from sbtutorial.broker.subqueues.ready import ReadyHeap
from sbtutorial.broker.subqueues.session_states import SessionStates

if TYPE_CHECKING:
    from sbtutorial.broker.subqueues.message_session import MessageSession

_ACTIVE, _LOCKED = MessageState.ACTIVE, MessageState.LOCKED


class Session:
    """One session, for as long as it has active messages or a holder.

    Attributes:
        line: Its ready messages.
        ready_count: How many those are. `locked_count`: how many are with its holder.
        holder: Who has its lock.
        place: The number under which it stands among the free sessions.
    """

    __slots__ = ("holder", "id", "line", "locked_count", "place", "ready_count")

    def __init__(self, session_id: str, is_ready: Callable[[int], bool]):
        self.id = session_id
        self.line = ReadyHeap(is_ready)
        self.ready_count = self.locked_count = 0
        self.holder: MessageSession | None = None
        self.place: int | None = None

    @property
    def is_active(self) -> bool:
        """Whether it has active messages, with its holder or not."""
        return self.ready_count > 0 or self.locked_count > 0


class Sessions:
    """All sessions of one line, found by id, or by who has waited longest.

    Attributes:
        states: What applications keep with them.
        listed: The ids of those that have active messages or a state, in order.
    """

    def __init__(self, is_ready: Callable[[int], bool]):
        self.states = SessionStates()
        self.listed: SortedSet[str] = SortedSet()
        self._is_ready = is_ready
        self._by_id: dict[str, Session] = {}
        self._free: SortedDict[int, Session] = SortedDict()  # by their first ready message

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, session_id: str) -> Session:
        """The session of this id, which exists from now on."""
        session = self._by_id.get(session_id)
        if session is None:
            session = self._by_id[session_id] = Session(session_id, self._is_ready)
        return session

    def of(self, message: Message) -> Session:
        """The session of a message."""
        assert message.session_id is not None, "intakes refuse it"
        return self.get(message.session_id)

    def next_free(self) -> Session | None:
        """Of the sessions that nobody holds, the one whose first ready message is the oldest."""
        return self._free.peekitem(0)[1] if self._free else None

    def moved(self, message: Message, before: MessageState) -> Session | None:
        """Count a message that has come to another state.

        Returns:
            Its session, if that has anything to do with it.
        """
        after = message.state
        if before not in (_ACTIVE, _LOCKED) and after not in (_ACTIVE, _LOCKED):
            return None
        session = self.of(message)
        session.ready_count += (after is _ACTIVE) - (before is _ACTIVE)
        session.locked_count += (after is _LOCKED) - (before is _LOCKED)
        session.line.sweep(session.ready_count)
        self.update(session)
        return session

    def update(self, session: Session) -> None:
        """Give a session its place: among the free, among the listed, or nowhere any more."""
        self._place(session)
        if session.is_active or session.id in self.states:
            self.listed.add(session.id)
        else:
            self.listed.discard(session.id)
        if session.holder is None and not session.is_active:
            self._by_id.pop(session.id, None)

    def _place(self, session: Session) -> None:
        is_free = session.holder is None and session.ready_count > 0
        place = session.line.first() if is_free else None
        if place == session.place:
            return
        if session.place is not None:
            del self._free[session.place]
        if place is not None:
            self._free[place] = session
        session.place = place
