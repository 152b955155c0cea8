"""A subqueue: messages that receivers work on; a queue's main one, or a dead-letter queue.

All run by the same rules but for those of `dead_lettering`.

Source: Azure Service Bus, "Message transfers, locks, and settlement", "Message deferral",
"Message browsing".
"""

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from enum import Enum
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from sbtutorial.broker.background import Steps
from sbtutorial.broker.changes import ChangeKind, MessageChange
from sbtutorial.broker.context import EntityContext, ReadyHook
from sbtutorial.broker.errors import (
    BrokerError,
    ErrorCode,
    plain_receiver_refused,
    session_receiver_refused,
)
from sbtutorial.broker.message import (
    DEAD_LETTER_ERROR_DESCRIPTION,
    DEAD_LETTER_REASON,
    Message,
)
from sbtutorial.broker.states import Input, MessageState
from sbtutorial.broker.subqueues.dead_lettering import DeadLettering
from sbtutorial.broker.subqueues.locks import Locks, Tokens
from sbtutorial.broker.subqueues.message_table import NOT_LOCKED, MessageTable

# Application properties that a settlement lays over those of the message.
PropertyChanges = Mapping[str, object] | None

_MOST_OVERDUE_AT_ONCE = 4
_FREED_AT_ONCE = 200


class Settlement(Enum):
    """The ways to settle a locked message."""

    COMPLETE = "complete"
    ABANDON = "abandon"
    RELEASE = "release"
    DEFER = "defer"
    DEAD_LETTER = "dead-letter"


class Disposition(NamedTuple):
    """What a receiver says of a message: how it is settled, and what goes with that."""

    settlement: Settlement
    properties: PropertyChanges = None
    reason: str | None = None
    description: str | None = None

    @property
    def has_changes(self) -> bool:
        """Whether the message has other application properties afterwards."""
        return bool(self.properties) or self.reason is not None or self.description is not None

    @property
    def changes(self) -> Mapping[str, object]:
        """All application properties that the message has afterwards and had not before."""
        return {**(self.properties or {}), **dead_letter_properties(self.reason, self.description)}


def dead_letter_properties(reason: str | None, description: str | None) -> dict[str, object]:
    """The application properties that say why a message is a dead letter."""
    why = {DEAD_LETTER_REASON: reason, DEAD_LETTER_ERROR_DESCRIPTION: description}
    return {name: text for name, text in why.items() if text is not None}


class SubQueue:
    """What receivers may do with the messages of one subqueue.

    Attributes:
        requires_session: Whether its messages belong to sessions, which receivers lock.
        context: Of its entity.
        path: The entity's; for a dead-letter queue with `/$DeadLetterQueue`.
        messages: All that are here.
        listeners: Each is called with this object when messages have become ready, and when the
            entity is disabled, enabled or deleted. It may receive from within the call.
        forwarding: Sends on what becomes ready; None where messages wait for receivers.
        dead_lettering: How messages end that nobody settles.
    """

    requires_session = False
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

    @property
    def is_awaited(self) -> bool:
        """Whether somebody receives here or waits to."""
        return bool(self.listeners)

    @property
    def has_ready(self) -> bool:
        """Whether `peek_lock_next` would find a message."""
        return self.messages.count(MessageState.ACTIVE) > 0 and self.context.can_receive

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
        if self.context.timers.is_behind and not self.is_first_alive(self.messages.first, now):
            return None
        return self.messages.first()

    def receive_deferred(
        self, sequence_numbers: Iterable[int], *, now: float, who: str
    ) -> list[Message]:
        """Hold deferred messages under locks, in the order asked for; all of them or none.

        Raises:
            BrokerError: MESSAGE_NOT_FOUND if one is missing, locked or not deferred; and as
                `peek_lock_next`.
        """
        return self.lock_deferred(self._deferred(sequence_numbers, now), now, who)

    def receive_and_delete_deferred(
        self, sequence_numbers: Iterable[int], *, now: float, who: str
    ) -> list[Message]:
        """Remove deferred messages and have them; all of them or none.

        Raises:
            BrokerError: As `receive_deferred`.
        """
        return self.delete_deferred(self._deferred(sequence_numbers, now), now, who)

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
        """
        self.context.begin_receive(now)
        ready = (
            message
            for message in self.messages
            if message.state is MessageState.ACTIVE
            and message.enqueued_at < enqueued_before
            and session_id in (None, message.session_id)
        )
        chosen = list(islice(ready, at_most))
        for message in chosen:
            self.delete(message, Input.TAKE, now, who)
        return len(chosen)

    # -- Under a lock: every token that holds nothing here is refused with MESSAGE_LOCK_LOST ---

    def require_lock(self, token: UUID, *, now: float) -> Message:
        """The message that a token holds; refuse one that holds nothing."""
        self.context.begin(now)
        if self.context.timers.is_behind:
            self._locks.end_if_over(token, now)
        return self._locks.message_under(token)

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

    def check_settlement(self, token: UUID, disposition: Disposition, *, now: float) -> None:
        """Refuse what `settle` would refuse, and change nothing.

        Raises:
            BrokerError: MESSAGE_LOCK_LOST; NOT_ALLOWED to dead-letter a dead letter;
                MESSAGE_SIZE_EXCEEDED: the properties would be too long.
        """
        message = self.require_lock(token, now=now)
        if disposition.settlement is Settlement.DEAD_LETTER:
            self._require_dead_letter_queue()
        self._require_fit(message, disposition.changes)

    def complete(self, token: UUID, *, now: float, who: str = "") -> None:
        """Be done with a message: it is removed. Hot: runs for each message."""
        message = self._unlock(token, now)
        self.messages.remove(message, Input.COMPLETE)
        self.report(ChangeKind.COMPLETED, message, now, who)
        self.context.room_made(now)

    def abandon(
        self, token: UUID, properties: PropertyChanges = None, *, now: float, who: str = ""
    ) -> None:
        """Give a message back as failed: it returns to its place with one delivery more."""
        message = self._unlock(token, now)
        self._merge(message, properties)
        self.dead_lettering.count_delivery(message)
        self._put_back(message, Input.ABANDON, ChangeKind.ABANDONED, now, who)

    def release(self, token: UUID, *, now: float, who: str = "") -> None:
        """Give a message back untried: it returns to its place and nothing is counted."""
        message = self._unlock(token, now)
        self._put_back(message, Input.RELEASE, ChangeKind.RELEASED, now, who)

    def defer(
        self, token: UUID, properties: PropertyChanges = None, *, now: float, who: str = ""
    ) -> None:
        """Set a message aside: from now on only its sequence number gets it.

        That counts as a delivery, and dead-letters a message that has no more of them.
        Source: live tests of azure-sdk-for-js, deferredMessage.spec.ts; azure-service-bus#375.

        Raises:
            BrokerError: As `abandon`.
        """
        self._require_fit(self.require_lock(token, now=now), properties)
        message = self._unlock(token, now)
        self._merge(message, properties)
        self.dead_lettering.count_delivery(message)
        self._return(message, Input.DEFER, ChangeKind.DEFERRED, now, who)

    def dead_letter(
        self,
        token: UUID,
        reason: str | None = None,
        description: str | None = None,
        properties: PropertyChanges = None,
        *,
        now: float,
        who: str = "",
    ) -> None:
        """Send a message on to the dead-letter queue, with the reason if there is one.

        Raises:
            BrokerError: NOT_ALLOWED in a dead-letter queue; the lock stays.
        """
        self._require_dead_letter_queue()
        message = self._unlock(token, now)
        self._merge(message, properties)
        self.dead_lettering.dead_letter(message, reason, description, now=now, who=who)

    def settle(self, token: UUID, disposition: Disposition, *, now: float, who: str = "") -> None:
        """Settle as a disposition says.

        Raises:
            BrokerError: As `check_settlement`; the lock stays.
        """
        if disposition.has_changes:
            self.check_settlement(token, disposition, now=now)
        _SETTLE[disposition.settlement](self, token, disposition, now=now, who=who)

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
        """Hold a message for a receiver; None stays None."""
        if message is not None:
            self.messages.move(message, happening)
            self.hold(message, self.context.new_token(), self._lock_end(message, now), who)
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

    def unexpired(self, deferred: list[Message], now: float) -> list[Message]:
        """Deferred messages that are asked for, unless the time of one is over: that one ends now.

        Source: Azure/azure-sdk-for-net#30252, confirmed there with the service's team.

        Raises:
            BrokerError: MESSAGE_NOT_FOUND.
        """
        expired = [one for one in deferred if self.dead_lettering.has_expired(one, now)]
        if not expired:
            return deferred
        for message in expired:
            self.dead_lettering.expire(message, now)
        numbers = ", ".join(str(one.sequence_number) for one in expired)
        dead = self.context.description.dead_lettering_on_message_expiration
        raise BrokerError(
            ErrorCode.MESSAGE_NOT_FOUND,
            f"{NOT_LOCKED} What had expired in '{self.path}' is "
            f"{'dead-lettered' if dead else 'dropped'} now: {numbers}. Ask for others without it.",
        )

    def lock_deferred(self, messages: list[Message], now: float, who: str) -> list[Message]:
        """Hold deferred messages for a receiver."""
        for message in messages:
            self.lock(message, Input.RECEIVE_DEFERRED, now, who)
        return messages

    def delete_deferred(self, messages: list[Message], now: float, who: str) -> list[Message]:
        """Give deferred messages to a receiver for good."""
        for message in messages:
            self.delete(message, Input.TAKE_DEFERRED, now, who)
        return messages

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

    def is_first_alive(self, first: Callable[[], Message | None], now: float) -> bool:
        """While the timers are behind: expire what is first and overdue, a few messages at most.

        Returns:
            Whether what is first now may be given to a receiver. If not, the listeners are told
            when the timers have caught up.
        """
        for _ in range(_MOST_OVERDUE_AT_ONCE):
            message = first()
            if message is None or not self.dead_lettering.expire_overdue(message, now):
                return True
        return False

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

    def announce(self) -> None:
        """Tell the listeners to look again: the entity itself has changed."""
        for listener in tuple(self.listeners):
            listener(self)

    def announce_ready(self, now: float) -> None:
        """Tell the listeners to look again, or forward, if there is something to receive."""
        if self.forwarding is not None:
            self.forwarding.on_ready(now)
        elif self.listeners and self.has_ready:
            self.announce()

    def take_dead_letter(
        self, message: Message, reason: str | None, description: str | None, *, source: str
    ) -> None:
        """Take a message that was dead-lettered at `source`: this is the dead-letter queue."""
        why = dead_letter_properties(reason, description)
        message.grow(self._growth(message, why))
        message.merge_properties(why)
        message.dead_letter_source = source
        self.messages.admit(message, Input.ARRIVE)

    def clear(self) -> None:
        """Let go of every message and every lock, at once."""
        messages, locked = self.messages.clear(), self._locks.clear()
        if messages or locked:
            self.context.background.add(_free(messages, locked))
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
        self.context.begin_receive(now)
        if self.context.timers.is_behind and not self.is_first_alive(self.messages.first, now):
            return None
        return self.messages.leave_first()

    def _deferred(self, sequence_numbers: Iterable[int], now: float) -> list[Message]:
        self.context.begin_receive(now)
        return self.unexpired(self.messages.find_all(sequence_numbers, Input.RECEIVE_DEFERRED), now)

    def _lock_end(self, _message: Message, now: float) -> float:
        """When a lock ends that begins now."""
        return now + self.context.lock_seconds

    def _require_dead_letter_queue(self) -> None:
        if not self.dead_lettering.is_possible:
            raise BrokerError(
                ErrorCode.NOT_ALLOWED,
                f"A message in '{self.path}' is dead-lettered already. Complete, abandon or defer "
                "it; to try it again, send a copy to the queue and complete this one.",
            )

    def _require_fit(self, message: Message, properties: PropertyChanges) -> None:
        """Refuse properties that make a message's header longer than a sender's may be."""
        grown = self._growth(message, properties)
        most = self.context.limits.max_header_bytes
        if grown > 0 and message.header_bytes + grown > most:
            raise BrokerError(
                ErrorCode.MESSAGE_SIZE_EXCEEDED,
                f"The properties to modify make the header of message {message.sequence_number} in "
                f"'{self.path}' {message.header_bytes + grown} bytes long; {most} are allowed. The "
                "message stays as it is, under its lock.",
            )

    def _growth(self, message: Message, properties: PropertyChanges) -> int:
        if not properties:
            return 0
        return self.context.property_access.growth(message, properties)

    def _merge(self, message: Message, properties: PropertyChanges) -> None:
        """Lay properties over those of a message that is here."""
        if properties:
            self.messages.grow(message, self._growth(message, properties))
            message.merge_properties(properties)

    def _unlock(self, token: UUID, now: float) -> Message:
        message = self.require_lock(token, now=now)
        self.let_loose(message)
        return message

    def _on_lock_expired(self, message: Message, at: float) -> None:
        who = message.locked_by or ""
        self.let_loose(message)
        self.dead_lettering.count_delivery(message)
        self._put_back(message, Input.LOCK_EXPIRE, ChangeKind.LOCK_EXPIRED, at, who)

    def _put_back(
        self, message: Message, happening: Input, kind: ChangeKind, now: float, who: str
    ) -> None:
        """Return an unlocked message, and tell who waits for it."""
        self._return(message, happening, kind, now, who)
        if self.messages.is_ready(message.sequence_number):
            self.announce_ready(now)

    def _return(
        self, message: Message, happening: Input, kind: ChangeKind, now: float, who: str
    ) -> None:
        self.messages.move(message, happening)
        self.report(kind, message, now, who)
        self.dead_lettering.check_returned(message, now)


def _free(*those_gone: MutableMapping[Any, Message]) -> Steps:
    """Free messages and cancel what was to happen to them, a few at a time: many take long."""
    for messages in those_gone:
        while messages:
            count = min(len(messages), _FREED_AT_ONCE)
            for _ in range(count):
                _, message = messages.popitem()
                for timer in (message.timer, message.lock_timer):
                    if timer is not None:
                        timer.cancel()
            yield count


# Each takes subqueue, token, disposition, now and who.
_SETTLE: dict[Settlement, Callable[..., None]] = {
    Settlement.COMPLETE: lambda at, token, _, **call: at.complete(token, **call),
    Settlement.RELEASE: lambda at, token, _, **call: at.release(token, **call),
    Settlement.ABANDON: lambda at, token, how, **call: at.abandon(token, how.properties, **call),
    Settlement.DEFER: lambda at, token, how, **call: at.defer(token, how.properties, **call),
    Settlement.DEAD_LETTER: lambda at, token, how, **call: at.dead_letter(
        token, how.reason, how.description, how.properties, **call
    ),
}
