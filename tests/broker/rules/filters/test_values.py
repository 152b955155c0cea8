import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from sbtutorial.broker.rules.filters.errors import FilterError
from sbtutorial.broker.rules.filters.values import (
    INT64_MAX,
    INT64_MIN,
    MAX_TEXT_CHARS,
    affirm,
    comparable,
    compare,
    compute,
    negate,
    show,
    to_text,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ID = UUID(int=7)


class WireInt(int):
    """Numbers from the wire know their width, and are ints."""


@pytest.mark.parametrize(
    ("left", "symbol", "right", "result"),
    [
        (7, "+", 2, 9),
        (7, "-", 9, -2),
        (7, "*", -2, -14),
        (7, "/", 2, 3),
        (-7, "/", 2, -3),
        (7, "/", -2, -3),
        (7, "%", 4, 3),
        (-7, "%", 4, -3),
        (7, "%", -4, 3),
        (WireInt(7), "/", 2, 3),
        (7, "/", 2.0, 3.5),
        (1.5, "+", 1, 2.5),
        (-7.5, "%", 2, -1.5),
        (Decimal("1.1"), "+", 1, Decimal("2.1")),
        (Decimal(1), "/", 4, Decimal("0.25")),
        (Decimal("0.5"), "*", 3.0, 1.5),
        ("a", "+", "b", "ab"),
        ("a", "+", 5, "a5"),
        (5, "+", "a", "5a"),
        (NOON, "+", HOUR, NOON + HOUR),
        (NOON + HOUR, "-", NOON, HOUR),
        (NOON, "-", HOUR, NOON - HOUR),
        (HOUR, "+", HOUR, 2 * HOUR),
        (HOUR, "-", HOUR, timedelta(0)),
        (INT64_MIN, "+", INT64_MAX, -1),
    ],
)
def test_arithmetic_follows_c_sharp(left: Any, symbol: str, right: Any, result: object) -> None:
    computed = compute(symbol, left, right)
    assert computed == result
    assert type(computed) is type(result)


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "%"])
def test_arithmetic_with_an_unknown_side_is_unknown(symbol: str) -> None:
    assert compute(symbol, None, 1) is None
    assert compute(symbol, "a", None) is None


@pytest.mark.parametrize(
    ("left", "symbol", "right"),
    [(INT64_MAX, "+", 1), (INT64_MIN, "-", 1), (INT64_MAX, "*", 2), (INT64_MIN, "/", -1)],
)
def test_whole_number_that_leaves_64_bits_is_an_error(left: int, symbol: str, right: int) -> None:
    with pytest.raises(FilterError, match="64 bits"):
        compute(symbol, left, right)


@pytest.mark.parametrize("symbol", ["/", "%"])
@pytest.mark.parametrize("zero", [0, Decimal(0)])
def test_division_by_zero_is_an_error_that_names_it(symbol: str, zero: Any) -> None:
    with pytest.raises(FilterError, match=f"^5 {symbol} 0 cannot be computed: division by zero"):
        compute(symbol, 5, zero)


@pytest.mark.parametrize(
    ("left", "right", "result"),
    [(1.0, 0.0, math.inf), (-1.0, 0.0, -math.inf), (1.0, -0.0, -math.inf), (1, 0.0, math.inf)],
)
def test_floating_point_division_by_zero_is_infinite(left: Any, right: Any, result: float) -> None:
    assert compute("/", left, right) == result


@pytest.mark.parametrize(
    ("left", "symbol", "right"),
    [(0.0, "/", 0.0), (math.nan, "/", 0.0), (1.0, "%", 0.0), (math.inf, "%", 2.0)],
)
def test_floating_point_without_a_result_is_no_number(
    left: float, symbol: str, right: float
) -> None:
    assert math.isnan(compute(symbol, left, right))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("left", "symbol", "right"),
    [
        ("a", "*", 2),
        ("a", "-", "b"),
        (True, "+", 1),
        (NOON, "+", NOON),
        (HOUR, "*", 2),
        (HOUR, "-", NOON),
        (ID, "+", 1),
        (b"a", "+", b"b"),
        ([1], "+", [2]),
    ],
)
def test_arithmetic_on_what_does_not_go_together_is_an_error(
    left: Any, symbol: str, right: Any
) -> None:
    with pytest.raises(FilterError, match="there is no"):
        compute(symbol, left, right)


@pytest.mark.parametrize(
    ("left", "symbol", "right"),
    [
        (datetime.max.replace(tzinfo=UTC), "+", HOUR),
        (timedelta.max, "+", HOUR),
        (Decimal("sNaN"), "+", 1),
        (Decimal("1E999999"), "*", Decimal("1E999999")),
    ],
)
def test_result_out_of_range_is_an_error(left: Any, symbol: str, right: Any) -> None:
    with pytest.raises(FilterError, match="out of range"):
        compute(symbol, left, right)


def test_text_cannot_grow_without_end() -> None:
    half = "x" * (MAX_TEXT_CHARS // 2)
    assert compute("+", half, half) == half + half
    with pytest.raises(FilterError, match=f"{MAX_TEXT_CHARS} at most"):
        compute("+", half + half, "x")


def test_signs() -> None:
    assert negate(5) == -5
    assert negate(HOUR) == -HOUR
    assert negate(None) is None
    assert affirm(2.5) == 2.5
    assert affirm(None) is None
    with pytest.raises(FilterError, match="64 bits"):
        negate(INT64_MIN)
    with pytest.raises(FilterError, match=r"-'a' cannot be computed"):
        negate("a")
    with pytest.raises(FilterError, match=r"\+True cannot be computed"):
        affirm(True)


LESS_AND_MORE = [
    (1, 2),
    (WireInt(1), 2),
    (1, 1.5),
    (Decimal("1.5"), 2),
    (Decimal("1.5"), 1.75),
    ("B", "a"),
    ("", "a"),
    (NOON, NOON + HOUR),
    (HOUR, 2 * HOUR),
]


@pytest.mark.parametrize(("less", "more"), LESS_AND_MORE)
def test_all_six_comparisons_agree_on_an_order(less: Any, more: Any) -> None:
    answers = {"=": False, "<>": True, "!=": True, "<": True, "<=": True, ">": False, ">=": False}
    assert {symbol: compare(symbol, less, more) for symbol in answers} == answers
    turned = {"=": False, "<>": True, "!=": True, "<": False, "<=": False, ">": True, ">=": True}
    assert {symbol: compare(symbol, more, less) for symbol in turned} == turned


EQUALS = [
    (1, 1),
    (WireInt(1), 1),
    (1, 1.0),
    (Decimal("2.08"), 2.08),
    (Decimal(2), 2),
    ("a", "a"),
    (True, True),
    (ID, UUID(int=7)),
    (b"a", b"a"),
    (NOON, NOON.replace(tzinfo=None)),
]


@pytest.mark.parametrize(("left", "right"), EQUALS)
def test_equal_values_compare_as_equal_and_are_one_key(left: Any, right: Any) -> None:
    assert compare("=", left, right) is True
    assert compare("<>", left, right) is False
    assert comparable(left) == comparable(right) is not None


UNLIKE = [
    ("1", 1),
    (True, 1),
    ("True", True),
    (str(ID), ID),
    ("2026-01-01", NOON),
    (HOUR, 3600),
    (b"a", "a"),
    ([1], 1),
]


@pytest.mark.parametrize(("left", "right"), UNLIKE)
@pytest.mark.parametrize("symbol", ["=", "<>", "<", ">="])
def test_values_of_different_kinds_compare_as_unknown(left: Any, symbol: str, right: Any) -> None:
    assert compare(symbol, left, right) is None
    assert compare(symbol, right, left) is None
    assert comparable(left) is None or comparable(left) != comparable(right)


@pytest.mark.parametrize("value", [None, math.nan, Decimal("NaN"), Decimal("sNaN"), [1], {}])
def test_what_equals_nothing_is_no_key(value: object) -> None:
    assert comparable(value) is None


@pytest.mark.parametrize("value", [True, ID, b"a", [1]])
def test_order_among_what_has_none_is_an_error(value: object) -> None:
    assert compare("=", value, value) is True
    with pytest.raises(FilterError, match="never more or less"):
        compare("<", value, value)


def test_comparison_with_a_decimal_that_is_no_number() -> None:
    assert compare("<", Decimal("sNaN"), 1.0) is False
    with pytest.raises(FilterError, match="cannot be computed"):
        compare("<", Decimal("NaN"), 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [(5, "5"), (2.5, "2.5"), (True, "True"), (ID, str(ID)), ("a", "a"), (b"a", "a")],
)
def test_values_as_text(value: object, text: str) -> None:
    assert to_text(value) == text


def test_date_as_text_says_its_zone() -> None:
    assert to_text(NOON.replace(tzinfo=None)) == "2026-01-01T12:00:00+00:00"


def test_long_value_is_cut_in_an_error() -> None:
    assert show("a") == "'a'"
    assert len(show("x" * 1000)) < 50
