"""A log of turns: what a killed broker leaves is read, and nothing missing is passed over."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sbtutorial.store.sqlite.turn_log import TurnLog

TURNS = [b"one", b"two" * 100, b"", b"four"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "it.db-turns"


@pytest.fixture
def log(path: Path) -> Iterator[TurnLog]:
    log = TurnLog(path)
    assert list(log.turns(0)) == []
    yield log
    log.close()


def left(path: Path, last: int = 0) -> list[bytes]:
    """What somebody finds who comes after a killed process, and knows of turns up to this one."""
    log = TurnLog(path)
    try:
        return [turn for _, turn in log.turns(last)]
    finally:
        log.close()


def test_every_turn_is_there_as_soon_as_it_is_added(log: TurnLog, path: Path) -> None:
    for count, turn in enumerate(TURNS, 1):
        assert log.add(turn) == count
        assert left(path) == TURNS[:count]


def test_what_the_file_has_is_left_out(log: TurnLog, path: Path) -> None:
    for turn in TURNS:
        log.add(turn)
    assert [left(path, last) for last in range(5)] == [TURNS[last:] for last in range(5)]


def test_it_begins_anew_over_what_it_had(log: TurnLog, path: Path) -> None:
    for turn in TURNS:
        log.add(turn)
    log.begin_anew()
    assert left(path, 4) == []
    assert log.add(b"five") == 5
    assert left(path, 4) == [b"five"]
    assert path.stat().st_size > log.size  # turns from before stand behind it


def test_who_finds_turns_goes_on_behind_them(log: TurnLog, path: Path) -> None:
    for turn in TURNS:
        log.add(turn)
    other = TurnLog(path)
    assert [number for number, _ in other.turns(2)] == [3, 4]
    assert other.add(b"five") == 5
    other.close()
    assert left(path, 2) == [*TURNS[2:], b"five"]


def test_a_record_that_was_half_written_is_none(log: TurnLog, path: Path) -> None:
    sizes = []
    for turn in TURNS:
        log.add(turn)
        sizes.append(log.size)
    data = path.read_bytes()
    for cut in range(len(data)):
        path.write_bytes(data[:cut])
        assert left(path) == TURNS[: sum(size <= cut for size in sizes)]


def test_a_half_written_record_over_older_ones_is_none(log: TurnLog, path: Path) -> None:
    for turn in TURNS:
        log.add(turn)
    older = path.read_bytes()
    log.begin_anew()
    log.add(b"five")
    newer = path.read_bytes()[: log.size]
    for cut in range(len(newer)):
        path.write_bytes(newer[:cut] + older[cut:])
        assert left(path, 4) == []


def test_a_byte_that_changed_before_the_last_turn_is_damage(log: TurnLog, path: Path) -> None:
    for turn in TURNS:
        log.add(turn)
    data = path.read_bytes()
    last_at = log.size - len(TURNS[-1]) - 20
    for at in range(last_at):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(ValueError, match=r"\(-turns\) (is broken|belongs to another)"):
            left(path)


def test_turns_that_are_missing_are_missed(log: TurnLog, path: Path) -> None:
    for turn in TURNS:
        log.add(turn)
    log.begin_anew()
    log.add(b"five")
    with pytest.raises(ValueError, match="belongs to another state"):
        left(path, 3)


def test_a_turn_for_which_there_is_no_room_is_not_there(
    log: TurnLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.add(b"one")
    file = log._file

    class Full:
        seek = staticmethod(file.seek)

        @staticmethod
        def write(record: bytes) -> int:
            return file.write(record[:10])

    monkeypatch.setattr(log, "_file", Full)
    with pytest.raises(OSError, match="no room for a whole turn"):
        log.add(b"two")
    monkeypatch.undo()
    assert left(path) == [b"one"]
    assert log.add(b"2") == 2
    assert left(path) == [b"one", b"2"]


@pytest.mark.skipif(sys.platform == "win32", reason="the folder is private there")
def test_only_its_owner_can_read_it(log: TurnLog, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="nobody can move a file that is open")
def test_it_knows_when_it_was_replaced(log: TurnLog, path: Path) -> None:
    assert log.is_there
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    os.replace(copy, path)
    assert not log.is_there
