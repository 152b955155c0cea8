import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from sbtutorial.errors import TutorialError
from sbtutorial.lessons.working_copy import FOLDER, WorkingCopy
from tests.notebooks.lessons import LESSONS, ROOT

SEND, RECEIVE = "02_send.ipynb", "03_receive.ipynb"
HELLO = [new_output("stream", text="three\n")]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with two lessons that have run, and a picture."""
    (tmp_path / "notebooks" / "images").mkdir(parents=True)
    (tmp_path / "notebooks" / "images" / "queue.png").write_bytes(b"a picture")
    for name in (SEND, RECEIVE):
        commit(tmp_path, name, "print('three')")
    return tmp_path


@pytest.fixture
def copy(clone: Path) -> WorkingCopy:
    copy = WorkingCopy.of(clone)
    copy.update()
    return copy


def commit(clone: Path, name: str, source: str) -> None:
    """Have a lesson of one cell in the clone, with what it says."""
    cells = [new_markdown_cell("How many?"), new_code_cell(source, outputs=HELLO)]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    cells[1].execution_count = 1
    nbformat.write(new_notebook(cells=cells), clone / "notebooks" / name)


def source(path: Path) -> str:
    text: str = nbformat.read(path, 4).cells[1].source
    return text


def work_on(path: Path, text: str) -> None:
    """Write into the cell of code and save, as JupyterLab does."""
    notebook = nbformat.read(path, 4)
    notebook.cells[1].source = text
    nbformat.write(notebook, path)


def open_and_save(path: Path) -> None:
    """What JupyterLab changes of its own accord, when nothing was run or written."""
    notebook = nbformat.read(path, 4)
    notebook.metadata["language_info"] = {"name": "python", "version": "3.12"}
    notebook.cells[1].metadata["trusted"] = True
    nbformat.write(notebook, path)


def names(copy: WorkingCopy) -> list[str]:
    return sorted(path.name for path in copy.folder.glob("*.ipynb"))


def test_every_lesson_is_copied_without_an_output_and_otherwise_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    for lesson in LESSONS:
        (tmp_path / "notebooks" / lesson.name).write_bytes(lesson.read_bytes())
    copy = WorkingCopy.of(tmp_path)

    assert copy.update() == [f"Your own copy of the lessons: {tmp_path / FOLDER}"]
    for lesson in LESSONS:
        expected = nbformat.read(lesson, 4)
        for cell in expected.cells:
            if cell.cell_type == "code":
                cell.update(outputs=[], execution_count=None)
        copied = copy.folder / lesson.name
        assert copied.read_text("utf-8") == nbformat.writes(expected) + "\n"


def test_pictures_are_copied_as_they_are(copy: WorkingCopy) -> None:
    assert (copy.folder / "images" / "queue.png").read_bytes() == b"a picture"


def test_what_is_committed_is_never_written(clone: Path, copy: WorkingCopy) -> None:
    assert nbformat.read(clone / "notebooks" / SEND, 4).cells[1].outputs == HELLO


def test_a_second_start_changes_nothing_and_says_nothing(copy: WorkingCopy) -> None:
    before = {path: path.stat().st_mtime_ns for path in copy.folder.glob("*.ipynb")}

    assert copy.update() == []
    assert {path: path.stat().st_mtime_ns for path in copy.folder.glob("*.ipynb")} == before


def test_a_lesson_that_was_deleted_comes_back(copy: WorkingCopy) -> None:
    (copy.folder / SEND).unlink()
    copy.update()
    assert source(copy.folder / SEND) == "print('three')"


def test_a_copy_that_nobody_worked_on_follows_the_committed_lesson(
    clone: Path, copy: WorkingCopy
) -> None:
    open_and_save(copy.folder / RECEIVE)
    for name in (SEND, RECEIVE):
        commit(clone, name, "print('a newer one')")

    assert copy.update() == []
    assert names(copy) == [SEND, RECEIVE]
    assert source(copy.folder / SEND) == source(copy.folder / RECEIVE) == "print('a newer one')"


def test_an_answer_stays_and_a_newer_lesson_is_offered_beside_it_once(
    clone: Path, copy: WorkingCopy
) -> None:
    work_on(copy.folder / RECEIVE, "my answer")
    assert copy.update() == []
    commit(clone, RECEIVE, "print('a newer one')")

    [told] = copy.update()

    assert told.startswith(
        f"There is a newer {RECEIVE} than yours, beside it: 03_receive_new.ipynb"
    )
    assert 'lab.restore("03")' in told
    assert source(copy.folder / RECEIVE) == "my answer"
    assert source(copy.folder / "03_receive_new.ipynb") == "print('a newer one')"
    (copy.folder / "03_receive_new.ipynb").unlink()
    assert copy.update() == []
    assert names(copy) == [SEND, RECEIVE]


def test_a_lesson_that_was_run_is_work_too(clone: Path, copy: WorkingCopy) -> None:
    notebook = nbformat.read(copy.folder / SEND, 4)
    notebook.cells[1].outputs = HELLO
    nbformat.write(notebook, copy.folder / SEND)
    commit(clone, SEND, "print('a newer one')")

    assert len(copy.update()) == 1
    assert nbformat.read(copy.folder / SEND, 4).cells[1].outputs == HELLO


def test_an_offer_that_was_worked_on_stays_too(clone: Path, copy: WorkingCopy) -> None:
    work_on(copy.folder / SEND, "my answer")
    commit(clone, SEND, "print('a newer one')")
    copy.update()
    offered = copy.folder / "02_send_new.ipynb"
    work_on(offered, "my newer answer")
    commit(clone, SEND, "print('the newest')")

    [told] = copy.update()

    assert told.startswith(f"There is a newer {SEND} than yours: ")
    assert (source(copy.folder / SEND), source(offered)) == ("my answer", "my newer answer")


@pytest.mark.parametrize("record", ["", "[]", None])
def test_without_a_record_every_difference_is_work(
    copy: WorkingCopy, clone: Path, record: str | None
) -> None:
    path = copy.folder / ".copied.json"
    if record is None:
        path.unlink()
    else:
        path.write_text(record)
    commit(clone, SEND, "print('a newer one')")

    copy.update()

    assert source(copy.folder / SEND) == "print('three')"
    assert source(copy.folder / "02_send_new.ipynb") == "print('a newer one')"


def test_a_lesson_comes_back_to_its_beginning_and_each_answer_is_kept(copy: WorkingCopy) -> None:
    for answer in ("first", "second", "third"):
        work_on(copy.folder / RECEIVE, answer)
        told = copy.restore("03")

    assert told == (
        f"{RECEIVE} is at its beginning again. What you had saved is 03_receive_mine_3.ipynb."
    )
    assert source(copy.folder / RECEIVE) == "print('three')"
    kept = [copy.folder / f"03_receive_mine{ending}.ipynb" for ending in ("", "_2", "_3")]
    assert [source(path) for path in kept] == ["first", "second", "third"]


def test_what_nobody_worked_on_is_not_kept(copy: WorkingCopy) -> None:
    open_and_save(copy.folder / SEND)

    assert copy.restore("02") == f"{SEND} is at its beginning again."
    assert names(copy) == [SEND, RECEIVE]
    assert "language_info" not in nbformat.read(copy.folder / SEND, 4).metadata


def test_jupyterlab_sees_each_time_that_the_file_has_changed(copy: WorkingCopy) -> None:
    """It may have run cells of a lesson that it has not saved yet."""
    saved = [(copy.folder / SEND).read_bytes()]
    for _ in range(3):
        copy.restore("02")
        saved.append((copy.folder / SEND).read_bytes())

    assert all(before != after for before, after in pairwise(saved))
    assert copy.update() == []
    assert names(copy) == [SEND, RECEIVE]


def test_a_newer_lesson_that_is_taken_is_no_longer_beside(clone: Path, copy: WorkingCopy) -> None:
    work_on(copy.folder / SEND, "my answer")
    commit(clone, SEND, "print('a newer one')")
    copy.update()

    copy.restore("02")

    assert names(copy) == [SEND, "02_send_mine.ipynb", RECEIVE]
    assert source(copy.folder / SEND) == "print('a newer one')"
    assert copy.update() == []


@pytest.mark.parametrize(
    ("beginning", "sentence"),
    [
        ("04", "No lesson begins with '04': choose one of 02_send, 03_receive."),
        ("", "No lesson begins with '': choose one of 02_send, 03_receive."),
        ("0", "Several lessons begin with '0': choose one of 02_send, 03_receive."),
    ],
)
def test_a_lesson_that_is_not_there_is_answered_with_those_that_are(
    copy: WorkingCopy, beginning: str, sentence: str
) -> None:
    with pytest.raises(TutorialError) as refused:
        copy.restore(beginning)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("beginning", "lesson"),
    [("04", "04_crash"), ("04_", "04_crash"), ("04b", "04b_lock"), ("04b_l", "04b_lock")],
)
def test_a_whole_number_is_one_lesson_though_another_begins_with_it(
    clone: Path, beginning: str, lesson: str
) -> None:
    for name in ("04_crash.ipynb", "04b_lock.ipynb"):
        commit(clone, name, "print('three')")

    assert WorkingCopy.of(clone).lesson(beginning) == f"{lesson}.ipynb"


def test_what_takes_a_newer_lesson_names_it_by_its_number(clone: Path) -> None:
    for name in ("04_crash.ipynb", "04b_lock.ipynb"):
        commit(clone, name, "print('three')")
    copy = WorkingCopy.of(clone)
    copy.update()
    work_on(copy.folder / "04b_lock.ipynb", "my answer")
    commit(clone, "04b_lock.ipynb", "print('a newer one')")

    (sentence,) = copy.update()

    assert '`lab.restore("04b")` takes it' in sentence


def test_a_lesson_with_the_marks_of_a_merge_is_named_and_the_others_are_copied(
    clone: Path,
) -> None:
    (clone / "notebooks" / SEND).write_text("<<<<<<< HEAD\n{}")

    told = WorkingCopy.of(clone).update()

    assert any(f"git checkout -- notebooks/{SEND}" in sentence for sentence in told)
    assert source(clone / FOLDER / RECEIVE) == "print('three')"


def test_a_clone_that_cannot_be_written_has_its_copy_in_the_users_home(
    clone: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setattr(Path, "home", lambda: home)
    (clone / FOLDER).write_text("in the way of a folder")

    copy = WorkingCopy.of(clone)
    copy.update()

    assert copy.folder == home / "sbtutorial_lessons"
    assert names(copy) == [SEND, RECEIVE]


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(copy: WorkingCopy) -> None:
    (copy.folder / ".copied.json").unlink()
    (copy.folder / ".copied.json").mkdir()

    with pytest.raises(TutorialError, match=r"Your copy of the lessons, .* cannot be written"):
        copy.update()


def test_the_record_knows_what_was_copied(copy: WorkingCopy) -> None:
    record = json.loads((copy.folder / ".copied.json").read_text())
    assert set(record) == {SEND, RECEIVE, "images/queue.png"}


def test_what_a_learner_writes_is_nothing_to_git_and_the_linter(tmp_path: Path) -> None:
    for name in ("pyproject.toml", ".gitignore"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    for folder in (FOLDER, "other"):
        (tmp_path / folder).mkdir()
        answer = new_notebook(cells=[new_code_cell("import os\nl = undefined"), new_code_cell(")")])
        nbformat.write(answer, tmp_path / folder / SEND)

    complaints = run_in(tmp_path, sys.executable, "-m", "ruff", "check", "--no-cache", ".")
    run_in(tmp_path, "git", "init", "--quiet")
    unknown = run_in(tmp_path, "git", "status", "--porcelain", "--untracked-files=all")

    for said in (complaints, unknown):
        assert "other" in said
        assert FOLDER not in said


def run_in(folder: Path, *command: str) -> str:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout
