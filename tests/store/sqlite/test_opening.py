"""Files that cannot be used are told of, with what to do, and stay as they are."""

import sqlite3
from pathlib import Path

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.store.sqlite import file as file_module
from sbtutorial.store.sqlite import schema
from sbtutorial.store.sqlite.turn_log import TurnLog
from tests.store.sqlite.filing import FilingActor, opened

NEXT = schema.FORMAT + 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that a broker has written and closed."""
    actor = FilingActor(tmp_path / "it.db")
    actor.make_everything()
    actor.fill()
    actor.commit()
    actor.file.close()
    return actor.path


def use(path: Path, *statements: str) -> list[object]:
    """What somebody finds who opens it by other means."""
    connection = sqlite3.connect(path, isolation_level=None)
    found: list[object] = []
    for statement in statements:
        found += connection.execute(statement).fetchall()
    connection.close()
    return found


def load(path: Path) -> int:
    file = opened(path)
    try:
        return len(list(file.load()))
    finally:
        file.close()


def test_a_newer_file_is_refused_and_stays_as_it_is(path: Path) -> None:
    use(path, f"PRAGMA user_version = {schema.FORMAT + 1}")
    before = path.read_bytes()
    with pytest.raises(TutorialError, match=r"newer sbtutorial.*install that version"):
        opened(path)
    assert path.read_bytes() == before


def test_an_older_file_is_brought_to_this_format(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add_a_column(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE new (id INTEGER)")

    there = load(path)
    for module in (schema, file_module):
        monkeypatch.setattr(module, "FORMAT", NEXT)
    monkeypatch.setitem(schema.MIGRATIONS, NEXT - 1, add_a_column)
    assert load(path) == there
    assert use(path, "PRAGMA user_version", "SELECT * FROM new") == [(NEXT,)]


def test_a_file_of_the_first_format_is_read(path: Path) -> None:
    there = load(path)
    use(path, "DELETE FROM messages WHERE state = 7", "PRAGMA user_version = 1")
    assert load(path) == there
    assert use(path, "PRAGMA user_version") == [(schema.FORMAT,)]


def test_a_migration_that_fails_half_way_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("DROP TABLE messages")
        connection.execute("DROP TABLE nothing_of_that_name")

    there = load(path)
    with monkeypatch.context() as patch:
        for module in (schema, file_module):
            patch.setattr(module, "FORMAT", NEXT)
        patch.setitem(schema.MIGRATIONS, NEXT - 1, fail)
        with pytest.raises(TutorialError, match="cannot be opened"):
            opened(path)
    assert load(path) == there


def test_another_programs_file_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    use(path, "CREATE TABLE theirs (id INTEGER)")
    with pytest.raises(TutorialError, match="written by another program"):
        opened(path)
    assert use(path, "SELECT count(*) FROM theirs") == [(0,)]


@pytest.mark.parametrize("damage", [b"not a database at all " * 500, b""], ids=["text", "cut off"])
def test_a_damaged_file_is_told_of_and_never_emptied(path: Path, damage: bytes) -> None:
    content = path.read_bytes()
    broken = damage or content[: len(content) // 3]
    path.write_bytes(broken)
    with pytest.raises(TutorialError, match=r"damaged.*left as it is.*move it away"):
        load(path)
    assert path.read_bytes() == broken


def test_damage_in_the_middle_is_told_of(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for page in range(2, len(content) // 8192):
        content[page * 8192 : page * 8192 + 100] = b"\xff" * 100
    path.write_bytes(content)
    with pytest.raises(TutorialError, match="damaged"):
        load(path)
    assert path.read_bytes() == content


def test_a_record_that_cannot_be_read_is_told_of(path: Path) -> None:
    use(path, "UPDATE entities SET record = x'00'")
    with pytest.raises(TutorialError, match="damaged"):
        load(path)


def test_a_file_that_was_hardly_begun_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "it.db"
    use(path, "PRAGMA journal_mode = WAL")
    assert path.stat().st_size > 0
    assert load(path) == 0


def test_a_log_that_cannot_be_read_is_told_of(path: Path) -> None:
    path.with_name(f"{path.name}-wal").mkdir()
    with pytest.raises(TutorialError, match=r"cannot be opened.*try again"):
        opened(path)


# -- What a killed broker has noted --------------------------------------------------------------


@pytest.fixture
def noted(tmp_path: Path) -> Path:
    """A file whose broker was killed: some turns are in its log alone."""
    actor = FilingActor(tmp_path / "noted.db")
    actor.make_everything()
    actor.commit()
    actor.fill()
    actor.end_turn()
    for turn in actor.turns:
        assert actor.file.note(turn)
    assert actor.file.has_noted
    actor.file.let_go()
    return actor.path


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-turns")


def test_what_was_noted_is_there_and_the_log_is_not_any_more(noted: Path) -> None:
    without = len(use(noted, "SELECT * FROM messages"))
    load(noted)
    assert len(use(noted, "SELECT * FROM messages")) > without
    assert not log_of(noted).exists()
    assert use(noted, "SELECT * FROM meta WHERE name = 'noted'") == []


def test_who_cannot_read_what_was_noted_is_told_and_nothing_changes(noted: Path) -> None:
    data = bytearray(log_of(noted).read_bytes())
    data[30] ^= 1
    log_of(noted).write_bytes(data)
    with pytest.raises(TutorialError, match=r"damaged.*\(-turns\) is broken.*put an empty file"):
        load(noted)
    assert log_of(noted).read_bytes() == data
    log_of(noted).write_bytes(b"")  # as one is told
    assert load(noted) > 0


def test_who_gives_up_in_the_middle_has_lost_nothing(noted: Path) -> None:
    data = log_of(noted).read_bytes()
    file = opened(noted)
    count = len(list(file.load()))
    file.let_go()
    log_of(noted).write_bytes(data)
    use(noted, "INSERT OR REPLACE INTO meta VALUES ('noted', 0)")
    for read in range(count):
        file = opened(noted)
        changes = file.load()
        for _ in range(read):
            next(changes)
        changes.close()
        file.close()
        assert log_of(noted).read_bytes() == data


def test_a_log_of_turns_that_was_taken_away_is_missed(noted: Path) -> None:
    log_of(noted).unlink()
    with pytest.raises(TutorialError, match=r"\(-turns\).*was taken away.*put an empty file"):
        opened(noted)
    log_of(noted).touch()
    assert load(noted) > 0


def test_a_log_of_turns_beside_another_file_is_not_taken_for_its_own(
    noted: Path, path: Path
) -> None:
    log_of(noted).rename(log_of(path))
    with pytest.raises(TutorialError, match=r"\(-turns\) belongs to another state"):
        opened(path)


@pytest.mark.parametrize("step", ["empty", "remove"])
def test_a_log_whose_end_was_interrupted_is_no_trouble(
    noted: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_log: TurnLog) -> None:
        raise OSError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(TurnLog, step, interrupted)
        with pytest.raises(TutorialError, match="killed"):
            load(noted)
    assert log_of(noted).exists()
    there = len(use(noted, "SELECT * FROM messages"))
    load(noted)
    assert len(use(noted, "SELECT * FROM messages")) == there
    assert not log_of(noted).exists()
