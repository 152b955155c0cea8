import re
from collections.abc import Iterator

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.notebooks.lessons import FOLDER
from tests.notebooks.normal_form import METADATA

pytest.importorskip("playwright", reason="the browser tests need playwright")

from playwright.sync_api import Page, expect

from tests.browser.jupyterlab import Server, running_server
from tests.browser.window import Window, chromium, what_is_missing

MISSING = what_is_missing()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.timeout(400),
]
START_HERE = "00_start_here"
CRASHES = "04_peek_lock_and_crashes"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    # To the end of this module and no longer: its event loop would be in the way of asyncio tests.
    with chromium() as page:
        yield page


def test_lab_opens_on_the_first_lesson(server: Server, page: Page) -> None:
    Window(page, server.first)
    expect(page.locator(".jp-Notebook h1")).to_contain_text("Start here")
    expect(page).to_have_url(re.compile(f"/{START_HERE}[.]ipynb$"))


def test_run_all_shows_what_is_saved_in_the_lesson(server: Server, page: Page) -> None:
    window = Window(page, server.place(START_HERE))
    window.run_all()
    expect_what_is_saved(window)


def test_restart_and_run_all_shows_the_same_again(server: Server, page: Page) -> None:
    window = Window(page, server.place(START_HERE))
    window.run(window.code_cells.first)
    window.restart_and_run_all()
    expect_what_is_saved(window)


def test_a_worker_is_heard_while_it_works(server: Server, page: Page) -> None:
    window = Window(page, server.place(CRASHES))
    window.run_all()
    window.wait_for_output_while_busy("relief │ served tea")


def test_the_stop_button_ends_a_wait_with_a_hint_and_the_next_cell_runs(
    server: Server, page: Page
) -> None:
    cells = [new_code_cell(source) for source in WAITING]
    server.write("waiting", new_notebook(cells=cells, metadata=METADATA))
    window = Window(page, server.place("waiting"))
    _, waiting, after = window.code_cells.all()
    window.run_all()
    window.wait_for_output_while_busy("waiting")
    window.stop()
    expect(waiting).to_contain_text("KeyboardInterrupt")
    expect(waiting).to_contain_text("Hint: Stopped.")
    window.run(after)
    expect(window.outputs(after)).to_have_text(["still at your service"])


WAITING = (
    """\
from azure.servicebus import ServiceBusClient

from sbtutorial import connect

lab = connect()
lab.fresh_queue("empty")
client = ServiceBusClient.from_connection_string(lab.connection_string)""",
    """\
with client.get_queue_receiver("empty") as receiver:
    print("waiting")
    receiver.receive_messages()""",
    'print("still at your", "service")',
)


def expect_what_is_saved(window: Window) -> None:
    """Every code cell of the first lesson, counted and with its texts."""
    notebook = nbformat.read(FOLDER / f"{START_HERE}.ipynb", as_version=4)
    saved = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, (cell, known) in enumerate(zip(window.code_cells.all(), saved, strict=True), 1):
        window.wait_until_done(cell, count)
        expect(window.outputs(cell)).to_have_text([text_of(output) for output in known.outputs])


def text_of(output: nbformat.NotebookNode) -> str:
    return output.text if output.output_type == "stream" else output.data["text/plain"]
