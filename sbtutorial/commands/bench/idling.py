"""What a broker takes that nobody uses, before it was used and after."""

import time
from collections.abc import Iterator

from sbtutorial.commands.bench.brokers import MB, STORAGES, running
from sbtutorial.commands.bench.client import Client
from sbtutorial.commands.bench.rows import Row, Sizes, Target
from sbtutorial.hosting.memory import REST_SECONDS

_TARGET_MB = Target(40)
_AFTERWARDS_MB = Target(60)
# Of one core; the system counts in hundredths of a second.
NO_CPU = Target(0.01)
# A broker gives memory back when nothing happens any more.
_REST_SECONDS = 4 * REST_SECONDS


def rows(sizes: Sizes) -> Iterator[Row]:
    """Memory and CPU of each storage."""
    for name, storage in STORAGES.items():
        with running(storage, f"bench-idle-{name}") as broker:
            measured = broker.measured
            yield Row(f"idle memory: {name}", measured.memory_bytes / MB, "MB", _TARGET_MB)
            before = measured.cpu_seconds
            time.sleep(sizes.idle_seconds)
            cpu = (measured.cpu_seconds - before) / sizes.idle_seconds
            yield Row(f"idle CPU, of one core: {name}", cpu, "", NO_CPU)
            broker.make_queue()
            with Client.of_module("sdk_client", "sync") as client:
                where = {"connection_string": broker.connection_string}
                client.call(work="send batches", count=sizes.came_and_went, **where)
                most = measured.memory_bytes / MB
                client.call(work="take many", count=sizes.came_and_went, **where)
            time.sleep(_REST_SECONDS)
            what = f"memory after {sizes.came_and_went:,} messages came and went: {name}"
            note = f"{most:.0f} MB while they were there"
            yield Row(what, measured.memory_bytes / MB, "MB", _AFTERWARDS_MB, note)
