"""`python -m tests.browser.watch_pictures FOLDER`: how live views look, in each state that counts.

With `--width 800 --theme dark` it is what a reader has in a small window and a dark theme; `--cell`
has the views in their cells, not beside the notebook.
"""

import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, expect

from tests.browser.jupyterlab import THEMES, running_server
from tests.browser.window import Window, chromium, what_is_missing
from tests.notebooks.normal_form import METADATA

HEIGHT = 900
_NARROW = 700  # below that a reader puts the bar at the side away, too

PREPARE = """\
from datetime import UTC, datetime, timedelta
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from sbtutorial import connect

lab = connect()
lab.fresh_queue("orders", lock_duration=timedelta(seconds=30), max_delivery_count=3)
lab.fresh_queue("tables", requires_session=True)
lab.fresh_queue("many")
client = ServiceBusClient.from_connection_string(lab.connection_string)
orders = ["coffee", "tea", "cake", "juice", "a long order of many things that fit on no card",
          b"\\xff\\xfe", "water"]
with client.get_queue_sender("orders", client_identifier="shop") as sender:
    sender.send_messages([ServiceBusMessage(order) for order in orders])"""
WATCH = 'lab.watch("orders", beside={beside})'
CRASH = """\
%%worker cashier --kill-at working
from azure.servicebus import ServiceBusClient

with (
    ServiceBusClient.from_connection_string(lab.connection_string) as client,
    client.get_queue_receiver("orders", client_identifier="cashier") as receiver,
):
    for order in receiver:
        checkpoint("working")
        receiver.complete_message(order)"""
EVERYTHING = """\
lab.advance(31)
relief = client.get_queue_receiver("orders", client_identifier="relief")
done, dead, aside, held = [relief.receive_messages(max_wait_time=5)[0] for _ in range(4)]
relief.complete_message(done)
relief.dead_letter_message(dead, reason="unreadable", error_description="nobody can read this")
relief.defer_message(aside)
with client.get_queue_sender("orders") as sender:
    in_five_minutes = datetime.now(UTC) + timedelta(seconds=31 + 300)
    sender.schedule_messages(ServiceBusMessage("supper"), in_five_minutes)"""
FAULTS = """\
lab.faults.delay(0.5)
lab.faults.drop_next_ack("orders")
lab.faults.refuse_sends("server busy", times=2, queue="orders")"""
SESSIONS = """\
lab.faults.take_back()
with client.get_queue_sender("tables", client_identifier="shop") as sender:
    sender.send_messages([
        ServiceBusMessage(order, session_id=table)
        for table, order in [("window", "coffee"), ("window", "cake"), ("door", "tea"),
                             ("garden", "juice"), ("window", "water")]])
waiter = client.get_queue_receiver("tables", session_id="window", client_identifier="waiter")
waiter.session.set_state("two cups served")
first = waiter.receive_messages(max_wait_time=5)
lab.watch("tables", beside={beside})"""
MANY = """\
with client.get_queue_sender("many") as sender:
    for _ in range(10):
        sender.send_messages([ServiceBusMessage(f"order {number}") for number in range(100)])
lab.watch("many", beside={beside})"""
DELETED = 'lab.fresh_queue("gone"); lab.watch("gone", beside={beside}); lab.reset()'
CELLS = (PREPARE, WATCH, CRASH, EVERYTHING, FAULTS, SESSIONS, MANY, DELETED)


def main(arguments: Sequence[str]) -> int:
    """Save the pictures; returns the exit code."""
    options = _parser().parse_args(arguments)
    if missing := what_is_missing():
        raise SystemExit(f"No pictures: {missing}.")
    options.folder.mkdir(parents=True, exist_ok=True)
    sources = [cell.replace("{beside}", str(not options.cell)) for cell in CELLS]
    with running_server(options.theme) as server, chromium(options.width, HEIGHT) as page:
        cells = [new_code_cell(source) for source in sources]
        server.write("pictures", new_notebook(cells=cells, metadata=METADATA))
        window = Window(page, server.place("pictures"))
        page.keyboard.press("Control+b")
        for number, name in enumerate(
            ("", "start", "crash", "everything", "faults", "sessions", "many", "deleted")
        ):
            cell = window.code_cells.nth(number)
            window.run(cell)
            window.wait_until_done(cell, number + 1)
            if name:
                _save(page, options, name)
            if name == "everything":
                _open_a_message(page)
                _save(page, options, "message")
    return 0


def _open_a_message(page: Page) -> None:
    page.locator(".sbw-card[data-state=dead] .sbw-open").click()
    expect(page.locator(".sbw-detail h3")).to_be_visible()
    page.locator(".sbw").get_by_role("button", name="send", exact=True).click()
    expect(page.locator(".sbw-lines")).to_contain_text("send_messages")


def _save(page: Page, options: Namespace, name: str) -> None:
    view = page.locator(".sbw:visible").last
    expect(view).to_have_attribute("data-lag-ms", re.compile(r"\d"))
    path = options.folder / f"{name}-{options.width}-{options.theme}.png"
    page.screenshot(path=path, animations="disabled")
    print(
        path.name,
        f"event to page {view.get_attribute('data-lag-ms')} ms,",
        f"drawn in {view.get_attribute('data-draw-ms')} ms",
        flush=True,
    )


def _parser() -> ArgumentParser:
    parser = ArgumentParser("tests.browser.watch_pictures", description="How live views look.")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--width", type=int, default=1280, help="of the window (1280)")
    parser.add_argument("--theme", choices=tuple(THEMES), default="light", help="(light)")
    parser.add_argument("--cell", action="store_true", help="in their cells")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
