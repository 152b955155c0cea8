"""A line of messages that receivers work on: a queue's main one, or its dead-letter queue.

Both run by the same rules but for three, which need a dead-letter queue to send messages on to:
in a dead-letter queue nothing expires, nothing fails too often and nothing is dead-lettered.

Source: Azure Service Bus, "Message transfers, locks, and settlement", "Message deferral",
"Dead-letter queues", "Message browsing".
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from sbtutorial.broker.changes import Change, ChangeKind
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.locks import Locks, Tokens
from sbtutorial.broker.message import (
    DEAD_LETTER_ERROR_DESCRIPTION,
    DEAD_LETTER_REASON,
    Message,
)
from sbtutorial.broker.shelf import Shelf
from sbtutorial.broker.states import Input, MessageState, allows

if TYPE_CHECKING:
    from sbtutorial.broker.entity import Entity
    from sbtutorial.broker.forwarding import Forwarding

Listener = Callable[["SubQueue"], None]
Properties = Mapping[str, object] | None

TTL_EXPIRED = "TTLExpiredException"
MAX_DELIVERY_COUNT_EXCEEDED = "MaxDeliveryCountExceeded"


class SubQueue(Shelf):
    """What receivers may do with the messages of one line.

    Attributes:
        path: The queue's name as created, for a dead-letter queue with `/$DeadLetterQueue`.
        listeners: Each is called with this object when messages have become ready, and when the
            queue is disabled, enabled or deleted. It may receive from within the call.
        forwarding: Sends on what becomes ready; None where messages wait for receivers.
        requires_session: Whether its messages belong to sessions, which receivers lock.
    """

    requires_session = False

    def __init__(self, entity: "Entity", path: str, dead_letters: "SubQueue | None"):
        self.entity = entity
        self.listeners: list[Listener] = []
        self.forwarding: Forwarding | None = None
        self._dead_letters = dead_letters
        self._time_to_live_action = self._on_time_to_live_over  # one bound method for all timers
        super().__init__(path)

    def clear(self) -> None:
        """Let go of every message and every lock, at once."""
        super().clear()
        self._locks = self._new_locks()

    @property
    def is_awaited(self) -> bool:
        """Whether somebody receives here or waits to."""
        return bool(self.listeners)

    @property
    def ending(self) -> BrokerError | None:
        """Why nobody can receive here any more; None as long as somebody can."""
        if not self.entity.deleted:
            return None
        return BrokerError(
            ErrorCode.ENTITY_NOT_FOUND,
            f"The messaging entity '{self.path}' could not be found: it was deleted while this "
            "receiver was attached.",
        )

    @property
    def has_ready(self) -> bool:
        """Whether `lock_next` would find a message."""
        return self._counts[MessageState.ACTIVE] > 0 and self.entity.can_receive

    # -- Receiving --------------------------------------------------------------------------

    def lock_next(self, *, now: float, who: str) -> Message | None:
        """Hold the first ready message under a lock; None when nothing is ready.

        Raises:
            BrokerError: ENTITY_DISABLED, ENTITY_NOT_FOUND once the queue is deleted.
        """
        message = self._first_ready(now)
        if message is not None:
            self.lock(message, Input.LOCK, now, who)
        return message

    def take_next(self, *, now: float, who: str) -> Message | None:
        """Remove the first ready message and have it: receive and delete.

        Raises:
            BrokerError: As `lock_next`.
        """
        message = self._first_ready(now)
        if message is not None:
            self.take(message, Input.TAKE, now, who)
        return message

    def receive_deferred(
        self, sequence_numbers: Iterable[int], *, now: float, who: str
    ) -> list[Message]:
        """Hold deferred messages under locks, in the order asked for; all of them or none.

        Raises:
            BrokerError: MESSAGE_NOT_FOUND if one is missing, locked or not deferred; and as
                `lock_next`.
        """
        messages = self._deferred(sequence_numbers, Input.RECEIVE_DEFERRED, now)
        for message in messages:
            self.lock(message, Input.RECEIVE_DEFERRED, now, who)
        return messages

    def take_deferred(
        self, sequence_numbers: Iterable[int], *, now: float, who: str
    ) -> list[Message]:
        """Remove deferred messages and have them; all of them or none.

        Raises:
            BrokerError: As `receive_deferred`.
        """
        messages = self._deferred(sequence_numbers, Input.TAKE_DEFERRED, now)
        for message in messages:
            self.take(message, Input.TAKE_DEFERRED, now, who)
        return messages

    def lock(self, message: Message, happening: Input, now: float, who: str) -> None:
        """Hold a message that has left the line."""
        self.move(message, happening)
        self._locks.grant(message, now + self.entity.lock_seconds, who)
        self.report(ChangeKind.LOCKED, message, now, who)

    def take(self, message: Message, happening: Input, now: float, who: str) -> None:
        """Give a message away for good."""
        self.remove(message, happening)
        self.report(ChangeKind.TAKEN, message, now, who)

    # -- Under a lock: every token that holds nothing here is refused with MESSAGE_LOCK_LOST ---

    def require_lock(self, token: UUID, *, now: float) -> Message:
        """The message that a token holds; refuse one that holds nothing."""
        return self._locked(token, now)

    def renew_lock(self, token: UUID, *, now: float, who: str = "") -> float:
        """Hold a locked message for one more `lock_duration`, counted from `now`.

        Returns:
            The new end of the lock, in broker time.
        """
        message = self._locked(token, now)
        self.move(message, Input.RENEW)
        until = now + self.entity.lock_seconds
        self._locks.renew(message, until)
        self.report(ChangeKind.LOCK_RENEWED, message, now, who)
        return until

    def complete(self, token: UUID, *, now: float, who: str = "") -> None:
        """Be done with a message: it is removed."""
        message = self._unlock(token, now)
        self.remove(message, Input.COMPLETE)
        self.report(ChangeKind.COMPLETED, message, now, who)

    def abandon(
        self, token: UUID, properties: Properties = None, *, now: float, who: str = ""
    ) -> None:
        """Give a message back as failed: it returns to its place with one delivery more."""
        message = self._unlock(token, now)
        message.merge_properties(properties)
        message.delivery_count += 1
        self._put_back(message, Input.ABANDON, ChangeKind.ABANDONED, now, who)

    def release(self, token: UUID, *, now: float, who: str = "") -> None:
        """Give a message back untried: it returns to its place and nothing is counted."""
        message = self._unlock(token, now)
        self._put_back(message, Input.RELEASE, ChangeKind.RELEASED, now, who)

    def defer(
        self, token: UUID, properties: Properties = None, *, now: float, who: str = ""
    ) -> None:
        """Set a message aside: from now on only its sequence number gets it."""
        message = self._unlock(token, now)
        message.merge_properties(properties)
        self.move(message, Input.DEFER)
        self.report(ChangeKind.DEFERRED, message, now, who)

    def dead_letter(
        self,
        token: UUID,
        reason: str | None = None,
        description: str | None = None,
        properties: Properties = None,
        *,
        now: float,
        who: str = "",
    ) -> None:
        """Send a message on to the dead-letter queue, with the reason if there is one.

        Raises:
            BrokerError: NOT_ALLOWED in a dead-letter queue; the lock stays.
        """
        if self._dead_letters is None:
            raise BrokerError(
                ErrorCode.NOT_ALLOWED,
                f"A message in '{self.path}' is dead-lettered already. Complete, abandon or defer "
                "it; to try it again, send a copy to the queue and complete this one.",
            )
        message = self._unlock(token, now)
        message.merge_properties(properties)
        self._bury(message, self._dead_letters, reason, description, now, who)

    def line_for(self, _token: UUID, *, now: float) -> "SubQueue":
        """Where the message under a token is settled: here."""
        return self

    def receiver_gone(self, tokens: Iterable[UUID], *, now: float, who: str) -> None:
        """Put on record that nobody stands behind these locks any more; they stay as they are.

        To be listened to is to be in use: idleness counts from here.
        """
        self.entity.accessed_at = now
        for message in filter(None, map(self._locks.find, tokens)):
            self.report(ChangeKind.RECEIVER_GONE, message, now, who)

    # -- For the entity ---------------------------------------------------------------------

    def bury(
        self,
        message: Message,
        reason: str | None,
        description: str | None,
        *,
        now: float,
        source: str,
    ) -> None:
        """Take a message that was dead-lettered at `source`: this is the dead-letter queue."""
        why = {DEAD_LETTER_REASON: reason, DEAD_LETTER_ERROR_DESCRIPTION: description}
        message.merge_properties({k: text for k, text in why.items() if text is not None})
        message.dead_letter_source = source
        self.admit(message, Input.ARRIVE)
        self.announce_ready(now)

    def give_up(self, message: Message, reason: str, description: str, *, now: float) -> bool:
        """Dead-letter a ready message that cannot be sent on.

        Returns:
            Whether it is gone from here: a dead-letter queue keeps it.
        """
        if self._dead_letters is None:
            return False
        self._bury(message, self._dead_letters, reason, description, now)
        return True

    def stand_again(self, message: Message) -> None:
        """Put a ready message that left the line back into it."""
        self._line_of(message).join(message.sequence_number)

    def start_time_to_live(self, message: Message, expires_at: float | None) -> None:
        """Have the message expire at this instant unless it is locked or deferred then."""
        message.expires_at = expires_at
        message.timer = None
        if expires_at is not None:
            message.timer = self.entity.agenda.call_at(
                expires_at, self._time_to_live_action, message.sequence_number
            )

    def report(
        self,
        kind: ChangeKind,
        message: Message,
        at: float,
        who: str,
        detail: str = "",
        previous_sequence_number: int = 0,
    ) -> None:
        """Tell the journal."""
        self.entity.journal(
            Change(
                at,
                kind,
                self.path,
                message.sequence_number,
                message.message_id,
                message.delivery_count,
                who,
                detail,
                message,
                previous_sequence_number,
            )
        )

    def announce(self) -> None:
        """Tell the listeners to look again: the queue itself has changed."""
        for listener in tuple(self.listeners):
            listener(self)

    def announce_ready(self, now: float) -> None:
        """Tell the listeners to look again, or forward, if there is something to receive."""
        if self.forwarding is not None:
            self.forwarding.run(self, now)
        elif self.listeners and self.has_ready:
            self.announce()

    def cancel_timers(self) -> None:
        """Have nothing more happen to the messages here by itself."""
        for message in self:
            for timer in (message.timer, message.lock_timer):
                if timer is not None:
                    timer.cancel()

    # -- How it is done ---------------------------------------------------------------------

    def _new_locks(self) -> Tokens:
        entity = self.entity
        return Locks(self.path, entity.agenda, entity.new_token, self._on_lock_expired)

    def _first_ready(self, now: float) -> Message | None:
        self.entity.begin_receive(now)
        return self.leave_first()

    def _deferred(self, numbers: Iterable[int], happening: Input, now: float) -> list[Message]:
        self.entity.begin_receive(now)
        return self.find_all(numbers, happening)

    def _locked(self, token: UUID, now: float) -> Message:
        self.entity.begin(now)
        return self._locks.message_under(token)

    def _unlock(self, token: UUID, now: float) -> Message:
        message = self._locked(token, now)
        self._locks.end(message)
        return message

    def _on_lock_expired(self, message: Message, at: float) -> None:
        who = message.locked_by or ""
        self._locks.end(message)
        message.delivery_count += 1
        self._put_back(message, Input.LOCK_EXPIRE, ChangeKind.LOCK_EXPIRED, at, who)

    def _put_back(
        self, message: Message, happening: Input, kind: ChangeKind, now: float, who: str
    ) -> None:
        """Return an unlocked message, and tell who waits for it."""
        self._return(message, happening, kind, now, who)
        if self.is_ready(message.sequence_number):
            self.announce_ready(now)

    def _return(
        self, message: Message, happening: Input, kind: ChangeKind, now: float, who: str
    ) -> None:
        """See of an unlocked message whether it failed too often or is past its time."""
        self.move(message, happening)
        self.report(kind, message, now, who)
        most = self.entity.description.max_delivery_count
        if self._dead_letters is not None and message.delivery_count >= most:
            why = f"Message could not be consumed after {most} delivery attempts."
            self._bury(message, self._dead_letters, MAX_DELIVERY_COUNT_EXCEEDED, why, now)
        elif message.expires_at is not None and message.expires_at <= now:
            self._expire(message, now)

    def _on_time_to_live_over(self, sequence_number: int, at: float) -> None:
        self._expire(self._messages[sequence_number], at)

    def _expire(self, message: Message, at: float) -> None:
        """End a message's time to live, unless it is with a receiver or set aside."""
        if self._dead_letters is None or not allows(message.state, Input.EXPIRE):
            return
        if self.entity.description.dead_lettering_on_message_expiration:
            why = "The message expired and was dead lettered."
            self._bury(message, self._dead_letters, TTL_EXPIRED, why, at)
        else:
            self.remove(message, Input.EXPIRE)
            self.report(ChangeKind.EXPIRED, message, at, "")

    def _bury(
        self,
        message: Message,
        dead_letters: "SubQueue",
        reason: str | None,
        description: str | None,
        now: float,
        who: str = "",
    ) -> None:
        self.remove(message, Input.DEAD_LETTER)
        self.report(ChangeKind.DEAD_LETTERED, message, now, who, reason or "")
        dead_letters.bury(message, reason, description, now=now, source=self.path)
