"""The hooks and operators of Airflow's provider for Azure, told where the broker is by a variable.

It is heavy, so it is for the night. The clients' half is tests/clients/python/airflow_hooks.py.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sbtutorial.hosting.thread import ThreadedBroker
from tests.clients import installed, page
from tests.clients.program import Program

pytestmark = [
    pytest.mark.feature("Other people's programs"),
    pytest.mark.client("Airflow"),
    pytest.mark.overnight,
    pytest.mark.timeout(300),
]
Airflow = Callable[..., Any]
IMPORT_SECONDS = 240.0  # Airflow takes many times what anybody else does


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, ca_pem: Path) -> Iterator[Program]:
    python = installed.python_of(installed.AIRFLOW)
    if not python.exists():
        pytest.skip(f"needs: {installed.HOW_OVERNIGHT}")
    environment = {
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL",  # or it would stand among the answers
        "REQUESTS_CA_BUNDLE": str(ca_pem),
    }
    command = [str(python), "program.py"]
    program = Program(command, installed.PYTHON_PROGRAMS, environment, IMPORT_SECONDS)
    yield program
    program.stop()


@pytest.fixture
def airflow(program: Program, broker: ThreadedBroker) -> Airflow:
    """Calls a function of airflow_hooks.py."""
    where = broker.connection_string
    return lambda name, **argument: program.call(
        "airflow_hooks", name, connection=where, **argument
    )


def test_airflows_hooks_make_a_queue_send_and_receive(airflow: Airflow, tmp_path: Path) -> None:
    """Airflow's hooks make a queue, send to it and receive from it."""
    program = page.write("orders.py", tmp_path)
    assert airflow("page", program=str(program)) == ["tea", "cake"]


def test_airflows_hooks_make_topics(airflow: Airflow, broker: ThreadedBroker) -> None:
    """Airflow's hooks make topics and subscriptions, send to them and receive from them."""
    assert airflow("topics") == ["news", ["tea"]]
    (topic,) = broker.call(lambda local: local.namespace.directory.topics())
    assert [one.name for one in topic.subscriptions()] == ["all"]


def test_airflows_operators_use_a_queue(airflow: Airflow, broker: ThreadedBroker) -> None:
    """Airflow's operators make a queue, send to it, receive from it and delete it."""
    assert airflow("operators") == ["tea", "cake"]
    assert not broker.call(lambda local: list(local.namespace.directory.queues()))
