"""Decimals as Azure writes them: where its own clients look for the exponent.

Service Bus reads decimals as AMQP defines them, and writes each anew, as a decimal128 whose first
byte is the exponent >> 9 (with the sign before it), whose second is (exponent & 0x7F) << 1, and
whose last twelve are the significand. That is not what AMQP says, but what .NET and the Python SDK
read; the latter cannot read what it has sent itself. It leaves room for the exponents -32 to 95;
.NET takes 28 decimal places, and significands below 2^96.
Source: azure-servicebus, _pyamqp, encoding and decoding of decimal128; .NET, System.Decimal.
"""

import re
from decimal import Decimal
from typing import TypeGuard

from sbtutorial.amqp.sections import map_items
from sbtutorial.amqp.types import (
    Array,
    Decimal32,
    Decimal64,
    Decimal128,
    Described,
    decode,
    encode,
    skip,
)
from sbtutorial.amqp.types.decimals import DecimalBytes, from_bid
from sbtutorial.amqp.types.decoding import read_borders
from sbtutorial.broker.errors import BrokerError, ErrorCode

_BIAS = 6176
_FIRST_BYTE = _BIAS >> 9
_LEAST_EXPONENT, _GREATEST_EXPONENT = -28, 95
_MOST = 2**96

_CODES = frozenset({0x74, 0x84, 0x94})
# Maps, lists, arrays and described values may have a decimal inside.
_LEAST_COMPOUND = 0xC0
_DESCRIBED = 0x00
_MAP32 = 0xD1
# Binary, string and symbol of up to 255 bytes.
_SHORT = frozenset({0xA0, 0xA1, 0xA3})
_any_code = re.compile(b"[\x74\x84\x94]").search
_SECTION_DESCRIPTOR_SIZE = 3


def is_decimal(value: object) -> TypeGuard[DecimalBytes]:
    """Whether a value is a decimal, as it was received."""
    return isinstance(value, Decimal32 | Decimal64 | Decimal128)


def read_decimal(raw: DecimalBytes) -> Decimal:
    """The value of a decimal, whichever of the two ways it is written."""
    if type(raw) is Decimal128 and _is_azures(raw):
        exponent = (_FIRST_BYTE << 9 | raw[1] >> 1) - _BIAS
        digits = tuple(map(int, str(int.from_bytes(raw[4:], "big"))))
        return Decimal((raw[0] >> 7, digits, exponent))
    return from_bid(raw)


def write_decimal(value: Decimal) -> Decimal128:
    """A decimal as Azure's clients read it.

    Raises:
        BrokerError: ARGUMENT_ERROR: Service Bus cannot carry it.
    """
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        special = 0x7C if value.is_nan() else 0x78
        return Decimal128(bytes((sign << 7 | special,)) + bytes(15))
    significand, exponent = _fitted(int("".join(map(str, digits))), exponent)
    if not _LEAST_EXPONENT <= exponent <= _GREATEST_EXPONENT or significand >= _MOST:
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR,
            f"The decimal {value} has too many digits: Service Bus carries 28, and 28 decimal "
            "places. Round it, or send it as text.",
        )
    biased = exponent + _BIAS
    head = bytes((sign << 7 | biased >> 9, (biased & 0x7F) << 1, 0, 0))
    return Decimal128(head + significand.to_bytes(12, "big"))


def carried(raw: DecimalBytes) -> Decimal128:
    """A decimal that was received as it is handed out.

    Raises:
        BrokerError: ARGUMENT_ERROR: Service Bus cannot carry it.
    """
    return raw if type(raw) is Decimal128 and _is_azures(raw) else write_decimal(read_decimal(raw))


def with_carried_decimals(value: object) -> object:
    """A value with each decimal in it as it is handed out.

    Raises:
        BrokerError: ARGUMENT_ERROR: Service Bus cannot carry one of them.
    """
    match value:
        case Decimal32() | Decimal64() | Decimal128():
            return carried(value)
        case Array():
            return Array(map(with_carried_decimals, value), value.element_code)
        case list():
            return list(map(with_carried_decimals, value))
        case dict():
            return {
                with_carried_decimals(key): with_carried_decimals(each)
                for key, each in value.items()
            }
        case Described():
            return Described(value.descriptor, with_carried_decimals(value.value))
    return value


def rewrite_item(raw: bytes) -> bytes:
    """A map's entry, key and value, with its decimals as they are handed out.

    Raises:
        BrokerError: ARGUMENT_ERROR: Service Bus cannot carry one of them.
    """
    value_at = skip(raw, 0)
    code = raw[value_at]
    is_compound = code >= _LEAST_COMPOUND or code == _DESCRIBED
    if code in _CODES or (is_compound and _any_code(raw, value_at)):
        value, _ = decode(raw, value_at)
        rewritten = with_carried_decimals(value)
        if rewritten != value or type(rewritten) is not type(value):
            return raw[:value_at] + encode(rewritten)
    return raw


def rewritten_items(section: bytes) -> list[bytes] | None:
    """The entries of a map section with their decimals as they are handed out.

    Returns:
        None when there is nothing to rewrite, as nearly always.

    Raises:
        DecodeError: The section is malformed.
        BrokerError: ARGUMENT_ERROR: Service Bus cannot carry one of the decimals.
    """
    if _any_code(section, _SECTION_DESCRIPTOR_SIZE) is None or not _may_have_decimals(section):
        return None
    items = [raw for _, raw in map_items(section)]
    rewritten = [rewrite_item(raw) for raw in items]
    return None if rewritten == items else rewritten


def _may_have_decimals(section: bytes) -> bool:
    """Whether some value of a map section is a decimal, or may have one inside.

    Hot: runs for each message with properties, since the code of decimal32 is a "t" in texts.
    """
    wide = section[_SECTION_DESCRIPTOR_SIZE] == _MAP32
    count, offset, _ = read_borders(section, _SECTION_DESCRIPTOR_SIZE + 1, wide=wide)
    is_value = False
    for _ in range(count):
        code = section[offset]
        if is_value and (code in _CODES or code >= _LEAST_COMPOUND or code == _DESCRIBED):
            return True
        is_value = not is_value
        offset = offset + 2 + section[offset + 1] if code in _SHORT else skip(section, offset)
    return False


def _is_azures(raw: Decimal128) -> bool:
    """Whether Azure's way is meant: as AMQP has it, these would be exponents of -4640 and so on."""
    return raw[0] & 0x7F == _FIRST_BYTE and not raw[1] & 1 and raw[2:4] == b"\0\0"


def _fitted(significand: int, exponent: int) -> tuple[int, int]:
    """The same number, with an exponent and a significand that can be carried if there are any."""
    if significand == 0:
        return 0, min(max(exponent, _LEAST_EXPONENT), _GREATEST_EXPONENT)
    while exponent > _GREATEST_EXPONENT and significand < _MOST:
        significand, exponent = significand * 10, exponent - 1
    while (exponent < _LEAST_EXPONENT or significand >= _MOST) and significand % 10 == 0:
        significand, exponent = significand // 10, exponent + 1
    return significand, exponent
