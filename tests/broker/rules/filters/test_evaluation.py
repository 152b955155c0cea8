"""What conditions answer. Unknown is told from false by its negation: both do not match."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.rules.filters.errors import FilterError
from sbtutorial.broker.rules.filters.sql import parse_filter
from tests.broker.rules.filters.messages import Sample, having, with_system

T, F, U = "t = 1", "t = 2", "nowhere = 1"
TRUTHS = {T: True, F: False, U: None}
MESSAGE = having(t=1)


def truth(text: str, message: Sample = MESSAGE, **parameters: Any) -> bool | None:
    """True, false, or None for unknown."""
    if parse_filter(text, parameters).matches(message):
        return True
    return False if parse_filter(f"NOT ({text})", parameters).matches(message) else None


def failure(text: str, message: Sample = MESSAGE, **parameters: Any) -> str:
    condition = parse_filter(text, parameters)
    with pytest.raises(FilterError) as caught:
        condition.matches(message)
    return caught.value.message


def test_the_three_truths_are_what_they_stand_for() -> None:
    assert {text: truth(text) for text in TRUTHS} == TRUTHS


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        (T, T, True, True),
        (T, F, False, True),
        (T, U, None, True),
        (F, T, False, True),
        (F, F, False, False),
        (F, U, False, None),
        (U, T, None, True),
        (U, F, False, None),
        (U, U, None, None),
    ],
)
def test_tables_of_and_and_or(left: str, right: str, both: Any, either: Any) -> None:
    assert truth(f"{left} AND {right}") is both
    assert truth(f"{left} OR {right}") is either


@pytest.mark.parametrize(("operand", "result"), [(T, False), (F, True), (U, None)])
def test_table_of_not(operand: str, result: bool | None) -> None:
    assert truth(f"NOT {operand}") is result


truths = st.sampled_from([T, F, U])
formulas = st.recursive(
    truths,
    lambda inner: st.one_of(
        inner.map("NOT ({})".format),
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(
            lambda x: "({} {} {})".format(*x)
        ),
    ),
    max_leaves=8,
)


@given(formulas)
def test_two_negations_change_nothing(formula: str) -> None:
    assert truth(f"NOT NOT ({formula})") is truth(formula)


@given(formulas, formulas)
def test_de_morgan_holds_with_unknowns(a: str, b: str) -> None:
    assert truth(f"NOT ({a} AND {b})") is truth(f"NOT {a} OR NOT {b}")
    assert truth(f"NOT ({a} OR {b})") is truth(f"NOT {a} AND NOT {b}")


@given(formulas, formulas, formulas)
def test_and_spreads_over_or_with_unknowns(a: str, b: str, c: str) -> None:
    assert truth(f"{a} AND ({b} OR {c})") is truth(f"({a} AND {b}) OR ({a} AND {c})")


@pytest.mark.parametrize(
    "text",
    [
        *(f"nowhere {symbol} 1" for symbol in ("=", "<>", "!=", "<", "<=", ">", ">=")),
        "1 = nowhere",
        "nowhere = nowhere",
        "nowhere = NULL",
        "t = NULL",
        "NULL <> NULL",
        "nothing = NULL",
        *(f"nowhere {symbol} 1 = 1" for symbol in "+-*/%"),
        "-nowhere = 1",
        "+nowhere = 1",
        "nowhere LIKE '%'",
        "'x' LIKE nowhere",
        "'x' LIKE '%' ESCAPE nowhere",
        "nowhere IN (1, 2)",
        "nowhere IN ('a', 'b')",
        "t IN (2, nowhere)",
        "t IN (2, NULL)",
        "t = '1'",
        "t IN ('1', '2')",
        "t LIKE '1'",
        "p(nowhere) = 1",
        "nowhere",
        "nothing",
        "NULL",
        "sys.Label = 'x'",
    ],
)
def test_what_depends_on_something_unknown_is_unknown(text: str) -> None:
    assert truth(text, having(t=1, nothing=None)) is None


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a = 5", True),
        ("A = 5", True),
        ("user.a = 5", True),
        ("[a] <> 5", False),
        ("p('a') = 5", True),
        ("property('A') = 5", True),
        ("property('user.a') = 5", True),
        ("property('sys.label') = 'bus stop'", True),
        ("p(name) = 5", True),
        ("sys.Label = 'bus stop'", True),
        ("SYS.LABEL LIKE '%bus%'", True),
        ("sys.subject LIKE 'bus_stop'", True),
        ("text LIKE 'A!%' ESCAPE '!'", True),
        ("text LIKE pattern", False),
        ("text NOT LIKE pattern", True),
        ("text LIKE 'A' + '%'", True),
        ("text = 'a%'", False),
        ("text < 'a'", True),
        ("a + 1 = 6", True),
        ("a / 2 = 2", True),
        ("a / 2.0 = 2.5", True),
        ("a % 3 = 2", True),
        ("-a < 0", True),
        ("a * 2 - 4 > a", True),
        ("a IN (1, 5)", True),
        ("a IN (1, 2)", False),
        ("a NOT IN (1, 2)", True),
        ("a IN (1, 2.5 * 2)", True),
        ("a IN ('x', 5)", True),
        ("text IN ('A%', 'b')", True),
        ("text IN ('a%', 'b')", False),
        ("text IN ('b', pattern, text)", True),
        ("flag", True),
        ("NOT flag", False),
        ("flag AND a = 5", True),
        ("flag = TRUE", True),
        ("flag <> false", True),
        ("TRUE", True),
        ("FALSE", False),
        ("1=1", True),
        ("1=0", False),
        ("1>1", False),
        ("a IS NULL", False),
        ("a IS NOT NULL", True),
        ("nothing IS NULL", True),
        ("nowhere IS NULL", True),
        ("p('no' + 'where') IS NULL", True),
        ("EXISTS(a)", True),
        ("EXISTS(A)", True),
        ("EXISTS(nothing)", True),
        ("EXISTS(nowhere)", False),
        ("NOT EXISTS(nowhere)", True),
        ("EXISTS(p('a'))", True),
        ("EXISTS(p(nowhere))", None),
        ("EXISTS(sys.Label)", True),
        ("EXISTS(sys.To)", False),
        ("sys.To IS NULL", True),
        ("sys.DeliveryCount = 0", True),
        ("newid() = newid()", False),
        ("newid() <> newid()", True),
    ],
)
def test_answers(text: str, result: bool | None) -> None:
    application = {
        "a": 5,
        "name": "a",
        "text": "A%",
        "pattern": "b%",
        "flag": True,
        "nothing": None,
    }
    message = Sample(application, Label="bus stop", DeliveryCount=0)
    assert truth(text, message) is result


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "value", "result"),
    [
        ("color = @x", "blue", True),
        ("color = @X", "blue", True),
        ("size > @x", 5, True),
        ("size > @x", 10, False),
        ("@x < size", 5, True),
        ("color LIKE @x", "b%", True),
        ("color IN ('red', @x)", "blue", True),
        ("size IN (@x, 7)", 10, True),
        ("p(@x) = 10", "size", True),
        ("@x", True, True),
        ("@x", None, None),
        ("sent > @x", NOON - timedelta(hours=1), True),
        ("sent = @x", NOON.replace(tzinfo=None), True),
        ("sent - sys.EnqueuedTimeUtc <= @x", timedelta(hours=1), True),
        ("(sent - sys.EnqueuedTimeUtc) <= @x", timedelta(0), False),
        ("ident = @x", UUID(int=1), True),
    ],
)
def test_parameters(text: str, value: object, result: bool | None) -> None:
    application = {"color": "blue", "size": 10, "sent": NOON, "ident": UUID(int=1)}
    message = Sample(application, EnqueuedTimeUtc=NOON - timedelta(minutes=30))
    assert truth(text, message, x=value) is result


def test_property_in_the_very_case_goes_before_another() -> None:
    message = having(Color="red", color="blue")
    assert truth("color = 'blue'", message) is True
    assert truth("Color = 'red'", message) is True
    assert truth("COLOR = 'red'", message) is True


def test_new_ids_come_from_where_they_are_told_to() -> None:
    ids = iter([UUID(int=1), UUID(int=2)])
    condition = parse_filter("newid() = a", new_id=lambda: next(ids))
    message = having(a=UUID(int=2))
    assert [condition.matches(message) for _ in range(2)] == [False, True]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a / 0 = 1", "division by zero"),
        ("a % (a - a) = 1", "division by zero"),
        ("a + 9223372036854775807 > 0", "64 bits"),
        ("text * 2 = 4", "there is no * for a text and a whole number"),
        ("-text = 1", "a text has no sign"),
        ("flag > FALSE", "never more or less"),
        ("text", "'A%' is a text where a condition is needed"),
        ("NOT a", "5 is a whole number where a condition is needed"),
        ("flag AND a", "5 is a whole number where a condition is needed"),
        ("text LIKE a", "The pattern of LIKE is 5; it must be a text"),
        ("text LIKE text ESCAPE a", "The character of ESCAPE is 5; it must be a text"),
        ("text LIKE text ESCAPE 'ab'", "ESCAPE takes one character"),
        ("p(a) = 1", "property() is given 5; it takes the name of a property"),
        ("p('sys.' + text) = 1", "There is no system property A%"),
        ("EXISTS(p('sys.' + text))", "There is no system property A%"),
    ],
)
def test_failures_say_which_values_do_not_go(text: str, problem: str) -> None:
    assert problem in failure(text, having(a=5, text="A%", flag=True))


@pytest.mark.parametrize(
    "text",
    [
        "NOT " * 96 + "t = 1",
        "NOT(t=1 AND " * 48 + "t=1" + ")" * 48,
        "-" * 96 + "t = 1",
        "t" + "-t" * 96 + " = -95",
    ],
)
def test_what_is_nested_as_deeply_as_is_allowed_fits_on_the_stack(text: str) -> None:
    """With more calls below it than a broker has."""
    assert below(300, lambda: truth(text)) is True


def below(frames: int, call: Callable[[], bool | None]) -> bool | None:
    return call() if frames == 0 else below(frames - 1, call)


def test_what_decides_is_not_followed_by_a_failure() -> None:
    assert truth("t = 2 AND t / 0 = 1") is False
    assert truth("t = 1 OR t / 0 = 1") is True
    assert "division" in failure("nowhere = 2 AND t / 0 = 1")


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("a = @x", "column 5", "there is no parameter @x"),
        ("a LIKE @y", "column 8", "there is no parameter @y"),
        ("a = 1 AND\n@z", "line 2, column 1", "there is no parameter @z"),
        ("a LIKE 'b!' ESCAPE '!'", "column 3", "ends with its escape character"),
        ("a LIKE 'b' ESCAPE 'ab'", "column 3", "ESCAPE takes one character"),
        ("a LIKE 5", "column 3", "The pattern of LIKE is 5"),
        ("a LIKE @given", "column 3", "The pattern of LIKE is 7"),
        ("@given", "column 1", "a condition is needed"),
        ("a = 1 OR @given", "column 10", "a condition is needed"),
    ],
)
def test_what_can_never_be_evaluated_is_refused_when_the_rule_is_made(
    text: str, place: str, problem: str
) -> None:
    with pytest.raises(BrokerError) as caught:
        parse_filter(text, {"@given": 7})
    assert place in caught.value.message
    assert problem in caught.value.message


numbers = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(), st.booleans(), st.none())
anything = st.one_of(numbers, st.text(max_size=5), st.binary(max_size=3), st.uuids())


@given(st.dictionaries(st.sampled_from("abc"), anything))
def test_every_message_gets_an_answer_or_a_filter_error(application: dict[str, object]) -> None:
    message = having(**application)
    for condition in EVERYTHING:
        try:
            assert condition.matches(message) in (True, False)
        except FilterError as error:
            assert error.message.endswith(".")


EVERYTHING = [
    parse_filter(text)
    for text in (
        "a = b OR a < c",
        "a + b * c - a / b % c > 0",
        "a IN (b, c, 1, 'x') AND a NOT IN ('x', 'y')",
        "a LIKE b OR a LIKE b ESCAPE c OR a NOT LIKE 'x%'",
        "-a = +b OR EXISTS(p(a)) OR p(b) IS NULL OR c",
    )
]


@given(st.dictionaries(st.sampled_from("ab"), anything))
def test_in_is_a_chain_of_comparisons(application: dict[str, object]) -> None:
    message = having(**application)
    for choices in (("1", "'x'", "b"), ("'x'", "'y'"), ("1", "2.5", "NULL")):
        chain = " OR ".join(f"a = {choice}" for choice in choices)
        assert truth(f"a IN ({', '.join(choices)})", message) is truth(chain, message)


def test_system_property_that_is_there_without_a_value_is_null() -> None:
    message = with_system(To=None)
    assert truth("sys.To IS NULL", message) is True
    assert truth("EXISTS(sys.To)", message) is True
    assert truth("sys.To = 'x'", message) is None
