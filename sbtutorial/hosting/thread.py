"""The broker on a thread of this process: for tests, and for programs that want no process.

with ThreadedBroker() as broker:
    client = ServiceBusClient.from_connection_string(broker.connection_string)
"""

import asyncio
from collections.abc import Callable, Sequence
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self, TypeVar

from sbtutorial.folders import HOST
from sbtutorial.server import long_poll
from sbtutorial.server.local_broker import LocalBroker

T = TypeVar("T")


class ThreadedBroker:
    """A `LocalBroker` that runs while the `with` block does.

    Args:
        host: The address of loopback where it listens.
        port: Its port there; 0 for a free one.
        also: Further ports, each with all that the first one speaks; 0 for a free one.
        options: What `LocalBroker` takes.

    Attributes:
        local: The broker itself, for its own thread; see `call`.
        further_ports: Those of `also`, as they came to be.
    """

    def __init__(
        self,
        *,
        host: str = HOST,
        port: int = 0,
        also: Sequence[int] = (),
        **options: Any,
    ) -> None:
        self.further_ports: list[int] = []
        self._host = host
        self._port = port
        self._also = also
        self._options = options
        self._ready = Event()
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run, name="sbtutorial broker", daemon=True)

    def __enter__(self) -> Self:
        """Start it; it answers when this returns."""
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it and wait until it is gone."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    @property
    def connection_string(self) -> str:
        """What the SDK's clients take."""
        return self.local.connection_string

    def call(self, action: Callable[[LocalBroker], T]) -> T:
        """Do something with the broker on its own thread, and have what comes of it."""

        async def run() -> T:
            return action(self.local)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def advance(self, seconds: float) -> None:
        """Make everything that the broker holds older; returns when all has happened that is due.

        Raises:
            ValueError: Time cannot go that way.
        """
        advancing = long_poll.advance(self.local, seconds)
        asyncio.run_coroutine_threadsafe(advancing, self._loop).result()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        try:
            self.local = LocalBroker(**self._options)
            await self._listen()
        except BaseException as error:
            self._failure = error
            return
        finally:
            self._ready.set()
        await self._stopping.wait()
        await self.local.stop()

    async def _listen(self) -> None:
        try:
            await self.local.start(self._host, self._port)
            for port in self._also:
                self.further_ports.append(await self.local.listen_also(port))
        except BaseException:
            await self.local.stop()
            raise
