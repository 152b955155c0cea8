"""The broker on a thread of this process: for tests, and for programs that want no process.

with ThreadedBroker() as broker:
    client = ServiceBusClient.from_connection_string(broker.connection_string)
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self, TypeVar

from sbtutorial.folders import HOST
from sbtutorial.hosting.storage import Identity, Kept
from sbtutorial.server import long_poll
from sbtutorial.server.broker_server import BrokerServer

T = TypeVar("T")


def plain_loop() -> asyncio.AbstractEventLoop:
    """This system's own event loop, whichever one the program around has chosen for itself."""
    if sys.platform == "win32":
        return asyncio.ProactorEventLoop()
    return asyncio.SelectorEventLoop()


class ThreadedBroker:
    """A `BrokerServer` that runs while the `with` block does.

    Args:
        host: The address of loopback where it listens.
        port: Its port there; 0 for a free one.
        also: Further ports, each with all that the first one speaks; 0 for a free one.
        loop_factory: Makes the event loop on which it runs; that of `asyncio.run` unless given.
        kept: The file of what outlives it, its key and its port, unless others are chosen; None if
            nothing does.
        options: What `BrokerServer` takes.

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
        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
        kept: Kept | None = None,
        **options: Any,
    ) -> None:
        self.further_ports: list[int] = []
        self._host = host
        self._port = port
        self._also = also
        self._loop_factory = loop_factory
        self._kept = kept
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

    def call(self, action: Callable[[BrokerServer], T]) -> T:
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
        with asyncio.Runner(loop_factory=self._loop_factory) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        try:
            self.local = self._made()
            await self._listen()
        except BaseException as error:
            self._failure = error
            return
        finally:
            self._ready.set()
        await self._stopping.wait()
        await self.local.stop()

    def _made(self) -> BrokerServer:
        if self._kept is None:
            return BrokerServer(**self._options)
        before = self._kept.identity
        own = {"key": before.key if before else None} | self._options
        return BrokerServer(store=self._kept.store(), **own)

    async def _listen(self) -> None:
        try:
            port = await self._start()
            if self._kept is not None:
                self._kept.keep(Identity(self.local.key, port))
            for port in self._also:
                self.further_ports.append(await self.local.listen_also(port))
        except BaseException:
            await self.local.stop()
            raise

    async def _start(self) -> int:
        """Listen where the broker before did, as far as that is known and safe.

        Who has that port by now may know what its key has signed.
        """
        before = self._kept.identity if self._kept and not self._port else None
        if before is not None:
            try:
                return await self.local.start(self._host, before.port)
            except OSError:
                self.local.change_key()
        return await self.local.start(self._host, self._port)
