"""The programs in JavaScript that stand on the page about other people's; they run as they are.

Its programs in Python are run by test_celery.py, test_fastapi.py and test_airflow.py.
"""

import os
import subprocess
from pathlib import Path

import pytest

from sbtutorial.hosting.thread import ThreadedBroker
from tests.clients import installed, page
from tests.clients.conftest import Bench

pytestmark = pytest.mark.feature("Other people's programs")


def run(name: str, **variables: str) -> str:
    """What a program prints; it finds its packages from the folder where it runs."""
    if problem := installed.why_no_node():
        pytest.skip(problem)
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", page.PROGRAMS[name]],
        cwd=installed.NODE_PROGRAMS,
        env={**os.environ, **variables},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.client("JavaScript")
def test_a_program_makes_a_queue_sends_and_receives(broker: ThreadedBroker, ca_pem: Path) -> None:
    """A program in JavaScript makes a queue, sends to it and receives, with one string."""
    said = run(
        "orders.mjs",
        SERVICEBUS_CONNECTION_STRING=broker.connection_string,
        NODE_EXTRA_CA_CERTS=str(ca_pem),
    )
    assert said == "tea\n"


@pytest.mark.client("rhea-promise")
def test_a_program_with_rhea_promise_sends(bench: Bench) -> None:
    """A program with rhea-promise sends, with the key as a password."""
    assert run("plain.mjs", SERVICEBUS_PORT=str(bench.port), SERVICEBUS_KEY=bench.key) == ""
    assert bench.counts().active == 1
