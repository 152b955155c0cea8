import re
from collections.abc import Sequence

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from sbtutorial.lab.hints import CONNECT_FIRST
from tests.notebooks.normal_form import METADATA

pytest.importorskip("playwright", reason="the browser tests need playwright")

from playwright.sync_api import Page, expect

from tests.browser.jupyterlab import Server
from tests.browser.shown import code_cells
from tests.browser.window import Window, what_is_missing

MISSING = what_is_missing()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.timeout(400),
]
START_HERE, RECEIVE = "00_start_here", "03_receive_messages"


def test_lab_opens_on_the_first_lesson_and_no_answer_is_there(
    server: Server, new_page: Page
) -> None:
    page = new_page
    window = Window(page, server.first)
    expect(page.locator(".jp-Notebook h1")).to_contain_text("Start here")
    expect(page).to_have_url(re.compile(f"/{START_HERE}[.]ipynb$"))
    # It is alone: no list of files beside it, no news before it.
    expect(page.locator("#jp-left-stack")).to_be_hidden()
    expect(page.locator(".Toastify__toast")).to_have_count(0)
    assert [cell for cell in window.cells() if cell.outputs or cell.prompt != "[ ]:"] == []


def test_after_a_restart_a_worker_says_which_cell_to_run(server: Server, page: Page) -> None:
    cells = (CONNECT, "%%worker cashier\nprint(lab)")
    window = open_notebook(server, page, "restarted", cells)
    connecting, worker = window.code_cells.all()
    window.run(connecting)
    window.wait_until_done(connecting, 1)
    window.restart()
    window.run(worker)
    expect(worker).to_contain_text(CONNECT_FIRST)


def test_a_notebook_that_is_closed_takes_its_kernel_along(server: Server, page: Page) -> None:
    """Or a course would need the memory of all of its kernels."""
    window = open_notebook(server, page, "closed", ("print('served')",))
    window.write(window.code_cells.first, "# not saved")
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as ended:
        tab = page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text="closed")
        tab.locator(".lm-TabBar-tabCloseIcon").click()
        page.get_by_role("button", name="Discard").click()
    assert "/api/sessions/" in ended.value.url


def test_a_lesson_is_brought_back_to_its_beginning_without_a_menu(
    server: Server, page: Page
) -> None:
    window = Window(page, server.place(RECEIVE))
    first = window.code_cells.first
    window.write(first, 'lab.restore("03")')
    for is_saved in (False, True):
        if is_saved:
            window.write(first, 'lab.restore("03")  # again')
            window.save()
        window.run(first)
        expect(first).to_contain_text("is at its beginning again")
        window.revert()
        expect(window.outputs(first)).to_have_count(0)
        expect(first).not_to_contain_text("restore")
    mine = nbformat.read(server.notebooks / f"{RECEIVE}_mine.ipynb", as_version=4)
    assert 'lab.restore("03")  # again' in code_cells(mine)[0].source


def test_what_runs_is_heard_and_the_stop_button_ends_it_with_a_hint(
    server: Server, page: Page
) -> None:
    window = open_notebook(server, page, "stopped", (PREPARE, WORK, RECEIVE_NOTHING, COUNT, AFTER))
    prepare, work, receive, count, after = window.code_cells.all()
    window.run_anew(prepare)

    window.run(work)
    window.wait_for_output_while_busy("cashier │ at work")
    window.stop_in(work)
    expect(work).to_contain_text("cashier ✗ killed")

    window.run(receive)
    window.wait_for_output_while_busy("waiting")
    window.stop_in(receive)
    expect(receive).to_contain_text("KeyboardInterrupt")
    expect(receive).to_contain_text("Hint: Stopped.")

    window.run(count)
    window.wait_for_output_while_busy("counting")
    window.stop_in(count)
    expect(count).to_contain_text("KeyboardInterrupt")
    # Of what was said meanwhile nothing is left.
    expect(count.locator(".jp-OutputArea-output:not(.lm-mod-hidden)")).to_have_count(1)

    window.run_anew(after)
    expect(window.outputs(after)).to_have_text(["still at your service"])


def open_notebook(server: Server, page: Page, name: str, sources: Sequence[str]) -> Window:
    write_notebook(server, name, sources)
    return Window(page, server.place(name))


def write_notebook(
    server: Server, name: str, sources: Sequence[str], kernel: str = "python3"
) -> None:
    """Put a notebook of these cells beside the lessons.

    Args:
        server: Where.
        name: Of the file.
        sources: Of its cells.
        kernel: Which runs them.
    """
    cells = [new_code_cell(source) for source in sources]
    metadata = {**METADATA, "kernelspec": {**METADATA["kernelspec"], "name": kernel}}
    server.write(name, new_notebook(cells=cells, metadata=metadata))


CONNECT = "from sbtutorial import connect; lab = connect()"
PREPARE = """\
from azure.servicebus import ServiceBusClient

from sbtutorial import connect

lab = connect()
lab.fresh_queue("empty")
client = ServiceBusClient.from_connection_string(lab.connection_string)"""
WORK = """\
%%worker cashier
from threading import Event

print("at work")
Event().wait()"""
RECEIVE_NOTHING = """\
with client.get_queue_receiver("empty") as receiver:
    print("waiting")
    receiver.receive_messages()"""
COUNT = """\
from threading import Event

from sbtutorial.lab.progress import working

with working("counting"):
    Event().wait()"""
AFTER = 'print("still at your", "service")'
