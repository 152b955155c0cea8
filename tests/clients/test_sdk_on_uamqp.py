"""The SDK of today on the engine of earlier years.

uAMQP, in C, which it still has beside its present one.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients import installed
from tests.clients.conftest import Bench
from tests.clients.program import Failed, Program

pytestmark = [pytest.mark.feature("Receiving and settling"), pytest.mark.client("uAMQP")]


@pytest.fixture(scope="session")
def program() -> Iterator[Program]:
    python = installed.python_of(installed.SDK_ON_UAMQP)
    if not python.exists():
        pytest.skip(f"needs: {installed.HOW}")
    program = Program([str(python), "program.py"], installed.PYTHON_PROGRAMS)
    yield program
    program.stop()


@pytest.fixture
def sdk(program: Program, bench: Bench, ca_pem: Path) -> Any:
    """Calls a function of sdk_on_uamqp.py."""
    where = {"connection": bench.connection_with_tls, "port": bench.port, "ca_pem": str(ca_pem)}
    return lambda name, **argument: program.call("sdk_on_uamqp", name, **where, **argument)


@pytest.mark.feature("Sending and message properties")
def test_a_message_arrives_with_its_properties(sdk: Any, bench: Bench) -> None:
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
        "renewed": True,
        "left": 0,
    }
    assert bench.counts().total == 0


def test_messages_are_settled_in_every_way(sdk: Any, bench: Bench) -> None:
    assert sdk("settle", queue="orders") == {
        "again": ["abandon", 1],
        "deferred": "defer",
        "buried": ["dead-letter", "spoilt", "Fell."],
        "left": 0,
    }
    assert bench.counts().total == 0


def test_a_batch_peek_and_receive_and_delete(sdk: Any, bench: Bench) -> None:
    """Messages are peeked, and received and deleted."""
    assert sdk("batch_and_peek", queue="orders") == [["a", "b", "c"], ["a", "b", "c"]]
    assert bench.counts().total == 0


@pytest.mark.feature("Scheduled and deferred messages")
def test_messages_are_scheduled_and_one_of_them_is_cancelled(sdk: Any) -> None:
    assert sdk("schedule", queue="orders") == [0, "kept"]


@pytest.mark.feature("Message sessions")
def test_a_session_is_read_in_order_and_keeps_a_state(sdk: Any, bench: Bench) -> None:
    bench.make_queue("tables", requires_session=True)
    assert sdk("session", queue="tables") == ["7", ["a", "b"], "half done"]


@pytest.mark.feature("Topics, subscriptions and rules")
def test_a_subscription_receives_what_is_sent_to_its_topic(sdk: Any, bench: Bench) -> None:
    bench.make_subscription("news", "sport")
    assert sdk("subscription", topic="news", subscription="sport") == ["goal", 0]
    assert bench.counts("news/Subscriptions/sport").total == 0


def refusal(sdk: Any, name: str, **argument: Any) -> str:
    with pytest.raises(Failed) as failure:
        sdk(name, **argument)
    return failure.value.name


@pytest.mark.feature("Errors")
def test_refusals_are_the_exceptions_that_they_should_be(sdk: Any, bench: Bench) -> None:
    """A missing queue, a message too large and a held session raise the SDK's exceptions."""
    bench.make_queue("tables", requires_session=True)
    # As on Azure: no token is accepted for what is not there.
    assert refusal(sdk, "send_to", queue="nothing") == "ServiceBusAuthenticationError"
    assert refusal(sdk, "send_to", queue="orders", count=300_000) == "MessageSizeExceededError"
    assert refusal(sdk, "accept_taken", queue="tables") == "SessionCannotBeLockedError"


@pytest.mark.feature("Locks")
def test_a_lock_that_has_run_out_cannot_be_renewed(
    sdk: Any, program: Program, bench: Bench
) -> None:
    sdk("hold", queue="orders")
    bench.broker.advance(31)
    with pytest.raises(Failed) as failure:
        program.call("sdk_on_uamqp", "renew_held")
    assert failure.value.name == "MessageLockLostError"
