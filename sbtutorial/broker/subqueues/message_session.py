"""A message session under its lock: the only way to its messages and to its state.

It offers what a subqueue without sessions offers to receivers, so that a link serves both alike.
Source: Azure Service Bus, "Message sessions".
"""

from collections.abc import Callable, Iterable
from typing import Protocol
from uuid import UUID

from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.errors import BrokerError, ErrorCode, session_lock_lost
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import Input
from sbtutorial.broker.subqueues.session_table import MessageSessionTable, SessionEntry
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.broker.timers import Timer


class SessionKeeper(Protocol):
    """What a session needs of the subqueue that its messages are in."""

    path: str
    context: EntityContext
    messages: MessageSessionTable

    @property
    def ending(self) -> BrokerError | None:
        """Why nobody can receive there now."""

    def subqueue(self) -> SubQueue:
        """Itself: messages are received and settled there."""

    def lock_lost(self, token: UUID) -> BrokerError:
        """What to say to who comes with a token that holds nothing."""

    def renew_session(self, session: "MessageSession", now: float) -> float:
        """Move the end of a session's lock, and of all that is under it."""

    def end_if_over(self, session: "MessageSession", now: float) -> None:
        """End a session's lock whose end has come, and whose timer has not run yet."""

    def free(self, session: "MessageSession", now: float, *, broken_off: bool = False) -> None:
        """Take a session back from its holder, who has let go of it or broken off."""

    def set_state(self, session: "MessageSession", content: bytes | None, now: float) -> None:
        """Keep something with a session."""


class MessageSession:
    """What the holder of a session may do, until the lock's time is over or the holder lets go.

    Every method that needs the lock refuses with SESSION_LOCK_LOST once it is gone.

    Attributes:
        locks_outlive_links: Not here: the session's lock ends with its holder's link.
        id: The session's.
        path: Of its subqueue.
        context: Of its entity.
        who: The receiver's name.
        holder: What stands for the holder, such as its connection; the broker does not look.
        is_held: Whether the lock is still there.
        locked_until: Its end. `timer`: the broker's own, for that instant.
        locked: The messages with the holder, by lock token.
        listeners: Each is called with this object when messages have become ready, and when the
            lock is lost. It may receive from within the call.
    """

    locks_outlive_links = False
    timer: Timer

    def __init__(
        self,
        keeper: SessionKeeper,
        entry: SessionEntry,
        *,
        who: str,
        holder: object,
        locked_until: float,
    ):
        self.id = entry.id
        self.path = keeper.path
        self.context = keeper.context
        self.who = who
        self.holder = holder
        self.locked_until = locked_until
        self.is_held = True
        self.locked: dict[UUID, Message] = {}
        self.listeners: list[Callable[[MessageSession], None]] = []
        self._keeper = keeper
        self._subqueue = keeper.subqueue()
        self._entry = entry

    def __repr__(self) -> str:
        return f"<MessageSession {self.id!r} of '{self.path}' by {self.who!r}>"

    @property
    def has_ready(self) -> bool:
        """Whether `peek_lock_next` would find a message."""
        return self.is_held and self._entry.ready_count > 0 and self.context.can_receive

    @property
    def ending(self) -> BrokerError | None:
        """Why the holder can receive no more; None as long as it can."""
        if ending := self._keeper.ending:
            return ending
        return None if self.is_held else session_lock_lost(self.id, self.path)

    # -- Receiving: as from a subqueue; what is not of the session is refused ------------------

    def peek_lock_next(self, *, now: float, who: str) -> Message | None:
        """Hold the session's first ready message; None when nothing is ready, or the lock is gone.

        Raises:
            BrokerError: ENTITY_DISABLED, ENTITY_NOT_FOUND once the entity is deleted.
        """
        return self._subqueue.lock(self._leave_first(now), Input.LOCK, now, who)

    def receive_and_delete_next(self, *, now: float, who: str) -> Message | None:
        """Remove the session's first ready message and have it.

        Raises:
            BrokerError: As `peek_lock_next`.
        """
        return self._subqueue.delete(self._leave_first(now), Input.TAKE, now, who)

    def first_ready(self, *, now: float) -> Message | None:
        """What `receive_and_delete_next` would remove now; it stays.

        Raises:
            BrokerError: As `peek_lock_next`.
        """
        return self._first() if self._may_receive(now) else None

    def receive_deferred(
        self, sequence_numbers: Iterable[int], *, now: float, who: str
    ) -> list[Message]:
        """Hold deferred messages of the session, in the order asked for; all of them or none.

        Raises:
            BrokerError: MESSAGE_NOT_FOUND if one is missing, locked, not deferred or of another
                session; SESSION_LOCK_LOST; and as `peek_lock_next`.
        """
        return self.lock_deferred(self.find_deferred(sequence_numbers, now=now), now=now, who=who)

    def receive_and_delete_deferred(
        self, sequence_numbers: Iterable[int], *, now: float, who: str
    ) -> list[Message]:
        """Remove deferred messages of the session and have them; all of them or none.

        Raises:
            BrokerError: As `receive_deferred`.
        """
        return self.delete_deferred(self.find_deferred(sequence_numbers, now=now), now=now, who=who)

    # The same in parts: find and reserve all, then have each.

    def find_deferred(self, sequence_numbers: Iterable[int], *, now: float) -> list[Message]:
        """Deferred messages of the session, in the order asked for; all of them or none.

        Raises:
            BrokerError: As `receive_deferred`.
        """
        self.require(now)
        self.context.begin_receive(now)
        messages = self._keeper.messages.find_all(sequence_numbers, Input.RECEIVE_DEFERRED)
        for message in messages:
            if message.session_id != self.id:
                raise BrokerError(
                    ErrorCode.MESSAGE_NOT_FOUND,
                    f"Message {message.sequence_number} in '{self.path}' is not of session "
                    f"'{self.id}' but of '{message.session_id}'. Nothing was changed.",
                )
        return self._subqueue.overdue.without_expired(messages, now)

    def lock_deferred(self, messages: list[Message], *, now: float, who: str) -> list[Message]:
        """Hold deferred messages that were found before.

        Raises:
            BrokerError: SESSION_LOCK_LOST; ENTITY_NOT_FOUND once the entity is deleted.
        """
        self.require(now)
        return self._subqueue.lock_deferred(messages, now=now, who=who)

    def delete_deferred(self, messages: list[Message], *, now: float, who: str) -> list[Message]:
        """Remove deferred messages that were found before, though the session may be lost by now.

        Raises:
            BrokerError: ENTITY_NOT_FOUND once the entity is deleted.
        """
        return self._subqueue.delete_deferred(messages, now=now, who=who)

    def settling_subqueue(self, token: UUID, *, now: float) -> SubQueue:
        """Where the message under a token is settled, as long as the session is held.

        Raises:
            BrokerError: SESSION_LOCK_LOST; MESSAGE_LOCK_LOST if the token holds no message of
                this session.
        """
        self.require(now)
        if token not in self.locked:
            raise self._keeper.lock_lost(token)
        return self._subqueue

    # -- The lock ---------------------------------------------------------------------------

    def require(self, now: float) -> None:
        """Go on only if the session is still held.

        Raises:
            BrokerError: SESSION_LOCK_LOST.
        """
        self.context.begin(now)
        if self.context.timers.is_behind:
            self._keeper.end_if_over(self, now)
        if not self.is_held:
            raise session_lock_lost(self.id, self.path)

    def renew(self, *, now: float) -> float:
        """Hold the session for one more `lock_duration`, counted from `now`.

        Returns:
            The new end of the lock, in broker time.
        """
        self.require(now)
        return self._keeper.renew_session(self, now)

    def let_go(self, *, now: float) -> None:
        """Free the session: what is unsettled returns to its place and nothing is counted."""
        self._keeper.free(self, now)

    def receiver_gone(self, _tokens: Iterable[UUID], *, now: float, who: str) -> None:
        """Free the session, as its lock lives only as long as the holder's link.

        All that is unsettled, not only what a link knows of, is reported as of a queue without
        sessions, before it returns.
        """
        self._subqueue.receiver_gone((), now=now, who=who)
        self._keeper.free(self, now, broken_off=True)

    # -- The state --------------------------------------------------------------------------

    def state(self, *, now: float) -> bytes | None:
        """What the application has kept with the session; None if nothing."""
        self.require(now)
        return self._keeper.messages.state_of(self.id)

    def set_state(self, content: bytes | None, *, now: float) -> None:
        """Keep this with the session, or nothing any more.

        Raises:
            BrokerError: SESSION_LOCK_LOST; MESSAGE_SIZE_EXCEEDED if it is larger than a message
                may be.
        """
        self.require(now)
        self._keeper.set_state(self, content, now)

    # -- For the subqueue ---------------------------------------------------------------------

    def announce(self) -> None:
        """Tell the listeners to look again."""
        for listener in tuple(self.listeners):
            listener(self)

    def _leave_first(self, now: float) -> Message | None:
        number = self._entry.ready.leave_first() if self._may_receive(now) else None
        return None if number is None else self._keeper.messages[number]

    def _may_receive(self, now: float) -> bool:
        self.context.begin_receive(now)
        if self.context.timers.is_behind:
            self._keeper.end_if_over(self, now)
            if self._subqueue.overdue.hides_first(self._first, now):
                return False
        return self.is_held

    def _first(self) -> Message | None:
        number = self._entry.ready.first()
        return None if number is None else self._keeper.messages[number]
