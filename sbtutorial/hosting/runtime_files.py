"""The private files by which a background broker is found again: one record for each namespace.

A record holds the key, so only its owner may read it: 0600 in a 0700 folder. Where the system
knows no such modes (Windows) the user's own profile folder keeps others out.
"""

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from sbtutorial.connection_string import connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.folders import HOST

_NAMESPACE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,49}")


class BrokerRecord(NamedTuple):
    """Where a background broker is and how to prove that one may use it.

    Attributes:
        started_at: Seconds since the epoch; with `pid` it tells one broker from the next.
        version: The `sbtutorial` that it runs.
        tier: "Standard" or "Premium".
    """

    namespace: str
    pid: int
    port: int
    key_name: str
    key: str
    started_at: float
    version: str
    tier: str

    @property
    def connection_string(self) -> str:
        """What the SDK's clients take."""
        return connection_string(HOST, self.port, self.key_name, self.key)


def namespaces(folder: Path) -> list[str]:
    """The namespaces that have a record in a run-time folder, as their file names have them."""
    stems = (path.stem for path in folder.glob("*.json"))
    return [stem for stem in stems if _NAMESPACE_NAME.fullmatch(stem)]


class RuntimeFiles:
    """What one namespace keeps in the run-time folder: record, log and lock.

    Raises:
        TutorialError: The name cannot be a namespace's.
    """

    def __init__(self, folder: Path, namespace: str) -> None:
        if not _NAMESPACE_NAME.fullmatch(namespace):
            raise TutorialError(
                f"'{namespace}' cannot be the name of a namespace: use up to 50 letters, digits "
                "and hyphens, the first one a letter."
            )
        self.namespace = namespace
        stem = namespace.lower()
        self.folder = folder
        self.record_path = folder / f"{stem}.json"
        self.log_path = folder / f"{stem}.log"
        self.lock_path = folder / f"{stem}.lock"

    def read(self) -> BrokerRecord | None:
        """The record of the broker that was started last, unless it has said goodbye."""
        try:
            return BrokerRecord(**json.loads(self.record_path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, record: BrokerRecord) -> None:
        """Put the record in place, whole at every instant."""
        temporary = self.record_path.with_suffix(f".{os.getpid()}")
        with open(_open_private(temporary), "w", encoding="utf-8") as file:
            json.dump(record._asdict(), file)
        os.replace(temporary, self.record_path)

    def remove(self, record: BrokerRecord) -> None:
        """Take the record away if it still is this one, not that of a later broker."""
        if self.read() == record:
            with suppress(OSError):
                self.record_path.unlink()

    def open_log(self) -> int:
        """A file descriptor for the broker's complaints, emptied of those of earlier brokers."""
        return _open_private(self.log_path)

    def last_complaint(self) -> str:
        """The last line of the log, "" when it has none."""
        with suppress(OSError):
            lines = self.log_path.read_text("utf-8", "replace").split("\n")
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ""


def _open_private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
