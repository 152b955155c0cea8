"""Dispositions cover ranges of delivery-ids: joining neighbours, and taking ranges apart.

Source: AMQP 1.0, 2.7.6.
"""

from collections.abc import Collection, Iterable

from sbtutorial.amqp.messaging import DeliveryState
from sbtutorial.amqp.performatives import Disposition
from sbtutorial.amqp.types.serial import serial_add, serial_distance

# A range costs its sender nothing: beyond this, only deliveries that exist are looked at.
MAX_LISTED_IDS = 4096


class PendingDisposition:
    """A disposition that waits a moment, in case it can speak for the next delivery too."""

    __slots__ = ("first", "last", "outcome", "role", "settled")

    def __init__(
        self, role: bool, delivery_id: int, outcome: DeliveryState | None, settled: bool
    ) -> None:
        self.role = role
        self.first = self.last = delivery_id
        self.outcome = outcome
        self.settled = settled

    def extend(
        self, role: bool, delivery_id: int, outcome: DeliveryState | None, settled: bool
    ) -> bool:
        """Speak for one more delivery, if it is the next one and has the same outcome.

        Returns:
            Whether it does.
        """
        if (
            delivery_id != serial_add(self.last, 1)
            or role is not self.role
            or settled is not self.settled
            or not (outcome is self.outcome or outcome == self.outcome)
        ):
            return False
        self.last = delivery_id
        return True

    def to_disposition(self) -> Disposition:
        """The performative."""
        return Disposition(self.role, self.first, self.last, self.settled, self.outcome)


def ids_in_range(first: int, last: int | None, known: Collection[int]) -> Iterable[int]:
    """The delivery-ids from `first` to `last`, in order.

    Args:
        first: Where the range begins.
        last: Where it ends; None for a range of one.
        known: The deliveries there are. Of a very long range, only these are listed.
    """
    if last is None or last == first:
        return (first,)
    length = serial_distance(first, last) + 1
    if length <= MAX_LISTED_IDS:
        return [serial_add(first, step) for step in range(length)]
    inside = [each for each in known if 0 <= serial_distance(first, each) < length]
    return sorted(inside, key=lambda each: serial_distance(first, each))
