"""Administration from JavaScript.

`@azure/service-bus` for Node.js, which reads and writes XML its own way.
"""

from typing import Any

import pytest

from tests.clients.conftest import Bench
from tests.clients.program import Failed, Program

pytestmark = pytest.mark.client("JavaScript, @azure/service-bus 7.9")


@pytest.fixture
def administration(javascript: Program, bench: Bench) -> Any:
    """Calls a function of administration.mjs."""
    return lambda name: javascript.call("administration", name, connection=bench.connection)


def test_queues_are_made_changed_listed_and_deleted(administration: Any) -> None:
    assert administration("queues") == {
        "created": {
            "name": "made",
            "lockDuration": "PT30S",
            "maxDeliveryCount": 3,
            "requiresSession": True,
            "userMetadata": "a & b",
            "status": "Active",
        },
        "updated": 5,
        "runtime": [0, 0, 0],
        "isDate": True,
        "listed": ["made", "orders"],
        "counted": [["made", 0], ["orders", 0]],
        "exists": [True, False],
    }


def test_topics_subscriptions_and_rules(administration: Any) -> None:
    assert administration("topics") == {
        "topic": "news",
        "subscription": ["sport", "PT45S"],
        "rules": [
            {"name": "first", "filter": {"sqlExpression": "price < 4"}, "action": {}},
            {
                "name": "second",
                "filter": {"correlationId": "c", "applicationProperties": {"price": 8}},
                "action": {},
            },
            {
                "name": "third",
                "filter": {"sqlExpression": "1=1"},
                "action": {"sqlExpression": "SET checked = TRUE"},
            },
        ],
        "updated": "price > 4",
        "left": ["first", "second"],
        "counts": [0, 1],
        "topics": ["news"],
        "subscriptions": ["sport"],
        "exists": False,
    }


def test_the_namespace_says_what_it_is(administration: Any) -> None:
    assert administration("namespace") == {"name": "tutorial", "messagingSku": "Standard"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("createTwice", "MessageEntityAlreadyExistsError"),
        ("getUnknown", "MessageEntityNotFoundError"),
    ],
)
def test_refusals_have_their_codes(administration: Any, name: str, code: str) -> None:
    with pytest.raises(Failed) as failure:
        administration(name)
    assert (failure.value.name, failure.value.code) == ("RestError", code)
