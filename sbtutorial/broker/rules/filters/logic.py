"""Three-valued logic: functions that answer true, false or unknown (None), made of others.

Source: Azure Service Bus, "Subscription Rule SQL Filter Syntax", the tables of AND and OR.
"""

from collections.abc import Callable

from sbtutorial.broker.rules.filters.errors import FilterError
from sbtutorial.broker.rules.filters.properties import Properties
from sbtutorial.broker.rules.filters.values import COMPARISONS, Kind, compare, kind_of, show

Value = Callable[[Properties], object]
Truth = Callable[[Properties], bool | None]
Matcher = Callable[[str], bool]


def as_truth(value: Value) -> Truth:
    """A value where a condition stands: a boolean property is one; any other value fails."""

    def evaluate(message: Properties) -> bool | None:
        truth = value(message)
        if truth is None or isinstance(truth, bool):
            return truth
        raise FilterError(
            f"{show(truth)} is {kind_of(type(truth)).value} where a condition is needed, "
            "which is true or false."
        )

    return evaluate


def until(decisive: bool, operands: list[Truth]) -> Truth:
    """AND and OR: the decisive truth of one operand is that of all; else unknown wins."""

    def evaluate(message: Properties) -> bool | None:
        result: bool | None = not decisive
        for operand in operands:
            truth = operand(message)
            if truth is decisive:
                return truth
            if truth is None:
                result = None
        return result

    return evaluate


def compare_with(symbol: str, read: Value, constant: object) -> Truth:
    """A comparison with a constant, quick when the other side is of the same kind."""
    kind, holds = kind_of(type(constant)), COMPARISONS[symbol]
    if kind not in (Kind.TEXT, Kind.INTEGER):
        return lambda message: compare(symbol, read(message), constant)

    def evaluate(message: Properties) -> bool | None:
        value = read(message)
        if kind_of(type(value)) is kind:
            return holds(value, constant)
        return compare(symbol, value, constant)

    return evaluate


def is_text_among(read: Value, texts: frozenset[object]) -> Truth:
    """IN among constant texts, in one look-up."""

    def evaluate(message: Properties) -> bool | None:
        value = read(message)
        return value in texts if kind_of(type(value)) is Kind.TEXT else None

    return evaluate


def is_among(read: Value, choices: list[Value]) -> Truth:
    """IN: equal to one of them; unknown when that is unknown for one and true for none."""

    def evaluate(message: Properties) -> bool | None:
        value = read(message)
        result: bool | None = False
        if value is None:
            return None
        for choice in choices:
            truth = compare("=", value, choice(message))
            if truth:
                return True
            if truth is None:
                result = None
        return result

    return evaluate


def like(value: object, is_like: Matcher | None) -> bool | None:
    """LIKE: unknown for what is not a text, and for a pattern that is not known."""
    if is_like is None or not isinstance(value, str):
        return None
    return is_like(value)
