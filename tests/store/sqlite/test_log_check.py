"""A log that is damaged is told of: SQLite alone would forget what was committed behind it."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from sbtutorial.store.sqlite.log_check import check_log

PAGE, HEADER, FRAME_HEADER = 4096, 32, 24
COMMITS = 6


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """What a process leaves behind that was killed: a file, and a log with six commits."""
    there, left = tmp_path / "there.db", tmp_path / "left.db"
    connection = sqlite3.connect(there, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE t (x)")
    for number in range(1, COMMITS):
        connection.execute("INSERT INTO t VALUES (?)", (number,))
    for end in ("", "-wal"):
        shutil.copy(f"{there}{end}", f"{left}{end}")
    connection.close()
    return left


def damage(path: Path, offset: int) -> bytes:
    log = path.with_name(path.name + "-wal")
    content = bytearray(log.read_bytes())
    content[offset] ^= 1
    log.write_bytes(content)
    return bytes(content)


def frame_at(number: int) -> int:
    """Where a frame begins, counted from the end."""
    return -number * (PAGE + FRAME_HEADER)


@pytest.mark.parametrize(
    "offset",
    [3, 17, 30, HEADER + 100, HEADER + 9, frame_at(2) + 2000, frame_at(3) + 10],
    ids=["magic", "salt", "checksum", "first page", "first frame", "a page", "a frame"],
)
def test_damage_before_the_last_commit_is_told_of_and_left(path: Path, offset: int) -> None:
    left = damage(path, offset)
    with pytest.raises(sqlite3.DatabaseError, match="broken before its end"):
        check_log(path)
    assert path.with_name(path.name + "-wal").read_bytes() == left


@pytest.mark.parametrize("cut", [0, 1, PAGE, PAGE + 10, PAGE + FRAME_HEADER])
def test_a_commit_that_was_half_written_when_its_writer_was_killed_is_no_damage(
    path: Path, cut: int
) -> None:
    log = path.with_name(path.name + "-wal")
    content = log.read_bytes()
    log.write_bytes(content[: len(content) - cut])
    check_log(path)
    assert log.read_bytes() == content[: len(content) - cut]
    with sqlite3.connect(path) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM t")
    connection.close()
    assert count == COMMITS - 1 - (cut > 0)


def test_no_log_is_a_good_one(tmp_path: Path) -> None:
    check_log(tmp_path / "none.db")
    (tmp_path / "empty.db").touch()
    (tmp_path / "empty.db-wal").touch()
    check_log(tmp_path / "empty.db")


def test_a_log_that_was_taken_away_is_told_of(path: Path) -> None:
    index = path.with_name(path.name + "-shm")
    index.write_bytes(bytes(32768))
    check_log(path)
    path.with_name(path.name + "-wal").unlink()
    with pytest.raises(sqlite3.DatabaseError, match=r"taken away.*Put the log back"):
        check_log(path)
    index.unlink()  # as it says
    check_log(path)
