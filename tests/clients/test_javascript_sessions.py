"""Message sessions from JavaScript.

`@azure/service-bus` for Node.js.
"""

import time
from typing import Any

import pytest

from tests.clients.conftest import Bench
from tests.clients.program import Program

pytestmark = [pytest.mark.feature("Message sessions"), pytest.mark.client("JavaScript")]


@pytest.fixture
def sessions(javascript: Program, bench: Bench) -> Any:
    """Calls a function of sessions.mjs."""
    bench.make_queue("tables", requires_session=True)
    where = {"connection": bench.connection, "queue": "tables"}
    return lambda name, **argument: javascript.call("sessions", name, **where, **argument)


def test_available_sessions_are_accepted_one_after_the_other(sessions: Any) -> None:
    assert sessions("next") == [["b", "b", 0], ["b", "b", 2], ["a", "a", 1]]


def test_the_state_of_a_session_stays_until_it_is_cleared(sessions: Any) -> None:
    assert sessions("state") == [None, "half done", None]


def test_the_messages_of_a_session_are_settled_in_every_way(sessions: Any, bench: Bench) -> None:
    assert sessions("settle") == {
        "again": [1, 1],
        "deferred": 2,
        "buried": [3, "7", "spoilt"],
        "peeked": [],
    }
    assert bench.counts("tables").total == 0


def test_the_lock_of_a_session_is_told_and_renewed(sessions: Any) -> None:
    """A receiver knows until when its session is locked, and renews the lock."""
    got = sessions("renew")
    assert got["grew"]
    assert 20_000 < got["lockedMs"] <= 30_100


def test_a_stream_of_a_session(sessions: Any, bench: Bench) -> None:
    """A handler given to `subscribe` gets the messages of a session in their order."""
    assert sessions("stream") == [0, 1, 2]
    assert bench.counts("tables").total == 0


def test_receive_and_delete_works_in_a_session(sessions: Any, bench: Bench) -> None:
    assert sessions("takeAll") == [0, 2]
    assert bench.counts("tables").active == 1


def test_a_scheduled_message_waits_in_its_session(sessions: Any) -> None:
    at = round(time.time() * 1000) + 3_600_000
    assert sessions("schedule", at=at) == [0, "later", "scheduled"]
