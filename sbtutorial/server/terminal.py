"""The broker in a terminal: `sbtutorial serve`, for programs that are no notebooks.

It keeps the same record as a background broker, so `connect()`, `status` and `stop` find it.
"""

import asyncio
import os
import signal
from contextlib import suppress

import sbtutorial
from sbtutorial.broker.limits import PREMIUM, STANDARD
from sbtutorial.errors import TutorialError
from sbtutorial.server import process
from sbtutorial.server.emulator import KEY_NAME, Emulator
from sbtutorial.server.runtime_files import HOST, BrokerRecord, RuntimeFiles, runtime_folder

_LIMITS = {limits.name.lower(): limits for limits in (STANDARD, PREMIUM)}


def serve(namespace: str, port: int, tier: str) -> None:
    """Run a broker here until Ctrl-C, a signal or `sbtutorial stop`; prints how to reach it.

    Args:
        namespace: Its name.
        port: Where it listens, on loopback; 0 for a free port.
        tier: "standard" or "premium".

    Raises:
        TutorialError: The port is taken, or a broker of this name runs already.
    """
    if broker := process.find(namespace):
        raise TutorialError(
            f"A broker of the namespace '{namespace}' runs already (pid {broker.record.pid}): end "
            "it with `sbtutorial stop`, or choose another --namespace."
        )
    files = RuntimeFiles(runtime_folder(), namespace)
    emulator = Emulator(
        namespace=namespace,
        limits=_LIMITS[tier],
        certificates_folder=files.folder / "certificates",
    )
    with suppress(KeyboardInterrupt):  # the way out that `_introduce` tells
        asyncio.run(_serve(emulator, files, port))
    print("\nStopped.")


async def _serve(emulator: Emulator, files: RuntimeFiles, port: int) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(stopping.set))
    emulator.on_shutdown = stopping.set
    record = _record(emulator, files.namespace, await _listen(emulator, port))
    files.write(record)
    try:
        _introduce(record)
        await stopping.wait()
    finally:
        files.remove(record)
        await emulator.stop()


async def _listen(emulator: Emulator, port: int) -> int:
    try:
        return await emulator.start(HOST, port)
    except (OSError, OverflowError) as error:
        raise TutorialError(
            f"Port {port} cannot be had ({error}): choose another --port, or leave it out for a "
            "free one."
        ) from None


def _record(emulator: Emulator, namespace: str, port: int) -> BrokerRecord:
    return BrokerRecord(
        namespace=namespace,
        pid=os.getpid(),
        port=port,
        key_name=KEY_NAME,
        key=emulator.key,
        started_at=emulator.started_at,
        version=sbtutorial.__version__,
        tier=emulator.namespace.limits.name,
    )


def _introduce(record: BrokerRecord) -> None:
    print(f'Service Bus broker, namespace "{record.namespace}", {record.tier} tier. Ctrl-C ends it')
    print("and what it holds. Clients on this computer connect with:\n")
    print(record.connection_string, flush=True)
