"""Whether a file's pages are whole, and its rows all there: looked at while messages are read.

SQLite notices a damaged page when it comes by, and it does not come by those of what messages hold
until somebody receives them. So all pages are looked at when a file is opened. Whoever opens it may
have a thread do that: SQLite works without Python's lock, so reading messages takes no longer.

A page of another time (of an older copy of the file, say) is whole by itself, so what belongs
together is counted, too. Bytes that were changed inside of what a message holds are found when it
is read, by the checksum that stands with them.
Source: SQLite, "PRAGMA quick_check".
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from sbtutorial.broker.states import MessageState
from sbtutorial.store.sqlite.schema import NUMBER_BITS

# Has some work begin; returns what waits for its end so many seconds, and says if that has come.
Beside = Callable[[Callable[[], None]], Callable[[float], bool]]

_TOLD_SECONDS = 5.0

# Pages are looked at once, in their order.
_CACHE_KIB = 400
_WHERE = "*** in database main ***"
_NOT_GONE = f"id >> {NUMBER_BITS} NOT IN (SELECT entity FROM gone)"
_MESSAGES = f"""
SELECT count(*), count(contents.id), count(CASE WHEN state <> {int(MessageState.GONE)} THEN 1 END)
FROM messages LEFT JOIN contents ON contents.id = messages.content WHERE messages.{_NOT_GONE}
"""
_CONTENTS = f"SELECT count(*) FROM contents WHERE {_NOT_GONE}"


class PageCheck:
    """Looks through one file, once; nobody may write to it meanwhile.

    Args:
        path: The file.
        beside: Has it done meanwhile.
    """

    def __init__(self, path: Path, beside: Beside) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._trouble: sqlite3.Error | None = None
        self._message_count = 0
        self._wait = beside(self._run)

    def finish(self, read_count: int, on_wait: Callable[[], None]) -> None:
        """Wait until all was looked at, which on a slow disk may take much longer than reading.

        Args:
            read_count: How many messages were read meanwhile.
            on_wait: Told now and then that it takes.

        Raises:
            sqlite3.Error: The file is damaged, or cannot be read.
        """
        while not self._wait(_TOLD_SECONDS):
            on_wait()
        if self._trouble is not None:
            raise self._trouble
        if read_count != self._message_count:
            raise sqlite3.DatabaseError(
                f"of {self._message_count:,} messages {read_count:,} can be read"
            )

    def close(self) -> None:
        """Let go of the file, if need be before all was looked at."""
        self._connection.interrupt()
        while not self._wait(_TOLD_SECONDS):
            pass
        self._connection.close()

    def _run(self) -> None:
        try:
            self._look()
        except sqlite3.Error as error:
            self._trouble = error

    def _look(self) -> None:
        rows = self._connection.execute
        rows(f"PRAGMA cache_size = -{_CACHE_KIB}")
        ((said,),) = rows("PRAGMA quick_check(1)")
        if said != "ok":
            raise sqlite3.DatabaseError(" ".join(said.removeprefix(_WHERE).split()))
        ((count, with_content, self._message_count),) = rows(_MESSAGES)
        ((contents,),) = rows(_CONTENTS)
        if not count == with_content == contents:
            raise sqlite3.DatabaseError(
                f"it has {count:,} messages, {contents:,} of what messages hold, and "
                f"{with_content:,} of these belong together"
            )


def at_once(work: Callable[[], None]) -> Callable[[float], bool]:
    """Do some work here and now; there is nothing to wait for."""
    work()
    return lambda seconds: True
