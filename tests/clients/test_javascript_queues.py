"""Queues from JavaScript.

`@azure/service-bus` for Node.js, which has rhea for its engine.
"""

import time
from typing import Any

import pytest

from tests.clients.conftest import Bench
from tests.clients.program import Program

pytestmark = [pytest.mark.feature("Receiving and settling"), pytest.mark.client("JavaScript")]


class Queues:
    """The functions of queues.mjs."""

    def __init__(self, program: Program, bench: Bench) -> None:
        self._program = program
        self._bench = bench

    def __call__(self, name: str, **argument: Any) -> Any:
        where = {"connection": self._bench.connection, "queue": "orders"}
        return self._program.call("queues", name, **{**where, **argument})


@pytest.fixture
def queues(javascript: Program, bench: Bench) -> Queues:
    return Queues(javascript, bench)


def round_trip_is_whole(got: dict[str, Any]) -> None:
    assert len(got.pop("token")) == 36
    assert 30_000 <= got.pop("lockMs") < 60_000  # counted from the arrival in the queue
    assert got == {
        "body": {"table": 7, "items": ["tea", "cake"]},
        "messageId": "m-1",
        "subject": "order",
        "contentType": "application/json",
        "correlationId": "c-1",
        "replyTo": "answers",
        "to": "kitchen",
        "timeToLive": 60_000,
        "properties": {
            "text": "é",
            "number": 3,
            "half": 0.5,
            "yes": True,
            "at": 1000,  # this client reads a date as a number
        },
        "number": 1,
        "deliveryCount": 0,
        "state": "active",
        "livesMs": 60_000,
    }


@pytest.mark.feature("Sending and message properties")
def test_a_message_arrives_with_its_properties(queues: Queues, bench: Bench) -> None:
    round_trip_is_whole(queues("roundTrip"))
    assert bench.counts().total == 0


@pytest.mark.feature("Transports")
def test_a_message_goes_there_and_back_in_tls(queues: Queues, bench: Bench) -> None:
    round_trip_is_whole(queues("roundTrip", connection=bench.connection_with_tls))


@pytest.mark.feature("Transports")
def test_a_message_goes_there_and_back_over_websocket(queues: Queues) -> None:
    round_trip_is_whole(queues("roundTrip", webSocket=True))


@pytest.mark.feature("Sending and message properties")
def test_lists_and_batches(queues: Queues) -> None:
    """Lists and full batches arrive whole."""
    got = queues("batches", size=2000)
    assert got["first"] == ["a", "b"]
    assert got["inBatch"] > 100
    assert got["taken"] == 2 + got["inBatch"]


def test_messages_are_settled_in_every_way(queues: Queues, bench: Bench) -> None:
    assert queues("settle") == {
        "again": ["abandon", 1, {"tried": True}],
        "deferred": ["defer", "deferred", {"kept": "for later"}],
        "buried": [
            "deadLetter",
            "spoilt",
            "It fell.",
            {
                "shelf": 3,
                "DeadLetterReason": "spoilt",
                "DeadLetterErrorDescription": "It fell.",
            },
        ],
    }
    assert bench.counts().total == 0


@pytest.mark.feature("Peeking")
def test_peeking_goes_on_where_it_was_and_takes_no_message(queues: Queues, bench: Bench) -> None:
    assert queues("peek") == {"two": ["a", "b"], "rest": ["c"], "second": ["b", "active", 0]}
    assert bench.counts().active == 3


@pytest.mark.feature("Scheduled and deferred messages")
def test_messages_are_scheduled_and_one_of_them_is_cancelled(queues: Queues, bench: Bench) -> None:
    at = round(time.time() * 1000) + 3_600_000
    assert queues("schedule", at=at) == {"state": "scheduled", "at": at}
    assert bench.counts().scheduled == 2
    bench.broker.advance(3600)
    assert queues("takeAll") == ["kept", "kept too"]


def test_a_stream_settles_by_itself_and_gets_again_what_failed(
    queues: Queues, bench: Bench
) -> None:
    """A handler given to `subscribe` has its messages settled, and gets again what it failed on."""
    got = queues("stream", count=6)
    assert got["seen"] == [[0, 0], [1, 0], [2, 0], [2, 1], [3, 0], [4, 0], [5, 0]]
    assert got["errors"] == [["not yet", "processMessageCallback"]]
    assert bench.counts().total == 0


def test_messages_are_iterated_over(queues: Queues, bench: Bench) -> None:
    assert queues("iterate") == ["a", "b", "c"]
    assert bench.counts().total == 0


def test_receiving_from_an_empty_queue_ends_with_nothing(queues: Queues) -> None:
    assert queues("waitInVain") == []


@pytest.mark.feature("Locks")
def test_a_lock_is_renewed(queues: Queues) -> None:
    assert queues("renew") is True
