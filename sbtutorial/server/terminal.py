"""The broker in a terminal: `sbtutorial serve`, for programs that are no notebooks.

It keeps the same record as a background broker, so `connect()`, `status` and `stop` find it.
"""

import asyncio
from collections.abc import Callable

from sbtutorial.errors import TutorialError
from sbtutorial.server import process
from sbtutorial.server.emulator import Emulator
from sbtutorial.server.hosting import TIERS, host
from sbtutorial.server.runtime_files import HOST, BrokerRecord, RuntimeFiles, runtime_folder


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
        limits=TIERS[tier.capitalize()],
        certificates_folder=files.folder / "certificates",
    )
    asyncio.run(_serve(emulator, files, port))
    print("\nStopped.")


async def _serve(emulator: Emulator, files: RuntimeFiles, port: int) -> None:
    await host(emulator, files, await _listen(emulator, port), _introduce)


async def _listen(emulator: Emulator, port: int) -> int:
    try:
        return await emulator.start(HOST, port)
    except (OSError, OverflowError) as error:
        raise TutorialError(
            f"Port {port} cannot be had ({error}): choose another --port, or leave it out for a "
            "free one."
        ) from None


def _introduce(record: BrokerRecord, _stop: Callable[[], None]) -> None:
    print(f'Service Bus broker, namespace "{record.namespace}", {record.tier} tier. Ctrl-C ends it')
    print("and what it holds. Clients on this computer connect with:\n")
    print(record.connection_string, flush=True)
