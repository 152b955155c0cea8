"""Celery on kombu's transport for Service Bus, with the lines that its page asks for.

The clients' half is tests/clients/python/celery_kitchen.py.
"""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sbtutorial.server.broker_server import KEY_NAME
from tests.clients import installed, page
from tests.clients.conftest import Bench
from tests.clients.program import Program

pytestmark = [pytest.mark.feature("Other people's programs"), pytest.mark.client("Celery")]

PYTHON = str(installed.python_of(installed.CELERY))
SECONDS = 60.0
WORKER = (
    *("-m", "celery", "--app", "celery_kitchen", "worker", "--pool", "solo"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "warning"),
)
# A name for each process, as on different computers.
NAMES = iter(f"worker-{number}@here" for number in range(1, 100))


class Told(NamedTuple):
    """What a worker does, and the line on which it waits for an answer."""

    what: list[Any]
    line: socket.socket

    def go_on(self) -> None:
        self.line.sendall(b"\n")
        self.line.close()


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory, ca_pem: Path) -> dict[str, str]:
    """What every process needs, whichever the broker."""
    if not installed.CELERY.exists():
        pytest.skip(f"needs: {installed.HOW}")
    folder = page.write("tasks.py", tmp_path_factory.mktemp("celery")).parent
    return {
        "PYTHONPATH": os.pathsep.join([str(folder), str(installed.PYTHON_PROGRAMS)]),
        "REQUESTS_CA_BUNDLE": str(ca_pem),
        "BROKER_URL": "azureservicebus://any:key@127.0.0.1:1",
    }


@pytest.fixture(scope="module")
def guest(variables: dict[str, str]) -> Iterator[Program]:
    """Who orders."""
    program = Program([PYTHON, "program.py"], installed.PYTHON_PROGRAMS, variables)
    yield program
    program.stop()


class Kitchen:
    """Where workers tell what they do, and what they need to run."""

    def __init__(self, bench: Bench, guest: Program, variables: dict[str, str]) -> None:
        self._guest = guest
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(SECONDS)
        self._url = f"azureservicebus://{KEY_NAME}:{bench.key}@127.0.0.1:{bench.port}"
        own = {"BROKER_URL": self._url, "KITCHEN_PORT": str(self._listening.getsockname()[1])}
        self._environment = {**os.environ, **variables, **own}

    def close(self) -> None:
        self._listening.close()

    def told(self) -> Told:
        """What a worker does next; it waits until it may go on."""
        line, _ = self._listening.accept()
        line.settimeout(SECONDS)
        return Told(json.loads(line.makefile("rb").readline()), line)

    def order(self, *names: str, tries: tuple[str, ...] = ()) -> None:
        self._guest.call("celery_kitchen", "order", url=self._url, names=names, tries=tries)

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(
            [PYTHON, *WORKER, "--hostname", next(NAMES)],
            cwd=installed.PYTHON_PROGRAMS,
            env=self._environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            process.kill()  # a real signal: SIGKILL, or Windows' TerminateProcess
            process.wait()


@pytest.fixture
def kitchen(bench: Bench, guest: Program, variables: dict[str, str]) -> Iterator[Kitchen]:
    kitchen = Kitchen(bench, guest, variables)
    yield kitchen
    kitchen.close()


def test_celery_does_twenty_tasks_and_tries_again_what_failed(
    kitchen: Kitchen, bench: Bench
) -> None:
    """Celery does twenty tasks, once each, and tries again those that fail."""
    names = [f"order-{number}" for number in range(17)]
    kitchen.order(*names, tries=("soup", "cake", "tea"))
    done = []
    with kitchen.worker():
        for _ in range(17 + 3 * 3):
            told = kitchen.told()
            done.append(told.what[:-1])
            told.go_on()
        bench.wait_until_empty("celery")
    assert sorted(done) == sorted(
        [["serve", name] for name in names]
        + [["try", name, number] for name in ("soup", "cake", "tea") for number in range(3)]
    )


def test_a_task_whose_worker_was_killed_is_done_by_another(kitchen: Kitchen, bench: Bench) -> None:
    """A task whose worker is killed at its work is done by another, when its lock has run out."""
    kitchen.order("tea", "cake")
    with kitchen.worker() as first:
        told = kitchen.told()
        assert told.what == ["serve", "tea", first.pid]
    told.line.close()
    assert bench.counts("celery").locked == 1
    bench.broker.advance(61)
    with kitchen.worker() as second:
        for name in ("tea", "cake"):
            told = kitchen.told()
            assert told.what == ["serve", name, second.pid]
            told.go_on()
        bench.wait_until_empty("celery")


def test_an_address_of_azure_stays_what_it_is(guest: Program) -> None:
    """With the lines for a local broker, an address of Azure stays what it is."""
    address = guest.call(
        "celery_kitchen", "address", uri="azureservicebus://name:key/with=signs@shop"
    )
    assert address == ["shop.servicebus.windows.net", "name:key/with=signs"]
