"""A broker's claim on its name: a lock that a process holds for life, and the system ends with it.

That a broker does not answer says little: it may be stopped, swapped out, or asleep with its
laptop. Whether it lives is known by its claim alone, so there are never two of one name, whoever
starts them at the same instant. Its process id stands in the file, behind the byte that is locked.
"""

import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from sbtutorial.folders import told
from sbtutorial.setup.file_lock import try_lock

_PID_AT = 1
_PID_BYTES = 20
_NAP_SECONDS = 0.02


class Claim:
    """The claim of this process; let go of with the `with` block, or with the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let go of it before the process ends."""
        os.close(self._descriptor)


def claim(path: Path, wait_seconds: float = 0.0) -> Claim | None:
    """Claim what a file stands for; None while another process has it.

    Args:
        path: The file; it is made if need be, and stays.
        wait_seconds: How long to wait for another's end.

    Raises:
        TutorialError: The file cannot be written or locked; the text says why.
    """
    with told(f"{path} cannot be locked"):
        descriptor = _locked(path, wait_seconds)
        if descriptor is None:
            return None
        os.lseek(descriptor, _PID_AT, os.SEEK_SET)
        os.write(descriptor, str(os.getpid()).ljust(_PID_BYTES).encode())
        return Claim(descriptor)


def holder(path: Path) -> int | None:
    """The id of the process that has the claim; 0 if it cannot be read; None when nobody has it.

    Raises:
        TutorialError: The file cannot be looked at; the text says why.
    """
    with told(f"{path} cannot be looked at"):
        if not path.exists():
            return None
        descriptor = _locked(path, 0.0)
        if descriptor is not None:
            os.close(descriptor)
            return None
    with suppress(OSError, ValueError), path.open("rb", buffering=0) as file:
        file.seek(_PID_AT)
        return int(file.read(_PID_BYTES))
    return 0


def _locked(path: Path, wait_seconds: float) -> int | None:
    """A descriptor of the file with its lock; None when that is not to be had in time."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    end = time.monotonic() + wait_seconds
    try:
        while not try_lock(descriptor):
            if time.monotonic() >= end:
                os.close(descriptor)
                return None
            time.sleep(_NAP_SECONDS)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
