"""A session under lock: the only way to its messages and to its state.

It offers what a plain line offers to receivers, so that a link serves both alike.
Source: Azure Service Bus, "Message sessions".
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.session_errors import session_lock_lost
from sbtutorial.broker.states import Input
from sbtutorial.broker.timers import Timer

if TYPE_CHECKING:
    from sbtutorial.broker.subqueues.session_subqueue import SessionSubQueue
    from sbtutorial.broker.subqueues.session_table import Session


class MessageSession:
    """What the holder of a session may do, until the lock's time is over or the holder lets go.

    Every method that needs the lock refuses with SESSION_LOCK_LOST once it is gone.

    Attributes:
        id: The session's.
        line: Where its messages are.
        who: The receiver's name.
        holder: What stands for the holder, such as its connection; the broker does not look.
        is_held: Whether the lock is still there.
        locked_until: Its end. `timer`: the broker's own, for that instant.
        messages: Those with the holder, by lock token.
        listeners: Each is called with this object when messages have become ready, and when the
            lock is lost. It may receive from within the call.
    """

    timer: Timer

    def __init__(
        self,
        line: "SessionSubQueue",
        session: "Session",
        *,
        who: str,
        holder: object,
        locked_until: float,
    ):
        self.id = session.id
        self.line = line
        self.entity = line.entity
        self.who = who
        self.holder = holder
        self.locked_until = locked_until
        self.is_held = True
        self.messages: dict[UUID, Message] = {}
        self.listeners: list[Callable[[MessageSession], None]] = []
        self._session = session

    def __repr__(self) -> str:
        return f"<MessageSession {self.id!r} of '{self.path}' by {self.who!r}>"

    @property
    def path(self) -> str:
        """Of its line."""
        return self.line.path

    @property
    def has_ready(self) -> bool:
        """Whether `lock_next` would find a message."""
        return self.is_held and self._session.ready_count > 0 and self.entity.can_receive

    @property
    def ending(self) -> BrokerError | None:
        """Why the holder can receive no more; None as long as it can."""
        if ending := self.line.ending:
            return ending
        return None if self.is_held else session_lock_lost(self.id, self.path)

    # -- Receiving --------------------------------------------------------------------------

    def lock_next(self, *, now: float, who: str) -> Message | None:
        """Hold the session's first ready message; None when nothing is ready, or the lock is gone.

        Raises:
            BrokerError: ENTITY_DISABLED, ENTITY_NOT_FOUND once the entity is deleted.
        """
        message = self._leave_first(now)
        if message is not None:
            self.line.lock(message, Input.LOCK, now, who)
        return message

    def take_next(self, *, now: float, who: str) -> Message | None:
        """Remove the session's first ready message and have it: receive and delete.

        Raises:
            BrokerError: As `lock_next`.
        """
        message = self._leave_first(now)
        if message is not None:
            self.line.take(message, Input.TAKE, now, who)
        return message

    def receive_deferred(
        self, sequence_numbers: Iterable[int], *, now: float, who: str
    ) -> list[Message]:
        """Hold deferred messages of the session, in the order asked for; all of them or none.

        Raises:
            BrokerError: MESSAGE_NOT_FOUND if one is missing, locked, not deferred or of another
                session; SESSION_LOCK_LOST; and as `lock_next`.
        """
        messages = self._deferred(sequence_numbers, Input.RECEIVE_DEFERRED, now)
        for message in messages:
            self.line.lock(message, Input.RECEIVE_DEFERRED, now, who)
        return messages

    def take_deferred(
        self, sequence_numbers: Iterable[int], *, now: float, who: str
    ) -> list[Message]:
        """Remove deferred messages of the session and have them; all of them or none.

        Raises:
            BrokerError: As `receive_deferred`.
        """
        messages = self._deferred(sequence_numbers, Input.TAKE_DEFERRED, now)
        for message in messages:
            self.line.take(message, Input.TAKE_DEFERRED, now, who)
        return messages

    def line_for(self, token: UUID, *, now: float) -> "SessionSubQueue":
        """Where the message under a token is settled, as long as the session is held.

        Raises:
            BrokerError: SESSION_LOCK_LOST; MESSAGE_LOCK_LOST if the token holds no message of
                this session.
        """
        self.require(now)
        if token not in self.messages:
            raise self.line.lock_lost(token)
        return self.line

    # -- The lock ---------------------------------------------------------------------------

    def require(self, now: float) -> None:
        """Catch up with what is due, and go on only if the session is still held.

        Raises:
            BrokerError: SESSION_LOCK_LOST.
        """
        self.entity.begin(now)
        if not self.is_held:
            raise session_lock_lost(self.id, self.path)

    def renew(self, *, now: float) -> float:
        """Hold the session for one more `lock_duration`, counted from `now`.

        Returns:
            The new end of the lock, in broker time.
        """
        self.require(now)
        return self.line.renew_session(self, now)

    def let_go(self, *, now: float) -> None:
        """Free the session: what is unsettled returns to its place and nothing is counted."""
        self.line.free(self, now)

    def receiver_gone(self, _tokens: Iterable[UUID], *, now: float, who: str) -> None:
        """Free the session, as its lock lives only as long as the holder's link."""
        self.line.entity.accessed_at = now
        self.let_go(now=now)

    # -- The state --------------------------------------------------------------------------

    def state(self, *, now: float) -> bytes | None:
        """What the application has kept with the session; None if nothing."""
        self.require(now)
        return self.line.state_of(self.id)

    def set_state(self, content: bytes | None, *, now: float) -> None:
        """Keep this with the session, or nothing any more.

        Raises:
            BrokerError: SESSION_LOCK_LOST; MESSAGE_SIZE_EXCEEDED if it is larger than a message
                may be.
        """
        self.require(now)
        self.line.set_state(self, content, now)

    # -- For the line -----------------------------------------------------------------------

    def announce(self) -> None:
        """Tell the listeners to look again."""
        for listener in tuple(self.listeners):
            listener(self)

    def _leave_first(self, now: float) -> Message | None:
        self.entity.begin_receive(now)
        number = self._session.line.leave_first() if self.is_held else None
        return None if number is None else self.line.find(number)

    def _deferred(self, numbers: Iterable[int], happening: Input, now: float) -> list[Message]:
        self.require(now)
        self.entity.begin_receive(now)
        messages = self.line.find_all(numbers, happening)
        for message in messages:
            if message.session_id != self.id:
                raise BrokerError(
                    ErrorCode.MESSAGE_NOT_FOUND,
                    f"Message {message.sequence_number} in '{self.path}' is not of session "
                    f"'{self.id}' but of '{message.session_id}'. Nothing was changed.",
                )
        return messages
