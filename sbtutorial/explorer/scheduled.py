"""What is scheduled to a topic, as the broker's events tell it: the SDK cannot look at that."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sbtutorial.explorer.message import is_random
from sbtutorial.explorer.places import Place
from sbtutorial.explorer.tables import Shown, Table
from sbtutorial.trace import Event

_BIRTH = "topic_created"


@dataclass(frozen=True)
class Scheduled:
    """A message that a topic keeps until its time comes.

    Attributes:
        number: What `cancel_scheduled` takes; when its time comes, the message gets another.
        message_id: Its id, if it has one.
    """

    number: int
    message_id: str | None


class ScheduledMessages(Shown):
    """All of a topic's, in the order in which they were sent."""

    def __init__(self, place: Place, messages: Sequence[Scheduled]) -> None:
        self.place = place
        self._messages = tuple(messages)

    def __iter__(self) -> Iterator[Scheduled]:
        return iter(self._messages)

    def __len__(self) -> int:
        return len(self._messages)

    def table(self) -> Table:
        """A row each; ids that a program made up are left out."""
        rows = (
            (one.number, "" if is_random(one.message_id) else one.message_id, "scheduled")
            for one in self
        )
        heads = ("message", "message id", "state")
        return Table(f"scheduled to {self.place}", heads, rows, f"{self.place}: nothing scheduled")


def scheduled(place: Place, events: Iterable[Event]) -> ScheduledMessages:
    """What the events of a topic have left over.

    Args:
        place: The topic.
        events: Its own, in order.
    """
    waiting: list[Scheduled] = []
    for event in events:
        if event.what == _BIRTH:
            waiting.clear()
        elif event.what == "scheduled":
            waiting.append(Scheduled(event.sequence_number, event.message_id))
        elif event.what == "cancelled":
            waiting = [one for one in waiting if one.number != event.sequence_number]
        elif event.what == "activated":  # under another number; by its id it is known
            gone = next((one for one in waiting if one.message_id == event.message_id), None)
            waiting = [one for one in waiting if one is not gone]
    return ScheduledMessages(place, waiting)
