"""How long a broker takes to begin with a file that is very large."""

import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO

from sbtutorial.commands.bench.brokers import MB, BenchBroker
from sbtutorial.commands.bench.filling import fill
from sbtutorial.commands.bench.rows import Row, Sizes, Target
from sbtutorial.hosting.storage import Storage, path_of

_NAMESPACE = "bench-file"


def rows(sizes: Sizes) -> Iterator[Row]:
    """The start, and how often it says how far it is."""
    fill(_NAMESPACE, sizes.deep)
    size = path_of(_NAMESPACE).stat().st_size / MB
    said = StringIO()
    began = time.perf_counter()
    with redirect_stdout(said):
        broker = BenchBroker(_NAMESPACE, Storage.DISK)
    seconds = time.perf_counter() - began
    memory = broker.measured.memory_bytes / MB
    broker.stop()
    path_of(_NAMESPACE).unlink()
    times = len(said.getvalue().splitlines())
    note = f"{size:,.0f} MB on disk, {memory:,.0f} MB in memory; it says so {times} times"
    yield Row(f"opening a file of {sizes.deep:,} messages", seconds, "s", Target(10), note)
