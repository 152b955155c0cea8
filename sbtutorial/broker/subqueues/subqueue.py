"""A subqueue: messages that receivers work on; a queue's main one, or a dead-letter queue.

All run by the same rules but for those of `dead_lettering`.

Source: Azure Service Bus, "Message transfers, locks, and settlement", "Message deferral",
"Message browsing".
"""

from collections.abc import Callable, Generator, Iterable
from typing import Any
from uuid import UUID

from sbtutorial.broker.background import done_at_once
from sbtutorial.broker.changes import ChangeKind, MessageChange
from sbtutorial.broker.context import EntityContext, ReadyHook
from sbtutorial.broker.errors import (
    BrokerError,
    ErrorCode,
    plain_receiver_refused,
    session_receiver_refused,
)
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import TRANSITIONS, Input, MessageState
from sbtutorial.broker.subqueues.dead_lettering import DeadLettering
from sbtutorial.broker.subqueues.disposition import (
    dead_letter_properties,
)
from sbtutorial.broker.subqueues.locks import Locks, Tokens
from sbtutorial.broker.subqueues.message_table import MessageTable
from sbtutorial.broker.subqueues.overdue import Overdue
from sbtutorial.broker.subqueues.property_merging import PropertyMerging
from sbtutorial.broker.subqueues.removal import delete_ready, free
from sbtutorial.broker.subqueues.settling import Settling

_ACTIVE = MessageState.ACTIVE


class SubQueue:
    """What receivers may do with the messages of one subqueue.

    Attributes:
        requires_session: Whether its messages belong to sessions, which receivers lock.
        locks_outlive_links: Whether a lock stays when the link is gone that it was granted on.
        context: Of its entity.
        path: The entity's; for a dead-letter queue with `/$DeadLetterQueue`.
        messages: All that are here.
        listeners: Each is called with this object when messages have become ready, and when the
            entity is disabled, enabled or deleted. It may receive from within the call.
        forwarding: Sends on what becomes ready; None where messages wait for receivers.
        dead_lettering: How messages end that nobody settles.
        overdue: Ends what should have ended before, when somebody comes to it.
        settling: Ends what receivers have locked, as they say.
    """

    requires_session = False
    locks_outlive_links = True
    messages: MessageTable

    def __init__(
        self, context: EntityContext, path: str, dead_letter_queue: "SubQueue | None" = None
    ) -> None:
        self.context = context
        self.path = path
        self.messages = self._new_table()
        self.listeners: list[Callable[[Any], None]] = []
        self.forwarding: ReadyHook | None = None
        self.dead_lettering = DeadLettering(context, self.messages, self.report, dead_letter_queue)
        self._locks = self._new_locks()
        self.overdue = Overdue(context, path, self.dead_lettering, self._locks)
        self._merging = PropertyMerging(context, self.messages)
        self.settling = Settling(self, self._locks, self._merging)

    @property
    def is_awaited(self) -> bool:
        """Whether somebody receives here or waits to."""
        return bool(self.listeners)

    @property
    def has_ready(self) -> bool:
        """Whether `peek_lock_next` would find a message."""
        return self.messages.counts[_ACTIVE] > 0 and self.context.can_receive

    @property
    def ending(self) -> BrokerError | None:
        """Why nobody can receive here now; None as long as somebody can."""
        if self.context.can_receive:
            return None
        if not self.context.deleted:
            return self.context.disabled_for("receiving")
        return BrokerError(
            ErrorCode.ENTITY_NOT_FOUND,
            f"The messaging entity '{self.path}' could not be found: it was deleted while this "
            "receiver was attached.",
        )

    # -- Receiving --------------------------------------------------------------------------

    def require_receivers(self, *, of_sessions: bool) -> None:
        """Refuse receivers of the wrong kind, and all of them where messages are forwarded.

        Args:
            of_sessions: Whether the receiver is to lock a session.

        Raises:
            BrokerError: NOT_ALLOWED.
        """
        if of_sessions and not self.requires_session:
            raise session_receiver_refused(self.path)
        if self.requires_session and not of_sessions:
            raise plain_receiver_refused(self.path)
        if self.forwarding is not None:
            raise BrokerError(
                ErrorCode.NOT_ALLOWED,
                # Azure's own sentence first.
                "Cannot create a message receiver on an entity with auto-forwarding enabled. "
                f"'{self.path}' forwards its messages to '{self.forwarding.target}': receive "
                "there, or end the forwarding.",
            )

    def peek_lock_next(self, *, now: float, who: str) -> Message | None:
        """Hold the first ready message under a lock; None when nothing is ready.

        Hot: runs for each message that is handed out.

        Raises:
            BrokerError: ENTITY_DISABLED, ENTITY_NOT_FOUND once the entity is deleted.
        """
        return self.lock(self._leave_first(now), Input.LOCK, now, who)

    def receive_and_delete_next(self, *, now: float, who: str) -> Message | None:
        """Remove the first ready message and have it.

        Raises:
            BrokerError: As `peek_lock_next`.
        """
        return self.delete(self._leave_first(now), Input.TAKE, now, who)

    def first_ready(self, *, now: float) -> Message | None:
        """What `receive_and_delete_next` would remove now; it stays.

        Raises:
            BrokerError: As `peek_lock_next`.
        """
        self.context.begin_receive(now)
        is_hidden = self.overdue.hides_first(self.messages.first, now)
        return None if is_hidden else self.messages.first()

    def receive_deferred(
        self, sequence_numbers: Iterable[int], *, now: float, who: str
    ) -> list[Message]:
        """Hold deferred messages under locks, in the order asked for; all of them or none.

        Raises:
            BrokerError: MESSAGE_NOT_FOUND if one is missing, locked or not deferred; and as
                `peek_lock_next`.
        """
        return self.lock_deferred(self.find_deferred(sequence_numbers, now=now), now=now, who=who)

    def receive_and_delete_deferred(
        self, sequence_numbers: Iterable[int], *, now: float, who: str
    ) -> list[Message]:
        """Remove deferred messages and have them; all of them or none.

        Raises:
            BrokerError: As `receive_deferred`.
        """
        return self.delete_deferred(self.find_deferred(sequence_numbers, now=now), now=now, who=who)

    # The same in parts: find and reserve all, then have each.

    def find_deferred(self, sequence_numbers: Iterable[int], *, now: float) -> list[Message]:
        """Deferred messages, in the order asked for; all of them or none.

        Raises:
            BrokerError: As `receive_deferred`.
        """
        self.context.begin_receive(now)
        found = self.messages.find_all(sequence_numbers, Input.RECEIVE_DEFERRED)
        return self.overdue.without_expired(found, now)

    def lock_deferred(self, messages: list[Message], *, now: float, who: str) -> list[Message]:
        """Hold deferred messages that were found before.

        Raises:
            BrokerError: ENTITY_NOT_FOUND once the entity is deleted.
        """
        self.context.require_existence(now)
        for message in messages:
            self.lock(message, Input.RECEIVE_DEFERRED, now, who)
        return messages

    def delete_deferred(self, messages: list[Message], *, now: float, who: str) -> list[Message]:
        """Remove deferred messages that were found before.

        Raises:
            BrokerError: ENTITY_NOT_FOUND once the entity is deleted.
        """
        self.context.require_existence(now)
        for message in messages:
            self.delete(message, Input.TAKE_DEFERRED, now, who)
        return messages

    def delete_ready(
        self,
        *,
        enqueued_before: float,
        at_most: int,
        session_id: str | None = None,
        now: float,
        who: str = "",
    ) -> int:
        """Remove the oldest ready messages; what is locked or set aside stays.

        Only those that came before an instant in broker time and, where there are sessions, only
        those of one if its id is given.

        Returns:
            How many were removed.

        Raises:
            BrokerError: As `peek_lock_next`.
        """
        steps = self.delete_ready_in_steps(
            enqueued_before=enqueued_before,
            at_most=at_most,
            session_id=session_id,
            now=now,
            who=who,
        )
        return done_at_once(steps, now)

    def delete_ready_in_steps(
        self,
        *,
        enqueued_before: float,
        at_most: int,
        session_id: str | None = None,
        now: float,
        who: str = "",
    ) -> Generator[int, float, int]:
        """`delete_ready`, of what is here now, some messages a step.

        Yields, raises: As `removal.delete_ready`.
        """
        return delete_ready(
            self,
            enqueued_before=enqueued_before,
            at_most=at_most,
            session_id=session_id,
            now=now,
            who=who,
        )

    # -- Under a lock: every token that holds nothing here is refused with MESSAGE_LOCK_LOST ---

    def require_lock(self, token: UUID, *, now: float) -> Message:
        """The message that a token holds; refuse one that holds nothing."""
        self.context.begin(now)
        if self.context.timers.is_behind:
            self.overdue.end_lock(token, now)
        return self._locks.message_under(token)

    def suspend_lock(self, token: UUID, *, now: float) -> Message:
        """As `require_lock`; and the lock does not run out before it is resumed, unless it ends."""
        message = self.require_lock(token, now=now)
        self._locks.suspend(message)
        return message

    def resume_lock(self, message: Message) -> None:
        """Have a lock run out as ever, if it is still there."""
        self._locks.resume(message)

    def renew_lock(self, token: UUID, *, now: float, who: str = "") -> float:
        """Hold a locked message for one more `lock_duration`, counted from `now`.

        Returns:
            The new end of the lock, in broker time.
        """
        message = self.require_lock(token, now=now)
        self.messages.move(message, Input.RENEW)
        until = now + self.context.lock_seconds
        self.extend(message, until)
        self.report(ChangeKind.LOCK_RENEWED, message, now, who)
        return until

    def settling_subqueue(self, _token: UUID, *, now: float) -> "SubQueue":
        """Where the message under a token is settled: here."""
        return self

    def receiver_gone(self, tokens: Iterable[UUID], *, now: float, who: str) -> None:
        """Put on record that nobody stands behind these locks any more; they stay as they are.

        To be listened to is to be in use: idleness counts from here.
        """
        self.context.begin(now)
        for message in filter(None, map(self._locks.find, tokens)):
            self.report(ChangeKind.RECEIVER_GONE, message, now, who)

    # -- For receivers ------------------------------------------------------------------------

    def lock(
        self, message: Message | None, happening: Input, now: float, who: str
    ) -> Message | None:
        """Hold a message for a receiver; None stays None. Hot: runs for each message."""
        if message is not None:
            self.messages.change(message, TRANSITIONS[message.state, happening])
            self._locks.grant(message, self.context.new_token(), self._lock_end(message, now), who)
            self.report(ChangeKind.LOCKED, message, now, who)
        return message

    def delete(
        self, message: Message | None, happening: Input, now: float, who: str
    ) -> Message | None:
        """Give a message to a receiver for good; None stays None."""
        if message is not None:
            self.messages.remove(message, happening)
            self.report(ChangeKind.TAKEN, message, now, who)
            self.context.room_made(now)
        return message

    # -- Locks as they are: nothing is asked, told or counted -----------------------------------

    def hold(self, message: Message, token: UUID, until: float, who: str) -> None:
        """Have a lock on a message from now on."""
        self._locks.grant(message, token, until, who)

    def extend(self, message: Message, until: float) -> None:
        """Have a lock end at another instant."""
        self._locks.renew(message, until)

    def let_loose(self, message: Message) -> None:
        """Have no lock on a message any more."""
        self._locks.end(message)

    # -- For the entity ---------------------------------------------------------------------

    def report(
        self,
        kind: ChangeKind,
        message: Message,
        at: float,
        who: str,
        detail: str = "",
        target: str = "",
        *,
        is_new: bool = False,
        previous_sequence_number: int = 0,
    ) -> None:
        """Tell the journal what has happened to a message here, as it is now."""
        fields = (
            at,
            kind,
            self.path,
            message.sequence_number,
            message.message_id,
            message.delivery_count,
            who,
            detail,
            message,
            message.state,
            is_new,
            target,
            previous_sequence_number,
            message.enqueued_at,
            message.expires_at,
            message.lock_token,
            message.locked_until,
            message.properties,
            message.size_bytes,
            message.header_bytes,
        )
        # Hot, three times a message: a named tuple's own way to make one takes twice as long.
        self.context.journal(tuple.__new__(MessageChange, fields))

    def finish_many(self) -> None:
        """See to what is left to do when very many messages have come in or gone."""
        if steps := self.messages.finish():
            self.context.background.add(steps)

    def announce(self) -> None:
        """Tell the listeners to look again: the entity itself has changed."""
        for listener in tuple(self.listeners):
            listener(self)

    def announce_ready(self, now: float) -> None:
        """Tell the listeners to look again, or forward, if there is something to receive."""
        if self.forwarding is not None:
            self.forwarding.on_ready(now)
        elif self.listeners and self.has_ready:
            for listener in tuple(self.listeners):
                listener(self)

    def take_dead_letter(
        self, message: Message, reason: str | None, description: str | None, *, source: str
    ) -> None:
        """Take a message that was dead-lettered at `source`: this is the dead-letter queue."""
        why = dead_letter_properties(reason, description)
        self._merging.merge_before(message, why)
        message.dead_letter_source = source
        self.messages.admit(message, Input.ARRIVE)

    def clear(self) -> None:
        """Let go of every message and every lock, at once."""
        if not self.messages.is_blank:  # of thousands of queues that go together most are
            messages, locked = self.messages.clear(), self._locks.clear()
            if messages or locked:
                self.context.background.add(free(messages, locked))
        if self.forwarding is not None:
            self.forwarding.end()

    def cancel_timers(self) -> None:
        """Have nothing more happen here by itself; `clear` sees to what the messages wait for."""

    # -- How it is done ---------------------------------------------------------------------

    def _new_table(self) -> MessageTable:
        return MessageTable(self.path)

    def _new_locks(self) -> Tokens:
        context = self.context
        return Locks(self.path, context.timers, self._on_lock_expired)

    def _leave_first(self, now: float) -> Message | None:
        context = self.context
        context.begin_receive(now)
        if context.timers.is_behind and self.overdue.hides_first(self.messages.first, now):
            return None
        return self.messages.leave_first()

    def _lock_end(self, _message: Message, now: float) -> float:
        """When a lock ends that begins now."""
        return now + self.context.lock_seconds

    def _on_lock_expired(self, message: Message, at: float) -> None:
        who = message.locked_by or ""
        self.let_loose(message)
        self.dead_lettering.count_delivery(message)
        self.settling.put_back(message, Input.LOCK_EXPIRE, ChangeKind.LOCK_EXPIRED, at, who)
