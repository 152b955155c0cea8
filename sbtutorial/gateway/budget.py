"""How much a turn may do, in counted units: the same run takes the same turns on every machine."""

from collections.abc import Generator
from typing import TypeVar

_Counted = TypeVar("_Counted")


class Budget:
    """What is left of a share of a turn.

    One unit is worth about 50 microseconds: a frame, an event, a timer, a message handed out. What
    takes longer spends more, in proportion to what it works on; a share may be overdrawn by its
    last piece of work, so no piece may be long.

    Attributes:
        left: Zero or less when the share is used up.
    """

    __slots__ = ("left",)

    def __init__(self, left: int = 0) -> None:
        self.left = left

    def spend(self, units: int) -> None:
        """Note that so much was done."""
        self.left -= units

    def spend_on_bytes(self, size: int) -> None:
        """Note that this much was decoded or encoded, value by value."""
        self.left -= size // _BYTES_PER_UNIT


_BYTES_PER_UNIT = 512
MESSAGES_A_UNIT = 4


def in_units(steps: Generator[int, float, _Counted]) -> Generator[int, float, _Counted]:
    """Steps that count messages, as a job that counts what they cost."""
    try:
        count = next(steps)
        while True:
            now = yield max(count // MESSAGES_A_UNIT, 1)
            count = steps.send(now)
    except StopIteration as end:
        result: _Counted = end.value
        return result
