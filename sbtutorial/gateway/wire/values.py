"""The values of properties, as AMQP has them and as filters do.

Source: AMQP 1.0, 1.6; Azure Service Bus, "AMQP 1.0 protocol guide", types of properties.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeGuard

from sbtutorial.amqp.types import (
    Decimal32,
    Decimal64,
    Decimal128,
    Described,
    Long,
    Symbol,
    Timestamp,
)
from sbtutorial.broker.errors import BrokerError
from sbtutorial.gateway.wire.decimals import read_decimal, write_decimal

_EPOCH = datetime.fromtimestamp(0, UTC)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

# .NET's duration, in ticks of 100 nanoseconds.
_TIMESPAN = Symbol("com.microsoft:timespan")
_TICKS_PER_MICROSECOND = 10


def plain_value(value: object) -> object:
    """A value as filters have it."""
    if isinstance(value, Timestamp):
        return instant(value / 1000)
    if _is_timespan(value):
        return timedelta(microseconds=value.value / _TICKS_PER_MICROSECOND)
    if isinstance(value, Decimal32 | Decimal64 | Decimal128):
        return read_decimal(value)
    return value


def instant(at: float) -> datetime:
    """Seconds since the epoch; what lies beyond the calendar is its first or last moment."""
    try:
        return _EPOCH + timedelta(seconds=at)
    except OverflowError:
        return _LAST if at > 0 else _FIRST


def wire_value(value: object) -> object:
    """A value of a filter or an action, as AMQP has it."""
    if isinstance(value, datetime):
        return Timestamp(round(value.timestamp() * 1000))
    if isinstance(value, Decimal):
        return _wire_decimal(value)
    if isinstance(value, Decimal32 | Decimal64 | Decimal128):
        return _wire_decimal(read_decimal(value))
    if isinstance(value, timedelta):
        ticks = value // timedelta(microseconds=1) * _TICKS_PER_MICROSECOND
        return Described(_TIMESPAN, Long(ticks))
    return value


def _wire_decimal(value: Decimal) -> Decimal128 | float:
    """As Azure writes it; what it cannot carry is a double."""
    try:
        return write_decimal(value)
    except BrokerError:
        return float(value)


def _is_timespan(value: object) -> TypeGuard[Described]:
    if not isinstance(value, Described) or value.descriptor != _TIMESPAN:
        return False
    return isinstance(value.value, int)
