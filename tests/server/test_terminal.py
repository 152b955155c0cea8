import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sbtutorial.control_client import ControlClient
from sbtutorial.errors import TutorialError
from sbtutorial.server import process, terminal

CLONE = Path(__file__).parents[2]
SERVE = "import sys; from sbtutorial.server.terminal import serve; serve('shop', 0, sys.argv[1])"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SBTUTORIAL_HOME", str(tmp_path / "home"))


@pytest.fixture
def window() -> Iterator["subprocess.Popen[str]"]:
    """A broker in a window of its own, which has said what it says."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, "premium"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=CLONE,
    ) as process:
        yield process
        process.kill()


def connection_string(window: "subprocess.Popen[str]") -> str:
    assert window.stdout
    return next(line.strip() for line in window.stdout if line.startswith("Endpoint="))


def test_the_printed_connection_string_opens_it(window: "subprocess.Popen[str]") -> None:
    status = ControlClient(connection_string(window)).status()

    assert (status["namespace"], status["tier"]) == ("shop", "Premium")


def test_it_is_found_as_a_background_broker_is(window: "subprocess.Popen[str]") -> None:
    string = connection_string(window)

    broker = process.find("shop")
    assert broker is not None
    assert broker.connection_string == string
    assert broker.record.pid == window.pid


def test_a_second_one_of_the_same_name_is_refused(window: "subprocess.Popen[str]") -> None:
    connection_string(window)

    with pytest.raises(TutorialError, match="runs already"):
        terminal.serve("shop", 0, "standard")


def test_it_can_be_stopped_from_elsewhere(window: "subprocess.Popen[str]") -> None:
    ControlClient(connection_string(window)).shutdown()

    said, complaints = window.communicate(timeout=30)
    assert (window.returncode, said, complaints) == (0, "\nStopped.\n", "")
    assert process.find("shop") is None


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_quietly(window: "subprocess.Popen[str]", number: int) -> None:
    connection_string(window)
    window.send_signal(number)

    said, complaints = window.communicate(timeout=30)
    assert (window.returncode, said, complaints) == (0, "\nStopped.\n", "")
    assert process.find("shop") is None


def test_a_port_that_is_taken_is_a_sentence() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(TutorialError, match=r"Port \d+ cannot be had"),
    ):
        terminal.serve("shop", taken.getsockname()[1], "standard")
