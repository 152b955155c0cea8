"""Brokers that are measured: processes of their own, away from the learner's."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from sbtutorial.folders import HOME_VARIABLE
from sbtutorial.hosting.storage import Storage

QUEUE = "bench"
BODY_BYTES = 1024
MB = 1_000_000
# The two that are set side by side.
STORAGES = {"memory": Storage.MEMORY, "durable": Storage.DISK}
_ENDS_SECONDS = 60.0
_NUMBERS = count(1)  # a durable broker finds what one of its name had


class Spent(NamedTuple):
    """What some work took.

    Attributes:
        messages: How many.
        wall: Seconds that went by.
        client: Seconds of CPU of the client.
        broker: Seconds of CPU of the broker.
    """

    messages: int
    wall: float
    client: float
    broker: float

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.wall

    @property
    def share(self) -> float:
        """The broker's CPU for each of the client's."""
        return self.broker / self.client


class Measured:
    """A broker's process, looked at from the outside."""

    def __init__(self, pid: int) -> None:
        import psutil

        self._process = psutil.Process(pid)

    @property
    def cpu_seconds(self) -> float:
        """All that it has used so far, and its children, those that have ended among them."""
        seconds = 0.0
        for process in (self._process, *self._process.children(recursive=True)):
            times = process.cpu_times()
            seconds += sum(times[:4])  # its own, and theirs that have ended
        return seconds

    @property
    def memory_bytes(self) -> int:
        """What it has in memory now."""
        return int(self._process.memory_info().rss)

    @property
    def proportional_bytes(self) -> int:
        """The same, where pages that several processes have count for each in part; 0 if unknown.

        Linux alone tells.
        """
        return int(getattr(self._process.memory_full_info(), "pss", 0))

    def wait(self) -> None:
        """Until it is gone."""
        self._process.wait(_ENDS_SECONDS)


class BenchBroker:
    """A background broker with a queue.

    Attributes:
        measured: Its process.
        connection_string: For clients. `port`, `key`: what is in it.
    """

    def __init__(self, namespace: str, storage: Storage) -> None:
        from sbtutorial.hosting import background

        self._broker = background.start(namespace, storage=storage)
        record = self._broker.record
        self.measured = Measured(record.pid)
        self.connection_string = record.connection_string
        self.port, self.key = record.port, record.key

    def make_queue(self, name: str = QUEUE) -> None:
        """Make a queue in which much has room."""
        with _administration(self.connection_string) as administration:
            administration.create_queue(name, max_size_in_megabytes=5120)

    def stop(self) -> None:
        """End it, and wait until it is gone."""
        self._broker.control.shutdown()
        self.measured.wait()


def _administration(connection_string: str) -> Any:
    from azure.servicebus.management import ServiceBusAdministrationClient

    from sbtutorial.server import certificates

    certificates.trust(certificates.ensure(certificates.default_folder()))
    return ServiceBusAdministrationClient.from_connection_string(connection_string)


@contextmanager
def running(storage: Storage, namespace: str = "bench") -> Iterator[BenchBroker]:
    """A broker for as long as the block runs."""
    broker = BenchBroker(namespace, storage)
    try:
        yield broker
    finally:
        broker.stop()


@contextmanager
def side_by_side() -> Iterator[dict[str, BenchBroker]]:
    """A broker of each storage, by its name in a report, with a queue each."""
    with ExitStack() as stack:
        brokers = {
            name: stack.enter_context(running(storage, f"bench-{name}-{next(_NUMBERS)}"))
            for name, storage in STORAGES.items()
        }
        for broker in brokers.values():
            broker.make_queue()
        yield brokers


@contextmanager
def own_home() -> Iterator[None]:
    """Brokers of our own, in a folder that goes with them; their bytecode is kept.

    That is what Python and installers do unless they are told not to; without it each start
    compiles the whole package anew, which is another tenth of a second.
    """
    with tempfile.TemporaryDirectory(prefix="sbtutorial-bench-") as folder:
        before = dict(os.environ)
        os.environ[HOME_VARIABLE] = str(Path(folder) / "home")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        try:
            yield
        finally:  # with the trust in a certificate that is gone now
            os.environ.clear()
            os.environ.update(before)
