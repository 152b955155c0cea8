"""The background broker: `python -m sbtutorial.hosting`, as `hosting.background` starts it.

It listens on loopback, writes its record, says `ready` on standard output, and stays until it is
told to go: by a call, by a signal, or by nobody having been connected for long. Everything that
only some connections need (TLS, HTTP, certificates) is imported by the first of them: the first
`connect()` of a lesson waits for this module's imports.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from sbtutorial.broker.limits import STANDARD, TIERS
from sbtutorial.errors import TutorialError
from sbtutorial.folders import HOST, told
from sbtutorial.hosting.bounded_log import BoundedLog
from sbtutorial.hosting.run import host
from sbtutorial.hosting.runtime_files import BrokerRecord, RuntimeFiles
from sbtutorial.hosting.storage import Identity, Kept, Storage, kept
from sbtutorial.server.broker_server import BrokerServer
from sbtutorial.server.listener import Listener

# How long the broker before may take to be gone when it has let go of its port.
_LEAVING_SECONDS = 5.0


def main(arguments: list[str] | None = None) -> None:
    """Serve until told to stop."""
    options = _parse(arguments)
    sys.stderr = BoundedLog(sys.stderr.fileno())
    try:
        asyncio.run(serve(options))
    except TutorialError as error:
        sys.exit(str(error))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "sbtutorial.hosting",
        description="The background broker.",
        # Who says no width has argparse import what asks the terminal, for each argument.
        formatter_class=partial(argparse.HelpFormatter, width=100),
    )
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--tier", choices=TIERS, default=STANDARD.name)
    parser.add_argument("--idle-seconds", type=float, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="private, for the record")
    parser.add_argument("--certificates", type=Path, help="private, for the certificate")
    parser.add_argument("--storage", choices=[*Storage], default=Storage.DISK)
    parser.add_argument("--resume", action="store_true", help="with the last record's key and port")
    return parser.parse_args(arguments)


async def serve(options: argparse.Namespace) -> None:
    """Start the broker, report it, and end it cleanly when the time has come.

    Raises:
        TutorialError: One of this name lives, or the system refuses what it needs.
    """
    files = RuntimeFiles(options.folder, options.namespace)
    claim = files.claim(_LEAVING_SECONDS)
    if claim is None:
        raise TutorialError(
            f"A broker of '{files.namespace}' lives already (process {files.holder()})."
        )
    with claim, kept(options.namespace, Storage(options.storage), _report_progress) as file:
        broker, port = await _listening(options, file, _identity_before(options, files, file))

        def on_ready(_record: BrokerRecord, stop: Callable[[], None]) -> None:
            _report_ready()
            IdleExit(broker.listener, options.idle_seconds, stop).watch()

        await host(broker, files, port, on_ready)


class IdleExit:
    """Ends a broker to which nobody has been connected for a while: one timer, no polling."""

    def __init__(self, listener: Listener, idle_seconds: float, stop: Callable[[], None]) -> None:
        self._listener = listener
        self._idle_seconds = idle_seconds
        self._stop = stop

    def watch(self) -> None:
        """Stop if it has been long enough, else look again at the first instant when it can be."""
        loop = asyncio.get_running_loop()
        now, since = loop.time(), self._listener.idle_since
        # While somebody is connected, nobody can have been gone for long before a period from now.
        ends_at = (now if since is None else since) + self._idle_seconds
        if ends_at <= now:
            self._stop()
        else:
            loop.call_at(ends_at, self.watch)


def _identity_before(
    options: argparse.Namespace, files: RuntimeFiles, file: Kept | None
) -> Identity | None:
    """What the broker before was known by, as far as clients may still know it."""
    if file is not None and (identity := file.identity):
        return identity
    record = files.read() if options.resume else None
    return Identity(record.key, record.port) if record else None


async def _listening(
    options: argparse.Namespace, file: Kept | None, before: Identity | None
) -> tuple[BrokerServer, int]:
    """A broker that listens, and its port: those of the one before, as far as that is safe.

    Where another program has the port by now, clients of the broker before may have signed tokens
    for it: they must open nothing here, so the key is a new one, too. (What remains: a program that
    had the port in between, spoke AMQP, and is gone again, may hold what clients of the SDK signed
    for it, which the SDK does for an hour; the lab's own calls ask first who listens.)
    """
    broker = BrokerServer(
        namespace=options.namespace,
        key=before.key if before else None,
        limits=TIERS[options.tier],
        certificates_folder=options.certificates or options.folder / "certificates",
        store=file.store() if file else None,
    )
    port = await _port_of(broker, before)
    if file is not None:
        file.keep(Identity(broker.key, port))
    return broker, port


async def _port_of(broker: BrokerServer, before: Identity | None) -> int:
    if before is not None:
        with suppress(OSError):
            return await broker.start(HOST, before.port)
        broker.change_key()
    with told("A port cannot be had"):
        return await broker.start(HOST, 0)


def _report_progress(read: int, total: int) -> None:
    """Tell who started us how far the reading is."""
    print(f"reading {read} {total}", flush=True)


def _report_ready() -> None:
    """Tell who started us, and let go of the pipe."""
    print("ready", flush=True)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


if __name__ == "__main__":
    main()
