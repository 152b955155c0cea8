"""Dispositions: ranges of delivery-ids, joined from neighbours and taken apart.

Source: AMQP 1.0, 2.7.6.
"""

import struct
from collections.abc import Collection, Iterable, Iterator

from sbtutorial.amqp.messaging import Accepted, DeliveryState
from sbtutorial.amqp.performatives import Disposition
from sbtutorial.amqp.types.encoding import write_bool
from sbtutorial.amqp.types.serial import serial_add, serial_distance

_FIELDS = 6
# What follows the numbers: settled or not, accepted, and not batchable.
_ACCEPTED = {
    settled: write_bool(settled) + Accepted().encode() + write_bool(False)
    for settled in (False, True)
}
# It is of fixed size, with numbers that are not in their shortest form.
_NUMBERS = "BIBI"
_SIZE = 1 + struct.calcsize(f">{_NUMBERS}") + len(_ACCEPTED[False])
_HEADS = {
    role: bytes((0x00, 0x53, Disposition.CODE, 0xC0, _SIZE + 1, _FIELDS)) + write_bool(role)
    for role in (False, True)
}
_pack_accepted = struct.Struct(f">{len(_HEADS[False])}s{_NUMBERS}{len(_ACCEPTED[False])}s").pack


class PendingDisposition:
    """A disposition not sent yet, in case it can cover the next delivery too."""

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
        """Cover one more delivery, if it is the next one and has the same outcome.

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

    def encode(self) -> bytes:
        """The performative as bytes. Hot: runs for each delivery that is settled.

        Nearly every delivery is accepted: what that looks like is kept ready.
        """
        if type(self.outcome) is not Accepted:
            performative = Disposition(self.role, self.first, self.last, self.settled, self.outcome)
            return performative.encode()
        return _pack_accepted(
            _HEADS[self.role], 0x70, self.first, 0x70, self.last, _ACCEPTED[self.settled]
        )


def spans_of(first: int, last: int | None, known: Collection[int]) -> Iterable[tuple[int, int]]:
    """Take a range of delivery-ids apart into deliveries that are known and gaps between them.

    Hot: runs for each disposition that arrives; most have one delivery. A range costs its sender
    nothing, so the work follows from what there is, not from what the range claims.

    Args:
        first: Where the range begins.
        last: Where it ends; None for a range of one.
        known: The deliveries there are.

    Returns:
        In order, each known delivery as `(delivery_id, 1)`, and each gap as its first id and its
        length. Nothing for a range that ends before it begins.
    """
    if last is None or last == first:
        return ((first, 1),)
    length = serial_distance(first, last) + 1
    if length <= len(known):
        ids = (serial_add(first, step) for step in range(length))
        offsets = [step for step, each in enumerate(ids) if each in known]
    else:
        distances = (serial_distance(first, each) for each in known)
        offsets = sorted(distance for distance in distances if 0 <= distance < length)
    return _spans(first, length, offsets)


def _spans(first: int, length: int, offsets: list[int]) -> Iterator[tuple[int, int]]:
    at = 0
    for offset in offsets:
        if offset > at:
            yield serial_add(first, at), offset - at
        yield serial_add(first, offset), 1
        at = offset + 1
    if length > at:
        yield serial_add(first, at), length - at
