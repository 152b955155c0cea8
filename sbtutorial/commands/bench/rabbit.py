"""RabbitMQ, where it is installed: a node of its own in a folder that goes with it."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from sbtutorial.commands.bench.brokers import Measured
from sbtutorial.folders import HOST

_STARTS_SECONDS = 90.0
# Debian's own script on the path changes to another user first; what it calls does not.
_PLACES = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/sbin", "/usr/local/sbin")


class RabbitNode(NamedTuple):
    """A node that runs.

    Attributes:
        port: Where it listens.
        measured: Its process.
    """

    port: int
    measured: Measured


def server() -> str | None:
    """The program that starts a node; None where RabbitMQ is not installed."""
    path = os.pathsep.join(_PLACES)
    return shutil.which("rabbitmq-server", path=path) or shutil.which("rabbitmq-server")


@contextmanager
def node() -> Iterator[RabbitNode | None]:
    """A node that speaks AMQP 1.0, for as long as the block runs; None if none starts."""
    program, epmd_program = server(), shutil.which("epmd")
    if program is None or epmd_program is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="sbtutorial-rabbit-") as folder:
        port = _free_port()
        environment = _environment(Path(folder), port)
        epmd = subprocess.Popen(
            [epmd_program, "-port", environment["ERL_EPMD_PORT"], "-address", HOST],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        process = subprocess.Popen(
            [program],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield RabbitNode(port, Measured(process.pid)) if _answers(port, process) else None
        finally:
            _end(process)
            epmd.kill()
            epmd.wait()


def _environment(folder: Path, port: int) -> dict[str, str]:
    """All that a node takes from its surroundings, in a folder of its own."""
    plugins = folder / "enabled_plugins"
    plugins.write_text("[rabbitmq_amqp1_0].\n")
    config = folder / "rabbitmq.conf"
    config.write_text(f"listeners.tcp.default = {HOST}:{port}\n")
    return {
        **os.environ,
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(_free_port()),
        "RABBITMQ_NODENAME": f"bench-{os.getpid()}@localhost",
        "RABBITMQ_DIST_PORT": str(_free_port()),
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_NODE_IP_ADDRESS": HOST,
        "RABBITMQ_CONFIG_FILE": str(config),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none.conf"),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
    }


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait until it accepts connections; False if it ends instead, or takes too long."""
    until = time.monotonic() + _STARTS_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return True
        time.sleep(0.2)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """End its whole session, or where there is none, the process."""
    if hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.kill()
    process.wait()


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as there:
        return int(there.getsockname()[1])
