"""How values compare and compute: C#'s promotions among numbers, and nothing between the rest.

None is a value that is not known (a property that is missing or null). Whole numbers have 64 bits,
and overflow is an error. Values of different kinds compare as unknown, so they do not match;
computing with them is an error.

Source: Azure Service Bus, "Subscription Rule SQL Filter Syntax", "Operator binding semantics".
"""

import math
import operator
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, DecimalException
from enum import Enum
from functools import cache
from typing import Any
from uuid import UUID

from sbtutorial.broker.rules.filters.errors import FilterError

INT64_MIN, INT64_MAX = -(1 << 63), (1 << 63) - 1
MAX_TEXT_CHARS = 32 * 1024  # a property cannot be longer
_SHOWN_CHARS = 40


class Kind(Enum):
    """The types that values fall into, by the words that an error uses for them."""

    BOOLEAN = "a boolean"
    INTEGER = "a whole number"
    DOUBLE = "a number"
    DECIMAL = "a decimal number"
    TEXT = "a text"
    INSTANT = "a date"
    DURATION = "a duration"
    IDENTIFIER = "a UUID"
    BINARY = "bytes"
    OTHER = "a value of another type"


# The first that fits: bool is an int to Python.
_KINDS: tuple[tuple[type, Kind], ...] = (
    (bool, Kind.BOOLEAN),
    (int, Kind.INTEGER),
    (float, Kind.DOUBLE),
    (Decimal, Kind.DECIMAL),
    (str, Kind.TEXT),
    (datetime, Kind.INSTANT),
    (timedelta, Kind.DURATION),
    (UUID, Kind.IDENTIFIER),
    (bytes, Kind.BINARY),
)
_NUMBERS = frozenset({Kind.INTEGER, Kind.DOUBLE, Kind.DECIMAL})
_ORDERED = _NUMBERS | {Kind.TEXT, Kind.INSTANT, Kind.DURATION}

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_EQUALITIES = frozenset({"=", "<>", "!="})


def _kind_of(cls: type) -> Kind:
    return next((kind for known, kind in _KINDS if issubclass(cls, known)), Kind.OTHER)


kind_of: Callable[[type], Kind] = cache(_kind_of)
"""The kind that a type's values have; cached, since each evaluation asks for it."""


def compare(symbol: str, left: Any, right: Any) -> bool | None:
    """Whether a comparison holds; None when that is unknown.

    Raises:
        FilterError: For an order among values that have none.
    """
    if left is None or right is None:
        return None
    kinds = kind_of(type(left)), kind_of(type(right))
    if kinds[0] is not kinds[1]:
        if not _NUMBERS.issuperset(kinds):
            return None
        left, right = _promote(left, right, kinds)
    elif kinds[0] is Kind.INSTANT:
        left, right = _in_utc(left), _in_utc(right)
    elif kinds[0] not in _ORDERED and symbol not in _EQUALITIES:
        raise FilterError(
            f"{show(left)} {symbol} {show(right)} has no answer: {kinds[0].value} "
            "is equal to another or is not, and never more or less."
        )
    try:
        return COMPARISONS[symbol](left, right)
    except DecimalException as error:  # a decimal that is no number
        raise _cannot_compute(symbol, left, right) from error


def compute(symbol: str, left: Any, right: Any) -> object:
    """The result of an arithmetic operator; None when a side is unknown.

    Raises:
        FilterError: For kinds that do not go together, overflow, or a division by zero.
    """
    if left is None or right is None:
        return None
    kinds = kind_of(type(left)), kind_of(type(right))
    if _NUMBERS.issuperset(kinds):
        return _compute_number(symbol, *_promote(left, right, kinds))
    if symbol == "+" and Kind.TEXT in kinds:
        return _join(to_text(left), to_text(right))
    if (symbol, *kinds) not in _ON_TIMES:
        raise FilterError(
            f"{show(left)} {symbol} {show(right)} cannot be computed: there is no {symbol} for "
            f"{kinds[0].value} and {kinds[1].value}."
        )
    if kinds == (Kind.INSTANT, Kind.INSTANT):
        left, right = _in_utc(left), _in_utc(right)
    try:
        return _PLAIN[symbol](left, right)
    except OverflowError as error:
        raise _cannot_compute(symbol, left, right) from error


def negate(value: Any) -> object:
    """What a minus sign makes of a value; None when it is unknown.

    Raises:
        FilterError: For what has no negative.
    """
    if value is None:
        return None
    if kind_of(type(value)) is Kind.DURATION:
        return compute("-", timedelta(0), value)
    return compute("*", -1, affirm(value, sign="-"))


def affirm(value: Any, sign: str = "+") -> object:
    """A value that a sign may stand before.

    Raises:
        FilterError: For anything but numbers and durations.
    """
    if value is None or kind_of(type(value)) in _NUMBERS | {Kind.DURATION}:
        return value
    raise FilterError(
        f"{sign}{show(value)} cannot be computed: {kind_of(type(value)).value} has no sign."
    )


def to_text(value: object) -> str:
    """A value as a text property holds it."""
    if isinstance(value, datetime):
        return _in_utc(value).isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def comparable(value: object) -> object:
    """A value so that two that `compare` as equal are the same key of a dictionary.

    Numbers count by value; None when nothing equals the value.
    """
    kind = kind_of(type(value))
    if isinstance(value, Decimal):
        value = _as_double(value)
    if isinstance(value, datetime):
        value = _in_utc(value)
    if value is None or kind is Kind.OTHER or value != value:
        return None
    return (Kind.DOUBLE if kind in _NUMBERS else kind, value)


def show(value: object) -> str:
    """A value as an error names it, cut when it is long."""
    text = f"'{value}'" if isinstance(value, str) else to_text(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"


def _promote(left: Any, right: Any, kinds: tuple[Kind, Kind]) -> tuple[Any, Any]:
    return (_as_double(left), _as_double(right)) if Kind.DOUBLE in kinds else (left, right)


def _compute_number(symbol: str, left: Any, right: Any) -> object:
    if isinstance(left, float):
        return _DOUBLES[symbol](left, right)
    is_whole = isinstance(left, int) and isinstance(right, int)
    try:
        result = (_INTEGERS if is_whole else _DECIMALS)[symbol](left, right)
    except (DecimalException, ZeroDivisionError) as error:
        raise _cannot_compute(symbol, left, right) from error
    if isinstance(result, int) and not INT64_MIN <= result <= INT64_MAX:
        raise FilterError(
            f"{show(left)} {symbol} {show(right)} does not fit into 64 bits (overflow)."
        )
    return result


def _cannot_compute(symbol: str, left: object, right: object) -> FilterError:
    is_division = symbol in ("/", "%") and right == 0
    reason = "division by zero" if is_division else "the result is out of range"
    return FilterError(f"{show(left)} {symbol} {show(right)} cannot be computed: {reason}.")


def _join(left: str, right: str) -> str:
    if len(left) + len(right) > MAX_TEXT_CHARS:
        raise FilterError(
            f"{show(left)} + {show(right)} has {len(left) + len(right)} characters; "
            f"a text may have {MAX_TEXT_CHARS} at most."
        )
    return left + right


def _in_utc(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _as_double(value: Any) -> float:
    return math.nan if isinstance(value, Decimal) and value.is_nan() else float(value)


def _divide_integers(left: int, right: int) -> int:
    """Towards zero, as C# and SQL do."""
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _integer_remainder(left: int, right: int) -> int:
    return left - right * _divide_integers(left, right)


def _divide_doubles(left: float, right: float) -> float:
    """A division by zero is infinite or no number, as IEEE 754 and C# have it."""
    if right:
        return left / right
    if not left or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _double_remainder(left: float, right: float) -> float:
    return math.nan if not right or math.isinf(left) else math.fmod(left, right)


_PLAIN: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}
_INTEGERS = _PLAIN | {"/": _divide_integers, "%": _integer_remainder}
_DECIMALS = _PLAIN | {"/": operator.truediv, "%": operator.mod}
_DOUBLES = _PLAIN | {"/": _divide_doubles, "%": _double_remainder}
_ON_TIMES = frozenset(
    {
        ("-", Kind.INSTANT, Kind.INSTANT),
        ("-", Kind.INSTANT, Kind.DURATION),
        ("+", Kind.INSTANT, Kind.DURATION),
        ("-", Kind.DURATION, Kind.DURATION),
        ("+", Kind.DURATION, Kind.DURATION),
    }
)
