"""Turns that are noted: safe in the log of turns, and written into the file later, many at a time.

The file says whether it has such a log, and which of its turns it has itself. So a log that was
taken away is missed, and one that belongs to another state of the file is no surprise.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from sbtutorial.broker.changes import Change
from sbtutorial.store.sqlite.turn_log import FOREIGN, TurnLog
from sbtutorial.store.store import Codec

# What is noted is written when it is so many changes or bytes, some milliseconds' worth; a turn
# that has more to say by itself is not written twice.
_MANY_CHANGES, _MANY_BYTES = 256, 256 * 1024
_MOST_BYTES = 32 * 1024
_AWAY = (
    "its log of turns (-turns), which has what was accepted last, was taken away. (Put it back; to "
    "go on without, put an empty file in its place)"
)
_READ = "SELECT value FROM meta WHERE name = 'noted'"
# The last turn of the log that the file has itself; and that there is no log.
WRITTEN = "INSERT OR REPLACE INTO meta VALUES ('noted', ?)"
_NO_LOG = "DELETE FROM meta WHERE name = 'noted'"


class NotedTurns:
    """The turns that only the log has, in front of one file.

    Args:
        path: The file's; the log stands beside it, and is there only while it is in use.
        connection: The file's.
        codec: Writes turns and reads them.

    Raises:
        sqlite3.Error, OSError: The log is missing, is not this file's, or cannot be opened.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, codec: Codec) -> None:
        self._path = path.with_name(path.name + "-turns")
        self._connection = connection
        self._codec = codec
        self._turns: list[Sequence[Change]] = []
        self._count = 0
        self._last = self._written = 0
        self._log = self._left_behind()

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return not self._turns

    @property
    def is_there(self) -> bool:
        """Whether the log, if there is one, can be found again under its name.

        Raises:
            OSError: It cannot.
        """
        return self._log is None or self._log.is_there

    @property
    def are_many(self) -> bool:
        """Whether it is time to write them."""
        log = self._log
        return self._count >= _MANY_CHANGES or (log is not None and log.size >= _MANY_BYTES)

    def load(self) -> Iterator[Sequence[Change]]:
        """What the broker before has left, which was killed; it is noted from now on.

        Raises:
            ValueError: The log is damaged, or not this file's.
        """
        if self._log is not None:
            for number, turn in self._log.turns(self._written):
                changes = self._codec.decode_turn(turn)
                self._turns.append(changes)
                self._last = number
                yield changes

    def add(self, changes: Sequence[Change]) -> bool:
        """Note a turn, if it has little to say; whether it was. Hot.

        Raises:
            OSError, sqlite3.Error: It could not be.
        """
        turn = self._codec.encode_turn(changes)
        if len(turn) > _MOST_BYTES:
            return False
        log = self._log or self._begin()
        self._last = log.add(turn)
        self._turns.append(changes)
        self._count += len(changes)
        return True

    def take(self) -> tuple[list[Sequence[Change]], int]:
        """All of them, to be written now, and the number of the last one: 0 for none."""
        if not self._turns:
            return [], 0
        turns, self._turns, self._count = self._turns, [], 0
        return turns, self._last

    def have_been_written(self, last: int) -> None:
        """The file has what was taken, up to this number."""
        self._written = last
        if last == self._last and self._log is not None:
            self._log.begin_anew()

    def end(self) -> None:
        """Have no log any more, if the file has all that was noted; it may be interrupted.

        Raises:
            OSError, sqlite3.Error: The log stays.
        """
        if self._log is not None and self._written == self._last:
            self._log.empty()
            self._connection.execute(_NO_LOG)
            self._log.remove()
            self._log = None
            self._last = self._written = 0

    def close(self) -> None:
        """Let go of the log."""
        if self._log is not None:
            self._log.close()

    def _left_behind(self) -> TurnLog | None:
        """The log that is there already."""
        row = self._connection.execute(_READ).fetchone()
        if not self._path.exists():
            if row is not None:
                raise sqlite3.DatabaseError(_AWAY)
            return None
        if row is None and self._path.stat().st_size:
            raise sqlite3.DatabaseError(FOREIGN)
        self._last = self._written = 0 if row is None else int(row[0])
        return TurnLog(self._path)

    def _begin(self) -> TurnLog:
        """Have a log from now on; the file says so, should somebody take it away."""
        log = TurnLog(self._path)
        try:
            self._connection.execute(WRITTEN, (self._written,))
        except sqlite3.Error:
            log.close()
            raise
        self._log = log
        return log
