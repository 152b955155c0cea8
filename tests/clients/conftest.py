"""Clients of other makers, each in its own process, and a broker for each test."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from sbtutorial.broker.descriptions import (
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.entities.receivable import MessageCounts
from sbtutorial.broker.namespace import Namespace
from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.server import certificates
from tests.clients import installed
from tests.clients.program import LIMIT_SECONDS, Program

LOCK = {"lock_duration": timedelta(seconds=30)}


@pytest.fixture(scope="session")
def certificates_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="session")
def ca_pem(certificates_folder: Path) -> Path:
    return certificates.ensure(certificates_folder).ca_pem


class Bench:
    """A broker with a queue, `orders`, and a client of some other maker."""

    def __init__(self, broker: ThreadedBroker) -> None:
        self.broker = broker

    @property
    def connection(self) -> str:
        return self.broker.connection_string

    @property
    def connection_with_tls(self) -> str:
        """As for Azure: nothing says that this is an emulator."""
        return self.connection.replace("UseDevelopmentEmulator=true;", "")

    @property
    def port(self) -> int:
        return int(self.connection.partition(";")[0].rpartition(":")[2])

    @property
    def key(self) -> str:
        return self.broker.call(lambda broker: broker.key)

    def make(self, make: Callable[[Namespace, float], object]) -> None:
        def on_its_thread(broker: Any) -> None:
            with broker.reactor.turn() as now:
                make(broker.namespace, now)

        self.broker.call(on_its_thread)

    def make_queue(self, name: str = "orders", **properties: Any) -> None:
        description = QueueDescription(**{**LOCK, **properties})
        self.make(lambda namespace, now: namespace.create(name, description, now=now))

    def make_subscription(self, topic: str, name: str, **properties: Any) -> None:
        description = SubscriptionDescription(**{**LOCK, **properties})

        def make(namespace: Namespace, now: float) -> None:
            namespace.create(topic, TopicDescription(), now=now)
            namespace.create(f"{topic}/Subscriptions/{name}", description, now=now)

        self.make(make)

    def counts(self, path: str = "orders") -> MessageCounts:
        def count(broker: Any) -> MessageCounts:
            counts: MessageCounts = broker.namespace.directory.receivable(path).receivable.counts()
            return counts

        return self.broker.call(count)

    def wait_until_empty(self, path: str) -> None:
        """Look at a queue from one event of the broker to the next until nothing is left in it."""
        happened = Event()

        def subscribe(broker: Any) -> Callable[[], None]:
            unsubscribe: Callable[[], None] = broker.trace.subscribe(lambda _event: happened.set())
            return unsubscribe

        unsubscribe = self.broker.call(subscribe)
        try:
            while self.counts(path).total:
                assert happened.wait(LIMIT_SECONDS), f"'{path}' does not become empty"
                happened.clear()
        finally:
            self.broker.call(lambda _broker: unsubscribe())


@pytest.fixture
def broker(certificates_folder: Path, ca_pem: Path) -> Iterator[ThreadedBroker]:
    with ThreadedBroker(certificates_folder=certificates_folder) as broker:
        yield broker


@pytest.fixture
def bench(broker: ThreadedBroker) -> Bench:
    bench = Bench(broker)
    bench.make_queue()
    return bench


@pytest.fixture(scope="session")
def javascript(ca_pem: Path) -> Iterator[Program]:
    if problem := installed.why_no_node():
        pytest.skip(problem)
    environment = {"NODE_EXTRA_CA_CERTS": str(ca_pem)}
    program = Program(["node", "program.mjs"], installed.NODE_PROGRAMS, environment)
    yield program
    program.stop()
