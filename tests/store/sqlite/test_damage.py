"""A damaged file is told of when it is opened, wherever the damage is, and loses nothing silently.

What is changed inside of what a message holds is found when somebody receives it, by its checksum.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.store.sqlite.file import SqliteFile
from sbtutorial.store.sqlite.schema import NUMBER_BITS
from tests.store.sqlite.damaging import CHANGED, DAMAGES, LOST, PAGE, REFUSED, found_in, make, table
from tests.store.sqlite.filing import CODEC


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "it.db"
    make(path, 60)
    return path.read_bytes()


@pytest.fixture
def path(tmp_path: Path, whole: bytes) -> Path:
    path = tmp_path / "it.db"
    path.write_bytes(whole)
    return path


def edited(path: Path, *statements: str) -> None:
    """Somebody has damaged it so that every page is whole."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def require_refused(path: Path, why: str) -> None:
    before = path.read_bytes()
    with pytest.raises(TutorialError, match=rf"is damaged: .*{why}.*\.recover"):
        found_in(path)
    assert path.read_bytes() == before


def test_a_page_of_what_messages_hold_that_is_zeroed_is_told_of(path: Path) -> None:
    """It is one that nobody reads at the start."""
    connection = sqlite3.connect(path)
    ((root,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'contents'")
    connection.close()
    data = bytearray(path.read_bytes())
    header = (root - 1) * PAGE
    assert data[header] == 5, "there are pages below it"
    first = int.from_bytes(data[header + 12 : header + 14], "big")
    below = int.from_bytes(data[header + first : header + first + 4], "big")
    data[(below - 1) * PAGE : below * PAGE] = bytes(PAGE)
    path.write_bytes(data)
    require_refused(path, "(?:[Pp]age|malformed)")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM contents WHERE id = (SELECT max(id) FROM contents)",
        "DELETE FROM messages WHERE id = (SELECT max(id) FROM messages)",
        "UPDATE messages SET content = 1 WHERE id = (SELECT max(id) FROM messages)",
    ],
    ids=["content", "message", "another's content"],
)
def test_what_is_there_in_half_is_told_of(path: Path, statement: str) -> None:
    """So it is where a page is of another time: a log on an older copy of the file, say."""
    edited(path, statement)
    require_refused(path, "belong together")


def test_messages_of_an_entity_that_is_not_there_are_told_of(path: Path) -> None:
    edited(
        path,
        f"DELETE FROM entities WHERE id = (SELECT max(id) >> {NUMBER_BITS} FROM messages)",
        "DELETE FROM marks",
        "DELETE FROM duplicates",
        "DELETE FROM rules",
        "DELETE FROM sessions",
    )
    before = path.read_bytes()
    with pytest.raises(TutorialError, match="is damaged"):
        found_in(path)
    assert path.read_bytes() == before


def test_entities_that_are_gone_may_have_half_of_what_they_held(path: Path) -> None:
    """Messages are removed first, and what they hold after them."""
    edited(
        path,
        "INSERT INTO gone SELECT id FROM entities WHERE path = 'brief'",
        "DELETE FROM entities WHERE path = 'brief'",
        "DELETE FROM marks WHERE entity IN (SELECT entity FROM gone)",
        f"DELETE FROM messages WHERE id >> {NUMBER_BITS} IN (SELECT entity FROM gone)",
    )
    assert not any("brief" in line for line in found_in(path) if line.startswith("queue"))


def test_a_look_that_takes_longer_than_reading_says_so(path: Path) -> None:
    """Whoever has started the broker takes silence for its end."""
    told: list[tuple[int, int]] = []
    turns = iter((False, False, True, True))

    def slowly(work: Callable[[], None]) -> Callable[[float], bool]:
        work()
        return lambda seconds: next(turns)

    def on_progress(read: int, total: int) -> None:
        told.append((read, total))

    file = SqliteFile(path, CODEC, on_progress=on_progress, beside=slowly)
    list(file.load())
    file.close()
    ((count, total), again) = told
    assert count == total > 60
    assert again == (count, total)


@pytest.mark.parametrize("name", ["zeroed page", "random page", "cut"])
def test_damage_anywhere_is_refused_or_harmless(name: str, path: Path, whole: bytes) -> None:
    expected, random = found_in(path), Random(name)
    refused = 0
    for _ in range(6):
        damaged = bytearray(whole)
        DAMAGES[name](damaged, random)
        path.write_bytes(damaged)
        try:
            found = found_in(path)
        except TutorialError:
            refused += 1
        else:
            assert len(found) == len(expected)
    assert refused >= 3


@pytest.mark.overnight
def test_hundreds_of_damaged_files_lose_nothing_silently(tmp_path: Path) -> None:
    found = table(tmp_path, 2100, 7)
    assert not sum(counts[LOST] for counts in found.values()), found
    # A bit of a message's own row, such as how often it was delivered, is all that nobody can see.
    assert sum(counts[CHANGED] for counts in found.values()) < 10, found
    assert found["cut"][REFUSED] == found["random page"][REFUSED] == 300
