"""Port 5671, of which a computer has one: tests that run side by side have it one after another."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import TypeVar

import pytest
from filelock import FileLock

from sbtutorial.server.port import AMQPS_PORT

Here = TypeVar("Here")


@contextmanager
def on_port_5671(start: Callable[[], AbstractContextManager[Here]]) -> Iterator[Here]:
    """What `start` makes, when no other test has the port; skips where another program has it."""
    lock = FileLock(Path(gettempdir()) / "sbtutorial-tests-port-5671.lock")
    with lock, ExitStack() as stack:
        try:
            started = stack.enter_context(start())
        except OSError as refusal:
            pytest.skip(f"port {AMQPS_PORT} cannot be had here: {refusal}")
        yield started
