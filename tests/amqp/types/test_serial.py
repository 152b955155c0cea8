import pytest

from sbtutorial.amqp.types import serial_add, serial_distance, serial_precedes

LAST = 0xFFFFFFFF


def test_numbers_wrap_at_32_bits() -> None:
    assert serial_add(LAST, 1) == 0
    assert serial_add(0, -1) == LAST


@pytest.mark.parametrize(
    ("start", "end", "steps"), [(1, 4, 3), (4, 1, -3), (LAST, 2, 3), (7, 7, 0)]
)
def test_distance_counts_across_the_wrap(start: int, end: int, steps: int) -> None:
    assert serial_distance(start, end) == steps


def test_order_holds_across_the_wrap() -> None:
    assert serial_precedes(LAST, 0)
    assert not serial_precedes(0, LAST)
    assert not serial_precedes(5, 5)
