"""Topics, subscriptions and rules from JavaScript.

`@azure/service-bus` for Node.js; its rule manager speaks AMQP.
"""

from typing import Any

import pytest

from tests.clients.conftest import Bench
from tests.clients.program import Failed, Program

pytestmark = [
    pytest.mark.feature("Topics, subscriptions and rules"),
    pytest.mark.client("JavaScript"),
]


@pytest.fixture
def topics(javascript: Program, bench: Bench) -> Any:
    """Calls a function of topics.mjs."""
    bench.make_subscription("news", "sport")
    where = {"connection": bench.connection, "topic": "news", "subscription": "sport"}
    return lambda name: javascript.call("topics", name, **where)


def test_a_subscription_receives_what_is_sent_to_its_topic(topics: Any) -> None:
    assert topics("receiveAll") == ["tea", "cake", "soup"]


def test_rules_are_listed_added_and_deleted_and_filter(topics: Any) -> None:
    """Rules are listed, added and deleted over AMQP, and filter."""
    assert topics("rules") == {
        "first": [{"name": "$Default", "filter": {"sqlExpression": "1=1"}, "action": {}}],
        "none": [],
        "then": [
            {
                "name": "cheap",
                "filter": {"sqlExpression": "price < 4"},
                "action": {"sqlExpression": "SET checked = TRUE"},
            },
            {
                "name": "exact",
                "filter": {
                    "correlationId": "c",
                    "subject": "food",
                    "applicationProperties": {"price": 8},
                },
                "action": {},
            },
        ],
    }
    assert topics("receiveAll") == ["tea", "soup"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("addTwice", "MessagingEntityAlreadyExists"),
        ("deleteUnknown", "MessagingEntityNotFound"),
        ("addBad", "GeneralError"),
    ],
)
def test_rules_that_cannot_be_added_or_deleted_are_refused(
    topics: Any, name: str, code: str
) -> None:
    with pytest.raises(Failed) as failure:
        topics(name)
    assert (failure.value.name, failure.value.code) == ("ServiceBusError", code)
