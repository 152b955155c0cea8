"""Message sessions from JavaScript.

`@azure/service-bus` for Node.js.
"""

import time
from typing import Any

import pytest

from tests.clients.conftest import Bench
from tests.clients.program import Program

pytestmark = pytest.mark.client("JavaScript, @azure/service-bus 7.9")


@pytest.fixture
def sessions(javascript: Program, bench: Bench) -> Any:
    """Calls a function of sessions.mjs."""
    bench.make_queue("tables", requires_session=True)
    where = {"connection": bench.connection, "queue": "tables"}
    return lambda name, **argument: javascript.call("sessions", name, **where, **argument)


def test_sessions_are_accepted_one_after_the_other(sessions: Any) -> None:
    assert sessions("next") == [["b", "b", 0], ["b", "b", 2], ["a", "a", 1]]


def test_a_session_has_a_state_that_stays(sessions: Any) -> None:
    assert sessions("state") == [None, "half done", None]


def test_messages_of_a_session_are_settled_in_every_way(sessions: Any, bench: Bench) -> None:
    assert sessions("settle") == {
        "again": [1, 1],
        "deferred": 2,
        "buried": [3, "7", "spoilt"],
        "peeked": [],
    }
    assert bench.counts("tables").total == 0


def test_the_lock_of_a_session_is_known_and_renewed(sessions: Any) -> None:
    got = sessions("renew")
    assert got["grew"]
    assert 20_000 < got["lockedMs"] <= 30_100


def test_a_stream_of_a_session(sessions: Any, bench: Bench) -> None:
    assert sessions("stream") == [0, 1, 2]
    assert bench.counts("tables").total == 0


def test_receive_and_delete_in_a_session_takes_its_messages_only(
    sessions: Any, bench: Bench
) -> None:
    assert sessions("takeAll") == [0, 2]
    assert bench.counts("tables").active == 1


def test_a_message_for_later_waits_in_its_session(sessions: Any) -> None:
    at = round(time.time() * 1000) + 3_600_000
    assert sessions("schedule", at=at) == [0, "later", "scheduled"]
