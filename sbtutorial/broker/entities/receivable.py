"""What queues and subscriptions have in common: a line for receivers, and its dead-letter queue.

Source: Azure Service Bus, "Message expiration", "Dead-letter queues", "Message counters".
"""

from typing import Any, NamedTuple

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.entities.entity import Entity, EntityContext
from sbtutorial.broker.entities.forwarding import Forwarding
from sbtutorial.broker.entities.ingress import finite_seconds, shorter
from sbtutorial.broker.message import Message
from sbtutorial.broker.paths import DEAD_LETTER_SUFFIX, TRANSFER_DEAD_LETTER_SUFFIX
from sbtutorial.broker.states import MessageState
from sbtutorial.broker.subqueues.session_subqueue import SessionSubQueue
from sbtutorial.broker.subqueues.subqueue import SubQueue


class MessageCounts(NamedTuple):
    """How many messages there are, under the names of the SDK and two more.

    Attributes:
        active: Ready, or locked and not deferred.
        dead_letter: In the dead-letter queue, whatever their state there.
        transfer: Always 0: what is to be forwarded goes on at once.
        transfer_dead_letter: Sent through this entity to another one, and refused there.
        deferred: Set aside, locked or not.
        locked: With a receiver; counted in `active` or `deferred` already.
        total: All, each once.
    """

    active: int = 0
    dead_letter: int = 0
    scheduled: int = 0
    transfer: int = 0
    transfer_dead_letter: int = 0
    deferred: int = 0
    locked: int = 0
    total: int = 0


class Receivable(Entity):
    """An entity that receivers work on.

    Attributes:
        active: The main line. `dead_letter`: the other one.
        transfer_dead_letter: For what was sent through this entity and refused further on.
    """

    def __init__(self, path: str, description: Any, surroundings: EntityContext, *, now: float):
        super().__init__(path, description, surroundings, now=now)
        self.dead_letter = SubQueue(self, path + DEAD_LETTER_SUFFIX, None)
        self.transfer_dead_letter = SubQueue(self, path + TRANSFER_DEAD_LETTER_SUFFIX, None)
        main_line = SessionSubQueue if description.requires_session else SubQueue
        self.active: SubQueue = main_line(self, path, self.dead_letter)

    @property
    def lines(self) -> tuple[SubQueue, ...]:
        """The main line and the dead-letter queues."""
        return self.active, self.dead_letter, self.transfer_dead_letter

    @property
    def size_bytes(self) -> int:
        """All messages here, those in the dead-letter queues included."""
        dead = self.dead_letter.size_bytes + self.transfer_dead_letter.size_bytes
        return self.active.size_bytes + dead

    def adopt(self, description: Any, *, now: float) -> None:
        """Live by a description from now on; see `Entity.adopt`."""
        super().adopt(description, now=now)
        self.active.forwarding = self._forwarding(description.forward_to)
        dead_target = description.forward_dead_lettered_messages_to
        self.dead_letter.forwarding = self._forwarding(dead_target)
        self.lock_seconds = description.lock_duration.total_seconds()
        self._default_ttl_seconds = finite_seconds(description.default_message_time_to_live)

    def counts(self) -> MessageCounts:
        """How many messages there are of each kind, exactly, at once at any depth."""
        main, dead = self.active.count, self.dead_letter.count
        locked, deferred_locked = MessageState.LOCKED, MessageState.DEFERRED_LOCKED
        return MessageCounts(
            active=main(MessageState.ACTIVE) + main(locked),
            dead_letter=len(self.dead_letter),
            scheduled=main(MessageState.SCHEDULED),
            transfer_dead_letter=len(self.transfer_dead_letter),
            deferred=main(MessageState.DEFERRED) + main(deferred_locked),
            locked=main(locked) + main(deferred_locked) + dead(locked) + dead(deferred_locked),
            total=sum(map(len, self.lines)),
        )

    def refuse(
        self, message: Message, dead_letters: SubQueue, reason: str, description: str, now: float
    ) -> None:
        """Dead-letter a message that never came into the main line."""
        message.sequence_number = self.next_sequence_number()
        message.enqueued_at = now
        self.active.report(ChangeKind.DEAD_LETTERED, message, now, "", reason)
        dead_letters.bury(message, reason, description, now=now, source=self.path)

    def settle_in(self, now: float) -> None:
        """Messages have come in, or the entity has changed: tell the receivers, or forward."""
        self.active.announce_ready(now)

    def start_life(self, message: Message, now: float) -> None:
        """Count the time to live from now: the shorter of the message's and the entity's."""
        message.enqueued_at = now
        seconds = shorter(message.time_to_live, self._default_ttl_seconds)
        self.active.start_time_to_live(message, None if seconds is None else now + seconds)

    def _forwarding(self, target: str | None) -> Forwarding | None:
        return Forwarding(target, self.surroundings.find_intake) if target else None
