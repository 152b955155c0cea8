"""The administration client of `@azure/service-bus`: every method, every option, and pages."""

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
    """Calls a function of whole_administration.mjs."""

    def call(name: str, **argument: Any) -> Any:
        return javascript.call("whole_administration", name, **argument)

    return call


def test_every_method_of_the_administration_client_does_what_it_says(
    administration: Any, bench: Bench
) -> None:
    """Every method of the JavaScript administration client does what it says."""
    answer = administration("everyMethod", connection=bench.connection)
    assert (answer["count"], answer["uncalled"]) == (31, [])
    assert answer["said"] == {
        "queue": "PT45S",
        "found": "PT45S",
        "messages": 0,
        "queues": ["made", "orders"],
        "sizes": [0, 0],
        "topic": "mine",
        "got": "mine",
        "topics": ["news"],
        "subscription": 3,
        "kept": 3,
        "subscriptions": ["sport"],
        "ofTopic": 1,
        "ofTopics": [["news", 1]],
        "ofSubscription": 0,
        "ofSubscriptions": [["sport", 0]],
        "rule": "c",
        "ruled": "c",
        "rules": ["$Default", "dear"],
        "there": [True, True, True, True],
        "withoutRule": False,
        "withoutSubscription": False,
        "gone": [False, False],
    }


def test_every_option_is_kept(administration: Any, bench: Bench) -> None:
    """Every option of queues, topics and subscriptions is kept, keys of their own among them."""
    lost = administration("everyOption", connection=bench.connection)
    assert lost == {
        "queue": [[], []],
        "topic": [[], []],
        "subscription": [[], []],
        "forwards": ["elsewhere", "elsewhere"],
    }


def test_lists_come_in_pages(administration: Any, bench: Bench) -> None:
    """Lists come in pages of the size that is asked for, and go on from a token."""
    for name in "abcd":
        bench.make_queue(name)
    answer = administration("pages", connection=bench.connection, count=10)
    assert answer == {"sizes": [2, 2, 1], "rest": ["c", "d", "orders"]}


@pytest.mark.feature("Keys and tokens")
def test_a_named_key_is_a_credential_of_administration(administration: Any, bench: Bench) -> None:
    assert administration("getWithKey", port=bench.port, key=bench.key) == "orders"
    with pytest.raises(Failed) as failure:
        administration("getWithKey", port=bench.port, key="wrong")
    assert failure.value.code == "UnauthorizedRequestError"


@pytest.mark.feature("Administration: refusals")
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("badOption", "ServiceError"),
        ("deleteUnknown", "MessageEntityNotFoundError"),
        ("unknownRule", "MessageEntityNotFoundError"),
    ],
)
def test_bad_options_and_unknown_subscriptions_are_refused(
    administration: Any, bench: Bench, name: str, code: str
) -> None:
    """Options out of range, and what is asked of unknown subscriptions, are refused."""
    with pytest.raises(Failed) as failure:
        administration(name, connection=bench.connection)
    assert (failure.value.name, failure.value.code) == ("RestError", code)
