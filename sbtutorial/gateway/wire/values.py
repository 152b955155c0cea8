"""The values of properties, as AMQP has them and as filters do.

Source: AMQP 1.0, 1.6; Azure Service Bus, "AMQP 1.0 protocol guide", types of properties.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sbtutorial.amqp.types import (
    Decimal32,
    Decimal64,
    Decimal128,
    Described,
    Long,
    Symbol,
    Timestamp,
    decode,
)
from sbtutorial.broker.errors import BrokerError
from sbtutorial.gateway.wire.decimals import is_decimal, read_decimal, write_decimal

_EPOCH = datetime.fromtimestamp(0, UTC)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

# The ends of the calendar, in milliseconds since the epoch: .NET's DateTime.MinValue and MaxValue.
FIRST_INSTANT_MS = -62_135_596_800_000
LAST_INSTANT_MS = 253_402_300_799_999
# What .NET has and AMQP has not: a duration in ticks of 100 nanoseconds, an address, a time in
# ticks since the year 1 in UTC.
TIMESPAN = Symbol("com.microsoft:timespan")
URI = Symbol("com.microsoft:uri")
DATETIME_OFFSET = Symbol("com.microsoft:datetime-offset")
_TICKS_PER_MICROSECOND = 10


def value_of(entry: bytes) -> object:
    """The value of an entry of a map, of which key and value stand one behind the other."""
    _, value_at = decode(entry)
    return decode(entry, value_at)[0]


def plain_value(value: object) -> object:
    """A value as filters have it."""
    plain = _PLAIN.get(type(value))
    return value if plain is None else plain(value)


def instant(at: float) -> datetime:
    """Seconds since the epoch; what lies beyond the calendar is its first or last moment."""
    try:
        return _EPOCH + timedelta(seconds=at)
    except OverflowError:
        return _LAST if at > 0 else _FIRST


def wire_value(value: object) -> object:
    """A value of a filter or an action, as AMQP has it."""
    if isinstance(value, datetime):
        in_utc = value if value.tzinfo else value.replace(tzinfo=UTC)
        return Timestamp(round(in_utc.timestamp() * 1000))
    if isinstance(value, Decimal):
        return _wire_decimal(value)
    if is_decimal(value):
        return _wire_decimal(read_decimal(value))
    if isinstance(value, timedelta):
        ticks = value // timedelta(microseconds=1) * _TICKS_PER_MICROSECOND
        return Described(TIMESPAN, Long(ticks))
    return value


def _wire_decimal(value: Decimal) -> Decimal128 | float:
    """As Azure writes it; what it cannot carry is a double."""
    try:
        return write_decimal(value)
    except BrokerError:
        return float(value)


def _plain_described(value: Described) -> object:
    if value.descriptor != TIMESPAN or not isinstance(value.value, int):
        return value
    return timedelta(microseconds=value.value / _TICKS_PER_MICROSECOND)


# Values that filters have in another type; all others are the same for both.
_PLAIN: dict[type, Callable[[Any], object]] = {
    Timestamp: lambda value: instant(value / 1000),
    Described: _plain_described,
    Decimal32: read_decimal,
    Decimal64: read_decimal,
    Decimal128: read_decimal,
}
