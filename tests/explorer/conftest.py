"""The Explorer before a real background broker, which it knows by its connection string alone."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage

from sbtutorial.connection_string import VARIABLE
from sbtutorial.explorer.explorer import Explorer
from sbtutorial.hosting.background import find
from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.lab.connecting import connect
from sbtutorial.lab.lab import Lab
from tests.marking import mark_below

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_below(HERE, items, "sdk")


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One home for all: certificates take longer to make than a test to run."""
    folder = tmp_path_factory.mktemp("explorer") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SBTUTORIAL_HOME", str(folder))
        patch.delenv(VARIABLE, raising=False)
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            patch.setenv(name, os.environ.get(name, ""))
        yield folder
        if broker := find():
            ControlClient(broker.connection_string).shutdown()


@pytest.fixture
def lab(home: Path) -> Lab:
    lab = connect()
    lab.reset()
    return lab


@pytest.fixture
def explorer(lab: Lab) -> Iterator[Explorer]:
    explorer = Explorer(lab.connection_string, events=lab.service.events)
    yield explorer
    explorer.close()


@pytest.fixture
def receive_with_the_sdk(lab: Lab) -> Callable[..., list[Any]]:
    """Every message that is ready in a queue, as a program of the learner's gets it, completed."""

    def receive(queue: str, count: int = 100) -> list[Any]:
        with (
            ServiceBusClient.from_connection_string(lab.connection_string) as client,
            client.get_queue_receiver(queue) as receiver,
        ):
            messages = receiver.receive_messages(count, max_wait_time=1)
            for message in messages:
                receiver.complete_message(message)
            return messages

    return receive


@pytest.fixture
def send_with_the_sdk(lab: Lab) -> Callable[..., None]:
    def send(queue: str, *messages: ServiceBusMessage) -> None:
        with (
            ServiceBusClient.from_connection_string(lab.connection_string) as client,
            client.get_queue_sender(queue) as sender,
        ):
            sender.send_messages(list(messages))

    return send


def kill(explorer: Explorer, queue: str, *reasons: str) -> None:
    """Take as many messages from the front as there are reasons, and make them dead letters."""
    for held, reason in zip(explorer.receive(queue, len(reasons)), reasons, strict=True):
        held.dead_letter(reason or None, f"because of {reason}" if reason else None)
