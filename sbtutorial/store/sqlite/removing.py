"""What is gone, removed from the file bit by bit, when there is nothing else to do."""

import sqlite3
from collections.abc import Iterable
from contextlib import suppress

from sbtutorial.store.sqlite.schema import NUMBER_BITS
from sbtutorial.store.sqlite.writing import BURIED, removals, transact

# How much of what is gone is removed at once: some ten milliseconds' worth.
_REMOVED_AT_ONCE = 2000
_BURIED_AT_ONCE = 512
# Who is too busy to tidy up removes them all the same before they are more.
_MOST_BURIED = 20_000
_MANY_MESSAGES = 10_000
_MANY_PAGES, _NEARLY_ALL = 10_000, 0.9


class Remover:
    """Removes messages that are gone, and what entities have left that are gone.

    Args:
        connection: The file's.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._has_gone = True  # what the broker before has left, perhaps
        # Keys of messages that are gone, whose rows are there still.
        self._buried: list[int] = []
        self._deleted = 0

    def load(self) -> None:
        """Take over what the broker before has left."""
        self._buried = [key for (key,) in self._connection.execute(BURIED)]

    def add(self, messages: Iterable[int], has_gone: bool) -> None:
        """More is gone: messages, by their keys, and perhaps an entity."""
        self._buried += messages
        self._has_gone |= has_gone
        if len(self._buried) > _MOST_BURIED:
            with suppress(sqlite3.Error):  # they can wait
                self._remove_buried()

    def tidy(self) -> bool:
        """Remove a little of what is gone; whether there may be more.

        Raises:
            sqlite3.Error: It cannot be removed now.
        """
        if len(self._buried) >= _BURIED_AT_ONCE:  # fewer are not worth that writers wait
            self._remove_buried()
            return True
        if self._has_gone:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                for (entity,) in self._connection.execute("SELECT entity FROM gone LIMIT 1"):
                    self._remove_some(entity)
                    return True
            self._has_gone = False
            self._shrink()
        elif self._deleted > _MANY_MESSAGES:
            self._deleted = 0
            self._shrink()
        return False

    def finish(self) -> None:
        """Remove all messages that are gone.

        Raises:
            sqlite3.Error: They cannot be removed now.
        """
        while self._buried:
            self._remove_buried()

    def _remove_buried(self) -> None:
        keys = self._buried[:_BURIED_AT_ONCE]
        transact(self._connection, removals(keys))
        del self._buried[: len(keys)]
        self._deleted += len(keys)

    def _remove_some(self, entity: int) -> None:
        first, end = entity << NUMBER_BITS, (entity + 1) << NUMBER_BITS
        left = _REMOVED_AT_ONCE
        for table in ("messages", "contents", "duplicates"):
            chosen = f"SELECT id FROM {table} WHERE id >= ? AND id < ? LIMIT ?"
            statement = f"DELETE FROM {table} WHERE id IN ({chosen})"
            left -= self._connection.execute(statement, (first, end, left)).rowcount
            if left <= 0:
                return
        chosen = "SELECT id FROM sessions WHERE entity = ?1 LIMIT ?2"
        statement = f"DELETE FROM sessions WHERE entity = ?1 AND id IN ({chosen})"
        if self._connection.execute(statement, (entity, left)).rowcount < left:
            self._connection.execute("DELETE FROM gone WHERE entity = ?", (entity,))

    def _shrink(self) -> None:
        """Give room back to the disk when nearly all of a large file is free."""
        ((free,),) = self._connection.execute("PRAGMA freelist_count")
        ((pages,),) = self._connection.execute("PRAGMA page_count")
        if free > _MANY_PAGES and free > pages * _NEARLY_ALL:
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
