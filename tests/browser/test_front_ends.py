"""Not today's JupyterLab: Jupyter Notebook 7, and the kernel of the year before."""

import re
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.lessons import LESSONS
from tests.notebooks.saved import code_cells

pytest.importorskip("playwright", reason="the browser tests need playwright")

from playwright.sync_api import Page, expect

from tests.browser.jupyterlab import EARLIER_KERNEL, EARLIER_KERNEL_FOLDER, Server
from tests.browser.test_lab import write_notebook
from tests.browser.test_watch import PREPARE, WAIT, WATCH, card
from tests.browser.window import NotebookWindow, Window, console_errors, what_is_missing
from tests.clients.installed import HOW

MISSING = what_is_missing()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.timeout(400),
]

LIVE_VIEW = re.compile(r"\blab\.(?:watch|explorer)\(")
PREDICT = 'lab.predict("How many orders are left?", 3, 2, 1, 0)'


def test_notebook_7_has_the_view_in_its_cell_and_its_buttons_answer(
    server: Server, new_page: Page
) -> None:
    pytest.importorskip("notebook", reason="the test of Jupyter Notebook needs notebook")
    page = new_page
    sources = (PREPARE, WATCH, PREDICT, WAIT)
    write_notebook(server, "notebook_7", sources)
    window = NotebookWindow(page, server.place_in_notebook_7("notebook_7"))
    cells = window.code_cells.all()
    window.run_all()
    view = cells[1].locator(".sbw")
    expect(card(view, 3)).to_have_attribute("data-state", "ready")
    expect(page.locator(".sbw")).to_have_count(1)
    window.wait_for_output_while_busy("waiting")
    view.get_by_role("button", name="send", exact=True).click()
    expect(card(view, 4)).to_have_attribute("data-state", "ready")
    cells[2].locator("fieldset").get_by_text("2", exact=True).click()
    expect(cells[2].get_by_role("radio", name="2")).to_be_checked()
    expect(cells[2]).to_contain_text("You said 2.")


@pytest.mark.overnight
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_in_notebook_7_every_lesson_shows_what_is_saved(
    server: Server, new_page: Page, lesson: Path
) -> None:
    pytest.importorskip("notebook", reason="the test of Jupyter Notebook needs notebook")
    saved = nbformat.read(lesson, as_version=4)
    window = NotebookWindow(new_page, server.place_in_notebook_7(lesson.stem))
    window.run_all()
    window.wait_until_ended(saved)
    # What stands beside the notebook in JupyterLab stands in its cell here, and moves.
    alive = tuple(
        f"code cell {number}: shows"
        for number, cell in enumerate(code_cells(lesson), 1)
        if LIVE_VIEW.search(cell.source)
    )
    if found := [fault for fault in window.faults(saved) if not fault.startswith(alive)]:
        pytest.fail("\n".join(found), pytrace=False)


@pytest.mark.skipif(not EARLIER_KERNEL_FOLDER.exists(), reason=f"needs: {HOW}")
def test_with_ipykernel_6_a_button_says_that_it_waits_for_the_cell_above(
    server: Server, page: Page
) -> None:
    sources = ("import ipykernel\nprint(ipykernel.__version__)", PREPARE, WATCH, WAIT)
    write_notebook(server, "kernel_6", sources, EARLIER_KERNEL)
    with console_errors(page) as errors:
        window = Window(page, server.place("kernel_6"))
        *before, busy = window.code_cells.all()
        for count, cell in enumerate(before, 1):
            window.run(cell)
            window.wait_until_done(cell, count)
        expect(before[0]).to_contain_text("6.")
        view = page.locator(".jupyterlab-sidecar .sbw")
        expect(card(view, 3)).to_have_attribute("data-state", "ready")
        window.run(busy)
        window.wait_for_output_while_busy("waiting")
        view.get_by_role("button", name="send", exact=True).click()
        expect(view).to_contain_text("waits for the cell above")
        window.stop()
        expect(card(view, 4)).to_have_attribute("data-state", "ready")
        expect(view).not_to_contain_text("waits for the cell above")
    assert errors == []
