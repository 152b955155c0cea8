"""How messages end that nobody has settled: too many deliveries, or their time to live is over.

Either leads to the dead-letter queue. Three rules need one, and do not hold in a dead-letter queue
itself: nothing expires there, nothing is dead-lettered, and no delivery is counted.

Source: Azure Service Bus, "Dead-letter queues", "Message expiration"; of the counts there, live
tests of azure-sdk-for-js, batchReceiver.spec.ts, and Azure/azure-sdk-for-net#53437.
"""

from typing import Protocol

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import Input, MessageState
from sbtutorial.broker.subqueues.message_table import MessageTable
from sbtutorial.broker.timers import Timer

TTL_EXPIRED = "TTLExpiredException"
MAX_DELIVERY_COUNT_EXCEEDED = "MaxDeliveryCountExceeded"


class DeadLetterQueue(Protocol):
    """What takes the messages that are dead-lettered."""

    path: str

    def take_dead_letter(
        self, message: Message, reason: str | None, description: str | None, *, source: str
    ) -> None:
        """Take a message that was dead-lettered at `source`."""

    def announce_ready(self, now: float) -> None:
        """Tell who waits here for dead letters."""


class Report(Protocol):
    """Tells the journal what happened to a message."""

    def __call__(
        self,
        kind: ChangeKind,
        message: Message,
        at: float,
        who: str,
        detail: str = "",
        target: str = "",
        /,
    ) -> None:
        """It happened."""


class DeadLettering:
    """The rules by which messages of one subqueue end.

    Args:
        context: Of the entity.
        messages: Those of the subqueue.
        report: The subqueue's.
        queue: Takes what is dead-lettered; None for a dead-letter queue, which has none.
    """

    def __init__(
        self,
        context: EntityContext,
        messages: MessageTable,
        report: Report,
        queue: DeadLetterQueue | None,
    ) -> None:
        self._context = context
        self._messages = messages
        self._report = report
        self._queue = queue
        self._time_to_live_action = self._on_time_to_live_over  # one bound method for all timers

    @property
    def is_possible(self) -> bool:
        """Whether messages here can be dead-lettered: not in a dead-letter queue."""
        return self._queue is not None

    def dead_letter(
        self,
        message: Message,
        reason: str | None,
        description: str | None,
        *,
        now: float,
        who: str = "",
    ) -> None:
        """Send an unlocked message on to the dead-letter queue."""
        queue = self._queue
        assert queue is not None, "asked before"
        self._messages.remove(message, Input.DEAD_LETTER)
        queue.take_dead_letter(message, reason, description, source=self._messages.path)
        self._report(ChangeKind.DEAD_LETTERED, message, now, who, reason or "", queue.path)
        queue.announce_ready(now)

    def start_time_to_live(self, message: Message, expires_at: float | None) -> None:
        """Have the message expire at this instant unless it is locked or deferred then.

        What is locked then expires when it comes back, and what is deferred when it is asked for.
        """
        message.expires_at = expires_at
        message.timer = None
        if expires_at is not None:
            message.timer = self._context.timers.call_at(
                expires_at, self._time_to_live_action, message.sequence_number
            )

    def prepare_time_to_live(self, message: Message, expires_at: float | None) -> Timer | None:
        """As `start_time_to_live`, of a message that is not here yet; the timer is to be set."""
        message.expires_at = expires_at
        message.timer = None
        if expires_at is not None:
            message.timer = self._context.timers.prepared(
                expires_at, self._time_to_live_action, message.sequence_number
            )
        return message.timer

    def count_delivery(self, message: Message) -> None:
        """One delivery more has failed, or has ended in a deferral, which counts as much."""
        if self._queue is not None:
            message.delivery_count += 1

    def check_returned(self, message: Message, now: float) -> None:
        """See of a message that is back from its receiver whether its end has come."""
        most = self._context.description.max_delivery_count
        if self._queue is not None and message.delivery_count >= most:
            why = f"Message could not be consumed after {most} delivery attempts."
            self.dead_letter(message, MAX_DELIVERY_COUNT_EXCEEDED, why, now=now)
        elif message.state is MessageState.ACTIVE and self.has_expired(message, now):
            self.expire(message, now)

    def has_expired(self, message: Message, now: float) -> bool:
        """Whether a message's time to live is over; it never is in a dead-letter queue."""
        expires_at = message.expires_at
        return expires_at is not None and expires_at <= now and self._queue is not None

    def _on_time_to_live_over(self, sequence_number: int, at: float) -> None:
        message = self._messages.find(sequence_number)
        if message is None:  # the entity is deleted
            return
        if message.state is MessageState.ACTIVE and self._queue is not None:
            self.expire(message, at)

    def expire_overdue(self, message: Message, now: float) -> bool:
        """End a ready message whose time to live is over, though its timer has not run yet.

        Returns:
            Whether it was over.
        """
        if not self.has_expired(message, now):
            return False
        assert message.expires_at is not None, "else it never expires"
        self.expire(message, message.expires_at)
        return True

    def expire(self, message: Message, at: float) -> None:
        """Dead-letter or drop a message whose time to live is over and that nobody holds."""
        if self._context.description.dead_lettering_on_message_expiration:
            why = "The message expired and was dead lettered."
            self.dead_letter(message, TTL_EXPIRED, why, now=at)
        else:
            self._messages.remove(message, Input.EXPIRE)
            self._report(ChangeKind.EXPIRED, message, at, "")
            self._context.room_made(at)
