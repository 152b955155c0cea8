"""Where a broker keeps what it accepted, how much that survives, and who may open it.

One file for each namespace, in the user's data folder, private to the user. A claim stands beside
it for as long as a broker has it open, so no two ever write one file, whatever run-time folder they
were told.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from sbtutorial.errors import TutorialError
from sbtutorial.folders import data_folder, told
from sbtutorial.hosting.claim import claim, holder

if TYPE_CHECKING:
    from sbtutorial.hosting.durable_store import DurableStore

# Told while much is read: how many messages, of how many.
OnProgress = Callable[[int, int], None]
# How long the broker before may take to let go of the file.
_LEAVING_SECONDS = 5.0

_SECOND_NAME = (
    "{path}, which keeps the namespace, is {what}, and brokers of both names would write it. "
    "It was left as it is: put a copy of the file in its place, while no broker has it open."
)


class Storage(StrEnum):
    """What outlives what."""

    MEMORY = "memory"  # nothing outlives the broker
    DISK = "disk"  # what was accepted outlives the broker, however that ends
    SYNCED = "synced"  # and the machine: a loss of power, say; each commit waits for the disk


class Identity(NamedTuple):
    """What clients know a namespace's broker by.

    Attributes:
        key: Its shared access key.
        port: Where it listened last.
    """

    key: str
    port: int


class Kept:
    """A namespace's file, opened for one broker.

    Attributes:
        path: Where it is.
    """

    def __init__(self, path: Path, storage: Storage, on_progress: OnProgress) -> None:
        from sbtutorial.gateway.wire.record import ChangeCodec
        from sbtutorial.store.sqlite.file import SqliteFile

        self.path = path
        self._using = Lock()
        self._file = SqliteFile(
            path,
            ChangeCodec(uuid4),
            survives_power_loss=storage is Storage.SYNCED,
            on_progress=on_progress,
            beside=_beside,
        )

    def store(self) -> "DurableStore":
        """The store of a broker on this event loop."""
        import asyncio  # which would cost each notebook and worker that only asks for a path

        from sbtutorial.hosting.durable_store import DurableStore

        call_soon = asyncio.get_running_loop().call_soon_threadsafe
        return DurableStore(self._file, call_soon, using=self._using)

    @property
    def identity(self) -> Identity | None:
        """What the broker before was known by; None when there was none."""
        key, port = self._file.setting("key"), self._file.setting("port")
        return Identity(key, int(port)) if key and port else None

    def keep(self, identity: Identity) -> None:
        """Keep what this broker is known by."""
        with _told(self.path), self._using:
            self._file.keep(key=identity.key, port=str(identity.port))

    def close(self) -> None:
        """Let go of the file; a broker that has used it has done so itself."""
        self._file.close()


def path_of(namespace: str) -> Path:
    """The file of a namespace, whether it is there or not.

    Raises:
        TutorialError: The data folder cannot be used.
    """
    return data_folder() / f"{namespace.lower()}.db"


@contextmanager
def kept(
    namespace: str, storage: Storage, on_progress: OnProgress = lambda read, total: None
) -> Iterator[Kept | None]:
    """A namespace's file for as long as the block runs; None where nothing is to be kept.

    Raises:
        TutorialError: It is in use, or cannot be used; the text says why and what to do.
    """
    if storage is Storage.MEMORY:
        yield None
        return
    with kept_at(path_of(namespace), namespace, storage, on_progress) as file:
        yield file


@contextmanager
def kept_at(
    path: Path,
    namespace: str,
    storage: Storage = Storage.DISK,
    on_progress: OnProgress = lambda read, total: None,
) -> Iterator[Kept]:
    """The same for a file of one's own, in a folder that is there.

    Raises:
        TutorialError: As `kept`.
    """
    claim_path = path.with_suffix(".lock")
    claimed = claim(claim_path, _LEAVING_SECONDS)
    if claimed is None:
        raise TutorialError(
            f"{path}, which keeps the namespace '{namespace}', is in use by another broker "
            f"(process {holder(claim_path)}): end that one, or choose another namespace."
        )
    from sbtutorial.store.restore import Contradiction
    from sbtutorial.store.sqlite.file import trouble

    with claimed:
        _make_private(path)
        file = Kept(path, storage, on_progress)
        try:
            yield file
        except Contradiction as contradiction:
            raise TutorialError(trouble(path, contradiction)) from contradiction
        finally:
            file.close()


def _beside(work: Callable[[], None]) -> Callable[[float], bool]:
    """Have a thread do some work; returns what waits for its end."""
    thread = Thread(target=work, name="sbtutorial check", daemon=True)
    thread.start()

    def wait(seconds: float) -> bool:
        thread.join(seconds)
        return not thread.is_alive()

    return wait


def _make_private(path: Path) -> None:
    """Have the file there, readable by its owner alone; SQLite's own beside it are the same.

    A file with two names has two logs, and a claim by each: brokers of both would write one file.
    """
    with told(f"{path}, which keeps the namespace, cannot be opened"):
        if path.is_symlink():
            raise TutorialError(_SECOND_NAME.format(path=path, what="a link to another file"))
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if path.stat().st_nlink > 1:
            raise TutorialError(_SECOND_NAME.format(path=path, what="one file under two names"))
        with suppress(OSError):  # somebody else's file system may know no modes
            path.chmod(0o600)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    import sqlite3

    try:
        yield
    except sqlite3.Error as error:
        raise TutorialError(
            f"{path}, which keeps the namespace, cannot be written: {error}. See that its disk has "
            "room and may be written, and try again."
        ) from None
