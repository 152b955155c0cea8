"""Texts of rules as deep, long or odd as can be: read or refused, soon and in words."""

import sys
import time

import pytest

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.rules.filters.actions import parse_action
from sbtutorial.broker.rules.filters.errors import FilterError
from sbtutorial.broker.rules.filters.sql import parse_filter
from tests.broker.rules.filters.messages import having

TAKEN = {
    "as many NOTs as are allowed": "NOT " * 96 + "a = 1",
    "parentheses to the end": "(" * 500 + "a = 1" + ")" * 500,
    "ORs to the end": "a = 2" + " OR a = 2" * 110,
    "signs before a number": "a = " + "-" * 1000 + "1",
    "as many signs as are allowed": "a = " + "-" * 97 + "a",
    "IN to the end": "a IN (" + ",".join(["1"] * 450) + ")",
    "NOT and AND by turns": "(NOT (a = 1 AND " * 48 + "a = 1" + "))" * 48,
    "a number to the end": "a < 1." + "0" * 1000,
}
REFUSED = {
    "more NOTs": "NOT " * 250 + "a = 1",
    "10,000 ORs": " OR ".join(["a = 1"] * 10_000),
    "signs before a property": "a = " + "-" * 1000 + "a",
    "a sum to the end": "a = " + "+".join(["a"] * 500),
    "property() of property()": "a = " + "p(" * 250 + "'a'" + ")" * 250,
    "a long text": "a = '" + "x" * 300_000 + "'",
    "calls in calls": "f(" * 330 + ")" * 330,
    "nothing but open": "(" * 1000,
    "a number of many digits": "a = " + "9" * 1000,
    "a huge exponent": "a = 1e" + "9" * 900,
    "nulls": "\0" * 1000,
    "an open text": "a = '" + "x" * 900,
}


@pytest.mark.parametrize("text", TAKEN.values(), ids=TAKEN)
def test_text_at_the_limits_is_read_and_asked_without_recursion(text: str) -> None:
    started = time.thread_time()
    condition = parse_filter(text)
    frames, limit = 0, sys.getrecursionlimit()
    frame = sys._getframe()
    while frame.f_back is not None:
        frames, frame = frames + 1, frame.f_back
    # As deep in calls as a broker ever is when it asks, and with half of what is left.
    sys.setrecursionlimit(min(limit, frames + 450))
    try:
        condition.matches(having(a=1))
    except FilterError:
        pass
    finally:
        sys.setrecursionlimit(limit)
    assert time.thread_time() - started < 1


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("parse", [parse_filter, lambda text: parse_action(f"SET b = {text}")])
def test_text_beyond_the_limits_is_refused_in_a_sentence(text: str, parse: object) -> None:
    started = time.thread_time()
    with pytest.raises(BrokerError) as caught:
        parse(text)  # type: ignore[operator]
    assert caught.value.code is ErrorCode.ARGUMENT_ERROR
    assert len(caught.value.message) < 3000
    assert time.thread_time() - started < 1


def test_texts_that_statements_join_stay_within_a_property() -> None:
    action = parse_action("SET a = a + a " * 31)
    with pytest.raises(FilterError, match="a text may have 32768 at most"):
        action.apply(having(a="x" * 100))
