"""Decimal floating point: the value in decimal32, decimal64 and decimal128.

AMQP 1.0 (1.6.13 to 1.6.15) takes IEEE 754-2008 in its binary integer encoding (BID), in which the
significand is one binary number. The densely packed encoding (DPD) is not AMQP, and no bit would
tell it apart.
"""

from decimal import Decimal
from typing import NamedTuple

from sbtutorial.amqp.types.values import Decimal32, Decimal64, Decimal128

DecimalBytes = Decimal32 | Decimal64 | Decimal128


class _Format(NamedTuple):
    """IEEE 754-2008, table 3.6; `significand_bits` are those behind the exponent."""

    exponent_bits: int
    significand_bits: int
    bias: int
    digits: int


_FORMATS: dict[type, _Format] = {
    Decimal32: _Format(8, 23, 101, 7),
    Decimal64: _Format(10, 53, 398, 16),
    Decimal128: _Format(14, 113, 6176, 34),
}

# The first bits behind the sign; each row is a special case of the one above it.
_LARGE, _INFINITE, _NOT_A_NUMBER = 0b11, 0b11110, 0b11111


def from_bid(raw: DecimalBytes) -> Decimal:
    """The value of a decimal; one that is no number is a quiet NaN.

    A significand beyond the format's digits counts as zero (IEEE 754-2008, 3.5.2).
    """
    exponent_bits, significand_bits, bias, digits = _FORMATS[type(raw)]
    whole = int.from_bytes(raw, "big")
    sign = whole >> (exponent_bits + significand_bits)
    combination = whole >> (exponent_bits + significand_bits - 5) & 0b11111
    if combination == _NOT_A_NUMBER:
        return Decimal("NaN")
    if combination == _INFINITE:
        return Decimal("-Infinity" if sign else "Infinity")
    if combination >> 3 == _LARGE:
        # Two bits less of the significand are written: three more, 100, go before them.
        significand_bits -= 2
        head = 0b100 << significand_bits
    else:
        head = 0
    exponent = (whole >> significand_bits & ((1 << exponent_bits) - 1)) - bias
    significand = head | whole & ((1 << significand_bits) - 1)
    if significand >= 10**digits:
        significand = 0
    return Decimal((sign, tuple(map(int, str(significand))), exponent))
