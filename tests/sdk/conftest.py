"""The real SDK on a real socket, and a bench with a queue on it for each test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusReceiveMode
from azure.servicebus.exceptions import ServiceBusError

from sbtutorial.broker.descriptions import QueueDescription
from sbtutorial.broker.entities.receivable import MessageCounts
from sbtutorial.broker.states import MessageState
from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.server import certificates
from sbtutorial.server.broker_server import BrokerServer
from tests.marking import mark_below
from tests.sdk.flavours import Aio, Flavour, Sync

HERE = Path(__file__).parent
# For a message that does not come: no test waits longer.
SHORT_SECONDS = 0.5
# For one that does: it ends at once unless something is wrong or the computer is very busy.
PATIENCE_SECONDS = 30.0
# For one that does, where the end of the wait is waited for, too.
TO_THE_END_SECONDS = 5.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_below(HERE, items, "sdk")


@pytest.fixture(scope="session")
def certificates_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="session")
def ca_pem(certificates_folder: Path) -> Path:
    """Made now: a broker makes it only for the first client that asks for TLS."""
    return certificates.ensure(certificates_folder).ca_pem


def reason_for(failure: pytest.ExceptionInfo[ServiceBusError]) -> str:
    """What the broker said: of a refused token the SDK keeps it in the exception's cause only."""
    return str(failure.value.inner_exception)


class Bench:
    """A broker with one queue, `orders`, and one flavour of the SDK.

    To close a link takes the SDK half a second, which it sleeps. Nobody has to wait for that of a
    sender, which holds nothing: it is closed beside what the test does next.

    Attributes:
        client_options: What its clients are told.
    """

    def __init__(self, broker: ThreadedBroker, flavour: Flavour, ca_pem: Path) -> None:
        self.broker = broker
        self.flavour = flavour
        self._ca_pem = ca_pem
        # What is tried again is tried soon: the pauses that the SDK chooses are not ours to wait.
        # And the asyncio client reads certificates for each connection, also for one without TLS:
        # all public roots if it is told of none, for a fifth of what a test costs.
        self.client_options: dict[str, Any] = {
            "retry_backoff_factor": 0.01,
            "connection_verify": str(ca_pem),
        }
        self._closing: list[asyncio.Task[None]] = []

    async def senders_closed(self) -> None:
        """Wait until the senders are gone that the test has done with.

        Raises:
            Exception: One could not be closed.
        """
        while self._closing:
            await self._closing.pop()

    def make_queue(self, name: str = "orders", **properties: Any) -> None:
        description = QueueDescription(**{"lock_duration": timedelta(seconds=30), **properties})

        def make(broker: BrokerServer) -> None:
            with broker.reactor.turn() as now:
                broker.namespace.create(name, description, now=now)

        self.broker.call(make)

    def counts(self, name: str = "orders") -> MessageCounts:
        return self.broker.call(
            lambda broker: broker.namespace.directory.queue(name).receivable.counts()
        )

    def what_happened(self) -> list[str]:
        return self.broker.call(lambda broker: [event.what for event in broker.trace.after(0)])

    def ready(self, path: str) -> int:
        """How many messages are there to be received now."""

        def count(broker: BrokerServer) -> int:
            subqueue = broker.namespace.directory.subqueue(path)
            return subqueue.messages.count(MessageState.ACTIVE) if subqueue.has_ready else 0

        return self.broker.call(count)

    def patience(self, path: str) -> float:
        """How long to wait for what is ready now: in vain for a moment only."""
        return PATIENCE_SECONDS if self.ready(path) else SHORT_SECONDS

    def client(self, **options: Any) -> Any:
        return self.flavour.client(self.broker.connection_string, **self.client_options | options)

    def administration(self, connection_string: str = "", **options: Any) -> Any:
        # `connect()` makes this option needless, once for a whole process; tests share theirs.
        return self.flavour.administration(
            connection_string or self.broker.connection_string,
            connection_verify=str(self._ca_pem),
            **options,
        )

    @asynccontextmanager
    async def sender(self, queue: str = "orders", **options: Any) -> AsyncIterator[Any]:
        async with self._sending(lambda client: client.get_queue_sender(queue, **options)) as one:
            yield one

    @asynccontextmanager
    async def receiver(self, queue: str = "orders", **options: Any) -> AsyncIterator[Any]:
        async with self.client() as client, client.get_queue_receiver(queue, **options) as receiver:
            yield receiver

    @asynccontextmanager
    async def publisher(self, topic: str, **options: Any) -> AsyncIterator[Any]:
        async with self._sending(lambda client: client.get_topic_sender(topic, **options)) as one:
            yield one

    @asynccontextmanager
    async def _sending(self, sender_of: Callable[[Any], Any]) -> AsyncIterator[Any]:
        """A sender; when all has gone well with it, it is closed on the side."""
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(self.client())
            yield await stack.enter_async_context(sender_of(client))
            self._closing.append(asyncio.create_task(stack.pop_all().aclose()))

    @asynccontextmanager
    async def subscriber(self, topic: str, name: str, **options: Any) -> AsyncIterator[Any]:
        async with (
            self.client() as client,
            client.get_subscription_receiver(topic, name, **options) as receiver,
        ):
            yield receiver

    async def send(self, *bodies: str, queue: str = "orders", **properties: Any) -> None:
        async with self.sender(queue) as sender:
            for body in bodies:
                await sender.send_messages(ServiceBusMessage(body, **properties))

    async def drain(self, queue: str = "orders") -> list[str]:
        """Every message that is ready now, taken and gone."""
        mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
        count, wait = self.ready(queue), self.patience(queue)
        async with self.receiver(queue, receive_mode=mode) as receiver:
            taken = list(map(str, await receiver.receive_messages(100, max_wait_time=wait)))
            while len(taken) < count:
                messages = await receiver.receive_messages(100, max_wait_time=wait)
                assert messages, f"of {count} came {taken} only"
                taken += map(str, messages)
        return taken


@pytest.fixture(params=[Sync, Aio], ids=["sync", "aio"])
def flavour(request: pytest.FixtureRequest) -> Flavour:
    return request.param()


@pytest.fixture
def broker(certificates_folder: Path) -> Iterator[ThreadedBroker]:
    with ThreadedBroker(certificates_folder=certificates_folder) as broker:
        yield broker


@pytest.fixture
async def bench(broker: ThreadedBroker, flavour: Flavour, ca_pem: Path) -> AsyncIterator[Bench]:
    bench = Bench(broker, flavour, ca_pem)
    bench.make_queue()
    yield bench
    await bench.senders_closed()
