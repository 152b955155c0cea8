"""A store that never keeps the event loop waiting: a thread of its own does what may take long.

A small turn, while nothing else is under way, is noted at once, in the file's log of turns: that is
a copy into the system's memory, which takes less time than to wake another thread. What is noted is
committed when it is much, or when it is some time old. As soon as that has been slow, or where each
commit waits for the disk itself, turns are handed over to the thread, and the event loop is told
when they are safe. What moves pages from SQLite's log into the file is the thread's, too.

Turns that come while a commit is under way are the next one, together: the busier the broker, the
more of them share what a commit costs. When there is nothing to do, what is gone is removed from
the file, a little at a time.

A disk that takes nothing, because it is full or read-only, is tried again until it does; what waits
is kept in memory meanwhile, and the broker is told to take no more (`Core`). So it is with a file
that somebody has moved away: what was written to it would be found by nobody. Before a disk is
full, when little room is left, senders are refused, so that receivers can go on and make room.
"""

import gc
import logging
import shutil
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import Enum
from math import inf
from queue import Empty, SimpleQueue
from threading import Lock, Thread

from sbtutorial.broker.changes import Change
from sbtutorial.store.restore import KeptMessages
from sbtutorial.store.sqlite.file import SqliteFile
from sbtutorial.store.sqlite.gathering import Gathered
from sbtutorial.store.store import Condition, OnSafe, Trouble, nobody_asks

# On the thread of the event loop, soon.
CallSoon = Callable[[Callable[[], None]], object]
_Turn = tuple[Sequence[Change] | Gathered, OnSafe]


class _Signal(Enum):
    """What the thread is told beside turns."""

    LOOK = "look"  # at the disk, and at what there is to tidy up
    NOTED = "noted"  # turns, which are to be committed before long
    END = "end"


_MIB = 1024 * 1024
# With less than this left on the disk senders are refused, until there is as much again.
LEAST_FREE_BYTES = 32 * _MIB
_LOOK_SECONDS = 1.0
_AGAIN_SECONDS = 0.5
# How long what is noted may be in the log alone.
_NOTED_SECONDS = 0.05
# How long another program that looks into the file may keep it to itself.
_BUSY_SECONDS, _BUSY_AGAIN_SECONDS = 5.0, 0.02
# How many changes are little enough to be written at once; how long that may take; and for how long
# the thread writes everything once it has taken longer. Now and then that is no fault of the disk:
# another program had the processor.
_FEW_CHANGES = 64
_MOMENT_SECONDS, _SLOW_IN_A_ROW = 0.005, 3
_LONG_SECONDS = 0.025
_SLOW_SECONDS = 10.0
_LOG = logging.getLogger(__name__)
_DEFECT = (
    "The broker can keep nothing any more, because of a defect of its own that its log tells of; "
    "it does nothing. What was accepted is kept: stop it, and start it again."
)


class DurableStore:
    """Keeps what changes in a file.

    Args:
        file: Opened; nobody else may use it.
        call_soon: As `loop.call_soon_threadsafe`.
        free_bytes: How much room its disk has left.
        using: Held by whoever uses the file, this store or who has opened it; None for one of its
            own.
    """

    def __init__(
        self,
        file: SqliteFile,
        call_soon: CallSoon,
        free_bytes: Callable[[], int] | None = None,
        using: "Lock | None" = None,  # in quotes, for it is no class before Python 3.13
    ) -> None:
        self.on_condition: Callable[[Condition], None] = nobody_asks
        self._file = file
        self._call_soon = call_soon
        self._free_bytes = free_bytes or (lambda: shutil.disk_usage(file.path.parent).free)
        self._unsafe = 0
        # Whether the thread knows of what is noted; and whether it has tried in vain to commit it,
        # so that all that comes has to stand behind it. Under `_using`.
        self._is_told_of_noted = self._is_behind = False
        self._using = using or Lock()
        self._slow_until = inf if file.waits_for_disk else 0.0
        self._slowness = 0
        self._told_to_look_at = 0.0
        self._safe: deque[list[_Turn]] = deque()
        self._turns: SimpleQueue[_Turn | _Signal] = SimpleQueue()
        self._condition = Condition()
        self._looked_at = 0.0
        self._is_ending = self._is_broken = False
        self._thread = Thread(target=self._run, name="sbtutorial store", daemon=True)

    def load(self) -> Iterable[Change | KeptMessages]:
        """What the file has; its thread begins when that was read."""
        gc.disable()  # it would look through a million messages again and again
        try:
            yield from self._file.load()
        finally:
            gc.enable()
        self._thread.start()

    def commit(self, changes: Sequence[Change], on_safe: OnSafe) -> None:
        """Write a turn, or hand it over; see `Store.commit`."""
        if self._is_broken:
            return
        turn: Sequence[Change] | Gathered = changes
        is_safe = False
        if self._may_write_at_once(changes):
            try:
                turn, is_safe = self._at_once(changes)
            except Exception:
                self._break()
                return
            finally:
                self._using.release()
        if is_safe:
            on_safe()
        else:
            self._unsafe += 1
            self._turns.put((turn, on_safe))

    def _may_write_at_once(self, changes: Sequence[Change]) -> bool:
        """Whether to write here and now; if so, nobody else uses the file until it is released."""
        if self._unsafe or len(changes) > _FEW_CHANGES or time.perf_counter() < self._slow_until:
            return False
        if not self._using.acquire(blocking=False):
            return False
        if self._is_behind:
            self._using.release()
            return False
        return True

    def _at_once(self, changes: Sequence[Change]) -> tuple[Sequence[Change] | Gathered, bool]:
        """Note or write a turn; if it is not safe then, what the thread is to try again."""
        turn: Sequence[Change] | Gathered = changes
        began = time.perf_counter()
        if began >= self._told_to_look_at + _LOOK_SECONDS and not self._file.is_there:
            return turn, False
        try:
            is_noted = self._file.note(changes)
            if not is_noted or self._file.has_much_noted:
                turn = self._file.gather([] if is_noted else [changes])
                self._file.put([turn])
        except (sqlite3.Error, OSError):
            return turn, False
        if is_noted and not self._is_told_of_noted:
            self._is_told_of_noted = True
            self._turns.put(_Signal.NOTED)
        now = time.perf_counter()
        self._slowness = self._slowness + 1 if now - began > _MOMENT_SECONDS else 0
        if self._slowness >= _SLOW_IN_A_ROW or now - began > _LONG_SECONDS:
            self._slow_until = now + _SLOW_SECONDS
        if now >= self._told_to_look_at + _LOOK_SECONDS or _has_gone(turn):
            self._told_to_look_at = now
            self._turns.put(_Signal.LOOK)
        return turn, True

    def _tell(self) -> None:
        """Say what is safe; on the thread of the event loop."""
        while self._safe:
            for _, on_safe in self._safe.popleft():
                self._unsafe -= 1
                on_safe()

    def spare_memory(self) -> None:
        """Let go of pages that were read or written lately."""
        with self._using, suppress(sqlite3.Error):
            self._file.spare_memory()

    def close(self) -> None:
        """Keep what was handed over, as far as the disk takes it, and let go of the file."""
        self._turns.put(_Signal.END)
        if self._thread.ident is not None:
            self._thread.join()
        if self._is_broken:
            self._file.let_go()
        else:
            self._file.close()

    # -- On the thread -------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._is_ending:
                turns = self._next_turns()
                if turns:
                    self._keep(self._rows_of(turns), turns)
                del turns  # while it waits for others, these are nobody's
                if not self._is_ending:
                    self._look_at_disk()
        except Exception:
            self._break()

    def _break(self) -> None:
        """Keep nothing any more: a turn that could not be written must not be passed over."""
        _LOG.exception("nothing is kept any more")
        self._is_broken = True
        self._is_in(Condition(Trouble.STUCK, _DEFECT))

    def _rows_of(self, turns: list[_Turn]) -> list[Gathered]:
        """The rows of turns, of which the first may have been tried before."""
        tried = [turn for turn, _ in turns if isinstance(turn, Gathered)]
        new = [turn for turn, _ in turns if not isinstance(turn, Gathered)]
        return [*tried, self._file.gather(new)]

    def _keep(self, rows: list[Gathered], turns: list[_Turn]) -> None:
        """Write rows, however long that takes, and say so."""
        began = time.monotonic()
        while True:
            try:
                with self._using:
                    if not self._file.is_there:
                        raise _Away
                    self._file.put(rows)
            except (sqlite3.Error, _Away) as error:
                if _is_busy(error) and time.monotonic() < began + _BUSY_SECONDS:
                    time.sleep(_BUSY_AGAIN_SECONDS)
                    continue
                self._is_in(Condition(Trouble.STUCK, self._stuck(error)))
                if self._is_ending:
                    return
                time.sleep(_AGAIN_SECONDS)
                if more := self._waiting_turns():
                    turns += more
                    rows += self._rows_of(more)
            else:
                break
        self._safe.append(turns)
        self._call_soon(self._tell)

    def _next_turns(self) -> list[_Turn]:
        """The turns that were handed over, when there are some; tidies up until then."""
        if self._turns.empty() and self._tidy():
            return self._waiting_turns()
        try:
            first = self._turns.get(timeout=self._patience)
        except Empty:
            self._commit_noted()
            return []
        return [*self._turns_in([first]), *self._waiting_turns()]

    @property
    def _patience(self) -> float | None:
        """For how many seconds to wait for turns; None for ever."""
        if self._is_told_of_noted:
            return _NOTED_SECONDS
        return None if self._condition.trouble is Trouble.NONE else _LOOK_SECONDS

    def _commit_noted(self) -> None:
        """Commit what the log alone has, which is safe there already."""
        with self._using:
            self._is_told_of_noted = False
            if not self._file.has_noted:
                return
            rows = self._file.gather([])
            try:
                self._file.put([rows])
                return
            except sqlite3.Error:
                self._is_behind = True
        self._keep([rows], [])
        self._is_behind = False

    def _waiting_turns(self) -> list[_Turn]:
        given = []
        while not self._turns.empty():
            given.append(self._turns.get())
        return self._turns_in(given)

    def _turns_in(self, given: list[_Turn | _Signal]) -> list[_Turn]:
        self._is_ending |= _Signal.END in given
        return [turn for turn in given if not isinstance(turn, _Signal)]

    def _tidy(self) -> bool:
        try:
            with self._using:
                return self._file.tidy()
        except sqlite3.Error:
            return False  # it is tried again after the next commit

    # -- How the disk is -----------------------------------------------------------------------

    def _look_at_disk(self) -> None:
        now, trouble = time.monotonic(), self._condition.trouble
        if trouble is not Trouble.STUCK and now < self._looked_at + _LOOK_SECONDS:
            return
        self._looked_at = now
        try:
            with self._using:
                free = self._free_bytes() + self._file.free_bytes
        except (OSError, sqlite3.Error):
            return  # what is wrong shows when something is written
        self._file.shorten_log()
        is_short = free < LEAST_FREE_BYTES
        self._is_in(Condition(Trouble.SHORT, self._short(free)) if is_short else Condition())

    def _is_in(self, condition: Condition) -> None:
        if condition.trouble is not self._condition.trouble:
            self._condition = condition
            self._call_soon(lambda: self.on_condition(condition))

    def _short(self, free: int) -> str:
        return (
            f"The broker takes no messages now: the disk of {self._file.path} has {free // _MIB} MB"
            f" left, and {LEAST_FREE_BYTES // _MIB} MB must stay free. Receive messages or make "
            "room there, and send again."
        )

    def _stuck(self, error: Exception) -> str:
        if isinstance(error, _Away):
            return (
                f"The broker can keep nothing now, so it does nothing: {self._file.path}, its -wal "
                "or its -turns, was moved, replaced or deleted while the broker has it open. Put "
                "the very same files back, and it goes on by itself; if they are gone, stop it and "
                "start it again: it begins with what is there."
            )
        return (
            f"The broker can keep nothing now, so it does nothing: {self._file.path} cannot be "
            f"written ({error}). See that its disk has room and may be written; the broker tries "
            "again twice a second and goes on by itself."
        )


def _has_gone(turn: Sequence[Change] | Gathered) -> bool:
    return isinstance(turn, Gathered) and turn.has_gone


class _Away(Exception):
    """The file has another name by now, or none."""


def _is_busy(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
