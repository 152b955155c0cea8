"""AMQP as such.

rhea, the engine below `@azure/service-bus`, used by itself, and with the promises between the two.
"""

from typing import Any

import pytest

from tests.clients.conftest import Bench
from tests.clients.program import Failed, Program

pytestmark = [pytest.mark.feature("Sending and message properties"), pytest.mark.client("rhea")]


@pytest.fixture
def rhea(javascript: Program, bench: Bench) -> Any:
    """Calls a function of plain_rhea.mjs."""
    where = {"port": bench.port, "key": bench.key}

    def call(name: str, queue: str = "orders") -> Any:
        return javascript.call("plain_rhea", name, **where, queue=queue)

    return call


@pytest.mark.feature("Keys and tokens")
def test_a_message_there_and_back_with_the_key_as_a_password(rhea: Any, bench: Bench) -> None:
    """A key and its name serve as password and user name."""
    assert rhea("roundTrip") == {"body": {"table": 7}, "id": 5, "ttl": 60_000, "number": 1}
    assert bench.counts().total == 0


@pytest.mark.feature("Errors")
def test_a_refused_link_has_its_condition_and_a_reason(rhea: Any) -> None:
    condition, words = rhea("refused", "nothing")
    assert condition == "amqp:not-found"
    assert "'orders'" in words


@pytest.mark.feature("Keys and tokens")
def test_a_wrong_password_opens_nothing(rhea: Any) -> None:
    assert rhea("wrongKey") == "connection_error"


# -- rhea-promise -----------------------------------------------------------------------------


@pytest.fixture
def promising(javascript: Program, bench: Bench) -> Any:
    """Calls a function of promising_rhea.mjs."""
    where = {"port": bench.port, "key": bench.key}

    def call(name: str, queue: str = "orders") -> Any:
        return javascript.call("promising_rhea", name, **where, queue=queue)

    return call


@pytest.mark.feature("Receiving and settling")
@pytest.mark.client("rhea-promise")
def test_sends_are_awaited_and_deliveries_settled_in_every_way(
    promising: Any, bench: Bench
) -> None:
    """Sends are awaited; deliveries are released, accepted and rejected."""
    assert promising("settle") == {
        "sent": [True, True],
        "taken": [["tea", 0], ["tea", 0], ["cake", 0]],  # what is released was not delivered
    }
    counts = bench.counts()
    assert (counts.dead_letter, counts.total) == (1, 1)


@pytest.mark.feature("Errors")
@pytest.mark.client("rhea-promise")
def test_a_link_that_is_refused_has_its_condition_and_a_reason(promising: Any) -> None:
    """A refused link has its condition and a reason."""
    condition, words = promising("refused", "nothing")
    assert condition == "amqp:not-found"
    assert "'orders'" in words


@pytest.mark.feature("Keys and tokens")
@pytest.mark.client("rhea-promise")
def test_a_wrong_password_opens_no_connection(promising: Any) -> None:
    """A wrong password opens nothing."""
    with pytest.raises(Failed, match="Failed to authenticate"):
        promising("wrongKey")
