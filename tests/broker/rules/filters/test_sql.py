import subprocess
import sys
from datetime import UTC, datetime

import pytest

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.rules.filters.sql import parse_filter
from tests.broker.rules.filters.messages import Sample, having


@pytest.mark.parametrize(
    ("text", "application", "label", "result"),
    [
        ("color='blue' AND quantity=10", {"color": "blue", "quantity": 10}, None, True),
        ("color='blue' AND quantity=10", {"color": "blue", "quantity": 5}, None, False),
        ("user.color='red'", {"color": "red"}, None, True),
        ("sys.label LIKE '%bus%'", {}, "omnibus", True),
        ("StoreId IN('Store1', 'Store2')", {"StoreId": "Store2"}, None, True),
        ("sys.Label IN ('a') OR StoreId = 'Store8'", {"StoreId": "Store8"}, "b", True),
        ("sys.Label NOT IN ('a','b') OR StoreId NOT IN ('c')", {"StoreId": "c"}, "a", False),
        ("user.SuperHero like 'SuperMan%'", {"superhero": "SuperMan 2"}, None, True),
        (
            "\"http://x.com/2011/Claims\" = 'account'",
            {"http://x.com/2011/Claims": "account"},
            None,
            True,
        ),
        ("MessageProperty > 2.08", {"MessageProperty": 2}, None, False),
        ("NOT EXISTS([forced]) OR [forced] = 'subscription1'", {}, None, True),
        ("NOT EXISTS([forced]) OR [forced] = 'subscription1'", {"forced": "2"}, None, False),
    ],
)
def test_filters_from_the_documentation(
    text: str, application: dict[str, object], label: str | None, result: bool
) -> None:
    message = Sample(application, **({"Label": label} if label else {}))
    assert parse_filter(text).matches(message) is result


def test_unknown_does_not_match_and_neither_does_its_negation() -> None:
    assert parse_filter("color = 'blue'").matches(having()) is False
    assert parse_filter("NOT color = 'blue'").matches(having()) is False


def test_filter_keeps_text_and_parameters_as_they_were_given() -> None:
    filter_ = parse_filter(" a = @X ", {"@X": 5, "unused": "y"})
    assert filter_.expression == " a = @X "
    assert filter_.parameters == {"@X": 5, "unused": "y"}
    assert filter_.kind == "sql"


def test_filter_does_not_follow_later_changes_of_its_parameters() -> None:
    parameters: dict[str, object] = {"x": 5}
    filter_ = parse_filter("a = @x", parameters)
    parameters["x"] = 6
    assert filter_.parameters == {"x": 5}
    assert filter_.matches(having(a=5))


def test_filters_are_equal_by_text_and_parameters() -> None:
    assert parse_filter("a = @x", {"x": 1}) == parse_filter("a = @x", {"x": 1})
    assert parse_filter("a = @x", {"x": 1}) != parse_filter("a = @x", {"x": 2})
    assert parse_filter("a = 1") != parse_filter("a=1")
    assert len({parse_filter("a = 1"), parse_filter("a = 1")}) == 1


@pytest.mark.parametrize(
    ("value", "problem"), [([1], "is a list"), ({}, "is a dict"), (2**63, "64 bits")]
)
def test_parameter_that_no_filter_can_have_is_refused(value: object, problem: str) -> None:
    with pytest.raises(BrokerError, match=problem) as caught:
        parse_filter("a = @x", {"x": value})
    assert caught.value.code is ErrorCode.ARGUMENT_ERROR
    assert caught.value.message.startswith("Parameter x ")


def test_missing_parameter_is_refused_with_those_that_are_given() -> None:
    with pytest.raises(BrokerError, match=r"no parameter @color.*given: @size, @kind"):
        parse_filter("a = @color", {"@size": 1, "kind": datetime.now(UTC)})


def test_nobody_pays_for_the_language_before_there_is_sql() -> None:
    """In a fresh process: here, other tests have loaded it."""
    program = (
        "import sys, sbtutorial, sbtutorial.hosting.__main__\n"
        "language = ['lark', 'sbtutorial.broker.rules.filters.expressions']\n"
        "from sbtutorial.broker.rules.filters import actions, boolean, correlation, sql\n"
        "correlation.CorrelationFilter(label='x'), boolean.TrueFilter()\n"
        "def loaded(): return [one for one in language if one in sys.modules]\n"
        "print(len(loaded()))\n"
        "sql.parse_filter('1=1')\n"
        "print(len(loaded()) == len(language))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "True"]
