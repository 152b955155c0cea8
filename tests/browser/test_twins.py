"""HTML twins in a notebook that was not run in this browser: JupyterLab trusts it little."""

from html import unescape

import matplotlib.pyplot as plt
import pytest
from IPython.core.formatters import DisplayFormatter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from sbtutorial.exercises.verdict import Solution, Verdict
from sbtutorial.snapshot import DEAD, LOCKED, READY, MessageSnapshot, QueueSnapshot
from sbtutorial.trace import Event
from sbtutorial.views import plots
from sbtutorial.views.event_table import EventTable
from sbtutorial.views.lives import lives
from sbtutorial.views.queue_picture import Picture
from sbtutorial.views.timeline import QueueTimeline, Timeline
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
plt.switch_backend("Agg")
HOSTILE = "<img src=x onerror=console.error(1)>"
BODY = '{"order": 17, "item": "a birthday cake for twelve people", "token": "' + "x" * 300 + '"}'
CRASH = [
    Event(1, 0.0, "sent", "orders", 1, "order-17", 0, "shop"),
    Event(2, 1.3, "locked", "orders", 1, "order-17", 0, "cashier"),
    Event(3, 1.4, "receiver_gone", "orders", 1, "order-17", 0, "cashier"),
    Event(4, 31.3, "lock_expired", "orders", 1, "order-17", 1, "cashier"),
    Event(5, 32.0, "dead_lettered", "orders", 1, "order-17", 1, "", "MaxDeliveryCountExceeded"),
]
TOO_WIDE = """() => [...document.querySelectorAll(".jp-OutputArea-output")]
    .filter(output => output.scrollWidth > output.clientWidth)
    .map(output => `${output.scrollWidth} > ${output.clientWidth}: ${output.textContent}`)"""


def shown() -> list[object]:
    """One of each that has a twin."""
    queue = QueueSnapshot(
        "orders",
        0.0,
        {READY: 500, LOCKED: 1, DEAD: 1},
        (
            MessageSnapshot(1, READY, "coffee"),
            MessageSnapshot(2, READY, BODY),
            MessageSnapshot(3, READY, HOSTILE),
            MessageSnapshot(4, LOCKED, "tea", locked_by="cashier", lock_seconds_left=29.7),
            MessageSnapshot(5, DEAD, "cake", dead_letter_reason="MaxDeliveryCountExceeded"),
        ),
    )
    life = lives(CRASH, 40.0)
    seen = "your function failed: TypeError: answer() takes 1 positional argument, 2 were given"
    return [
        Picture(queue),
        EventTable(CRASH),
        Timeline("orders, message 1", life[0]),
        QueueTimeline("orders", life),
        Timeline("orders, message 1", life[0]).plot().figure,
        Verdict("crashes.finish_the_day", False, seen, "each order served once", "Look again."),
        Verdict(
            *("crashes.finish_the_day", False, seen, "each order served once", "Look again."),
            notes=("your function left a receiver open: close it.",),
            second_hint="In the loop stand two lines.",
            solution=Solution("crashes.finish_the_day", "First the work.", "work(order)  " * 12),
        ),
        Solution("crashes.finish_the_day", "First the work.", "work(order)"),
        plots.throughput([("one by one", 200, 4.2), ("as a list", 200, 0.31)]),
        plots.who_got_what(CRASH),
    ]


def notebook(things: list[object]) -> NotebookNode:
    cells = []
    for number, thing in enumerate(things, 1):
        data, metadata = DisplayFormatter().format(thing)
        output = new_output("display_data", data=data, metadata=metadata)
        cells.append(new_code_cell("…", outputs=[output], execution_count=number))
    return new_notebook(cells=cells, metadata=METADATA)


def test_twins_are_whole_and_fit_and_a_body_opens(server: Server, page: Page) -> None:
    things = shown()
    saved = notebook(things)
    plt.close("all")
    server.write("twins", saved)
    window = Window(page, server.place("twins"))
    cells = window.code_cells.all()
    for cell, known in zip(cells, saved.cells, strict=True):
        assert cell.locator(".jp-OutputArea-output").get_attribute("data-mime-type") == "text/html"
        assert known.outputs[0].data["text/html"].count("<li") == cell.locator("li").count()
    assert window.faults(saved) == []
    assert page.evaluate(TOO_WIDE) == []
    page.keyboard.press("Control+b")  # a reader of a small window puts the file browser away
    expect(page.locator("#jp-left-stack")).to_be_hidden()
    for width in (800, 366):
        page.set_viewport_size({"width": width, "height": 900})
        assert window.faults(saved) == []
        assert page.evaluate(TOO_WIDE) == []

    cells[0].locator("summary").first.focus()
    page.keyboard.press("Enter")
    expect(cells[0].get_by_text(BODY)).to_be_visible()
    timeline = things[2]
    assert isinstance(timeline, Timeline)
    picture = page.get_by_role("img", name=unescape(timeline.description))
    expect(picture).to_be_visible()
