"""The page for people who migrate: it has what every lesson has of 2019."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from sbtutorial.lessons.edition import Edition
from tests.notebooks.lessons import FOLDER, LESSONS
from tests.notebooks.migration import PAGE, page, rows
from tests.notebooks.outline import broken_links_of

pytestmark = pytest.mark.notebooks
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)

TABLE = (
    "| | 2019, version 0.50 | today |\n|---|---|---|\n| bury | `a()` | `b()` |\n| dig | – | `c()` |"
)
FOLDED = f"<details><summary>In 2019</summary>\n\n{TABLE}\n\nIt was deeper then.\n\n</details>"


def lesson(folder: Path, *texts: str) -> Path:
    cells = [new_markdown_cell(text) for text in texts]
    nbformat.write(new_notebook(cells=cells), folder / "05_dig.ipynb")
    return folder / "05_dig.ipynb"


def test_the_page_is_made_of_the_lessons_that_are_there() -> None:
    is_current = PAGE.read_text("utf-8") == page(LESSONS)
    assert is_current, "run `python -m tests.notebooks.migration`"


@every_lesson
def test_the_page_has_every_row_of_a_lesson(lesson: Path) -> None:
    lines = PAGE.read_text("utf-8").split("\n")
    assert [row for row in rows(lesson) if row not in lines] == []


def test_the_page_leads_to_lessons_that_are_there() -> None:
    assert broken_links_of(PAGE.read_text("utf-8"), FOLDER) == []


def test_a_learner_has_the_page_beside_the_lessons() -> None:
    assert PAGE.name in Edition(FOLDER).names()


# --- how it is made -------------------------------------------------------------------------------


def test_a_fold_is_taken_whole_with_the_heading_above_it(tmp_path: Path) -> None:
    made = page([lesson(tmp_path, "# Dig", "Why?\n\n## How to bury", FOLDED)])
    chapter = f"## [05 Dig](05_dig.ipynb)\n\n### How to bury\n\n{TABLE}\n\nIt was deeper then.\n"
    assert made.endswith(chapter)


def test_a_table_in_the_open_counts_and_one_of_something_else_does_not(tmp_path: Path) -> None:
    other = "| where | how deep |\n|---|---|\n| here | 2 m |"
    made = page([lesson(tmp_path, "# Dig", f"{other}\n\n{TABLE}\n\nWell.")])
    assert made.endswith(f"### Dig\n\n{TABLE}\n")
    assert rows(tmp_path / "05_dig.ipynb") == TABLE.split("\n")[2:]


def test_a_lesson_that_says_nothing_of_2019_has_no_chapter(tmp_path: Path) -> None:
    assert "Dig" not in page([lesson(tmp_path, "# Dig")])
