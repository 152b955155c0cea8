"""What is received from: the main subqueue of an entity, and its dead-letter queues.

Source: Azure Service Bus, "Message expiration", "Dead-letter queues", "Message counters".
"""

from typing import NamedTuple

from sbtutorial.broker.background import Steps
from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.descriptions import shorter
from sbtutorial.broker.entities.forwarding import Forwarding
from sbtutorial.broker.entities.prepared import Prepared, take_in
from sbtutorial.broker.message import Message
from sbtutorial.broker.paths import DEAD_LETTER_SUFFIX, TRANSFER_DEAD_LETTER_SUFFIX
from sbtutorial.broker.states import TRANSITIONS, Input, MessageState
from sbtutorial.broker.subqueues.many_changes import changes_of
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


class Receivable:
    """The three subqueues that receivers work on, and how messages come into the main one.

    Attributes:
        fans_out: One message is one message.
        main: The one that a path without suffix means.
        dead_letter: For what could not be delivered or processed.
        transfer_dead_letter: For what was sent through this entity and refused further on.
    """

    fans_out = False

    def __init__(self, context: EntityContext) -> None:
        self._context = context
        path = context.path
        main = SessionSubQueue if context.description.requires_session else SubQueue
        self.dead_letter = SubQueue(context, path + DEAD_LETTER_SUFFIX)
        self.transfer_dead_letter = SubQueue(context, path + TRANSFER_DEAD_LETTER_SUFFIX)
        self.main: SubQueue = main(context, path, self.dead_letter)
        self.announce = self.main.announce_ready
        self.adopt()

    @property
    def subqueues(self) -> tuple[SubQueue, ...]:
        """The main one and the dead-letter queues."""
        return self.main, self.dead_letter, self.transfer_dead_letter

    @property
    def size_bytes(self) -> int:
        """All messages here, those in the dead-letter queues included."""
        dead = self.dead_letter.messages.size_bytes + self.transfer_dead_letter.messages.size_bytes
        return self.main.messages.size_bytes + dead

    @property
    def message_count(self) -> int:
        """How many messages are in all three."""
        dead = len(self.dead_letter.messages) + len(self.transfer_dead_letter.messages)
        return len(self.main.messages) + dead

    def may_have(self, count: int) -> bool:
        """Whether so many messages may be here: as many were numbered."""
        return self._context.last_sequence_number >= count

    def adopt(self) -> None:
        """Forward as the entity's description says, which has changed."""
        description = self._context.description
        for subqueue in (self.main, self.dead_letter):
            if subqueue.forwarding is not None:
                subqueue.forwarding.end()
        self.main.forwarding = self._forwarding(self.main, description.forward_to)
        self.dead_letter.forwarding = self._forwarding(
            self.dead_letter, description.forward_dead_lettered_messages_to
        )

    def counts(self) -> MessageCounts:
        """How many messages there are of each kind, exactly, at once at any depth."""
        main, dead = self.main.messages.count, self.dead_letter.messages.count
        locked, deferred_locked = MessageState.LOCKED, MessageState.DEFERRED_LOCKED
        return MessageCounts(
            active=main(MessageState.ACTIVE) + main(locked),
            dead_letter=len(self.dead_letter.messages),
            scheduled=main(MessageState.SCHEDULED),
            transfer_dead_letter=len(self.transfer_dead_letter.messages),
            deferred=main(MessageState.DEFERRED) + main(deferred_locked),
            locked=main(locked) + main(deferred_locked) + dead(locked) + dead(deferred_locked),
            total=sum(len(subqueue.messages) for subqueue in self.subqueues),
        )

    # -- How messages come in -------------------------------------------------------------------

    @property
    def copies(self) -> int:
        """One message is one message."""
        return 1

    def takes_long(self, _message: Message) -> bool:
        """One message comes in at once."""
        return False

    def hand_out_in_steps(self, _message: Message, at: float) -> Steps:
        """`hand_out`, in one step."""
        self.announce(at)
        yield 1

    def enqueue(
        self, message: Message, now: float, who: str, kind: ChangeKind = ChangeKind.SENT
    ) -> None:
        """Put an accepted message, numbered by now, into the main subqueue."""
        self.main.messages.put(message, TRANSITIONS[message.state, Input.SEND])
        self.begin_life(message, now)
        self.main.report(kind, message, now, who, is_new=True)

    def prepare(self, messages: list[Message], now: float, who: str) -> Prepared:
        """Get very many messages ready, numbered by now, for `enqueue_all`."""
        default, main = self._context.default_time_to_live, self.main
        state, timers = TRANSITIONS[MessageState.NEW, Input.SEND], []
        for message in messages:
            message.enqueued_at, message.state = now, state
            seconds = shorter(message.time_to_live, default)
            expires_at = None if seconds is None else now + seconds
            timers.append(main.dead_lettering.prepare_time_to_live(message, expires_at))
        changes = changes_of(main.path, ChangeKind.SENT, messages, now, who, state, is_new=True)
        return Prepared(messages, changes, list(filter(None, timers)))

    def enqueue_all(self, prepared: Prepared) -> None:
        """As `enqueue` for each of very many, in a fraction of the time."""
        take_in(prepared, self._context, self.main)

    def begin_life(self, message: Message, now: float) -> None:
        """Begin a message's life: count its time to live, the shorter of its own and the entity's.

        A scheduled message is in the main subqueue before.
        """
        message.enqueued_at = now
        seconds = shorter(message.time_to_live, self._context.default_time_to_live)
        if seconds is not None:
            self.main.dead_lettering.start_time_to_live(message, now + seconds)

    def hand_out(self, message: Message, at: float) -> None:
        """It is where receivers find it already."""

    def refuse(
        self, message: Message, dead_letters: SubQueue, reason: str, description: str, now: float
    ) -> None:
        """Dead-letter a message that never came into the main subqueue."""
        message.sequence_number = self._context.next_sequence_number()
        message.enqueued_at = now
        dead_letters.take_dead_letter(message, reason, description, source=self._context.path)
        dead_lettered, target = ChangeKind.DEAD_LETTERED, dead_letters.path
        self.main.report(dead_lettered, message, now, "", reason, target, is_new=True)
        dead_letters.announce_ready(now)

    def _forwarding(self, subqueue: SubQueue, target: str | None) -> Forwarding | None:
        return Forwarding(subqueue, target) if target else None
