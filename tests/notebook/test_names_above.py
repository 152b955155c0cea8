"""Which names the cells above give to something, by the notebook's file."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from sbtutorial.notebook.names_above import is_given_above
from tests.kernel import Notebook

CELLS = [
    new_markdown_cell("spoken = 1", id="text"),
    new_code_cell(
        "import json\nfrom os import path as where\n\n"
        "def open_shop(*orders):\n    inside = orders\n\n"
        "with open_shop() as shop:\n    for order in shop:\n        %worker cashier",
        id="broken",  # no Python, as the magic is not at the line's beginning
    ),
    new_code_cell(
        "import json\nfrom os import path as where\n%worker cashier\n\n"
        "def open_shop(*orders):\n    inside = orders\n\n"
        "with open_shop() as shop:\n    for order in shop:\n        pass",
        id="first",
    ),
    new_code_cell("%%worker cashier\nown = 1", id="worker"),
    new_code_cell("open_shop()", id="second"),
    new_code_cell("later = 1", id="third"),
]


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    file = tmp_path / "04_lesson.ipynb"
    nbformat.write(new_notebook(cells=CELLS), file)
    return file


@pytest.mark.parametrize("name", ["json", "where", "open_shop", "shop", "order"])
def test_what_a_cell_above_names_is_known(notebook: Path, name: str) -> None:
    assert is_given_above(name, notebook, "second")


@pytest.mark.parametrize("name", ["spoken", "inside", "orders", "own", "later", "totl"])
def test_what_none_of_them_names_is_not(notebook: Path, name: str) -> None:
    assert not is_given_above(name, notebook, "second")


def test_of_a_cell_that_is_not_saved_yet_all_others_may_be_above(notebook: Path) -> None:
    assert is_given_above("later", notebook, "new")


@pytest.mark.parametrize("text", [None, "", "[]", "{}"])
def test_a_file_that_is_no_notebook_has_no_cells(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "x.ipynb"
    if text is not None:
        file.write_text(text)
    assert not is_given_above("json", file, "")


@pytest.mark.sdk
def test_whoever_begins_in_the_middle_is_sent_to_the_top(lesson: Notebook, notebook: Path) -> None:
    lesson.runs(f"import os\nos.environ['JPY_SESSION_NAME'] = {str(notebook)!r}")
    hint = "'open_shop' comes from a cell further up: run the cells from the top first."
    assert lesson.run("open_shop()").hint == hint
    assert lesson.run("totl").text == ""
