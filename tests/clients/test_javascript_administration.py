"""Administration from JavaScript.

`@azure/service-bus` for Node.js, which reads and writes XML its own way.
"""

from typing import Any

import pytest

from tests.clients.conftest import Bench
from tests.clients.program import Failed, Program

pytestmark = [
    pytest.mark.feature("Administration: queues and the namespace"),
    pytest.mark.client("JavaScript"),
]


@pytest.fixture
def administration(javascript: Program, bench: Bench) -> Any:
    """Calls a function of administration.mjs."""
    return lambda name: javascript.call("administration", name, connection=bench.connection)


def test_queues_are_made_changed_listed_and_deleted(administration: Any) -> None:
    """Queues are created, updated and listed, with their runtime properties."""
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


@pytest.mark.feature("Administration: topics and subscriptions")
def test_topics_subscriptions_and_rules(administration: Any) -> None:
    """Topics, subscriptions and rules are created, updated, listed and deleted."""
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


def test_the_namespace_tells_its_name_and_its_tier(administration: Any) -> None:
    assert administration("namespace") == {"name": "tutorial", "messagingSku": "Standard"}


@pytest.mark.feature("Administration: refusals")
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("createTwice", "MessageEntityAlreadyExistsError"),
        ("getUnknown", "MessageEntityNotFoundError"),
    ],
)
def test_refusals_have_their_codes(administration: Any, name: str, code: str) -> None:
    """Creating what exists, and getting what does not, fail with their error codes."""
    with pytest.raises(Failed) as failure:
        administration(name)
    assert (failure.value.name, failure.value.code) == ("RestError", code)
