import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from sbtutorial.folders import HOST
from sbtutorial.hosting import run
from sbtutorial.hosting.run import host
from sbtutorial.hosting.runtime_files import BrokerRecord, RuntimeFiles
from sbtutorial.server.broker_server import BrokerServer


@pytest.fixture(autouse=True)
def leave_pytest_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host takes over its process's signals and garbage collection; this one is pytest's."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(run, "_collect_seldom", lambda: None)


async def test_the_record_is_there_while_the_broker_is_and_not_after(tmp_path: Path) -> None:
    files = RuntimeFiles(tmp_path, "tutorial")
    broker = BrokerServer()
    port = await broker.start(HOST)
    seen: list[BrokerRecord | None] = []

    def on_ready(record: BrokerRecord, stop: Callable[[], None]) -> None:
        seen.extend((record, files.read()))
        stop()

    await asyncio.wait_for(host(broker, files, port, on_ready), 10)
    told, kept = seen
    assert told is not None
    assert told == kept
    assert (told.port, told.key, told.tier) == (port, broker.key, "Standard")
    assert files.read() is None


async def test_a_shutdown_call_ends_it(tmp_path: Path) -> None:
    broker = BrokerServer()
    port = await broker.start(HOST)

    def on_ready(_record: BrokerRecord, _stop: Callable[[], None]) -> None:
        assert broker.on_shutdown is not None
        asyncio.get_running_loop().call_soon(broker.on_shutdown)

    files = RuntimeFiles(tmp_path, "tutorial")
    await asyncio.wait_for(host(broker, files, port, on_ready), 10)
    assert files.read() is None
