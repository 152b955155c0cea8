"""The turns since the file's last commit, a record each, in a log beside it.

A commit of SQLite takes some ten times as long as to write a record to the end of a file, and both
outlive the process as soon as they return. So a turn is safe with its record; the commit has many
turns, and when that is done the log begins anew, over what it had.

Records are numbered, and the file knows the number of the last turn that it has itself. What a
killed process has left of its last record is none. What cannot be: records behind one that is
broken, and numbers that are missing; then the log or the file is damaged, or not the other's.
"""

import struct
import zlib
from collections.abc import Iterator
from errno import ENOSPC
from pathlib import Path

_MARK = b"TURN"
_HEAD = struct.Struct("<4sQII")  # the mark, number, bytes that follow, checksum of these
_BROKEN = (
    "its log of turns (-turns) is broken before its end, so what was accepted last cannot be read. "
    "(To go on without that, put an empty file in its place)"
)
FOREIGN = (
    "its log of turns (-turns) belongs to another state of it, as after a copy was put back or the "
    "machine itself has ended. (To go on without what was accepted last, put an empty file in its "
    "place)"
)


class TurnLog:
    """One log, for whoever has the file.

    Args:
        path: Where; it is made if need be, readable by its owner alone.

    Attributes:
        size: How long it is, in bytes.

    Raises:
        OSError: It cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._number = 0
        path.touch(mode=0o600)
        self._file = path.open("r+b", buffering=0)
        self._identity = _identity(path)

    def turns(self, last: int) -> Iterator[tuple[int, bytes]]:
        """The turns behind one, each with its number; new ones go behind these.

        Raises:
            ValueError: The log is damaged, or belongs to another file.
        """
        data = self._file.read()
        number, at = 0, 0
        while (record := _record(data, at)) is not None and (not at or record[0] == number + 1):
            number, turn = record
            if not at and number > last + 1:
                raise ValueError(FOREIGN)
            at += _HEAD.size + len(turn)
            if number > last:
                yield number, turn
        if _has_later(data, at, max(number, last)):
            raise ValueError(_BROKEN)
        self.size = at
        self._number = max(number, last)
        self._file.seek(at)

    def add(self, turn: bytes) -> int:
        """Put a turn behind the others; returns its number. Hot.

        Raises:
            OSError: It could not be written, or not whole; the log is as it was.
        """
        number = self._number + 1
        record = _HEAD.pack(_MARK, number, len(turn), _checksum(number, turn)) + turn
        if self._file.write(record) != len(record):
            self._file.seek(self.size)
            raise OSError(ENOSPC, "there was no room for a whole turn", str(self.path))
        self.size += len(record)
        self._number = number
        return number

    @property
    def is_there(self) -> bool:
        """Whether what is written to it is under its name.

        Raises:
            OSError: Nothing is.
        """
        return _identity(self.path) == self._identity

    def begin_anew(self) -> None:
        """The file has every turn itself: the next one goes to the beginning."""
        self._file.seek(0)
        self.size = 0

    def empty(self) -> None:
        """Have nothing in it: the file has every turn itself, for good."""
        self._file.truncate(0)

    def remove(self) -> None:
        """Have it no more."""
        self._file.close()
        self.path.unlink()

    def close(self) -> None:
        """Let go of it."""
        self._file.close()


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _record(data: bytes, at: int) -> tuple[int, bytes] | None:
    """The number and the turn of a record; None where none is whole."""
    if len(data) < at + _HEAD.size:
        return None
    mark, number, length, checksum = _HEAD.unpack_from(data, at)
    turn = data[at + _HEAD.size : at + _HEAD.size + length]
    if mark != _MARK or len(turn) != length:
        return None
    return (number, turn) if checksum == _checksum(number, turn) else None


def _checksum(number: int, turn: bytes) -> int:
    return zlib.crc32(turn, number & 0xFFFFFFFF)


def _has_later(data: bytes, at: int, number: int) -> bool:
    """Whether there is a whole record of a later turn somewhere behind a place."""
    while (at := data.find(_MARK, at)) >= 0:
        record = _record(data, at)
        if record is not None and record[0] > number:
            return True
        at += 1
    return False
