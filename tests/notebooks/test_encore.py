"""Cells that run twice, tried on small lessons: what they leave behind is found."""

from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.notebooks.encore import (
    DIFFERS_TAG,
    RAISES_TAG,
    differs_untold,
    perform_encore,
    programme,
)
from tests.notebooks.lessons import LESSONS, private_environment
from tests.notebooks.refresh import PLANNED_ERROR_TAG

pytestmark = pytest.mark.notebooks
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)

HEADING = new_markdown_cell("## A queue")
FRESH = "queue = []"
SEND = "queue.append('tea')"
TAKE = "print(queue.pop())"


def code(source: str, printed: str = "", *tags: str) -> NotebookNode:
    outputs = [new_output("stream", text=printed)] if printed else []
    return new_code_cell(source, execution_count=1, outputs=outputs, metadata={"tags": [*tags]})


def write(folder: Path, *cells: NotebookNode) -> Path:
    nbformat.write(new_notebook(cells=[*cells]), folder / "80_lesson.ipynb")
    return folder / "80_lesson.ipynb"


def complaint(folder: Path, *cells: NotebookNode) -> str:
    with private_environment() as environment:
        return perform_encore(write(folder, *cells), environment)


@every_lesson
def test_where_a_cell_says_something_else_the_second_time_the_lesson_says_so(lesson: Path) -> None:
    assert differs_untold(lesson) == []


# --- the checks themselves ------------------------------------------------------------------------


def test_each_cell_runs_twice_and_then_its_section_from_the_head(tmp_path: Path) -> None:
    cells = [code("a"), HEADING, code("b"), new_markdown_cell("Look:"), code("c")]
    turns = [*programme(new_notebook(cells=cells))]
    assert "".join(turn.cell.source for turn in turns) == "aa" + "bbccbc"
    assert [turn.number for turn in turns] == [1, 1, 2, 2, 3, 3, 2, 3]


def test_after_a_cell_that_differs_the_section_runs_again_up_to_it() -> None:
    cells = [code("a"), code("b", "", DIFFERS_TAG), code("c")]
    turns = [*programme(new_notebook(cells=cells))]
    assert "".join(turn.cell.source for turn in turns) == "aabb" + "ab" + "cc" + "abc"


def test_of_cells_that_differ_in_a_row_all_run_before_the_section_does_again() -> None:
    cells = [code("a"), code("b", "", DIFFERS_TAG), code("c", "", DIFFERS_TAG), code("d")]
    turns = [*programme(new_notebook(cells=cells))]
    assert "".join(turn.cell.source for turn in turns) == "aabbcc" + "abc" + "dd" + "abcd"


def test_a_cell_may_raise_the_second_time_when_it_says_so(tmp_path: Path) -> None:
    head, take = code(f"{FRESH}\n{SEND}"), code(TAKE, "tea\n", RAISES_TAG)
    assert complaint(tmp_path, head, take, code("print(queue)", "[]\n")) == ""


def test_a_lesson_that_says_the_same_each_time_has_no_complaint(tmp_path: Path) -> None:
    fails = code("1 / 0", "", PLANNED_ERROR_TAG)
    fails.outputs = [new_output("error", ename="ZeroDivisionError", evalue="division by zero")]
    cells = [code("cups = 2"), HEADING, code(f"{FRESH}\n{SEND}\n{TAKE}", "tea\n"), fails]
    assert complaint(tmp_path, *cells) == ""


def test_a_check_may_have_more_to_say_at_a_second_try(tmp_path: Path) -> None:
    lab = code("class lab:\n    tries = iter('12345')\n    check = staticmethod(print)")
    tried = code("lab.check(next(lab.tries))", "1\n")
    assert complaint(tmp_path, lab, HEADING, tried) == ""


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ([code(FRESH), code(SEND), code("print(queue)", "['tea']\n")], "In [3]: "),
        ([code(f"{FRESH}\n{SEND}"), code(TAKE, "tea\n")], "In [2], the second time: "),
        (
            [
                code("orders = ['tea']"),
                HEADING,
                code("print(orders)", "['tea']\n"),
                code("orders = []"),
            ],
            "In [2], its section again: ",
        ),
    ],
    ids=["sent twice", "taken twice", "not fresh at the head"],
)
def test_what_running_again_does_is_told_with_its_cell(
    cells: list[NotebookNode], told: str, tmp_path: Path
) -> None:
    assert complaint(tmp_path, *cells).startswith(told)


def test_a_cell_that_says_that_it_differs_may_do_so_and_may_not_fail(tmp_path: Path) -> None:
    head, look = code(f"{FRESH}\n{SEND}"), code("print(queue)", "[]\n")
    taken = code("print(queue.pop() if queue else 'none')", "tea\n", DIFFERS_TAG)
    assert complaint(tmp_path, head, taken, look) == ""
    assert "pop from empty list" in complaint(tmp_path, head, code(TAKE, "tea\n", DIFFERS_TAG))


def test_a_cell_that_differs_has_words_for_it_beside_it(tmp_path: Path) -> None:
    cell = code(TAKE, "tea\n", DIFFERS_TAG)
    assert differs_untold(write(tmp_path, HEADING, cell)) == [TAKE]
    told = new_markdown_cell("Run it again, and nothing comes.")
    assert differs_untold(write(tmp_path, HEADING, cell, told)) == []
    cell.source = "# the second time there is none\n" + TAKE
    assert differs_untold(write(tmp_path, cell)) == []
