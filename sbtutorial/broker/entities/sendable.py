"""What queues and topics have in common: a way in."""

from collections.abc import Iterable, Sequence
from typing import Any

from sbtutorial.broker.entities.entity import Entity
from sbtutorial.broker.entities.ingress import Ingress
from sbtutorial.broker.message import Message


class Sendable(Entity):
    """An entity that senders send to.

    Attributes:
        intake: The way in; there before the first `adopt`.
    """

    intake: Ingress

    def adopt(self, description: Any, *, now: float) -> None:
        """Live by a description from now on; see `Entity.adopt`."""
        super().adopt(description, now=now)
        self.intake.adopt()

    @property
    def max_message_bytes(self) -> int:
        """The largest message that it takes."""
        return self.intake.max_message_bytes

    @property
    def max_size_bytes(self) -> int:
        """What it holds in all."""
        return self.intake.max_size_bytes

    def send(self, messages: Sequence[Message], *, now: float, who: str = "") -> list[int]:
        """Take all of these messages, or none; see `Ingress.send`."""
        return self.intake.send(messages, now=now, who=who)

    def cancel_scheduled(
        self, sequence_numbers: Iterable[int], *, now: float, who: str = ""
    ) -> None:
        """Remove scheduled messages, all or none; see `Ingress.cancel_scheduled`."""
        self.intake.cancel_scheduled(sequence_numbers, now=now, who=who)

    def cancel_timers(self) -> None:
        """Have nothing more happen here by itself."""
        super().cancel_timers()
        self.intake.cancel_timers()
