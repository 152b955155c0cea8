"""Releases of `azure-servicebus` that people are pinned to, each with both of its halves.

The same things are done by each of them, and each says the same. Which there are, and how they get
to a port, is in releases.py; the clients' half is tests/clients/python/releases.py.
"""

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.clients import installed
from tests.clients.conftest import Bench
from tests.clients.program import Failed, Program
from tests.clients.releases import (
    INSTALLED,
    RELEASES,
    Release,
    each_half,
    expected,
    outcome,
    place,
    place_or_skip,
)

pytestmark = [pytest.mark.feature("Releases of the SDK"), pytest.mark.client("7.8 to 7.15")]


Sdk = Callable[..., Any]
Case = tuple[Release, str, Program]


@pytest.fixture(scope="module", params=each_half(RELEASES))
def case(request: pytest.FixtureRequest, ca_pem: Path) -> Iterator[Case]:
    release, half = request.param
    python, path = place_or_skip(release)
    variables = {"REQUESTS_CA_BUNDLE": str(ca_pem), "SSL_CERT_FILE": str(ca_pem)}
    program = Program(
        [str(python), "-W", "ignore", "program.py"],
        installed.PYTHON_PROGRAMS,
        {"PYTHONPATH": str(path), **variables},
    )
    yield release, half, program
    program.stop()


@pytest.fixture
def sdk(case: Case, bench: Bench, ca_pem: Path) -> Sdk:
    """Does one of the things in releases.py."""
    release, half, program = case
    where: dict[str, Any] = {"connection": bench.connection, "options": {}}
    if release.transport:
        here = f"sb://127.0.0.1:{bench.port}"
        options = {"connection_verify": str(ca_pem), "custom_endpoint_address": here}
        without_port = f"Endpoint=sb://127.0.0.1/;{bench.connection_with_tls.partition(';')[2]}"
        where = {
            "connection": without_port,
            "options": options,
            "transport": release.transport,
        }
    return lambda act, **argument: program.call(
        "releases", "run", half=half, act=act, where=where, **argument
    )


def test_the_release_is_the_one_that_is_meant(case: Case) -> None:
    release, _, program = case
    assert program.call("releases", "version").startswith(release.version)


def test_a_message_arrives_with_its_properties(sdk: Sdk) -> None:
    assert sdk("round_trip", queue="orders") == {
        "body": "tea",
        "message_id": "m-1",
        "subject": "order",
        "content_type": "text/plain",
        "correlation_id": "c-1",
        "reply_to": "answers",
        "to": "kitchen",
        "ttl": 60.0,
        "properties": {"text": "é", "number": 3, "yes": True},
        "number": 1,
        "delivery_count": 0,
        "enqueued": True,
        "locked": True,
        "state": 0,
    }


def test_properties_of_every_type_come_back(sdk: Sdk) -> None:
    names = ["text", "bytes", "yes", "int", "negative", "float", "uuid", "time"]
    assert sdk("every_type_of_property", queue="orders", names=names) == {
        "text": ["bytes", "é"],
        "bytes": ["bytes", "ab"],
        "yes": ["bool", "True"],
        "int": ["int", "3"],
        "negative": ["int", "-3"],
        "float": ["float", "0.5"],
        "uuid": ["UUID", "00000000-0000-0000-0000-000000000007"],
        "time": ["int", "1767323045000"],
    }


# What is done, on which entity, and what comes of it.
DONE = {
    "send_every_way": ("orders", [["one", "two", "three", "four", "five"], 262144]),
    "settle": (
        "orders",
        {"again": ["abandon", 1], "buried": ["dead-letter", "spoilt", "Fell."], "deferred": 3},
    ),
    "settle_deferred": ("orders", [["complete", "abandon", "defer", "dead-letter"], []]),
    "receive_and_delete": ("orders", [["a", "b", "c"], ["b", "c"], ["a", "b", "c"], []]),
    "schedule": ("orders", [0, ["kept", "alone"], True, 2]),
    "renew": ("orders", [True, True]),
    "session": (
        "tables",
        {
            "before": None,
            "taken": ["a", "7", "b"],
            "state": "half done",
            "next": "7",
            "renewed": True,
        },
    ),
}


@pytest.mark.parametrize("act", DONE)
def test_what_a_release_does_comes_out_as_it_should(
    case: Case, sdk: Sdk, bench: Bench, act: str
) -> None:
    entity, result = DONE[act]
    if entity == "tables":
        bench.make_queue("tables", requires_session=True)
    release = case[0]
    done = outcome(release, act, lambda: sdk(act, queue=entity))
    assert done == expected(release, act, result)


def test_a_lock_is_renewed_by_itself(sdk: Sdk, bench: Bench) -> None:
    bench.make_queue("short", lock_duration=timedelta(seconds=11))
    assert sdk("renew_by_itself", queue="short") is True


def test_messages_of_many_frames_come_back(case: Case, sdk: Sdk) -> None:
    release = case[0]
    done = outcome(release, "large", lambda: sdk("large", queue="orders", size=200_000))
    assert done == expected(release, "large", [200_000, "small", 200_000, 1])


def test_a_topic_hands_out_by_its_rules(sdk: Sdk, bench: Bench) -> None:
    bench.make_subscription("news", "dear")
    assert sdk("topic", topic="news", subscription="dear") == ["cheap", {"price": 2}]


def test_entities_are_administered(sdk: Sdk, bench: Bench, ca_pem: Path) -> None:
    made = sdk("administer", connection=bench.connection_with_tls, ca_pem=str(ca_pem))
    assert made["queue"] == ["made", 45.0, 5, True]
    assert made["rules"] == ["price > 4", "goal", {"minute": 90}]


REFUSED = {
    "accept_taken": ("tables", "SessionCannotBeLockedError"),
    "receive_deferred": ("orders", "MessageNotFoundError"),
}


@pytest.mark.parametrize("act", REFUSED)
def test_a_refusal_is_the_error_that_it_should_be(sdk: Sdk, bench: Bench, act: str) -> None:
    entity, error = REFUSED[act]
    if entity == "tables":
        bench.make_queue("tables", requires_session=True)
    with pytest.raises(Failed) as caught:
        sdk(act, queue=entity)
    assert caught.value.name == error


def test_a_lock_that_has_run_out_is_lost(sdk: Sdk, bench: Bench) -> None:
    sdk("hold", queue="orders")
    bench.broker.advance(31)
    with pytest.raises(Failed) as caught:
        sdk("renew_held")
    assert caught.value.name == "MessageLockLostError"


def test_an_installed_release_is_found_beside_its_python() -> None:
    assert place(INSTALLED) == (Path(sys.executable), installed.NOWHERE)
