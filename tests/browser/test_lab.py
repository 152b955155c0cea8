import re
from collections.abc import Sequence

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.notebooks.lessons import FOLDER
from tests.notebooks.normal_form import METADATA

pytest.importorskip("playwright", reason="the browser tests need playwright")

from playwright.sync_api import Page, expect

from tests.browser.jupyterlab import Server
from tests.browser.window import Window, what_is_missing

MISSING = what_is_missing()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.timeout(400),
]
START_HERE = "00_start_here"


def test_lab_opens_on_the_first_lesson(server: Server, page: Page) -> None:
    Window(page, server.first)
    expect(page.locator(".jp-Notebook h1")).to_contain_text("Start here")
    expect(page).to_have_url(re.compile(f"/{START_HERE}[.]ipynb$"))


def test_restart_and_run_all_shows_the_same_again(server: Server, page: Page) -> None:
    window = Window(page, server.place(START_HERE))
    window.run(window.code_cells.first)
    window.restart_and_run_all()
    window.wait_until_done(window.code_cells.last, window.code_cells.count())
    assert window.faults(nbformat.read(FOLDER / f"{START_HERE}.ipynb", as_version=4)) == []


def test_a_worker_is_heard_while_it_works(server: Server, page: Page) -> None:
    window = open_notebook(server, page, "working", WORKING)
    window.run_all()
    window.wait_for_output_while_busy("cashier │ at work")
    window.stop()
    expect(window.code_cells.last).to_contain_text("cashier ✗ killed")


def test_the_stop_button_ends_a_wait_with_a_hint_and_the_next_cell_runs(
    server: Server, page: Page
) -> None:
    window = open_notebook(server, page, "waiting", WAITING)
    _, waiting, after = window.code_cells.all()
    window.run_all()
    window.wait_for_output_while_busy("waiting")
    window.stop()
    expect(waiting).to_contain_text("KeyboardInterrupt")
    expect(waiting).to_contain_text("Hint: Stopped.")
    window.run(after)
    expect(window.outputs(after)).to_have_text(["still at your service"])


def open_notebook(server: Server, page: Page, name: str, sources: Sequence[str]) -> Window:
    cells = [new_code_cell(source) for source in sources]
    server.write(name, new_notebook(cells=cells, metadata=METADATA))
    return Window(page, server.place(name))


WORKING = (
    "from sbtutorial import connect; lab = connect()",
    """\
%%worker cashier
from threading import Event

print("at work")
Event().wait()""",
)

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
