"""`python -m sbtutorial bench`: what the broker costs, measured, beside what it should cost.

Nothing here is a test: figures depend on the machine. So that they say something all the same, the
median of several runs is shown, and where two things compare, their ratio within one run.
"""

import argparse
import gc
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from sbtutorial.folders import HOME_VARIABLE, HOST

BODY_BYTES = 1024
DEPTHS = (1_000, 100_000, 1_000_000)
_NAMESPACE = "bench"


class Figure(NamedTuple):
    """One line of the report."""

    what: str
    value: str
    target: str = ""


def main(arguments: list[str] | None = None) -> int:
    """Measure what is asked for and print it; returns the exit code."""
    parser = argparse.ArgumentParser("sbtutorial bench", description="What the broker costs.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of: {', '.join(PARTS)}")
    parser.add_argument("--messages", type=int, default=2000, help="sent and received (2000)")
    parser.add_argument("--depth", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.depth is not None:
        print(json.dumps(_measure_depth(options.depth)))
        return 0
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part '{unknown[0]}'; there is {', '.join(PARTS)}")
    print(f"{'what':44} {'measured':>22}   target")
    with _own_home():
        for part in options.parts or PARTS:
            for figure in PARTS[part](options.messages):
                print(f"{figure.what:44} {figure.value:>22}   {figure.target}", flush=True)
    return 0


@contextmanager
def _own_home() -> Iterator[None]:
    """Brokers of our own, away from the learner's."""
    with tempfile.TemporaryDirectory(prefix="sbtutorial-bench-") as folder:
        before = dict(os.environ)
        os.environ[HOME_VARIABLE] = str(Path(folder) / "home")
        try:
            yield
        finally:  # with the trust in a certificate that is gone now
            os.environ.clear()
            os.environ.update(before)


@contextmanager
def _broker() -> Iterator[Any]:
    from sbtutorial.hosting import background

    broker = background.start(_NAMESPACE)
    try:
        yield broker
    finally:
        broker.control.shutdown()


def _start(_messages: int) -> Iterator[Figure]:
    """From the start of the process to the first connection that it accepts."""
    from sbtutorial.hosting import background

    seconds = []
    for _ in range(7):
        began = time.perf_counter()
        broker = background.start(_NAMESPACE)
        socket.create_connection((HOST, broker.record.port)).close()
        seconds.append(time.perf_counter() - began)
        _stop(broker)
    yield Figure("start: spawn to first accepted connection", f"{median(seconds):.3f} s", "0.25 s")


def _stop(broker: Any) -> None:
    import psutil

    running = psutil.Process(broker.record.pid)
    broker.control.shutdown()
    running.wait(10)


def _idle(_messages: int) -> Iterator[Figure]:
    """What a broker takes that nobody uses."""
    import psutil

    with _broker() as broker:
        running = psutil.Process(broker.record.pid)
        yield Figure("idle: memory", f"{running.memory_info().rss / 2**20:.1f} MiB", "40 MB")
        before = _cpu_seconds(running)
        time.sleep(5)
        spent = _cpu_seconds(running) - before
        yield Figure("idle: CPU in 5 s", f"{spent:.3f} s", "none to speak of")


def _imports(_messages: int) -> Iterator[Figure]:
    """What the package adds to a program that imports the SDK anyway."""
    sdk, both = "import azure.servicebus", "import azure.servicebus; from sbtutorial import connect"
    pairs = [(_run_seconds(sdk), _run_seconds(both)) for _ in range(7)]
    added = median(ours - theirs for theirs, ours in pairs)
    yield Figure("import: beyond the SDK's own", f"{added:.3f} s", "0.15 s")
    yield Figure("import: the SDK's own", f"{median(theirs for theirs, _ in pairs):.3f} s")


def _run_seconds(code: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - began


def _sdk(messages: int) -> Iterator[Figure]:
    """The SDK, one message at a time, as lessons and most programs use it."""
    import psutil
    from azure.servicebus import ServiceBusClient, ServiceBusMessage
    from azure.servicebus.management import ServiceBusAdministrationClient

    from sbtutorial.server import certificates

    certificates.trust(certificates.ensure(certificates.default_folder()))
    with _broker() as broker:
        string = broker.connection_string
        with ServiceBusAdministrationClient.from_connection_string(string) as administration:
            administration.create_queue("bench")
        running = psutil.Process(broker.record.pid)
        with ServiceBusClient.from_connection_string(string) as client:
            with client.get_queue_sender("bench") as sender:

                def send() -> None:
                    for _ in range(messages):
                        sender.send_messages(ServiceBusMessage(b"x" * BODY_BYTES))

                sent = _spend(messages, send, running)
            with client.get_queue_receiver("bench", prefetch_count=100) as receiver:

                def receive() -> None:
                    left = messages
                    while left:
                        for message in receiver.receive_messages(min(left, 100), max_wait_time=5):
                            receiver.complete_message(message)
                            left -= 1

                received = _spend(messages, receive, running)
    yield from sent.figures("send", "")
    yield from received.figures("receive + complete", "")
    yield from sent.and_then(received).figures("both", "0.6")


class Spent(NamedTuple):
    """What some work took: seconds of the wall clock, and of CPU on either side."""

    messages: int
    wall: float
    client: float
    broker: float

    def and_then(self, other: "Spent") -> "Spent":
        """Both, one after the other, for the same messages."""
        wall, client, broker = (mine + its for mine, its in zip(self[1:], other[1:], strict=True))
        return Spent(self.messages, wall, client, broker)

    def figures(self, what: str, target: str) -> Iterator[Figure]:
        """The rate, and the broker's CPU set against the client's."""
        yield Figure(f"SDK, {what}: rate, 1 KiB", f"{self.messages / self.wall:,.0f} /s")
        ratio = f"{self.broker:.2f} s / {self.client:.2f} s = {self.broker / self.client:.2f}"
        yield Figure(f"SDK, {what}: broker / client CPU", ratio, target)


def _spend(messages: int, work: Callable[[], None], broker: Any) -> Spent:
    client_before, broker_before = time.process_time(), _cpu_seconds(broker)
    began = time.perf_counter()
    work()
    return Spent(
        messages,
        time.perf_counter() - began,
        time.process_time() - client_before,
        _cpu_seconds(broker) - broker_before,
    )


def _cpu_seconds(process: Any) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _depths(_messages: int) -> Iterator[Figure]:
    """The same work on a queue that is nearly empty, and on one that is very deep."""
    shallow = None
    for depth in DEPTHS:
        command = [sys.executable, "-m", "sbtutorial", "bench", "--depth", str(depth)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        measured = json.loads(answer.stdout)
        each = measured["microseconds"]
        shallow = shallow or each
        yield Figure(f"depth {depth:>9,}: send, lock, complete", f"{each:.1f} µs")
        if depth != DEPTHS[0]:
            yield Figure(
                f"depth {depth:>9,}: cost against depth {DEPTHS[0]:,}",
                f"{each / shallow:.2f}",
                "1.2",
            )
            yield Figure(
                f"depth {depth:>9,}: memory beyond the body",
                f"{measured['overhead_bytes']:.0f} bytes a message",
                "1 KB",
            )


def _measure_depth(depth: int) -> dict[str, float]:
    """Fill a queue to a depth, from encoded messages as they come; then work at that depth."""
    import psutil

    from sbtutorial.amqp.messaging import DATA, Properties, encode_section
    from sbtutorial.broker.descriptions import QueueDescription
    from sbtutorial.broker.namespace import Namespace
    from sbtutorial.gateway.wire.message import read_messages

    queue = Namespace(_NAMESPACE).create(
        "bench", QueueDescription(max_size_in_megabytes=5120), now=0.0
    )

    def send(number: int) -> None:
        properties = Properties(message_id=f"{number:036}").encode()
        payload = properties + encode_section(DATA, bytes(BODY_BYTES))
        queue.ingress.send(read_messages(payload, 0, from_wire=float, new_id=str), now=0.0)

    running = psutil.Process()
    before = running.memory_info().rss
    for number in range(depth):
        send(number)
    grown = running.memory_info().rss - before
    gc.collect()
    rounds, seconds = 2000, []
    for _ in range(5):
        began = time.perf_counter()
        for number in range(rounds):
            send(number)
            message = queue.main.peek_lock_next(now=0.0, who="bench")
            assert message is not None
            assert message.lock_token is not None
            queue.main.complete(message.lock_token, now=0.0)
        seconds.append((time.perf_counter() - began) / rounds)
    return {
        "microseconds": median(seconds) * 1e6,
        "overhead_bytes": grown / depth - BODY_BYTES,
    }


PARTS: dict[str, Callable[[int], Iterator[Figure]]] = {
    "start": _start,
    "idle": _idle,
    "imports": _imports,
    "sdk": _sdk,
    "depths": _depths,
}
