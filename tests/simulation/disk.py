"""A disk of virtual time: what was committed is safe some time later, or never.

When the broker dies, the seed says how much of what waited has come to the disk all the same: whole
commits from the oldest on, of which nobody was told.

What keeps the bytes is a `Keeper` of `sbtutorial.store.stepped`: `Records` here, or the file that
the product has.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random
from uuid import UUID

from sbtutorial.broker.changes import Change
from sbtutorial.gateway.wire.record import ChangeCodec
from sbtutorial.store.sqlite.file import SqliteFile
from sbtutorial.store.stepped import Keeper
from sbtutorial.store.store import Condition, OnSafe, Trouble, nobody_asks
from tests.simulation.timeline import Timeline

Commit = tuple[Sequence[Change], OnSafe]
_STUCK = Condition(Trouble.STUCK, "The disk is full. Make room.")


class Records:
    """Keeps a record for each change, as the codec writes it."""

    def __init__(self, new_id: Callable[[], UUID]) -> None:
        self._records: list[bytes] = []
        self._read: list[Change] = []  # what they say, as far as they were read already
        self._codec = ChangeCodec(new_id)

    def load(self) -> Sequence[Change]:
        """All that there is, in order."""
        unread = self._records[len(self._read) :]
        self._read += map(self._codec.decode, unread)
        return list(self._read)

    def write(self, turns: Sequence[Sequence[Change]]) -> None:
        """Keep the changes of these turns."""
        self._records += [self._codec.encode(change) for turn in turns for change in turn]

    def close(self) -> None:
        """Nothing to let go of."""


class NotingFile(SqliteFile):
    """The file that the product has; small turns are noted first."""

    def write(self, turns: Sequence[Iterable[Change]]) -> None:
        """Note them, or write them with all that is noted."""
        for turn in turns:
            changes = list(turn)
            if not self.note(changes):
                super().write([changes])
        if self.has_much_noted:
            super().write([])


class KilledFile(NotingFile):
    """One whose end is always a kill."""

    def close(self) -> None:
        """Leave it as it is."""
        self.let_go()


def in_a_file(path: Path, kind: type[NotingFile] = NotingFile) -> Callable[[], Keeper]:
    """The file that the product has; it is opened again in each life."""
    ids = Random(0)
    codec = ChangeCodec(lambda: UUID(bytes=ids.randbytes(16), version=4))
    return lambda: kind(path, codec)


class Disk:
    """A store (`sbtutorial.store.store.Store`) for all the lives of a broker.

    Args:
        timeline: When things happen.
        random: How long they take, and what is lost.
        open_keeper: Opens what keeps the bytes; again for each life.

    Attributes:
        on_commit: Told of each commit's changes, before they are safe.
        delays: Seconds that it may take until a commit is safe; 0 for at once.
    """

    def __init__(
        self, timeline: Timeline, random: Random, open_keeper: Callable[[], Keeper]
    ) -> None:
        self.on_commit: Callable[[Sequence[Change]], None] = lambda changes: None
        self.on_condition: Callable[[Condition], None] = nobody_asks
        self.delays: Sequence[float] = (0.0,)
        self._timeline = timeline
        self._random = random
        self._open_keeper = open_keeper
        self._keeper: Keeper | None = None
        self._waiting: deque[Commit] = deque()
        self._life = 0
        self._is_full = False

    # -- For the broker -------------------------------------------------------------------------

    def load(self) -> Iterable[Change]:
        """What was kept, in order; a new life begins."""
        self._life += 1
        self._keeper = self._open_keeper()
        return self._keeper.load()

    def commit(self, changes: Sequence[Change], on_safe: OnSafe) -> None:
        """Keep these, by and by."""
        self._waiting.append((changes, on_safe))
        self.on_commit(changes)
        delay = self._random.choice(self.delays)
        if delay == 0.0 and len(self._waiting) == 1:
            self._write(self._life)
        else:
            self._timeline.after(delay, lambda life=self._life: self._write(life))

    def close(self) -> None:
        """Keep all that waits."""
        self._write(self._life)

    # -- For the world --------------------------------------------------------------------------

    def crash(self) -> None:
        """The broker is dead: some of what waits is on the disk, and the rest never will be."""
        waiting = list(self._waiting)
        self._waiting.clear()
        self._life += 1
        if self._keeper is not None:
            kept = 0 if self._is_full else self._random.randint(0, len(waiting))
            if kept:
                self._keeper.write([changes for changes, _ in waiting[:kept]])
            self._keeper.close()
            self._keeper = None
        self._is_full = False
        self.on_condition = nobody_asks

    def fill(self, seconds: float) -> None:
        """Be full for a while: nothing can be kept."""
        if self._keeper is None or self._is_full:
            return
        self._is_full = True
        life = self._life
        self.on_condition(_STUCK)
        self._timeline.after(seconds, lambda: self._have_room(life))

    def hurry(self) -> None:
        """From now on everything is safe at once."""
        self.delays = (0.0,)
        self._is_full = False
        self._write(self._life)

    def _have_room(self, life: int) -> None:
        if life == self._life and self._is_full:
            self._is_full = False
            self._write(life)
            self.on_condition(Condition())

    def _write(self, life: int) -> None:
        if life != self._life or self._is_full or not self._waiting:
            return
        assert self._keeper is not None
        commits = list(self._waiting)
        self._waiting.clear()
        self._keeper.write([changes for changes, _ in commits])
        for _, on_safe in commits:
            on_safe()
