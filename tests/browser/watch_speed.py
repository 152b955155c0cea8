"""`python -m tests.browser.watch_speed`: how quick a live view is, with ten and 10,000 messages.

It prints how long it takes from an event to the page, how long the page draws, and how long its
frames are, while a cell sends and receives as quickly as it can.
"""

import sys
from collections.abc import Sequence

from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, expect

from tests.browser.jupyterlab import running_server
from tests.browser.window import Window, chromium, what_is_missing
from tests.notebooks.normal_form import METADATA

PREPARE = """\
import time
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from sbtutorial import connect

lab = connect()
client = ServiceBusClient.from_connection_string(lab.connection_string)
for name, count in (("few", 10), ("many", 10_000)):
    lab.fresh_queue(name)
    with client.get_queue_sender(name) as sender:
        for start in range(0, count, 1000):
            orders = range(start, min(start + 1000, count))
            sender.send_messages([ServiceBusMessage(f"order {order}") for order in orders])"""
WORK = """\
lab.watch("{name}")
end = time.monotonic() + 6
with client.get_queue_sender("{name}") as sender, client.get_queue_receiver("{name}") as receiver:
    while time.monotonic() < end:
        sender.send_messages([ServiceBusMessage("one more") for _ in range(5)])
        for order in receiver.receive_messages(5, max_wait_time=5):
            receiver.complete_message(order)"""
_NOTE = """() => {
    window.noted = { lags: [], draws: [], frames: [] };
    let before = performance.now();
    const frame = now => {
        window.noted.frames.push(now - before);
        before = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    const watch = new MutationObserver(changes => changes.forEach(({ target }) => {
        if (!target.classList?.contains("sbw")) return;
        window.noted.lags.push(Number(target.dataset.lagMs));
        window.noted.draws.push(Number(target.dataset.drawMs));
    }));
    watch.observe(document.body, { attributeFilter: ["data-event"], subtree: true });
}"""


def main() -> int:
    """Measure and print; returns the exit code."""
    if missing := what_is_missing():
        raise SystemExit(f"No figures: {missing}.")
    with running_server() as server, chromium() as page:
        sources = (PREPARE, *(WORK.format(name=name) for name in ("few", "many")))
        cells = [new_code_cell(source) for source in sources]
        server.write("speed", new_notebook(cells=cells, metadata=METADATA))
        window = Window(page, server.place("speed"))
        window.run(window.code_cells.first)
        window.wait_until_done(window.code_cells.first, 1)
        page.evaluate(_NOTE)
        for number, name in enumerate(("few", "many"), 1):
            _measure(window, page, number, name)
    return 0


def _measure(window: Window, page: Page, number: int, name: str) -> None:
    cell = window.code_cells.nth(number)
    window.run(cell)
    expect(page.locator(".jupyterlab-sidecar .sbw")).to_have_count(number)
    page.evaluate("() => { for (const list of Object.values(window.noted)) list.length = 0; }")
    window.wait_until_done(cell, number + 1)
    noted = page.evaluate("() => window.noted")
    print(f"{name}: {len(noted['lags'])} pictures", flush=True)
    for what, head in (
        ("lags", "from the event to the page"),
        ("draws", "drawing"),
        ("frames", "from frame to frame"),
    ):
        print(f"  {head}: {_spread(noted[what])} ms", flush=True)


def _spread(values: Sequence[float]) -> str:
    ordered = sorted(values)
    at = {"median": 0.5, "95 of 100": 0.95, "longest": 1.0}
    last = len(ordered) - 1
    return ", ".join(f"{name} {ordered[round(share * last)]:.0f}" for name, share in at.items())


if __name__ == "__main__":
    sys.exit(main())
