"""What happens to the messages of a line whoever works on it: they expire, die, or go on.

Everything here runs by the same rules in a queue's main line and in its dead-letter queue but for
two, which need a dead-letter queue to send messages on to: in a dead-letter queue nothing expires
and nothing is dead-lettered.

Source: Azure Service Bus, "Message expiration", "Dead-letter queues".
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sbtutorial.broker.changes import Change, ChangeKind
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import (
    DEAD_LETTER_ERROR_DESCRIPTION,
    DEAD_LETTER_REASON,
    Message,
)
from sbtutorial.broker.states import Input, MessageState, allows
from sbtutorial.broker.subqueues.message_table import MessageTable

if TYPE_CHECKING:
    from sbtutorial.broker.entities.entity import Entity
    from sbtutorial.broker.entities.forwarding import Forwarding

TTL_EXPIRED = "TTLExpiredException"
MAX_DELIVERY_COUNT_EXCEEDED = "MaxDeliveryCountExceeded"


class LineBase(MessageTable):
    """A line of messages, its listeners, and the line that its dead go to.

    Attributes:
        path: The entity's path, for a dead-letter queue with `/$DeadLetterQueue`.
        listeners: Each is called with this object when messages have become ready, and when the
            entity is disabled, enabled or deleted. It may receive from within the call.
        forwarding: Sends on what becomes ready; None where messages wait for receivers.
    """

    def __init__(self, entity: "Entity", path: str, dead_letters: "LineBase | None"):
        self.entity = entity
        self.listeners: list[Callable[[Any], None]] = []
        self.forwarding: Forwarding | None = None
        self._dead_letters = dead_letters
        self._time_to_live_action = self._on_time_to_live_over  # one bound method for all timers
        super().__init__(path)

    @property
    def is_awaited(self) -> bool:
        """Whether somebody receives here or waits to."""
        return bool(self.listeners)

    @property
    def ending(self) -> BrokerError | None:
        """Why nobody can receive here now; None as long as somebody can."""
        if self.entity.can_receive:
            return None
        if not self.entity.deleted:
            return self.entity.disabled_for("receiving")
        return BrokerError(
            ErrorCode.ENTITY_NOT_FOUND,
            f"The messaging entity '{self.path}' could not be found: it was deleted while this "
            "receiver was attached.",
        )

    @property
    def has_ready(self) -> bool:
        """Whether `lock_next` would find a message."""
        return self._counts[MessageState.ACTIVE] > 0 and self.entity.can_receive

    # -- Telling ----------------------------------------------------------------------------

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

    # -- Ending -----------------------------------------------------------------------------

    def start_time_to_live(self, message: Message, expires_at: float | None) -> None:
        """Have the message expire at this instant unless it is locked or deferred then."""
        message.expires_at = expires_at
        message.timer = None
        if expires_at is not None:
            message.timer = self.entity.agenda.call_at(
                expires_at, self._time_to_live_action, message.sequence_number
            )

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

    # -- How it is done ---------------------------------------------------------------------

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
        dead_letters: "LineBase",
        reason: str | None,
        description: str | None,
        now: float,
        who: str = "",
    ) -> None:
        self.remove(message, Input.DEAD_LETTER)
        self.report(ChangeKind.DEAD_LETTERED, message, now, who, reason or "")
        dead_letters.bury(message, reason, description, now=now, source=self.path)
