"""Each lesson as a learner runs it: opened in JupyterLab, Run All, and read from top to bottom."""

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.notebooks.lessons import FOLDER, LESSONS
from tests.notebooks.normal_form import METADATA
from tests.notebooks.refresh import PLANNED_ERROR_TAG as PLANNED

pytest.importorskip("playwright", reason="the browser tests need playwright")

from playwright.sync_api import Page

from tests.browser.jupyterlab import Server
from tests.browser.shown import ERROR
from tests.browser.test_lab import START_HERE
from tests.browser.window import Window, console_errors, what_is_missing

MISSING = what_is_missing()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.timeout(400),
]


# Workers are in it; the first lesson, which has a live view beside it, is run by the double arrow.
# What the Explorer does in a page is in test_explorer.py.
BY_DAY = ("04_",)


def by_day_or_night(lesson: Path) -> object:
    """A lesson, to be run each time, or overnight: a page costs ten times what a kernel does."""
    marks = [] if lesson.name.startswith(BY_DAY) else [pytest.mark.overnight]
    return pytest.param(lesson, id=lesson.stem, marks=marks)


@pytest.mark.parametrize("lesson", [*map(by_day_or_night, LESSONS)])
def test_a_lesson_run_to_its_end_shows_what_is_saved(
    server: Server, page: Page, lesson: Path
) -> None:
    if found := faults_of_run(server, page, lesson.stem, nbformat.read(lesson, as_version=4)):
        pytest.fail("\n".join(found), pytrace=False)


def test_restart_and_run_all_shows_the_same_again(server: Server, page: Page) -> None:
    window = Window(page, server.place(START_HERE))
    window.run_anew(window.code_cells.first)
    saved = nbformat.read(FOLDER / f"{START_HERE}.ipynb", as_version=4)
    if found := faults_after(window, window.restart_and_run_all, saved):
        pytest.fail("\n".join(found), pytrace=False)


def test_whatever_goes_wrong_in_a_lesson_is_found(server: Server, page: Page) -> None:
    server.write("mistakes", new_notebook(cells=MISTAKES, metadata=METADATA))
    found = faults_of_run(server, page, "mistakes", new_notebook(cells=MISTAKES))
    assert len(found) == len(FOUND), found
    for fault, words in zip(found, FOUND, strict=True):
        assert fault.startswith(words)


def faults_of_run(server: Server, page: Page, name: str, saved: NotebookNode) -> list[str]:
    """Run all of a notebook; what then is not as it is saved, and what the console has to say."""
    window = Window(page, server.place(name))
    return faults_after(window, window.run_all, saved)


def faults_after(window: Window, run: Callable[[], None], saved: NotebookNode) -> list[str]:
    """The same, however all of it is run."""
    with console_errors(window.page) as errors:
        run()
        window.wait_until_ended(saved)
        found = window.faults(saved)
    return found + [f"the console: {error}" for error in errors]


def _mistake(source: str, *outputs: NotebookNode, tags: tuple[str, ...] = ()) -> NotebookNode:
    return new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)})


NO_PICTURE = {"image/png": "bm8gcGljdHVyZQ=="}
BAD_SCRIPT = {"application/javascript": "console.error('cups are out')"}
MISTAKES = [
    _mistake('print("tea")', new_output("stream", name="stdout", text="coffee\n")),
    _mistake(
        f"from IPython.display import display; display({NO_PICTURE}, raw=True)",
        new_output("display_data", data=NO_PICTURE),
    ),
    _mistake(f"display({BAD_SCRIPT}, raw=True)"),
    _mistake("1", new_output("execute_result", data={"text/plain": "1"}), tags=(PLANNED,)),
    _mistake("1 / 0"),
    _mistake("display()"),
]
FOUND = [
    "code cell 1: shows\ntea\n\nwhere this is saved:\ncoffee\n",
    "code cell 2: a picture cannot be drawn",
    "code cell 3: shows ['application/javascript'], where [] is saved",
    "code cell 4: the planned error is not there",
    "code cell 5: an error that is not planned: ",
    f"code cell 5: shows ['{ERROR}'], where [] is saved",
    "code cell 6: has not run in its turn: '[ ]:' stands before it",
    "the console: cups are out (",
]
