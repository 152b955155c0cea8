"""What SET makes of a text where the property that it changes is of another type.

Source: Azure Service Bus, "Subscription Rule SQL Action Syntax", considerations: SET converts to
the type of the existing property; Azure/azure-service-bus#180: a text literal is converted
to the type of the property that is modified. The forms are .NET's.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isfinite
from uuid import UUID

from sbtutorial.broker.rules.filters.errors import FilterError
from sbtutorial.broker.rules.filters.values import INT64_MAX, INT64_MIN, Kind, kind_of, show

_INTEGER = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d{1,400}\.?\d{0,400}|\.\d{1,400})([eE][+-]?\d{1,5})?", re.ASCII)
_BOOLEANS = {"true": True, "false": False}
_DURATION = re.compile(
    r"(?P<sign>-?)(?:(?P<days>\d{1,8})\.)?(?P<hours>\d{1,2}):(?P<minutes>[0-5]?\d)"
    r"(?::(?P<seconds>[0-5]?\d(?:\.\d{1,7})?))?",
    re.ASCII,
)
_DAYS = re.compile(r"-?\d{1,8}", re.ASCII)


def converted(text: str, before: object) -> object:
    """The text as a value of the type that the property has had.

    Raises:
        FilterError: It cannot be one.
    """
    kind = kind_of(type(before))
    convert = _CONVERSIONS.get(kind)
    if convert is None:
        return text
    try:
        value = convert(text.strip())
    except (ValueError, ArithmeticError):
        value = None
    if value is None:
        raise FilterError(
            f"SET cannot change {show(before)} to {show(text)}: the property is {kind.value}, and "
            "the text is none. REMOVE the property first to give it another type."
        )
    # A whole number stays as wide as it was.
    return type(before)(value) if kind is Kind.INTEGER else value  # type: ignore[call-arg]


def parse_duration(text: str) -> timedelta | None:
    """A duration as .NET writes it, such as `1.02:03:04.5`; None for anything else."""
    if _DAYS.fullmatch(text):
        return timedelta(days=int(text))
    match = _DURATION.fullmatch(text)
    if match is None or int(match["hours"]) > 23:
        return None
    parts = {unit: float(match[unit] or 0) for unit in ("days", "hours", "minutes", "seconds")}
    length = timedelta(**parts)
    return -length if match["sign"] else length


def parse_instant(text: str) -> datetime | None:
    """A date, in UTC where it does not say; None for anything else."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _parse_integer(text: str) -> int | None:
    value = int(text) if _INTEGER.fullmatch(text) else None
    return value if value is not None and INT64_MIN <= value <= INT64_MAX else None


def _parse_double(text: str) -> float | None:
    value = float(text) if _NUMBER.fullmatch(text) else None
    return value if value is not None and isfinite(value) else None


def _no_value(_text: str) -> None:
    return None


_CONVERSIONS: dict[Kind, Callable[[str], object]] = {
    Kind.BOOLEAN: lambda text: _BOOLEANS.get(text.lower()),
    Kind.INTEGER: _parse_integer,
    Kind.DOUBLE: _parse_double,
    Kind.DECIMAL: lambda text: Decimal(text) if _NUMBER.fullmatch(text) else None,
    Kind.INSTANT: parse_instant,
    Kind.DURATION: parse_duration,
    Kind.IDENTIFIER: UUID,
    Kind.BINARY: _no_value,
}
