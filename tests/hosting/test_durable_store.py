"""A store on a thread of its own: what is safe, a disk that takes nothing, and the end."""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from math import inf
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

import pytest

from sbtutorial.broker.changes import Change, ChangeKind, NamespaceChange
from sbtutorial.hosting import durable_store
from sbtutorial.hosting.durable_store import LEAST_FREE_BYTES, DurableStore
from sbtutorial.store.sqlite import file as sqlite_file
from sbtutorial.store.sqlite import noting
from sbtutorial.store.sqlite.file import SqliteFile
from sbtutorial.store.sqlite.gathering import Gatherer
from sbtutorial.store.store import Condition, Trouble
from tests.store.sqlite.filing import opened

LIMIT_SECONDS = 30.0


class Loop:
    """What a thread hands over to the event loop, one after the other."""

    def __init__(self) -> None:
        self.calls: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def until(self, is_done: Callable[[], bool]) -> None:
        while not is_done():
            self.calls.get(timeout=LIMIT_SECONDS)()


class Watched:
    """A connection that says when it has moved pages."""

    def __init__(self, connection: sqlite3.Connection, moved: Event) -> None:
        self._connection = connection
        self._moved = moved

    def execute(self, statement: str) -> None:
        ((is_busy, pages, moved),) = self._connection.execute(statement)
        assert not is_busy
        assert pages == moved > 0
        self._moved.set()

    def close(self) -> None:
        self._connection.close()


class Bench:
    """A store, what it has said, and its disk."""

    def __init__(self, path: Path) -> None:
        self.loop = Loop()
        self.file = opened(path)
        self.free_bytes = LEAST_FREE_BYTES * 10
        self.store = DurableStore(self.file, self.loop.calls.put, lambda: self.free_bytes)
        self.said: list[Condition] = []
        self.store.on_condition = self.said.append
        self.safe: list[float] = []
        list(self.store.load())

    def commit(self, seconds: float) -> None:
        self.store.commit([advanced(seconds)], lambda: self.safe.append(seconds))

    def begin(self) -> None:
        """Have the thread begin only now."""
        self.store._thread = Thread(target=self.store._run, daemon=True)
        self.store._thread.start()

    def until_safe(self, *seconds: float) -> None:
        self.loop.until(lambda: self.safe == [*seconds])

    def until_in(self, trouble: Trouble) -> None:
        self.loop.until(lambda: bool(self.said) and self.said[-1].trouble is trouble)


def advanced(seconds: float) -> Change:
    return NamespaceChange(1.0, ChangeKind.ADVANCED, "n", 0, None, 0, "", "", seconds)


def kept_seconds(path: Path) -> float:
    file = opened(path)
    try:
        return sum(getattr(change, "seconds", 0.0) for change in file.load())
    finally:
        file.close()


def committed_seconds(path: Path) -> float | None:
    """The same, as another program sees it in the file itself."""
    with closing(sqlite3.connect(path)) as other:
        query = "SELECT value FROM meta WHERE name = 'advanced_seconds'"
        return next((value for (value,) in other.execute(query)), None)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(durable_store, "_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(durable_store, "_LOOK_SECONDS", 0.01)
    bench = Bench(tmp_path / "it.db")
    yield bench
    bench.store.close()


def refuse(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, *, notes: bool = False
) -> Callable[[], None]:
    """Have the disk commit nothing, and note nothing unless it does, until this is called."""
    put, note, is_full = SqliteFile.put, SqliteFile.note, [True]

    def full(self: SqliteFile, rows: Any) -> None:
        if is_full:
            raise sqlite3.OperationalError("database or disk is full")
        put(self, rows)

    def noted(self: SqliteFile, changes: Any) -> bool:
        if is_full and not notes:
            raise OSError("No space left on device")
        return note(self, changes)

    monkeypatch.setattr(SqliteFile, "put", full)
    monkeypatch.setattr(SqliteFile, "note", noted)
    return is_full.clear


def test_each_turn_is_safe_in_its_order(bench: Bench) -> None:
    for seconds in (1.0, 2.0, 3.0):
        bench.commit(seconds)
    bench.until_safe(1.0, 2.0, 3.0)


def test_what_was_committed_is_there_when_it_is_closed_and_nobody_is_told_any_more(
    bench: Bench, tmp_path: Path
) -> None:
    for seconds in (1.0, 2.0, 4.0):
        bench.commit(seconds)
    bench.store.close()
    assert kept_seconds(tmp_path / "it.db") == 7.0


def test_a_full_disk_is_told_of_and_tried_again_until_it_takes_what_waits(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_room = refuse(bench, monkeypatch)
    bench.commit(1.0)
    bench.until_in(Trouble.STUCK)
    assert "disk is full" in bench.said[-1].text
    bench.commit(2.0)
    assert bench.safe == []
    make_room()
    bench.until_safe(1.0, 2.0)
    bench.until_in(Trouble.NONE)
    bench.store.close()
    assert kept_seconds(tmp_path / "it.db") == 3.0


@pytest.mark.skipif(sys.platform == "win32", reason="nobody can move a file that is open")
@pytest.mark.parametrize("is_at_once", [False, True])
@pytest.mark.parametrize("name", ["it.db", "it.db-wal", "."])
def test_what_would_go_to_a_file_that_was_moved_away_waits_until_it_is_back(
    bench: Bench, tmp_path: Path, name: str, is_at_once: bool
) -> None:
    bench.store._slow_until = 0.0 if is_at_once else inf
    bench.store._told_to_look_at = -inf
    here, elsewhere = tmp_path / name, tmp_path.with_name(f"{tmp_path.name} elsewhere")
    here.rename(elsewhere)
    bench.commit(1.0)
    bench.until_in(Trouble.STUCK)
    assert "moved, replaced or deleted" in bench.said[-1].text
    assert bench.safe == []
    elsewhere.rename(here)
    bench.until_safe(1.0)
    bench.until_in(Trouble.NONE)


@pytest.mark.skipif(sys.platform == "win32", reason="nobody can move a file that is open")
def test_a_log_of_turns_that_was_moved_away_is_missed(alone: Bench, tmp_path: Path) -> None:
    alone.commit(1.0)
    here, elsewhere = tmp_path / "alone.db-turns", tmp_path / "elsewhere"
    here.rename(elsewhere)
    alone.store._told_to_look_at = -inf
    alone.commit(2.0)
    assert alone.safe == [1.0]
    alone.begin()
    alone.until_in(Trouble.STUCK)
    assert "-turns, was moved, replaced or deleted" in alone.said[-1].text
    elsewhere.rename(here)
    alone.until_safe(1.0, 2.0)


@pytest.mark.skipif(sys.platform == "win32", reason="nobody can replace a file that is open")
def test_a_file_that_was_replaced_is_not_written_past(bench: Bench, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes((tmp_path / "it.db").read_bytes())
    copy.replace(tmp_path / "it.db")
    bench.commit(1.0)
    bench.until_in(Trouble.STUCK)
    assert bench.safe == []


def test_a_disk_that_cannot_be_asked_for_its_room_is_no_defect(bench: Bench) -> None:
    asked = Event()

    def unknown() -> int:
        asked.set()
        raise FileNotFoundError

    bench.store._free_bytes = unknown
    bench.commit(1.0)
    assert asked.wait(LIMIT_SECONDS)
    bench.commit(2.0)
    bench.until_safe(1.0, 2.0)
    assert bench.said == []


def test_what_is_noted_and_cannot_be_committed_is_told_of_and_not_lost(
    alone: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_room = refuse(alone, monkeypatch, notes=True)
    alone.commit(1.0)
    assert alone.safe == [1.0]
    alone.begin()
    alone.until_in(Trouble.STUCK)
    alone.commit(2.0)
    assert alone.safe == [1.0]  # it stands behind what could not be committed
    make_room()
    alone.until_safe(1.0, 2.0)
    alone.until_in(Trouble.NONE)
    alone.store.close()
    assert kept_seconds(alone.file.path) == 3.0


def test_what_is_noted_outlives_a_broker_that_could_never_commit_it(
    alone: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(alone, monkeypatch, notes=True)
    alone.commit(1.0)
    alone.begin()
    alone.until_in(Trouble.STUCK)
    alone.commit(2.0)
    alone.store.close()
    assert alone.safe == [1.0]
    monkeypatch.undo()
    assert kept_seconds(alone.file.path) == 1.0
    assert kept_seconds(alone.file.path) == 1.0  # once


def test_what_is_noted_is_committed_before_long(alone: Bench) -> None:
    alone.commit(1.0)
    assert alone.safe == [1.0]
    assert committed_seconds(alone.file.path) is None
    committed, put = Event(), alone.file.put

    def told(rows: Any) -> None:
        put(rows)
        committed.set()

    alone.file.put = told  # type: ignore[method-assign]
    alone.begin()
    assert committed.wait(LIMIT_SECONDS)
    assert committed_seconds(alone.file.path) == 1.0


def test_much_that_is_noted_is_committed_at_once(
    alone: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noting, "_MANY_CHANGES", 3)
    had = []
    for seconds in (1.0, 2.0, 3.0, 4.0):
        alone.commit(seconds)
        had.append(alone.file.has_noted)
    assert had == [True, True, False, True]


def test_a_broker_can_end_though_its_disk_takes_nothing(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.commit(1.0)
    bench.until_safe(1.0)
    refuse(bench, monkeypatch)
    bench.commit(2.0)
    bench.until_in(Trouble.STUCK)
    bench.store.close()
    assert bench.safe == [1.0]
    monkeypatch.undo()
    assert kept_seconds(tmp_path / "it.db") == 1.0


def test_little_room_is_told_of_before_there_is_none(bench: Bench) -> None:
    bench.free_bytes = LEAST_FREE_BYTES - 1
    bench.commit(1.0)
    bench.until_in(Trouble.SHORT)
    assert "32 MB must stay free" in bench.said[-1].text
    bench.free_bytes = LEAST_FREE_BYTES
    bench.until_in(Trouble.NONE)  # though nothing more is committed
    assert bench.safe == [1.0]


def test_room_in_the_file_is_room(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.free_bytes = LEAST_FREE_BYTES - 1
    bench.commit(1.0)
    bench.until_in(Trouble.SHORT)
    monkeypatch.setattr(SqliteFile, "free_bytes", 1)
    bench.until_in(Trouble.NONE)


def test_a_defect_stops_everything_and_says_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Gatherer, "gather", lambda self, turns: 1 / 0)
    bench.store.commit([advanced(1.0)] * 1000, lambda: bench.safe.append(1.0))
    bench.until_in(Trouble.STUCK)
    assert "a defect of its own" in bench.said[-1].text
    assert "ZeroDivisionError" in caplog.text
    assert bench.safe == []


class NoThread:
    """In place of the store's thread: hands over nothing, takes nothing."""

    ident = None

    def __init__(self, **_options: Any) -> None:
        pass

    def start(self) -> None:
        pass


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A store whose thread never does anything."""
    monkeypatch.setattr(durable_store, "Thread", NoThread)
    bench = Bench(tmp_path / "alone.db")
    yield bench
    bench.store.close()


def test_a_small_turn_is_safe_at_once(alone: Bench) -> None:
    alone.commit(1.0)
    assert alone.safe == [1.0]


def test_a_disk_that_was_slow_is_left_to_the_thread(
    alone: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable_store, "_LONG_SECONDS", -1.0)
    alone.commit(1.0)
    alone.commit(2.0)
    assert alone.safe == [1.0]


def test_a_disk_that_is_slow_now_and_then_is_not(
    alone: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable_store, "_MOMENT_SECONDS", -1.0)
    for at in (1.0, 2.0):
        alone.commit(at)
    assert alone.safe == [1.0, 2.0]
    for at in (3.0, 4.0):  # the third in a row
        alone.commit(at)
    assert alone.safe == [1.0, 2.0, 3.0]


def test_a_large_turn_is_left_to_the_thread(alone: Bench) -> None:
    alone.store.commit([advanced(1.0)] * 1000, lambda: alone.safe.append(1.0))
    assert alone.safe == []


def test_a_turn_behind_one_that_is_not_safe_waits_for_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_room = refuse(bench, monkeypatch)
    bench.commit(1.0)
    bench.until_in(Trouble.STUCK)
    make_room()
    bench.commit(2.0)
    assert bench.safe == []
    bench.until_safe(1.0, 2.0)


def test_another_program_that_has_the_file_keeps_nobody_waiting(alone: Bench) -> None:
    alone.commit(0.5)
    other = sqlite3.connect(alone.file.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    alone.commit(1.0)
    assert alone.safe == [0.5, 1.0]  # the log of turns is ours alone
    alone.store.commit([advanced(2.0)] * 1000, lambda: alone.safe.append(2.0))
    assert alone.safe == [0.5, 1.0]  # and it came back from there
    alone.begin()
    other.execute("ROLLBACK")
    other.close()
    alone.until_safe(0.5, 1.0, 2.0)
    assert alone.said == []


def test_a_long_log_is_moved_into_the_file(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sqlite_file, "_LONG_LOG_BYTES", 0)
    moved = Event()
    monkeypatch.setattr(bench.file, "_mover", Watched(bench.file._mover, moved))
    bench.commit(1.0)
    assert moved.wait(LIMIT_SECONDS)
