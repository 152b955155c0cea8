"""`lab.till`: a café's till for lessons, a SQLite file that consumers of their own can open.

It is temporary, in the private folder for run-time files: the program that has emptied it deletes
it at its end. Its account is what a consumer changes; each change prints a line on a paper roll, by
which it can be seen for which order, and how often, somebody has paid.
"""

import atexit
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sbtutorial.folders import runtime_folder
from sbtutorial.views.till_picture import Charged, TillPicture

_MAKE = """
    CREATE TABLE IF NOT EXISTS account (euros, last_order);
    INSERT INTO account SELECT 0, NULL WHERE NOT EXISTS (SELECT * FROM account);
    CREATE TABLE IF NOT EXISTS charged (message_id PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS roll (order_id, euros);
    CREATE TRIGGER IF NOT EXISTS print AFTER UPDATE OF euros ON account
        WHEN new.euros <> old.euros
        BEGIN INSERT INTO roll VALUES (new.last_order, new.euros - old.euros); END;
"""
_IS_MADE = "SELECT 1 FROM sqlite_master WHERE name = 'print'"
_EMPTY = """
    DROP TABLE IF EXISTS account;
    DROP TABLE IF EXISTS charged;
    DROP TABLE IF EXISTS roll;
"""
_to_delete: set[Path] = set()


class Till:
    """The till of one namespace; as a cell's last line it shows what is in it.

    Args:
        namespace: Whose.
    """

    def __init__(self, namespace: str) -> None:
        self._path = runtime_folder() / f"{namespace}.till.db"

    def __repr__(self) -> str:
        return repr(self.picture())

    def _repr_html_(self) -> str:
        return self.picture()._repr_html_()

    @property
    def file(self) -> str:
        """What `sqlite3.connect` takes: its file, with its tables in it."""
        with self._open():
            return str(self._path)

    def empty(self) -> None:
        """Take out what is in it, with the roll and the notes."""
        if self._path not in _to_delete:
            _to_delete.add(self._path)
            atexit.register(_delete, self._path)
        with self._open() as till:
            till.executescript(_EMPTY + _MAKE)

    def picture(self) -> TillPicture:
        """What is in it now."""
        with self._open() as till:
            (euros,) = till.execute("SELECT euros FROM account").fetchone()
            notes = [str(each) for (each,) in till.execute("SELECT message_id FROM charged")]
            roll: dict[str, tuple[float, ...]] = {}
            for order, amount in till.execute("SELECT order_id, euros FROM roll ORDER BY rowid"):
                name = "an order" if order is None else str(order)
                roll[name] = (*roll.get(name, ()), amount)
        return TillPicture(euros, [Charged(*one) for one in roll.items()], notes)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path)) as till:
            if till.execute(_IS_MADE).fetchone() is None:
                till.executescript(_MAKE)
            yield till


def _delete(path: Path) -> None:
    """Delete a till; what SQLite keeps beside it of a killed consumer's transaction, too."""
    for each in (path, path.with_name(f"{path.name}-journal")):
        with suppress(OSError):  # on Windows a consumer may have it open
            each.unlink(missing_ok=True)
