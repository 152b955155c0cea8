"""The SDK of 2020.

With TLS, HTTPS and uAMQP.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients import installed
from tests.clients.conftest import Bench
from tests.clients.program import Failed, Program
from tests.legacy.conftest import earlier_sdk

pytestmark = [pytest.mark.feature("Receiving and settling"), pytest.mark.client("SDK of 2020")]


@pytest.fixture(scope="session")
def program(ca_pem: Path) -> Iterator[Program]:
    sdk = earlier_sdk("0.50.3")
    environment = {"PYTHONPATH": str(sdk.folder), "REQUESTS_CA_BUNDLE": str(ca_pem)}
    # Without `site`: nothing of this environment, in which another version lives.
    command = [sys.executable, "-S", "program.py"]
    program = Program(command, installed.PYTHON_PROGRAMS, environment)
    yield program
    program.stop()


@pytest.fixture
def sdk(program: Program, bench: Bench) -> Any:
    """Calls a function of sdk_of_2020.py."""
    where = {"port": bench.port, "key": bench.key}
    return lambda name, **argument: program.call("sdk_of_2020", name, **where, **argument)


def test_messages_are_settled_in_every_way(sdk: Any, bench: Bench) -> None:
    assert sdk("settle", queue="orders") == {
        "sent": [True, True, True, True],
        "again": ["abandon", 1],
        "deferred": "defer",
        "buried": ["dead-letter", "spoilt"],
        "left": 0,
    }
    assert bench.counts().total == 0


def test_peek_and_receive_and_delete(sdk: Any, bench: Bench) -> None:
    """Messages are peeked, and received and deleted."""
    assert sdk("peek_and_take", queue="orders") == [["a", "b", "c"], ["a", "b", "c"]]
    assert bench.counts().total == 0


@pytest.mark.feature("Scheduled and deferred messages")
def test_messages_are_scheduled_and_one_of_them_is_cancelled(sdk: Any, bench: Bench) -> None:
    assert sdk("schedule", queue="orders") == ["kept"]
    assert bench.counts().scheduled == 1


@pytest.mark.feature("Message sessions")
def test_a_session_is_read_in_order_and_keeps_a_state(sdk: Any, bench: Bench) -> None:
    bench.make_queue("tables", requires_session=True)
    assert sdk("session", queue="tables") == ["7", ["a", "b"], "half done", ["7"]]


@pytest.mark.feature("Administration: queues and the namespace")
def test_queues_are_made_looked_at_and_deleted(sdk: Any) -> None:
    """Queues are created, shown, listed and deleted."""
    properties = {"lock_duration": "PT45S", "max_delivery_count": 3, "requires_session": True}
    assert sdk("administer") == [properties, ["made", "orders"], ["orders"]]


@pytest.mark.feature("Administration: refusals")
@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("get_unknown", "ServiceBusResourceNotFound"),
        ("create_twice", "AzureConflictHttpError"),
    ],
)
def test_refusals_are_the_exceptions_that_they_should_be(sdk: Any, name: str, error: str) -> None:
    """Creating what exists, and getting what does not, raise their exceptions."""
    with pytest.raises(Failed) as failure:
        sdk(name)
    assert failure.value.name == error
