"""Many brokers on one machine, which nobody uses."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

from sbtutorial.commands.bench.brokers import running
from sbtutorial.commands.bench.idling import NO_CPU
from sbtutorial.commands.bench.rows import Row, Sizes, Target
from sbtutorial.hosting.storage import Storage

_BYTES_EACH = 40_000_000


def rows(sizes: Sizes) -> Iterator[Row]:
    """What they take together; pages that they share are counted with each."""
    with ExitStack() as stack:
        brokers = [
            stack.enter_context(running(Storage.DISK, f"bench-{number}")).measured
            for number in range(sizes.brokers)
        ]
        together = sum(broker.memory_bytes for broker in brokers) / 1e9
        target = Target(sizes.brokers * _BYTES_EACH / 1e9)
        yield Row(f"{sizes.brokers} durable brokers: memory together", together, "GB", target)
        before = sum(broker.cpu_seconds for broker in brokers)
        time.sleep(sizes.idle_seconds)
        cpu = (sum(broker.cpu_seconds for broker in brokers) - before) / sizes.idle_seconds
        yield Row(f"{sizes.brokers} durable brokers: idle CPU, of one core", cpu, "", NO_CPU)
