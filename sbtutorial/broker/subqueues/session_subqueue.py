"""The main line of an entity with sessions: who holds a session alone gets its messages, in order.

A receiver locks a session, by its id or whichever is next, and with it all of its messages; they
have tokens, and no lock of their own. The session's lock ends with its time, which counts as a
failed delivery of what is unsettled, or with its holder's link, which does not.

Source: Azure Service Bus, "Message sessions"; "Message transfers, locks, and settlement".
"""

from collections.abc import Iterable
from itertools import islice
from math import inf
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sortedcontainers import SortedList

from sbtutorial.broker.changes import Change, ChangeKind
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.session_errors import plain_receiver_refused, session_is_held
from sbtutorial.broker.states import Input, MessageState
from sbtutorial.broker.subqueues.locks import Tokens
from sbtutorial.broker.subqueues.message_session import MessageSession
from sbtutorial.broker.subqueues.ready import ReadyHeap
from sbtutorial.broker.subqueues.session_table import Session, Sessions
from sbtutorial.broker.subqueues.session_waiters import SessionWaiter, SessionWaiters
from sbtutorial.broker.subqueues.subqueue import SubQueue

if TYPE_CHECKING:
    from sbtutorial.broker.entities.entity import Entity


class LockEnd(NamedTuple):
    """How a session's lock ends, and what that does to what is unsettled."""

    session_change: ChangeKind
    happening: Input
    message_change: ChangeKind
    counted: int


LET_GO = LockEnd(ChangeKind.SESSION_UNLOCKED, Input.RELEASE, ChangeKind.RELEASED, 0)
RUN_OUT = LockEnd(ChangeKind.SESSION_LOCK_LOST, Input.LOCK_EXPIRE, ChangeKind.LOCK_EXPIRED, 1)


class SessionSubQueue(SubQueue):
    """A line of messages that receivers work on session by session."""

    requires_session = True

    def __init__(self, entity: "Entity", path: str, dead_letters: SubQueue | None):
        self._held: dict[str, MessageSession] = {}
        self._stirred: dict[MessageSession, None] = {}  # their messages have become ready
        self._waiters = SessionWaiters(path, entity.agenda)
        super().__init__(entity, path, dead_letters)

    def clear(self) -> None:
        """Let go of every message, every lock and every state, at once."""
        super().clear()
        self._sessions = Sessions(self.is_ready)
        self._by_session: SortedList[tuple[str | None, int]] = SortedList()
        for held in self._held.values():
            held.is_held = False
            held.messages.clear()

    @property
    def is_awaited(self) -> bool:
        """Whether somebody holds a session or waits for one."""
        return bool(self._held or self._waiters)

    # -- Accepting a session ----------------------------------------------------------------

    def accept(
        self, session_id: str, *, now: float, who: str, holder: object = None
    ) -> MessageSession:
        """Lock a session, whether it has messages or not.

        Raises:
            BrokerError: SESSION_CANNOT_BE_LOCKED if somebody holds it; ARGUMENT_ERROR if the id is
                too long; ENTITY_DISABLED, ENTITY_NOT_FOUND once the entity is deleted.
        """
        self.entity.begin_receive(now)
        most = self.entity.limits.max_id_chars
        if len(session_id) > most:
            raise BrokerError(
                ErrorCode.ARGUMENT_ERROR,
                f"session_id has {len(session_id)} characters; it may have {most} at most.",
            )
        if there := self._held.get(session_id):
            raise session_is_held(session_id, self.path, there.who)
        return self._hold(self._sessions.get(session_id), now, who, holder)

    def accept_next(self, *, now: float, who: str, holder: object = None) -> MessageSession | None:
        """Lock the free session whose first ready message is the oldest; None when there is none.

        Raises:
            BrokerError: ENTITY_DISABLED, ENTITY_NOT_FOUND once the entity is deleted.
        """
        self.entity.begin_receive(now)
        session = self._sessions.next_free()
        return None if session is None else self._hold(session, now, who, holder)

    def wait(self, waiter: SessionWaiter, seconds: float, *, now: float) -> None:
        """Have a receiver given the next session that comes free with messages, after the others.

        It is refused with TIMEOUT when its seconds are over, and when the entity is deleted.
        """
        self._waiters.add(waiter, seconds, now)

    def stop_waiting(self, waiter: SessionWaiter) -> None:
        """A receiver does not want a session any more."""
        self._waiters.remove(waiter)

    def held(self, session_id: str) -> MessageSession | None:
        """The session under its lock; None when nobody holds it."""
        return self._held.get(session_id)

    # -- Looking ----------------------------------------------------------------------------

    def peek_session(
        self, session_id: str, from_sequence_number: int, max_count: int
    ) -> list[Message]:
        """Look at one session's messages as `peek` looks at all."""
        keys = self._by_session.irange((session_id, from_sequence_number), (session_id, inf))
        return [self._messages[number] for _, number in islice(keys, max(max_count, 0))]

    def list_sessions(self, *, skip: int, top: int) -> list[str]:
        """Ids, in order, of the sessions that have active messages or a state."""
        return list(self._sessions.listed[skip : skip + top])

    def list_updated_after(self, at: float, *, skip: int, top: int) -> list[str]:
        """Ids of the sessions whose state was set later than this, the earliest first."""
        return self._sessions.states.updated_after(at, skip, top)

    def state_of(self, session_id: str) -> bytes | None:
        """What the application has kept with a session; None if nothing."""
        return self._sessions.states.get(session_id)

    # -- What a plain line offers, and this one does not --------------------------------------

    def renew_lock(self, token: UUID, *, now: float, who: str = "") -> float:
        """Refuse: a message's lock is its session's.

        Raises:
            BrokerError: NOT_ALLOWED; MESSAGE_LOCK_LOST if the token holds nothing.
        """
        message = self._locked(token, now)
        raise BrokerError(
            ErrorCode.NOT_ALLOWED,
            f"Message {message.sequence_number} in '{self.path}' is locked with its session "
            f"'{message.session_id}': renew the session's lock instead.",
        )

    def _first_ready(self, now: float) -> Message | None:
        self.entity.begin_receive(now)
        raise plain_receiver_refused(self.path)

    def _deferred(self, numbers: Iterable[int], happening: Input, now: float) -> list[Message]:
        self.entity.begin_receive(now)
        raise plain_receiver_refused(self.path)

    # -- For held sessions ------------------------------------------------------------------

    def lock(self, message: Message, happening: Input, now: float, who: str) -> None:
        """Hold a message of a held session, for as long as that is held."""
        held = self._sessions.of(message).holder
        assert held is not None, "only the holder gets messages"
        self.move(message, happening)
        token = self._locks.grant(message, held.locked_until, who)
        held.messages[token] = message
        self.report(ChangeKind.LOCKED, message, now, who)

    def lock_lost(self, token: UUID) -> BrokerError:
        """What to say to who comes with a token that holds nothing."""
        return self._locks.lost(token)

    def renew_session(self, held: MessageSession, now: float) -> float:
        """Move the end of a session's lock, and of all that is under it."""
        until = now + self.entity.lock_seconds
        held.timer.cancel()
        held.timer = self.entity.agenda.call_at(until, self._on_lock_over, held)
        held.locked_until = until
        for message in held.messages.values():
            self._locks.renew(message, until)
        self._report_session(ChangeKind.SESSION_LOCK_RENEWED, held, now)
        return until

    def free(self, held: MessageSession, now: float) -> None:
        """Take a session back from its holder, who has not failed."""
        if held.is_held:
            self._end(held, LET_GO, now)

    def set_state(self, held: MessageSession, content: bytes | None, now: float) -> None:
        """Keep something with a session."""
        size, most = len(content or b""), self.entity.limits.max_message_bytes
        if size > most:
            raise BrokerError(
                ErrorCode.MESSAGE_SIZE_EXCEEDED,
                f"The state of session '{held.id}' of '{self.path}' has {size} bytes; it may have "
                f"{most} at most, as a message. Keep it elsewhere and store its address here.",
            )
        self.size_bytes += self._sessions.states.set(held.id, content, now)
        self._sessions.update(self._sessions.get(held.id))
        self._report_session(ChangeKind.SESSION_STATE_SET, held, now, content)

    # -- For the entity ---------------------------------------------------------------------

    def announce(self) -> None:
        """Tell holders and waiters that the entity has changed."""
        super().announce()
        ending = self.ending
        for held in tuple(self._held.values()):
            held.announce()
        if ending is None:
            self._serve_waiters(self.entity.updated_at)
        else:
            self._waiters.refuse_all(ending)
        if self.entity.deleted:
            self._held.clear()

    def announce_ready(self, now: float) -> None:
        """Give sessions to those who wait, and tell holders of new messages; or forward."""
        if self.forwarding is not None:
            self.forwarding.run(self, now)
            return
        self._serve_waiters(now)
        stirred, self._stirred = self._stirred, {}
        for held in stirred:
            if held.has_ready:
                held.announce()

    def leave_first(self) -> Message | None:
        """The oldest ready message of a session that nobody holds; None when there is none."""
        session = self._sessions.next_free()
        number = None if session is None else session.line.first()
        return None if number is None else self.find(number)

    def cancel_timers(self) -> None:
        """Have nothing more happen to messages, sessions and waiters by itself."""
        super().cancel_timers()
        self._waiters.cancel_timers()
        for held in self._held.values():
            held.timer.cancel()

    # -- Keeping messages by session ----------------------------------------------------------

    def admit(self, message: Message, happening: Input) -> None:
        """Take a message in under the number that it has."""
        self._by_session.add((message.session_id, message.sequence_number))
        super().admit(message, happening)

    def move(self, message: Message, happening: Input) -> None:
        """Bring a message to its next state, and its session along."""
        before = message.state
        super().move(message, happening)
        session = self._sessions.moved(message, before)
        if session and session.holder and message.state is MessageState.ACTIVE:
            self._stirred[session.holder] = None

    def remove(self, message: Message, happening: Input) -> None:
        """Let a message go, and the timer that it has."""
        super().remove(message, happening)
        self._by_session.remove((message.session_id, message.sequence_number))

    def renumber(self, message: Message, sequence_number: int) -> None:
        """Keep a message under another number from now on."""
        self._by_session.remove((message.session_id, message.sequence_number))
        super().renumber(message, sequence_number)
        self._by_session.add((message.session_id, sequence_number))

    def _line_of(self, message: Message) -> ReadyHeap:
        return self._sessions.of(message).line

    # -- How it is done ---------------------------------------------------------------------

    def _new_locks(self) -> Tokens:
        return Tokens(self.path, self.entity.new_token)

    def _unlock(self, token: UUID, now: float) -> Message:
        message = super()._unlock(token, now)
        held = self._sessions.of(message).holder
        assert held is not None, "tokens end with the session's lock"
        del held.messages[token]
        return message

    def _hold(self, session: Session, now: float, who: str, holder: object) -> MessageSession:
        until = now + self.entity.lock_seconds
        held = MessageSession(self, session, who=who, holder=holder, locked_until=until)
        held.timer = self.entity.agenda.call_at(until, self._on_lock_over, held)
        session.holder = self._held[session.id] = held
        self._sessions.update(session)
        self._report_session(ChangeKind.SESSION_LOCKED, held, now)
        return held

    def _serve_waiters(self, now: float) -> None:
        while self._waiters and self.entity.can_receive:
            session = self._sessions.next_free()
            if session is None:
                return
            waiter = self._waiters.take_first()
            waiter.accepted(self._hold(session, now, waiter.who, waiter.holder), now=now)

    def _on_lock_over(self, held: MessageSession, at: float) -> None:
        self._end(held, RUN_OUT, at)
        held.announce()

    def _end(self, held: MessageSession, end: LockEnd, now: float) -> None:
        """Free a session and put back what is unsettled; then see who wants it."""
        held.is_held = False
        held.timer.cancel()
        del self._held[held.id]
        session = self._sessions.get(held.id)
        session.holder = None
        self._report_session(end.session_change, held, now)
        for message in sorted(held.messages.values(), key=attrgetter("sequence_number")):
            who = message.locked_by or ""
            self._locks.end(message)
            message.delivery_count += end.counted
            self._return(message, end.happening, end.message_change, now, who)
        held.messages.clear()
        self._sessions.update(session)
        self.announce_ready(now)

    def _report_session(
        self, kind: ChangeKind, held: MessageSession, now: float, state: bytes | None = None
    ) -> None:
        path, who = self.path, held.who
        self.entity.journal(
            Change(now, kind, path, 0, None, 0, who, held.id, None, session_state=state)
        )
