from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.notebooks.lessons import LESSONS, chosen
from tests.notebooks.refresh import LessonError, refresh

pytestmark = pytest.mark.notebooks
PLANNED = {"tags": ["raises-exception"]}


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    return tmp_path / "lesson.ipynb"


def write(lesson: Path, *cells: nbformat.NotebookNode) -> None:
    nbformat.write(new_notebook(cells=list(cells)), lesson)


def test_a_lesson_is_run_in_its_folder_and_saved(lesson: Path):
    planned = new_code_cell("1 / 0", metadata=PLANNED)
    write(lesson, new_code_cell("import os\nprint(os.listdir())"), planned)
    refresh(lesson)
    first, second = nbformat.read(lesson, as_version=4).cells
    assert first.outputs[0].text == "['lesson.ipynb']\n"
    assert second.outputs[0].traceback[-1] == "ZeroDivisionError: division by zero"
    assert second.id == planned.id


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        (new_code_cell("1 / 0"), "division by zero"),
        (new_code_cell("print('well')", metadata=PLANNED), "raised no error"),
        (new_code_cell("import os\nos._exit(1)"), "Kernel died"),
    ],
    ids=["an error", "no error", "no kernel"],
)
def test_what_was_not_planned_is_told_and_nothing_is_saved(
    lesson: Path, cell: nbformat.NotebookNode, complaint: str
):
    write(lesson, new_code_cell("print('before')"), cell)
    before = lesson.read_bytes()
    with pytest.raises(LessonError, match=complaint):
        refresh(lesson)
    assert lesson.read_bytes() == before


@pytest.mark.parametrize(
    ("beginnings", "numbers"),
    [(["04"], ["04"]), (["04b"], ["04b"]), (["04", "04b_"], ["04", "04b"]), (["04_"], ["04"])],
)
def test_a_whole_number_chooses_that_lesson_alone(
    beginnings: list[str], numbers: list[str]
) -> None:
    assert [lesson.name.partition("_")[0] for lesson in chosen(beginnings)] == numbers


def test_a_beginning_that_is_no_number_chooses_all_that_begin_so() -> None:
    assert chosen(["0"]) == [lesson for lesson in LESSONS if lesson.name.startswith("0")]
    with pytest.raises(SystemExit, match="No lesson's name begins with '04c'"):
        chosen(["04c"])
