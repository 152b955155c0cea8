"""Hosting a broker in a process of its own: its record, its signals, its end.

The background process and `sbtutorial serve` are both hosted so; they differ in what they listen
on and in what they tell whom.
"""

import asyncio
import gc
import os
from collections.abc import Callable
from contextlib import suppress

from sbtutorial.hosting.ending import clean_end
from sbtutorial.hosting.memory import give_back_memory
from sbtutorial.hosting.runtime_files import BrokerRecord, RuntimeFiles
from sbtutorial.server.broker_server import KEY_NAME, BrokerServer
from sbtutorial.version import __version__


async def host(
    broker: BrokerServer,
    files: RuntimeFiles,
    port: int,
    on_ready: Callable[[BrokerRecord, Callable[[], None]], None],
) -> None:
    """Keep a broker that listens already, until a signal or a call ends it; then end it cleanly.

    Args:
        broker: Started, by a process that has the claim on its name.
        files: Where its record is kept while it runs.
        port: Where it listens.
        on_ready: Called when the record is written, with it and with what ends the broker.

    Raises:
        TutorialError: The record cannot be written; the text says why.
    """
    stopping = asyncio.Event()
    broker.on_shutdown = stopping.set
    loop = asyncio.get_running_loop()
    with clean_end(lambda: _stop(loop, stopping)):
        _collect_seldom()
        give_back_memory(broker)
        record = _record(broker, port)
        try:
            files.write(record)
            on_ready(record, stopping.set)
            await stopping.wait()
        finally:
            files.remove(record)
            await broker.stop()


def _record(broker: BrokerServer, port: int) -> BrokerRecord:
    return BrokerRecord(
        namespace=broker.namespace.name,
        pid=os.getpid(),
        port=port,
        key_name=KEY_NAME,
        key=broker.key,
        started_at=broker.started_at,
        version=__version__,
        tier=broker.namespace.limits.name,
    )


def _stop(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    with suppress(RuntimeError):  # a second signal, when the loop is closed
        loop.call_soon_threadsafe(stopping.set)


def _collect_seldom() -> None:
    """Messages make no cycles: looking for garbage among a million of them only takes time.

    New objects are looked through by the 20,000, which takes six milliseconds, so nobody waits.
    """
    gc.freeze()
    gc.set_threshold(20_000, 250, 1000)
