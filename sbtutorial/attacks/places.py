"""Where the broker of a day is: in a process that can be killed, or on a thread of this one.

A place is a context manager: its broker answers inside of it, and is gone afterwards unless it says
otherwise.
"""

import secrets
import time
from contextlib import suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Protocol, Self

from sbtutorial.broker.limits import STANDARD, Limits
from sbtutorial.errors import TutorialError
from sbtutorial.folders import runtime_folder
from sbtutorial.hosting import background
from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.hosting.runtime_files import RuntimeFiles
from sbtutorial.hosting.storage import path_of
from sbtutorial.hosting.thread import ThreadedBroker, plain_loop

# Should this program be killed, its broker is gone so much later.
_IDLE_SECONDS = 300.0
_LEFT_BEHIND_SECONDS = 24 * 3600.0
_PREFIX = "attack"
_NOT_KILLED = "A broker on a thread cannot be killed: give it a process."


class Place(Protocol):
    """A broker for one day."""

    connection_string: str
    control: ControlClient

    def __enter__(self) -> Self:
        """Have it answer.

        Raises:
            TutorialError: It cannot be had.
        """

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave it."""

    def crash(self) -> None:
        """Kill it, and have it start again, with what it had accepted.

        Raises:
            TutorialError: It is none that can be killed.
        """


class ProcessPlace:
    """A broker in a process of its own, which keeps what it accepts until the day is over.

    Args:
        limits: Of its tier.
    """

    def __init__(self, limits: Limits = STANDARD) -> None:
        self._limits = limits
        self._namespace = f"{_PREFIX}-{secrets.token_hex(6)}"

    def __enter__(self) -> Self:
        """Start it."""
        _sweep()
        broker = background.start(
            self._namespace, tier=self._limits.name, idle_seconds=_IDLE_SECONDS
        )
        self.connection_string = broker.connection_string
        self.control = broker.control
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        """Stop it, and delete what it kept."""
        with suppress(TutorialError, AttributeError):  # it may never have come up
            self.control.shutdown()
        files = RuntimeFiles(runtime_folder(), self._namespace)
        kept = path_of(self._namespace)
        for path in (files.record_path, files.claim_path, files.log_path, files.lock_path):
            _delete(path)
        for path in kept.parent.glob(f"{kept.stem}.*"):
            _delete(path)

    def crash(self) -> None:
        """Kill its process."""
        background.crash(self._namespace, self.connection_string)


class ThreadPlace:
    """A broker on a thread of this process: at once there, and nothing of it outlives the day.

    Args:
        limits: Of its tier.
        namespace: Its name.
    """

    def __init__(self, limits: Limits = STANDARD, namespace: str = _PREFIX) -> None:
        self._limits = limits
        self._namespace = namespace

    def __enter__(self) -> Self:
        """Start it."""
        self._broker = ThreadedBroker(
            namespace=self._namespace, limits=self._limits, loop_factory=plain_loop
        )
        self._broker.__enter__()
        self.connection_string = self._broker.connection_string
        self.control = ControlClient(self.connection_string)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        """Stop it."""
        self._broker.__exit__(kind, error, trace)

    def crash(self) -> None:
        """It cannot."""
        raise TutorialError(_NOT_KILLED)


class LastingPlace:
    """A broker on a thread that stays when a day is over, as long as this process.

    So one can look back, and watch the next day while it is played: that begins with an empty
    namespace. One day has it at a time.

    Args:
        limits: Of its tier.
        namespace: Its name.
    """

    def __init__(self, limits: Limits, namespace: str) -> None:
        place = ThreadPlace(limits, namespace).__enter__()
        self.connection_string = place.connection_string
        self.control = place.control
        self._one_at_a_time = Lock()

    def __enter__(self) -> Self:
        """Have it, empty."""
        self._one_at_a_time.acquire()
        self.control.reset()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        """Leave it as it is."""
        self._one_at_a_time.release()

    def crash(self) -> None:
        """It cannot."""
        raise TutorialError(_NOT_KILLED)


def _sweep() -> None:
    """Delete what days have left whose program was killed."""
    for path in path_of(_PREFIX).parent.glob(f"{_PREFIX}-*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _LEFT_BEHIND_SECONDS:
                path.unlink()


def _delete(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
