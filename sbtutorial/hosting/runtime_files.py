"""The private files by which a broker is found again: one record for each namespace.

A record holds the key, so only its owner may read it: 0600 in a 0700 folder. Where the system
knows no such modes (Windows) the user's own profile folder keeps others out.
"""

import json
import os
import re
import stat
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from sbtutorial.connection_string import (
    ConnectionStringError,
    connection_string,
    parse_connection_string,
)
from sbtutorial.errors import TutorialError
from sbtutorial.folders import HOST, told
from sbtutorial.hosting.claim import Claim, claim, holder

_NAMESPACE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,49}")
_MAX_RECORD_BYTES = 64 * 1024
_TEXTS = ("namespace", "key_name", "key", "version", "tier")


class BrokerRecord(NamedTuple):
    """Where a broker is and how to prove that one may use it.

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


class RecordDamaged(Exception):
    """A record cannot be used; the text goes on with a sentence that names the file."""


def namespaces(folder: Path) -> list[str]:
    """The namespaces that have left files in a run-time folder, in small letters, by name."""
    with told(f"The folder for run-time files, {folder}, cannot be read"):
        stems = {path.stem for path in folder.iterdir() if path.suffix in (".json", ".alive")}
    return sorted(stem for stem in stems if _NAMESPACE_NAME.fullmatch(stem))


class RuntimeFiles:
    """What one namespace keeps in the run-time folder: record, claim, log and lock.

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
        self.claim_path = folder / f"{stem}.alive"
        self.log_path = folder / f"{stem}.log"
        self.lock_path = folder / f"{stem}.lock"

    def claim(self, wait_seconds: float = 0.0) -> Claim | None:
        """Claim the name for a broker in this process; None while one of this name lives.

        Raises:
            TutorialError: The system refuses it; the text says why.
        """
        return claim(self.claim_path, wait_seconds)

    def holder(self) -> int | None:
        """The id of the process whose broker has this name; 0 if it is not known, None for none.

        Raises:
            TutorialError: The system refuses to say; the text says why.
        """
        return holder(self.claim_path)

    def read(self) -> BrokerRecord | None:
        """The record of the broker that was started last, unless it has said goodbye.

        One that is damaged counts as none; `damage` says what is wrong with it.
        """
        try:
            return self._read()
        except RecordDamaged:
            return None

    def damage(self) -> str:
        """What is wrong with the record, in words that follow its file's name; "" for nothing."""
        try:
            self._read()
        except RecordDamaged as damaged:
            return str(damaged)
        return ""

    def write(self, record: BrokerRecord) -> None:
        """Put the record in place, whole at every instant.

        Raises:
            TutorialError: The system refuses it; the text says why.
        """
        temporary = self.record_path.with_suffix(f".{os.getpid()}")
        with told(f"The broker's record, {self.record_path}, cannot be written"):
            try:
                with open(_open_private(temporary), "w", encoding="utf-8") as file:
                    json.dump(record._asdict(), file)
                os.replace(temporary, self.record_path)
            except OSError:
                with suppress(OSError):
                    temporary.unlink()
                raise

    def remove(self, record: BrokerRecord) -> None:
        """Take the record away if it still is this one, not that of a later broker."""
        if self.read() == record:
            with suppress(OSError):
                self.record_path.unlink()

    def open_log(self) -> int:
        """A file descriptor for the broker's complaints, emptied of those of earlier brokers.

        Raises:
            TutorialError: The system refuses it; the text says why.
        """
        with told(f"The broker's log, {self.log_path}, cannot be written"):
            return _open_private(self.log_path)

    def last_complaint(self) -> str:
        """The last line of the log, "" when it has none."""
        with suppress(OSError):
            lines = self.log_path.read_text("utf-8", "replace").split("\n")
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ""

    def _read(self) -> BrokerRecord | None:
        try:
            if not stat.S_ISREG(self.record_path.stat().st_mode):
                raise RecordDamaged("is a folder, or whatever else, and no file")
            with self.record_path.open("rb") as file:
                content = file.read(_MAX_RECORD_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RecordDamaged(f"cannot be read ({error.strerror})") from None
        record = _parsed(content)
        if record.namespace.lower() != self.namespace.lower():
            raise RecordDamaged(f"is that of another namespace, '{record.namespace[:50]}'")
        return record


def _parsed(content: bytes) -> BrokerRecord:
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        raise RecordDamaged("is cut off, or was written by something else") from None
    names = BrokerRecord._fields
    # A later version may add fields, but may not do without these.
    missing = [name for name in names if name not in fields] if isinstance(fields, dict) else names
    if missing:
        raise RecordDamaged(f"is of another version: it lacks {', '.join(missing)}")
    record = BrokerRecord(**{name: fields[name] for name in names})
    if not _is_usable(record):
        raise RecordDamaged("holds values that cannot be")
    return record


def _is_usable(record: BrokerRecord) -> bool:
    values: dict[str, Any] = record._asdict()
    if not all(isinstance(values[name], str) for name in _TEXTS):
        return False
    if type(record.pid) is not int or type(record.port) is not int or record.pid < 1:
        return False
    if type(record.started_at) not in (int, float):
        return False
    try:
        if not isfinite(record.started_at):
            return False
        return parse_connection_string(record.connection_string).key == record.key
    except (ConnectionStringError, OverflowError):
        return False


def _open_private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
