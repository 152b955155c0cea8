"""A client that is nothing but AMQP: memory, durable and RabbitMQ take turns."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from sbtutorial.commands.bench import rabbit
from sbtutorial.commands.bench.brokers import BODY_BYTES, QUEUE, Measured, Spent, side_by_side
from sbtutorial.commands.bench.client import Client
from sbtutorial.commands.bench.rows import Row, Sizes, Target, median_ratio
from sbtutorial.gateway.core import KEY_NAME

WORKS = {"send": "sent and settled", "receive": "received and accepted"}
_DURABLE = Target(0.5, is_floor=True)
_RABBIT = Target(1.2, is_floor=True)
# Proton may be where the system keeps its own packages.
_MAY_HAVE_PROTON = (sys.executable, "/usr/bin/python3", "python3")


class Place(NamedTuple):
    """A broker as a client finds it."""

    measured: Measured
    where: dict[str, Any]


def rows(sizes: Sizes) -> Iterator[Row]:
    """How many messages a second, and how that compares."""
    python = python_with_proton()
    if python is None:
        yield Row("raw AMQP", None, note="skipped: no Python here has Qpid Proton (`proton`)")
        return
    program = str(Path(__file__).with_name("proton_client.py"))
    with side_by_side() as brokers, rabbit.node() as node, Client([python, program]) as client:
        places = {
            name: Place(broker.measured, _where(broker.port, KEY_NAME, broker.key, QUEUE))
            for name, broker in brokers.items()
        }
        if node is not None:
            where = _where(node.port, "guest", "guest", f"/queue/{QUEUE}")
            places["RabbitMQ"] = Place(node.measured, where)
        spent = _measure(client, places, sizes)
    for work, what in WORKS.items():
        yield from _compared(what, spent[work])
    if node is None:
        yield Row("raw AMQP ÷ RabbitMQ", None, note="skipped: no RabbitMQ starts here")


def python_with_proton() -> str | None:
    """A Python that has Qpid Proton."""
    for python in _MAY_HAVE_PROTON:
        if (
            shutil.which(python)
            and not subprocess.run([python, "-c", "import proton"], capture_output=True).returncode
        ):
            return python
    return None


def _where(port: int, user: str, password: str, address: str) -> dict[str, Any]:
    return {"port": port, "user": user, "password": password, "address": address}


def _measure(
    client: Client, places: dict[str, Place], sizes: Sizes
) -> dict[str, dict[str, list[Spent]]]:
    spent: dict[str, dict[str, list[Spent]]] = {
        work: {name: [] for name in places} for work in WORKS
    }
    for _ in range(sizes.rounds):
        for work, runs in spent.items():
            for name, place in places.items():
                done = client.spend(
                    place.measured, sizes.raw, work=work, bytes=BODY_BYTES, **place.where
                )
                runs[name].append(done)
    return spent


def _compared(what: str, runs: dict[str, list[Spent]]) -> Iterator[Row]:
    for name, own in runs.items():
        rates = sorted(run.rate for run in own)
        cpu = median(run.broker / run.messages for run in own) * 1e6
        busy = median(run.client / run.wall for run in own)
        note = (
            f"{rates[0]:,.0f} to {rates[-1]:,.0f}; {cpu:.0f} µs of the broker's CPU each; "
            f"the client is busy {busy:.0%} of the time"
        )
        yield Row(f"raw AMQP, {what}: {name}", median(rates), "/s", note=note)
    yield Row(
        f"raw AMQP, {what}: durable ÷ memory", _ratio(runs, "durable", "memory"), "", _DURABLE
    )
    if "RabbitMQ" in runs:
        ratio = _ratio(runs, "memory", "RabbitMQ")
        yield Row(f"raw AMQP, {what}: memory ÷ RabbitMQ", ratio, "", _RABBIT)


def _ratio(runs: dict[str, list[Spent]], one: str, other: str) -> float:
    pairs = zip(runs[one], runs[other], strict=True)
    return median_ratio((mine.rate, its.rate) for mine, its in pairs)
