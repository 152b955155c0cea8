"""The live view of a queue, in a real JupyterLab: seen, clicked, and moved through by keyboard."""

import re

import pytest

pytest.importorskip("playwright", reason="the browser tests need playwright")

from playwright.sync_api import Locator, Page, expect

from tests.browser import accessibility
from tests.browser.accessibility import accessibility_faults, faint_texts
from tests.browser.jupyterlab import THEMES, Server
from tests.browser.test_lab import open_notebook
from tests.browser.window import Window, console_errors, what_is_missing

MISSING = what_is_missing()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.timeout(400),
]

# Of many pictures the slowest may be this late: a busy machine has its moments. What it takes on a
# quiet one is printed, and is a tenth of that.
LATE_MS = 2000

PREPARE = """\
from datetime import timedelta
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from sbtutorial import connect

lab = connect()
lab.fresh_queue("orders", lock_duration=timedelta(seconds=30), max_delivery_count=3)
client = ServiceBusClient.from_connection_string(lab.connection_string)
with client.get_queue_sender("orders", client_identifier="shop") as sender:
    sender.send_messages([ServiceBusMessage(order) for order in ("coffee", "tea", "cake")])"""
WATCH = 'lab.watch("orders")'
WATCH_AND_SEND = """\
lab.watch("orders")
with client.get_queue_sender("orders") as sender:
    sender.send_messages(ServiceBusMessage("juice"))"""
IN_THE_CELL = 'lab.watch("orders", beside=False)'
CRASH = """\
%%worker cashier --kill-at working
from azure.servicebus import ServiceBusClient

with (
    ServiceBusClient.from_connection_string(lab.connection_string) as client,
    client.get_queue_receiver("orders", client_identifier="cashier") as receiver,
):
    order = receiver.receive_messages(max_wait_time=5)[0]
    checkpoint("working")"""
SET_ASIDE = """\
with client.get_queue_receiver("orders", client_identifier="relief") as relief:
    for order in relief.receive_messages(2, max_wait_time=5):
        relief.defer_message(order) if str(order) == "tea" else relief.dead_letter_message(
            order, reason="sour")"""
TABLES = """\
lab.fresh_queue("tables", requires_session=True)
with client.get_queue_sender("tables") as sender:
    sender.send_messages(ServiceBusMessage("tea", session_id="window"))
waiter = client.get_queue_receiver("tables", session_id="window")
held = waiter.receive_messages(max_wait_time=5)
lab.watch("tables", beside=False)"""
PLAN_FAULTS = """\
lab.faults.outage(600)
lab.faults.refuse_sends("server busy", times=2, queue="orders")"""
WAIT = """\
lab.fresh_queue("bell")
print("waiting")
with client.get_queue_receiver("bell") as receiver:
    while not receiver.receive_messages(max_wait_time=60):
        pass"""
STREAM = """\
%%worker clerk --timeout 300
from threading import Event

for number in range(10_000):
    print("at work", number, flush=True)
    checkpoint("counted")
    Event().wait(0.02)"""


def test_a_crash_is_seen_and_the_lock_is_made_to_run_out(server: Server, page: Page) -> None:
    with console_errors(page) as errors:
        window = open_notebook(server, page, "crash", (PREPARE, WATCH, CRASH))
        run_all(window)
        view = page.locator(".jupyterlab-sidecar .sbw")
        expect(card(view, 1)).to_have_attribute("data-state", "locked")
        expect(card(view, 1)).to_contain_text("✗ gone")
        expect(card(view, 1)).to_contain_text(re.compile(r"\d+ s left"))
        cashier = view.locator(".sbw-people [data-name=cashier]")
        expect(cashier).to_contain_text('killed at checkpoint "working"')
        expect(view.locator(".sbw-people [data-name=shop]")).to_contain_text("3 sent")

        view.get_by_role("button", name="expire this lock: message 1").click()
        expect(card(view, 1)).to_have_attribute("data-state", "ready")
        expect(card(view, 1).get_by_role("img", name="1 failed delivery")).to_be_visible()
        expect(view.locator(".sbw-lines")).to_have_text(re.compile(r"^lab\.advance\(\d+\)$"))
    assert errors == []


def test_it_stands_beside_the_notebook_and_run_again_it_replaces_itself(
    server: Server, page: Page
) -> None:
    with console_errors(page) as errors:
        window = open_notebook(server, page, "twice", (PREPARE, WATCH_AND_SEND))
        run_all(window)
        first = page.locator(".jupyterlab-sidecar .sbw")
        expect(card(first, 4)).to_be_visible()
        twin = window.code_cells.nth(1).locator(".jp-OutputArea-output")
        expect(twin.locator("summary")).to_have_text("orders, when this cell ended: 4 ready")
        expect(window.code_cells.nth(1).locator(".sbw")).to_have_count(0)

        window.run(window.code_cells.nth(1))
        window.wait_until_done(window.code_cells.nth(1), 3)
        expect(page.locator(".jupyterlab-sidecar")).to_have_count(1)
        expect(page.locator(".sbw")).to_have_count(1)
        expect(card(page.locator(".sbw"), 5)).to_be_visible()

        page.locator(".sbw").get_by_role("button", name="send", exact=True).click()
        expect(card(page.locator(".sbw"), 6)).to_contain_text("coffee")
    assert errors == []


def test_in_a_narrow_window_it_stays_in_the_cell(server: Server, page: Page) -> None:
    whole = page.viewport_size
    assert whole is not None
    page.set_viewport_size({"width": 800, "height": 900})
    try:
        window = open_notebook(server, page, "narrow", (PREPARE, WATCH))
        run_all(window)
        expect(card(window.code_cells.nth(1).locator(".sbw"), 3)).to_be_visible()
        expect(page.locator(".jupyterlab-sidecar")).to_have_count(0)
    finally:
        page.set_viewport_size(whole)


@pytest.mark.parametrize("busy", [WAIT, STREAM], ids=["receive_messages", "worker"])
def test_it_is_live_and_its_buttons_answer_while_a_cell_is_busy(
    server: Server, page: Page, busy: str
) -> None:
    window = open_notebook(server, page, "busy", (PREPARE, WATCH, busy))
    window.run_all()
    window.wait_for_output_while_busy("waiting" if busy is WAIT else "at work")
    view = page.locator(".jupyterlab-sidecar .sbw")
    expect(card(view, 3)).to_be_visible()
    lags = note_lags(page)
    send = view.get_by_role("button", name="send", exact=True)
    for number in (4, 5, 6):
        send.click()
        expect(card(view, number)).to_have_attribute("data-state", "ready")
        expect(send).to_be_enabled()
    view.get_by_role("button", name="receive one").click()
    expect(view.locator(".sbw-done")).to_contain_text("1 completed")
    view.get_by_role("button", name="+10 s").click()
    expect(view.locator(".sbw-lines")).to_have_text("lab.advance(10)")
    expect(view.locator(".sbw-terms")).to_contain_text("clock +")
    expect(view).to_have_attribute("data-state", "live")
    assert_is_busy(window)
    window.stop()
    found = sorted(page.evaluate(lags))
    print(f"\nfrom the event to the page: {found} ms")
    assert len(found) >= 5
    assert found[len(found) // 2] < LATE_MS


def test_all_of_it_can_be_done_by_keyboard_and_a_body_is_only_text(
    server: Server, page: Page
) -> None:
    hostile = "<img src=x onerror=console.error('cups')><script>console.error('tea')</script>"
    send = f"""\
with client.get_queue_sender("orders") as sender:
    sender.send_messages(ServiceBusMessage({hostile!r} * 500, subject={hostile!r}))"""
    with console_errors(page) as errors:
        window = open_notebook(server, page, "keys", (PREPARE, send, IN_THE_CELL))
        run_all(window)
        view = page.locator(".sbw")
        opener = card(view, 4).locator(".sbw-open")
        opener.focus()
        page.keyboard.press("Enter")
        detail = view.locator(".sbw-detail")
        expect(detail.get_by_role("heading", name="message 4")).to_be_focused()
        expect(detail.locator(".sbw-body")).to_have_text(hostile * 500)
        expect(detail).to_contain_text("waiting")
        page.keyboard.press("Tab")
        expect(detail.get_by_role("button", name="close")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(detail.get_by_role("button", name="hex")).to_be_focused()
        page.keyboard.press("Enter")
        expect(detail.locator(".sbw-body")).to_contain_text("3c 69 6d 67")
        page.keyboard.press("Escape")
        expect(detail).to_be_hidden()
        expect(opener).to_be_focused()

        field = view.get_by_role("textbox", name="message to send")
        field.focus()
        page.keyboard.type("a b d")  # letters that are JupyterLab's commands elsewhere
        page.keyboard.press("Enter")
        expect(card(view, 5)).to_contain_text("a b d")
        faults = view.get_by_role("button", name="faults")
        faults.focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        planned = view.get_by_role("list", name="what is to fail")
        expect(planned).to_contain_text('lab.faults.drop_next_ack("orders")')
        planned.get_by_role("button", name="take back").focus()
        page.keyboard.press("Enter")
        expect(planned).to_be_hidden()
        expect(view.locator(".sbw-lines")).to_have_text(
            re.compile(r"lab\.faults\.take_back\(\d+\)")
        )
        expect(faults).to_be_focused()
        view.get_by_role("button", name="purge").focus()
        page.keyboard.press("Enter")
        expect(view.get_by_role("button", name="keep them")).to_be_focused()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
        expect(view.locator(".sbw-ready .sbw-count")).to_have_text("0")
        expect(view.locator(".sbw-lines")).to_contain_text("RECEIVE_AND_DELETE")
    assert errors == []


def test_it_says_when_the_broker_is_gone_and_goes_on_and_ends_with_the_kernel(
    server: Server, page: Page
) -> None:
    window = open_notebook(server, page, "ends", (PREPARE, WATCH, "lab.kill_broker()"))
    window.run(window.code_cells.first)
    window.run(window.code_cells.nth(1))
    view = page.locator(".jupyterlab-sidecar .sbw")
    expect(card(view, 3)).to_be_visible()
    page.evaluate(NOTE_STATES)
    window.run(window.code_cells.nth(2))
    page.wait_for_function("() => window.states.includes('gone') && window.states.at(-1) == 'live'")
    view.get_by_role("button", name="send", exact=True).click()
    expect(card(view, 4)).to_be_visible()

    server.end_kernels()
    expect(view).to_have_attribute("data-state", "ended")
    expect(view).to_contain_text("Run the cell again.")
    expect(view.get_by_role("button", name="send", exact=True)).to_be_disabled()


def test_everybody_can_read_and_use_it_in_either_theme(server: Server, page: Page) -> None:
    cells = (PREPARE, CRASH, SET_ASIDE, TABLES, IN_THE_CELL, PLAN_FAULTS)
    window = open_notebook(server, page, "axe", cells)
    for number, cell in enumerate(window.code_cells.all()[:-1], 1):
        window.run(cell)
        window.wait_until_done(cell, number)
    view = page.locator(".sbw").last
    expect(card(view, 3)).to_contain_text("sour")
    card(view, 3).locator(".sbw-open").click()
    expect(view.locator(".sbw-detail")).to_be_visible()
    view.get_by_role("button", name="purge").click()
    view.get_by_role("button", name="faults").click()
    window.run(window.code_cells.last)
    expect(view.get_by_role("list", name="what is to fail").locator("li")).to_have_count(2)
    for theme in ("dark", "light"):
        choose_theme(page, theme)
        faults = faint_texts(page, ".sbw")
        if not accessibility.MISSING:
            faults += accessibility_faults(page, ".sbw")
        assert not faults, "\n".join(faults)


@pytest.mark.parametrize("width", [366, 800, 1280])
def test_nothing_sticks_out_at_any_width_in_either_theme(
    server: Server, page: Page, width: int
) -> None:
    before = page.viewport_size
    long = 'sender.send_messages(ServiceBusMessage("x" * 300, subject="y" * 300))'
    more = (
        f'with client.get_queue_sender("orders", client_identifier="z" * 60) as sender:\n    {long}'
    )
    window = open_notebook(server, page, "widths", (PREPARE, more, IN_THE_CELL))
    run_all(window)
    view = page.locator(".sbw")
    try:
        page.keyboard.press("Control+b")
        page.set_viewport_size({"width": max(width, 420), "height": 900})
        view.evaluate("(view, width) => { view.style.maxWidth = `${width}px`; }", width)
        card(view, 4).locator(".sbw-open").click()
        expect(view.locator(".sbw-detail")).to_be_visible()
        for theme in ("dark", "light"):
            choose_theme(page, theme)
            assert view.evaluate(STICKING_OUT) == []
            assert float(view.evaluate(CONTRAST)) >= 4.5
    finally:
        assert before is not None
        page.set_viewport_size(before)


def run_all(window: Window) -> None:
    window.run_all()
    window.wait_until_done(window.code_cells.last, window.code_cells.count())


def card(view: Locator, number: int) -> Locator:
    return view.locator(f".sbw-card[data-number='{number}']")


def assert_is_busy(window: Window) -> None:
    cell = window.code_cells.last
    assert cell.locator(".jp-InputPrompt").inner_text() == "[*]:", cell.inner_text()


def choose_theme(page: Page, theme: str) -> None:
    page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })",
        THEMES[theme],
    )
    wanted = "true" if theme == "light" else "false"
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", wanted)


def note_lags(page: Page) -> str:
    """Note how long each picture took from now on; returns what evaluates to all of them."""
    page.evaluate(NOTE_LAGS)
    return "() => window.lags"


NOTE_LAGS = """() => {
    const view = document.querySelector(".jupyterlab-sidecar .sbw");
    window.lags = [];
    new MutationObserver(() => window.lags.push(Number(view.dataset.lagMs)))
        .observe(view, { attributeFilter: ["data-event"] });
}"""
NOTE_STATES = """() => {
    const view = document.querySelector(".jupyterlab-sidecar .sbw");
    window.states = [];
    new MutationObserver(() => window.states.push(view.dataset.state))
        .observe(view, { attributeFilter: ["data-state"] });
}"""
STICKING_OUT = """view => [view, ...view.querySelectorAll("*")]
    .filter(one => one.getClientRects().length && !one.closest("svg"))
    .filter(one => one.getBoundingClientRect().right > view.getBoundingClientRect().right + 1)
    .filter(one => !one.closest(".sbw-text"))
    .map(one => one.className)"""
CONTRAST = """view => {
    const light = colour => {
        const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(part => part / 255)
            .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    };
    const paper = light(getComputedStyle(view).backgroundColor);
    const inks = [...view.querySelectorAll(".sbw-remark, .sbw-deeds, .sbw-none, .sbw-name")]
        .filter(one => one.getClientRects().length).map(one => light(getComputedStyle(one).color));
    return Math.min(...inks.map(ink =>
        (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05)));
}"""
