"""One namespace's file: opened, checked, read, written.

It is in WAL mode: a commit is one write to the end of a file, and outlives the process as soon as
it returns; the machine's end it outlives with `synchronous=FULL`, which waits for the disk. Where
that is not asked for, turns may be noted in a log of their own, and are committed many at a time.
Source: SQLite, "Write-Ahead Logging"; "PRAGMA synchronous".
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol

from sbtutorial.broker.changes import Change
from sbtutorial.errors import TutorialError
from sbtutorial.store.restore import KeptMessages
from sbtutorial.store.sqlite.gathering import Gathered, Gatherer, Statement
from sbtutorial.store.sqlite.loading import Loader
from sbtutorial.store.sqlite.log_check import check_log
from sbtutorial.store.sqlite.message_loading import MessageReader
from sbtutorial.store.sqlite.noting import NotedTurns
from sbtutorial.store.sqlite.page_check import Beside, PageCheck, at_once
from sbtutorial.store.sqlite.removing import Remover
from sbtutorial.store.sqlite.schema import APPLICATION_ID, FORMAT, create, migrate
from sbtutorial.store.sqlite.writing import MessageCodec, Writer, transact
from sbtutorial.store.store import Codec

OnProgress = Callable[[int, int], None]

_PAGE_BYTES = 4096
_LONG_LOG_BYTES = 16 * 1024 * 1024
_CACHE_KIB, _SMALL_CACHE_KIB = 8000, 400
_MOST_LOG_BYTES = 32 * 1024 * 1024
_BUSY_SECONDS = 5.0
# What comes of reading what nobody can have written.
_DAMAGED = sqlite3.Error, ValueError, LookupError, AssertionError, TypeError, ArithmeticError


class FileCodec(Codec, MessageCodec, MessageReader, Protocol):
    """All that is written as bytes."""


class SqliteFile:
    """Keeps changes in a file; for one thread at a time.

    Args:
        path: It is made if need be, private to the user.
        codec: Writes and reads what SQLite has no columns for.
        survives_power_loss: Whether a commit waits until the disk itself has it.
        on_progress: Told while much is read: how many messages, of how many.
        beside: Has the file's pages looked at while its messages are read.

    Attributes:
        waits_for_disk: Whether each commit does.

    Raises:
        TutorialError: It is no file of ours, of a newer format, damaged, in use by another broker,
            or cannot be opened; the text says what to do. It is as it was.
    """

    def __init__(
        self,
        path: Path,
        codec: FileCodec,
        *,
        survives_power_loss: bool = False,
        on_progress: OnProgress = lambda read, total: None,
        beside: Beside = at_once,
    ) -> None:
        self.path = path
        self.waits_for_disk = survives_power_loss
        self._log = path.with_name(path.name + "-wal")
        self._codec = codec
        self._on_progress = on_progress
        self._beside = beside
        self._gatherer: Gatherer | None = None
        try:
            check_log(path)
            self._connection = _connect(path)
            self._reader = _connect(path)
            self._mover = _connect(path)
            _prepare(self._connection, "FULL" if survives_power_loss else "NORMAL")
            for other in (self._reader, self._mover):  # what they read is read once
                other.execute(f"PRAGMA cache_size = -{_SMALL_CACHE_KIB}")
            # Who writes may be unable to wait for another program that has the file.
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._noted = NotedTurns(path, self._connection, codec)
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise TutorialError(trouble(path, error)) from None
        except TutorialError:
            self.close()
            raise
        self._writer = Writer(codec)
        self._remover = Remover(self._connection)

    # -- What there is -------------------------------------------------------------------------

    def load(self) -> Iterator[Change | KeptMessages]:
        """Changes that make an equal namespace; to be used up before anything is written.

        Raises:
            TutorialError: The file is damaged; the text says what to do.
        """
        loader = Loader(self._reader, self._codec, self._codec, self._fetch, self._on_progress)
        try:
            with closing(PageCheck(self.path, self._beside)) as check:
                yield from loader.load()
                count = loader.message_count
                check.finish(count, lambda: self._on_progress(count, count))
        except _DAMAGED as error:
            raise TutorialError(trouble(self.path, error)) from error
        self._remover.load()
        yield from self._load_noted(Gatherer(self._codec, loader.places, loader.last_ord))
        self._identity = self._identity_now()

    def _load_noted(self, gatherer: Gatherer) -> Iterator[Change]:
        """What the broker before had only noted, as it was killed; then the file has it, too."""
        try:
            for changes in self._noted.load():
                yield from changes
            self._gatherer = gatherer  # whoever has left by now has nothing written
            self.put([self.gather([])])
            self._noted.end()
        except (OSError, *_DAMAGED) as error:
            raise TutorialError(trouble(self.path, error)) from error

    def setting(self, name: str) -> str | None:
        """What was kept under a name by `keep`; None if nothing."""
        query = "SELECT value FROM meta WHERE name = ?"
        for (value,) in self._connection.execute(query, (name,)):
            return str(value)
        return None

    def keep(self, **settings: str) -> None:
        """Keep something small, such as a key, under its name.

        Raises:
            sqlite3.Error: It cannot be written.
        """
        with self._connection:
            for item in settings.items():
                self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", item)

    # -- What changes ----------------------------------------------------------------------------

    def write(self, turns: Sequence[Iterable[Change]]) -> None:
        """Keep the changes of these turns, all or none of them.

        Raises:
            sqlite3.Error: Nothing was written, and the file may not be used any more.
        """
        self.put([self.gather(turns)])

    def note(self, changes: Sequence[Change]) -> bool:
        """Have a turn outlive the process by its record in the log; `gather` takes it along later.

        Returns:
            Whether it is noted; one that is to survive a loss of power or has much to say is not.

        Raises:
            OSError, sqlite3.Error: It could not be.
        """
        return not self.waits_for_disk and self._noted.add(changes)

    @property
    def has_noted(self) -> bool:
        """Whether there are turns that only the log has."""
        return not self._noted.is_empty

    @property
    def has_much_noted(self) -> bool:
        """Whether it is time to write what is noted."""
        return self._noted.are_many

    def gather(self, turns: Iterable[Iterable[Change]]) -> Gathered:
        """The rows of what is noted and of these turns; once for each turn, in order."""
        gatherer, self._gatherer = self._gatherer, None
        assert gatherer is not None, "it is loaded first, and no turn has failed"
        noted, last = self._noted.take()
        rows = gatherer.gather([*noted, *turns])
        rows.last_noted = last
        self._gatherer = gatherer
        return rows

    def put(self, gathered: Iterable[Gathered]) -> None:
        """Write rows, all or none of them.

        Raises:
            sqlite3.Error: Nothing was written; the same rows may be put later, with others behind
                them.
        """
        rows = list(gathered)
        statements: list[Statement] = []
        for each in rows:
            statements += self._writer.statements(each)
        if len(statements) == 1:
            self._connection.execute(*statements[0])  # which is a transaction by itself
        elif statements:
            transact(self._connection, statements)
        for each in rows:
            if each.last_noted:
                self._noted.have_been_written(each.last_noted)
            self._remover.add(each.deleted, each.has_gone)

    @property
    def is_there(self) -> bool:
        """Whether it and its logs can be found again under their names.

        Where they were moved, deleted or replaced, what is written is in files without a name.
        """
        try:
            return self._identity_now() == self._identity and self._noted.is_there
        except OSError:
            return False

    @property
    def free_bytes(self) -> int:
        """How much room there is in the file itself, where messages were that are gone."""
        ((free,),) = self._connection.execute("PRAGMA freelist_count")
        return int(free) * _PAGE_BYTES

    def shorten_log(self) -> None:
        """Move what the log has into the file, once it is long; others may write meanwhile."""
        try:
            if self._log.stat().st_size > _LONG_LOG_BYTES:
                self._mover.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except (OSError, sqlite3.Error):
            pass  # it is long a while longer

    def spare_memory(self) -> None:
        """Let go of pages that are also in the file.

        Raises:
            sqlite3.Error: The file is closed, or is in use by another program.
        """
        self._connection.execute("PRAGMA shrink_memory")

    def tidy(self) -> bool:
        """Remove a little of what is gone; whether there may be more.

        Raises:
            sqlite3.Error: It cannot be removed now.
        """
        return self._remover.tidy()

    def close(self) -> None:
        """Let go of the file, when the last of what is to be written is."""
        if self._gatherer is not None:
            with suppress(sqlite3.Error, OSError):
                self.put([self.gather([]), self._gatherer.rest()])
                self._remover.finish()
                self._noted.end()
        self.let_go()

    def let_go(self) -> None:
        """Let go of the file as it is: nothing more is written to it."""
        self._gatherer = None
        for name in ("_noted", "_mover", "_reader", "_connection"):
            if held := getattr(self, name, None):
                held.close()

    # -- How it is done ----------------------------------------------------------------------------

    def _identity_now(self) -> list[tuple[int, int]]:
        found = (path.stat() for path in (self.path, self._log))
        return [(one.st_dev, one.st_ino) for one in found]

    def _fetch(self, number: int) -> bytes:
        query = "SELECT content FROM contents WHERE id = ?"
        try:
            row = self._reader.execute(query, (number,)).fetchone()
        except sqlite3.Error as error:
            raise TutorialError(trouble(self.path, error)) from error
        if row is None:
            missing = LookupError("what a message holds is missing")
            raise TutorialError(trouble(self.path, missing))
        return bytes(row[0])


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )


def _prepare(connection: sqlite3.Connection, synchronous: str) -> None:
    """Set a connection up, and see to it that the tables are those of this format.

    Raises:
        TutorialError: The file is not ours, or newer.
    """
    ((found,),) = connection.execute("PRAGMA user_version")
    ((owner,),) = connection.execute("PRAGMA application_id")
    ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
    # Also one of which a broker that was just about to make it has not made more.
    is_empty = not (found or owner or tables)
    if not is_empty and owner != APPLICATION_ID:
        raise sqlite3.DatabaseError("it was written by another program")
    if is_empty:
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    if found > FORMAT:
        raise _Newer(f"its format is {found}, and this version reads up to {FORMAT}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA fullfsync = ON")  # where the system has it, with FULL
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # see `shorten_log`
    connection.execute(f"PRAGMA journal_size_limit = {_MOST_LOG_BYTES}")
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        if is_empty:
            create(connection)
        elif found < FORMAT:
            migrate(connection, found)


class _Newer(sqlite3.DatabaseError):
    """The file is of a newer format."""


def trouble(path: Path, error: Exception) -> str:
    """What to tell of a file that cannot be used, and what to do about it."""
    if isinstance(error, _Newer):
        return (
            f"{path} was written by a newer sbtutorial ({error}). It was left as it is: install "
            "that version, or begin a new namespace with another name."
        )
    if isinstance(error, sqlite3.OperationalError | OSError):
        return (
            f"{path}, which keeps the namespace, cannot be opened: {error}. It was left as it is: "
            "see that it can be written and that no other program has it open, and try again."
        )
    what = str(error) or type(error).__name__
    return (
        f"{path}, which keeps the namespace, is damaged: {what}. It was left as it is. What to do: "
        f"put a copy of it back, or move it away, with its -wal, -shm and -turns, and begin with "
        f"an empty namespace; `sqlite3 {path.name} .recover` may save what is readable."
    )
