"""From the start of the process to the first connection that it accepts."""

import socket
import time
from collections.abc import Iterator
from statistics import median

from sbtutorial.commands.bench.brokers import BenchBroker
from sbtutorial.commands.bench.filling import fill
from sbtutorial.commands.bench.rows import Row, Sizes, Target
from sbtutorial.folders import HOST
from sbtutorial.hosting.storage import Storage

_TARGET = Target(0.25)


def rows(sizes: Sizes) -> Iterator[Row]:
    """Without a file, with an empty one, and with one that holds messages; they take turns."""
    fill("bench-start-full", sizes.in_file)
    ways = {
        "memory": ("bench-start-none", Storage.MEMORY),
        "durable, empty file": ("bench-start-empty", Storage.DISK),
        f"durable, file of {sizes.in_file:,} messages": ("bench-start-full", Storage.DISK),
    }
    seconds: dict[str, list[float]] = {what: [] for what in ways}
    for _ in range(1 + 2 * sizes.rounds):
        for what, way in ways.items():
            seconds[what].append(_seconds_to_start(*way))
    for what, runs in seconds.items():
        note = f"{min(runs):.2f} to {max(runs):.2f} s"
        yield Row(f"start to first connection: {what}", median(runs), "s", _TARGET, note)


def _seconds_to_start(namespace: str, storage: Storage) -> float:
    began = time.perf_counter()
    broker = BenchBroker(namespace, storage)
    socket.create_connection((HOST, broker.port)).close()
    seconds = time.perf_counter() - began
    broker.stop()
    return seconds
