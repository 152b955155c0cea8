"""Getting very many messages ready that are sent as one, a part at a time, as it is foreseen.

What is foreseen is their numbers, above all: nobody else sends to the entity meanwhile, as a rule.
Where somebody does, all is done anew when they are taken.
"""

from collections.abc import Callable, Hashable, Sequence

from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.entities.destination import Destination
from sbtutorial.broker.entities.duplicate_detection import Accepted, DuplicateWindow
from sbtutorial.broker.entities.prepared import Prepared, joined
from sbtutorial.broker.entities.schedule import Schedule
from sbtutorial.broker.message import Message

# So many messages are got ready in a step.
PREPARED_AT_ONCE = 128


class Preparation:
    """Messages of one send to one entity.

    Args:
        context: Of the entity.
        schedule: Takes those with a time ahead of them.
        destination: Takes the others.
        now: The instant at which all of them will have come.
        who: The sender.
        waits: Whether all wait for their turns.
        known: The ids that are remembered there; None where nobody looks for duplicates.
        key_of: What a message is known by there.
    """

    def __init__(
        self,
        context: EntityContext,
        schedule: Schedule,
        destination: Destination,
        now: float,
        who: str,
        *,
        waits: bool,
        known: DuplicateWindow | None,
        key_of: Callable[[Message], Hashable],
    ) -> None:
        self._context = context
        self._schedule = schedule
        self._destination = destination
        self._now = now
        self._who = who
        self._waits = waits
        self._first_number = context.last_sequence_number + 1
        self._count = 0
        self._known = known
        self._key_of = key_of
        self._accepted: dict[Hashable, Accepted] = {}
        self._has_repeated = False
        self._waiting: list[Prepared] = []
        self._coming: list[Prepared] = []

    def is_as_foreseen(self, *, waits: bool) -> bool:
        """Whether they have the numbers that come next, and wait for their turns if they should."""
        next_number = self._context.last_sequence_number + 1
        is_new = not self._has_repeated
        if self._known is not None:
            is_new = is_new and not self._known.has_any(self._accepted)
        return is_new and next_number == self._first_number and waits == self._waits

    def add(self, messages: Sequence[Message]) -> None:
        """Get some more ready."""
        now = self._now
        waiting: list[Message] = []
        coming: list[Message] = []
        for message in messages:
            message.sequence_number = self._first_number + self._count
            self._count += 1
            if self._known is not None and message.message_id is not None:
                self._accept(message)
            at = message.scheduled_enqueue_at
            is_early = at is not None and at > now
            (waiting if is_early or self._waits else coming).append(message)
        self._waiting.append(self._schedule.prepare(waiting, now, self._who))
        self._coming.append(self._destination.prepare(coming, now, self._who))

    def _accept(self, message: Message) -> None:
        key = self._key_of(message)
        self._has_repeated |= key in self._accepted
        self._accepted[key] = Accepted(key, self._now, message.sequence_number)

    def finish(self, now: float) -> list[int]:
        """Have all of them taken, in one go; returns their numbers."""
        first, self._context.last_sequence_number = (
            self._first_number,
            self._first_number + self._count - 1,
        )
        if self._known is not None:
            self._known.remember_all(self._accepted)
        self._schedule.take_all(joined(self._waiting), now)
        self._destination.enqueue_all(joined(self._coming))
        self._destination.announce(now)
        return list(range(first, first + self._count))
