"""A subqueue with sessions: who holds a session alone gets its messages, in order.

A receiver locks a session, by its id or whichever is next, and with it all of its messages; they
have tokens, and no lock of their own. The session's lock ends with its time, which counts as a
failed delivery of what is unsettled, or with its holder's link, which does not.

Source: Azure Service Bus, "Message sessions"; "Message transfers, locks, and settlement".
"""

from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from sbtutorial.broker.background import Steps
from sbtutorial.broker.changes import ChangeKind, SessionChange
from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.errors import (
    BrokerError,
    ErrorCode,
    plain_receiver_refused,
    session_is_held,
)
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import Input
from sbtutorial.broker.subqueues.locks import Tokens
from sbtutorial.broker.subqueues.message_session import MessageSession
from sbtutorial.broker.subqueues.session_table import MessageSessionTable
from sbtutorial.broker.subqueues.session_waiters import SessionWaiter, SessionWaiters
from sbtutorial.broker.subqueues.subqueue import SubQueue


class LockEnd(NamedTuple):
    """How a session's lock ends, and what that does to what is unsettled.

    Attributes:
        counted: How many deliveries have failed by it.
        is_break: Whether the holder broke off, which is said of each message before it returns.
    """

    session_change: ChangeKind
    happening: Input
    message_change: ChangeKind
    counted: int
    is_break: bool = False


# A holder with nothing unsettled is told so long after the end of its lock that the lock is lost:
# who waits for a message as long as the lock lasts has gone by then. The session is free at once.
# Source: live tests of azure-sdk-for-python, test_sessions_async.py; Azure/azure-sdk-for-js#1051.
TOLD_AFTER_SECONDS = 1.0

# Of messages that are unsettled when a session's lock ends: so many are put back at once, each at
# so much of what a step costs.
_RETURNED_AT_ONCE = 100
_RETURN_COST = 2
# Of those who wait for a session, so many are given one at once; each costs a step so much.
_SERVED_AT_ONCE = 64
_SERVING_COST = 12

LET_GO = LockEnd(ChangeKind.SESSION_UNLOCKED, Input.RELEASE, ChangeKind.RELEASED, 0)
BROKEN_OFF = LET_GO._replace(is_break=True)
RUN_OUT = LockEnd(ChangeKind.SESSION_LOCK_LOST, Input.LOCK_EXPIRE, ChangeKind.LOCK_EXPIRED, 1)


class _TokensOfSessions(Tokens):
    """Which message each token holds; the holder of its session knows it, too."""

    def __init__(self, path: str, held: dict[str, MessageSession]) -> None:
        super().__init__(path)
        self._sessions = held

    def grant(self, message: Message, token: UUID, until: float, who: str) -> None:
        """Have a message with the holder of its session from now on."""
        super().grant(message, token, until, who)
        self._sessions[message.session_id or ""].locked[token] = message

    def end(self, message: Message) -> None:
        """Have a message with the holder of its session no more."""
        session = self._sessions.get(message.session_id or "")
        if session is not None and message.lock_token is not None:
            session.locked.pop(message.lock_token, None)
        super().end(message)


class SessionSubQueue(SubQueue):
    """Messages that receivers work on session by session."""

    requires_session = True
    messages: MessageSessionTable

    def __init__(
        self, context: EntityContext, path: str, dead_letter_queue: SubQueue | None = None
    ) -> None:
        self._held: dict[str, MessageSession] = {}
        super().__init__(context, path, dead_letter_queue)
        # Their lock is over and their holders have not been told; a dictionary keeps its order.
        self._untold: dict[MessageSession, None] = {}
        self._waiters = SessionWaiters(path, context.timers)
        self._is_serving = False  # very many of them, in steps

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
        self.context.begin_receive(now)
        most = self.context.limits.max_id_chars
        if len(session_id) > most:
            raise BrokerError(
                ErrorCode.ARGUMENT_ERROR,
                f"session_id has {len(session_id)} characters; it may have {most} at most.",
            )
        there = self._held.get(session_id)
        if there and self.context.timers.is_behind:
            self.end_if_over(there, now)
            there = self._held.get(session_id)
        if there:
            raise session_is_held(session_id, self.path, there.who)
        return self._hold(session_id, now, who, holder)

    def accept_next(self, *, now: float, who: str, holder: object = None) -> MessageSession | None:
        """Lock the free session whose first ready message is the oldest; None when there is none.

        Raises:
            BrokerError: ENTITY_DISABLED, ENTITY_NOT_FOUND once the entity is deleted.
        """
        self.context.begin_receive(now)
        entry = self.messages.next_free()
        return None if entry is None else self._hold(entry.id, now, who, holder)

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

    @property
    def held_ids(self) -> list[str]:
        """The sessions that somebody holds."""
        return list(self._held)

    # -- What a subqueue without sessions offers, and this one does not -------------------------

    def renew_lock(self, token: UUID, *, now: float, who: str = "") -> float:
        """Refuse: a message's lock is its session's.

        Raises:
            BrokerError: NOT_ALLOWED; MESSAGE_LOCK_LOST if the token holds nothing.
        """
        message = self.require_lock(token, now=now)
        raise BrokerError(
            ErrorCode.NOT_ALLOWED,
            f"Message {message.sequence_number} in '{self.path}' is locked with its session "
            f"'{message.session_id}': renew the session's lock instead.",
        )

    def _leave_first(self, now: float) -> Message | None:
        self.context.begin_receive(now)
        raise plain_receiver_refused(self.path)

    def find_deferred(self, sequence_numbers: Iterable[int], *, now: float) -> list[Message]:
        """Refuse: only the holder of a session receives its messages."""
        self.context.begin_receive(now)
        raise plain_receiver_refused(self.path)

    # -- For sessions under a lock --------------------------------------------------------------

    def subqueue(self) -> SubQueue:
        """Itself: messages are received and settled here."""
        return self

    def lock_lost(self, token: UUID) -> BrokerError:
        """What to say to who comes with a token that holds nothing."""
        return self._locks.lost(token)

    def renew_session(self, session: MessageSession, now: float) -> float:
        """Move the end of a session's lock, and of all that is under it."""
        self.extend_session(session, now + self.context.lock_seconds)
        self._report_session(ChangeKind.SESSION_LOCK_RENEWED, session, now)
        return session.locked_until

    def end_if_over(self, session: MessageSession, now: float) -> None:
        """End a session's lock whose end has come, and whose timer has not run yet."""
        if session.is_held and session.timer.at <= now:
            self._on_lock_over(session, session.timer.at)

    def free(self, session: MessageSession, now: float, *, broken_off: bool = False) -> None:
        """Take a session back from its holder, who has let go of it or broken off."""
        if session.is_held:
            self._end(session, BROKEN_OFF if broken_off else LET_GO, now)
        elif session in self._untold:
            session.timer.cancel()
            del self._untold[session]

    def set_state(self, session: MessageSession, content: bytes | None, now: float) -> None:
        """Keep something with a session."""
        size, most = len(content or b""), self.context.limits.max_message_bytes
        if size > most:
            raise BrokerError(
                ErrorCode.MESSAGE_SIZE_EXCEEDED,
                f"The state of session '{session.id}' of '{self.path}' has {size} bytes; it may "
                f"have {most} at most, as a message. Keep it elsewhere and store its address here.",
            )
        self.messages.set_state(session.id, content, now)
        self._report_session(ChangeKind.SESSION_STATE_SET, session, now, content)
        self.context.room_made(now)

    # -- Locks as they are: nothing is asked, told or counted -----------------------------------

    def hold_session(
        self, session_id: str, until: float, who: str, holder: object = None
    ) -> MessageSession:
        """Have a lock on a session from now on."""
        entry = self.messages.session(session_id)
        session = MessageSession(self, entry, who=who, holder=holder, locked_until=until)
        session.timer = self.context.timers.call_at(until, self._on_lock_over, session)
        self._held[session_id] = session
        self.messages.hold(entry)
        return session

    def extend_session(self, session: MessageSession, until: float) -> None:
        """Have the lock on a session, and on all that is under it, end at another instant."""
        session.timer.cancel()
        session.timer = self.context.timers.call_at(until, self._on_lock_over, session)
        session.locked_until = until
        for message in session.locked.values():
            message.locked_until = until  # which is all that a lock under a session's has

    def let_session_loose(self, session: MessageSession) -> None:
        """Have no lock on a session any more; what is under it is let loose after that."""
        session.is_held = False
        session.timer.cancel()
        del self._held[session.id]
        self.messages.free(self.messages.session(session.id))

    # -- For the entity ---------------------------------------------------------------------

    def clear(self) -> None:
        """Let go of every message, every lock and every state, at once."""
        super().clear()
        for session in self._held.values():
            session.is_held = False
            session.locked.clear()

    def announce(self) -> None:
        """Tell holders and waiters that the entity has changed."""
        super().announce()
        ending = self.ending
        for session in (*self._held.values(), *self._untold):
            session.announce()
        if ending is None:
            self._serve_waiters(self.context.updated_at)
        else:
            self._waiters.refuse_all(ending)
        if self.context.deleted:
            self._held.clear()
            self._untold.clear()

    def announce_ready(self, now: float) -> None:
        """Give sessions to those who wait, and tell holders of new messages; or forward."""
        if self.forwarding is not None:
            self.forwarding.on_ready(now)
            return
        self._serve_waiters(now)
        for session_id in self.messages.take_stirred():
            session = self._held.get(session_id)
            if session and session.has_ready:
                session.announce()

    def cancel_timers(self) -> None:
        """Have nothing more happen to messages, sessions and waiters by itself."""
        super().cancel_timers()
        self._waiters.cancel_timers()
        for session in (*self._held.values(), *self._untold):
            session.timer.cancel()

    # -- How it is done ---------------------------------------------------------------------

    def _new_table(self) -> MessageSessionTable:
        return MessageSessionTable(self.path)

    def _new_locks(self) -> Tokens:
        return _TokensOfSessions(self.path, self._held)

    def _lock_end(self, message: Message, _now: float) -> float:
        return self._session_of(message).locked_until

    def _session_of(self, message: Message) -> MessageSession:
        assert message.session_id is not None, "every ingress refuses it"
        return self._held[message.session_id]  # only the holder has messages and tokens

    def _hold(self, session_id: str, now: float, who: str, holder: object) -> MessageSession:
        session = self.hold_session(session_id, now + self.context.lock_seconds, who, holder)
        self._report_session(ChangeKind.SESSION_LOCKED, session, now)
        return session

    def _serve_waiters(self, now: float) -> None:
        """Give sessions to those who wait: to some of them now, to very many in steps."""
        for _ in range(_SERVED_AT_ONCE):
            if not self._serve_one(now):
                return
        if not self._is_serving:
            self._is_serving = True
            self.context.background.add(self._serve_in_steps(now))

    def _serve_in_steps(self, now: float) -> Steps:
        try:
            while self._serve_one(now):
                yield _SERVING_COST
        finally:
            self._is_serving = False

    def _serve_one(self, now: float) -> bool:
        if not (self._waiters and self.context.can_receive):
            return False
        entry = self.messages.next_free()
        if entry is None:
            return False
        waiter = self._waiters.take_first()
        waiter.accepted(self._hold(entry.id, now, waiter.who, waiter.holder), now=now)
        return True

    def _on_lock_over(self, session: MessageSession, at: float) -> None:
        has_lost_messages = bool(session.locked)
        self._end(session, RUN_OUT, at)
        if has_lost_messages:
            session.announce()
            return
        self._untold[session] = None
        session.timer = self.context.timers.call_at(
            at + TOLD_AFTER_SECONDS, self._tell_holder, session
        )

    def _tell_holder(self, session: MessageSession, _at: float) -> None:
        del self._untold[session]
        session.announce()

    def _end(self, session: MessageSession, end: LockEnd, now: float) -> None:
        """Free a session and put back what is unsettled; then see who wants it.

        Of very many, some are put back at a time. The holder has lost the session all the same,
        and nobody else gets it before all are back, so that they stay in order.
        """
        unsettled = sorted(session.locked.values(), key=attrgetter("sequence_number"))
        if len(unsettled) > _RETURNED_AT_ONCE:
            session.is_held = False
            session.timer.cancel()
            self.context.background.add(self._end_in_steps(session, end, now, unsettled))
            return
        self._report_break(unsettled, end, now)
        self.let_session_loose(session)
        self._report_session(end.session_change, session, now)
        self._take_back(unsettled, end, now)
        session.locked.clear()
        self.announce_ready(now)

    def _end_in_steps(
        self, session: MessageSession, end: LockEnd, now: float, unsettled: list[Message]
    ) -> Steps:
        """As `_end`, and the end is reported last: if a store stops half-way, the lock is there."""
        for start in range(0, len(unsettled), _RETURNED_AT_ONCE):
            some = unsettled[start : start + _RETURNED_AT_ONCE]
            left = [one for one in some if one.lock_token in session.locked]
            self._report_break(left, end, now)
            self._take_back(left, end, now)
            yield len(some) * _RETURN_COST
        if self._held.get(session.id) is session:
            self.let_session_loose(session)
            self._report_session(end.session_change, session, now)
            self.announce_ready(now)

    def _report_break(self, unsettled: list[Message], end: LockEnd, now: float) -> None:
        if end.is_break:
            for message in unsettled:
                self.report(ChangeKind.RECEIVER_GONE, message, now, message.locked_by or "")

    def _take_back(self, unsettled: list[Message], end: LockEnd, now: float) -> None:
        for message in unsettled:
            who = message.locked_by or ""
            self.let_loose(message)
            message.delivery_count += end.counted
            self.settling.move_on(message, end.happening, end.message_change, now, who)

    def _report_session(
        self, kind: ChangeKind, session: MessageSession, now: float, state: bytes | None = None
    ) -> None:
        path, who, until = self.path, session.who, session.locked_until
        self.context.journal(
            SessionChange(now, kind, path, 0, None, 0, who, session.id, until, state)
        )
