"""AMQP as such.

Qpid Proton from its Python: on another engine than any SDK of Azure's.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients import installed
from tests.clients.conftest import Bench
from tests.clients.program import Failed, Program

pytestmark = [pytest.mark.feature("Receiving and settling"), pytest.mark.client("Qpid Proton")]

MODULE = "proton_queues"


@pytest.fixture(scope="session")
def program() -> Iterator[Program]:
    python = installed.python_with_proton()
    if python is None:
        pytest.skip("Qpid Proton is not installed (Debian: python3-qpid-proton)")
    program = Program([python, "program.py"], installed.PYTHON_PROGRAMS)
    yield program
    program.stop()


@pytest.fixture
def proton(program: Program, bench: Bench) -> Any:
    """Calls a function of proton_queues.py."""
    where = {"port": bench.port, "key": bench.key}
    return lambda name, **argument: program.call(
        MODULE, name, **{**where, "queue": "orders", **argument}
    )


@pytest.mark.feature("Sending and message properties")
def test_a_message_arrives_with_its_properties(proton: Any, bench: Bench) -> None:
    assert proton("round_trip") == {
        "body": {"table": 7, "items": ["tea", "cake"]},
        "id": "m-1",
        "subject": "order",
        "correlation_id": 5,
        "reply_to": "answers",
        "content_type": "text/plain",
        "ttl": 60.0,
        "durable": True,
        "properties": {"text": "é", "number": 3, "yes": True},
        "mine": "kept",
        "delivery_count": 0,
        "second": [True, "00ff"],
    }
    assert bench.counts().total == 0


def test_each_outcome_is_what_service_bus_makes_of_it(proton: Any, bench: Bench) -> None:
    """Accepted, released, rejected and modified do what Service Bus makes of them."""
    got = proton("settle_each_way")
    assert sorted(got["again"]) == [["fail", 1], ["release", 0]]
    assert got["buried"] == "reject"
    assert bench.counts().deferred == bench.counts().total == 1


def test_delivery_at_most_once_is_receive_and_delete(proton: Any, bench: Bench) -> None:
    assert proton("take") == ["a", "b"]
    assert bench.counts().total == 0


@pytest.mark.feature("Message sessions")
def test_a_session_is_accepted_by_a_filter_of_the_source(proton: Any, bench: Bench) -> None:
    bench.make_queue("tables", requires_session=True)
    granted = {"com.microsoft:session-filter": "b"}
    assert proton("in_session", queue="tables") == [granted, ["b", "b"]]
    assert bench.counts("tables").active == 1


@pytest.mark.feature("Peeking")
def test_peeking_is_a_request_to_the_management_node(proton: Any, bench: Bench) -> None:
    assert proton("peek") == [9, 200, ["a", "b"]]
    assert bench.counts().active == 2


@pytest.mark.feature("Keys and tokens")
def test_a_token_serves_in_place_of_a_password(proton: Any, bench: Bench, ca_pem: Path) -> None:
    assert proton("with_token", ca_pem=str(ca_pem)) == 202
    assert bench.counts().active == 1


@pytest.mark.feature("Keys and tokens")
def test_a_wrong_password_opens_nothing(proton: Any) -> None:
    with pytest.raises(Failed):
        proton("round_trip", key="wrong")


@pytest.mark.feature("Errors")
def test_a_refused_link_has_its_condition_and_a_reason(program: Program, bench: Bench) -> None:
    where = {"port": bench.port, "key": bench.key}
    condition, words = program.call(MODULE, "attach", **where, address="nothing")
    assert condition == "amqp:not-found"
    assert "'orders'" in words


@pytest.fixture
def transact(program: Program, bench: Bench) -> Any:
    """Runs a transaction of proton_transactions.py; returns what happened."""
    where = {"port": bench.port, "key": bench.key}
    return lambda **argument: program.call("proton_transactions", "run", **where, **argument)


@pytest.mark.feature("Transactions")
def test_what_a_transaction_sends_is_there_when_it_is_committed(
    transact: Any, bench: Bench
) -> None:
    assert transact(bodies=["a", "b"], to="orders", end="commit") == ["declared", "committed"]
    assert bench.counts().active == 2


@pytest.mark.feature("Transactions")
def test_what_a_transaction_sends_is_gone_when_it_is_aborted(transact: Any, bench: Bench) -> None:
    assert transact(bodies=["a", "b"], to="orders", end="abort") == ["declared", "aborted"]
    assert bench.counts().total == 0


@pytest.mark.feature("Transactions")
@pytest.mark.parametrize(
    ("end", "word", "left"), [("commit", "committed", (0, 1)), ("abort", "aborted", (1, 0))]
)
def test_a_transaction_takes_here_and_sends_there(
    transact: Any, bench: Bench, end: str, word: str, left: tuple[int, int]
) -> None:
    """A transaction completes a message of one queue and sends one to another, both or neither."""
    bench.make_queue("kitchen")
    transact(bodies=["order"], to="orders", end="commit")
    seen = transact(bodies=["cook it"], to="kitchen", end=end, take_from="orders")
    assert seen == ["declared", "got order", word]
    assert (bench.counts().active, bench.counts("kitchen").active) == left
