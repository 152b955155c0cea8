"""Arithmetic of AMQP's sequence numbers: 32 bits that wrap around, compared as in RFC 1982."""

_MASK = 0xFFFFFFFF
_HALF = 0x80000000


def serial_add(number: int, steps: int) -> int:
    """The number `steps` after `number`; before it, when negative."""
    return (number + steps) & _MASK


def serial_distance(start: int, end: int) -> int:
    """How many steps lead from `start` to `end`: -2^31 to 2^31 - 1."""
    return ((end - start + _HALF) & _MASK) - _HALF


def serial_precedes(first: int, second: int) -> bool:
    """Whether `first` comes before `second`, however the numbers have wrapped."""
    return serial_distance(first, second) > 0
