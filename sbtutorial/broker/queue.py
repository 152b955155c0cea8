"""A queue: an intake, and behind it a line of messages with its dead-letter queue."""

from collections.abc import Iterable, Sequence

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.entities import QueueDescription
from sbtutorial.broker.entity import Surroundings
from sbtutorial.broker.intake import Intake
from sbtutorial.broker.line_pair import LinePair
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import Input


class Queue(LinePair):
    """What senders send to and receivers receive from."""

    description: QueueDescription

    def __init__(
        self, name: str, description: QueueDescription, surroundings: Surroundings, *, now: float
    ):
        super().__init__(name, description, surroundings, now=now)
        self.intake = Intake(self, self.active, self)
        self.adopt(description, now=now)

    def adopt(self, description: QueueDescription, *, now: float) -> None:
        """Live by a description from now on; see `Entity.adopt`."""
        super().adopt(description, now=now)
        self.intake.adopt()

    @property
    def max_message_bytes(self) -> int:
        """The largest message that it takes."""
        return self.intake.max_message_bytes

    @property
    def max_size_bytes(self) -> int:
        """What its lines hold together."""
        return self.intake.max_size_bytes

    def send(self, messages: Sequence[Message], *, now: float, who: str = "") -> list[int]:
        """Take all of these messages, or none; see `Intake.send`."""
        return self.intake.send(messages, now=now, who=who)

    def cancel_scheduled(
        self, sequence_numbers: Iterable[int], *, now: float, who: str = ""
    ) -> None:
        """Remove scheduled messages, all or none; see `Intake.cancel_scheduled`."""
        self.intake.cancel_scheduled(sequence_numbers, now=now, who=who)

    def cancel_timers(self) -> None:
        """Have nothing more happen here by itself."""
        super().cancel_timers()
        self.intake.cancel_timers()

    # -- For the intake ----------------------------------------------------------------------

    def place(self, message: Message, now: float, who: str) -> None:
        """Put an accepted message into the line."""
        self.active.admit(message, Input.SEND)
        self.start_life(message, now)
        self.active.report(ChangeKind.SENT, message, now, who)

    def activate(self, message: Message, now: float) -> None:
        """A scheduled message is in the line already; its life begins now."""
        self.start_life(message, now)
