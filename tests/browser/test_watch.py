"""The live view of a queue, in a real JupyterLab: seen, clicked, and moved through by keyboard.

All of it is done in one notebook; each test begins with an empty broker and without a view.
"""

import re

import pytest

pytest.importorskip("playwright", reason="the browser tests need playwright")

from playwright.sync_api import Locator, Page, expect

from tests.browser import accessibility
from tests.browser.accessibility import accessibility_faults, faint_texts
from tests.browser.jupyterlab import THEMES, Server
from tests.browser.test_lab import CONNECT, open_notebook
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
HOSTILE = "<img src=x onerror=console.error('cups')><script>console.error('tea')</script>"
SEND_HOSTILE = f"""\
with client.get_queue_sender("orders") as sender:
    sender.send_messages(ServiceBusMessage({HOSTILE!r} * 500, subject={HOSTILE!r}))"""
SEND_LONG = """\
with client.get_queue_sender("orders", client_identifier="z" * 60) as sender:
    sender.send_messages(ServiceBusMessage("x" * 300, subject="y" * 300))"""
KILL = """\
import os
from sbtutorial.hosting.control_client import ControlClient

os.kill(ControlClient(lab.connection_string).status()["pid"], 9)"""
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
    Event().wait(0.1)"""


BEGIN = f"""\
from ipywidgets import Widget
from sbtutorial import connect

connect().reset()
Widget.close_all()
{PREPARE}"""
SOURCES = (BEGIN, WATCH, WATCH_AND_SEND, CRASH, WAIT, STREAM, SEND_HOSTILE, SEND_LONG, SET_ASIDE)
SOURCES += (TABLES, IN_THE_CELL, PLAN_FAULTS)


class Shop:
    """The notebook in which all is done, and what there is on its page."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.page = window.page
        self.beside = self.page.locator(".jupyterlab-sidecar .sbw")

    def cell(self, source: str) -> Locator:
        return self.window.code_cells.nth(SOURCES.index(source))

    def run(self, *sources: str) -> None:
        for source in sources:
            self.window.run_anew(self.cell(source))

    def view_in(self, source: str) -> Locator:
        return self.cell(source).locator(".sbw")


@pytest.fixture(scope="module")
def window(server: Server, shared_page: Page) -> Window:
    return open_notebook(server, shared_page, "watch", SOURCES)


@pytest.fixture
def shop(window: Window) -> Shop:
    set_width(window.page, 1280)
    shop = Shop(window)
    window.free()
    shop.run(BEGIN)
    expect(shop.page.locator(".sbw")).to_have_count(0)
    return shop


def set_width(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})


def test_a_crash_is_seen_and_the_lock_is_made_to_run_out(shop: Shop) -> None:
    with console_errors(shop.page) as errors:
        shop.run(WATCH, CRASH)
        view = shop.beside
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


def test_it_stands_beside_the_notebook_and_run_again_it_replaces_itself(shop: Shop) -> None:
    with console_errors(shop.page) as errors:
        shop.run(WATCH_AND_SEND)
        expect(card(shop.beside, 4)).to_be_visible()
        twin = shop.cell(WATCH_AND_SEND).locator(".jp-OutputArea-output")
        expect(twin.locator("summary")).to_have_text("orders, when this cell ended: 4 ready")
        expect(shop.view_in(WATCH_AND_SEND)).to_have_count(0)

        shop.run(WATCH_AND_SEND)
        expect(shop.page.locator(".jupyterlab-sidecar")).to_have_count(1)
        expect(shop.page.locator(".sbw")).to_have_count(1)
        expect(card(shop.beside, 5)).to_be_visible()

        shop.beside.get_by_role("button", name="send", exact=True).click()
        expect(card(shop.beside, 6)).to_contain_text("coffee")
    assert errors == []


def test_in_a_narrow_window_it_stays_in_the_cell(shop: Shop) -> None:
    set_width(shop.page, 800)
    shop.run(WATCH)
    expect(card(shop.view_in(WATCH), 3)).to_be_visible()
    expect(shop.page.locator(".jupyterlab-sidecar")).to_have_count(0)


@pytest.mark.parametrize("busy", [WAIT, STREAM], ids=["receive_messages", "worker"])
def test_it_is_live_and_its_buttons_answer_while_a_cell_is_busy(shop: Shop, busy: str) -> None:
    shop.run(WATCH)
    shop.window.run(shop.cell(busy))
    shop.window.wait_for_output_while_busy("waiting" if busy is WAIT else "at work")
    view = shop.beside
    expect(card(view, 3)).to_be_visible()
    lags = note_lags(shop.page)
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
    prompt = shop.cell(busy).locator(".jp-InputPrompt")
    assert prompt.inner_text() == "[*]:", shop.cell(busy).inner_text()
    shop.window.stop_in(shop.cell(busy))
    found = sorted(shop.page.evaluate(lags))
    print(f"\nfrom the event to the page: {found} ms")
    assert len(found) >= 5
    assert found[len(found) // 2] < LATE_MS


def test_a_click_counts_though_the_picture_changes_before_the_button_is_let_go(shop: Shop) -> None:
    with console_errors(shop.page) as errors:
        shop.run(TABLES)
        view = shop.view_in(TABLES)
        cut = view.locator(".sbw-people").get_by_role("button", name=re.compile("^cut "))
        expect(cut).to_have_count(1)
        cut.hover()
        shop.page.mouse.down()
        view.get_by_role("button", name="send", exact=True).dispatch_event("click")
        expect(view.locator(".sbw-lines")).to_contain_text("send_messages")
        shop.page.mouse.up()
        expect(view.locator(".sbw-lines")).to_contain_text("cut")
        expect(card(view, 2)).to_be_visible()
    assert errors == []


def test_all_of_it_can_be_done_by_keyboard_and_a_body_is_only_text(shop: Shop) -> None:
    keys = shop.page.keyboard
    with console_errors(shop.page) as errors:
        shop.run(SEND_HOSTILE, IN_THE_CELL)
        view = shop.view_in(IN_THE_CELL)
        opener = card(view, 4).locator(".sbw-open")
        opener.focus()
        keys.press("Enter")
        detail = view.locator(".sbw-detail")
        expect(detail.get_by_role("heading", name="message 4")).to_be_focused()
        expect(detail.locator(".sbw-body")).to_have_text(HOSTILE * 500)
        expect(detail).to_contain_text("waiting")
        keys.press("Tab")
        expect(detail.get_by_role("button", name="close")).to_be_focused()
        keys.press("Tab")
        keys.press("Tab")
        expect(detail.get_by_role("button", name="hex")).to_be_focused()
        keys.press("Enter")
        expect(detail.locator(".sbw-body")).to_contain_text("3c 69 6d 67")
        keys.press("Escape")
        expect(detail).to_be_hidden()
        expect(opener).to_be_focused()

        field = view.get_by_role("textbox", name="message to send")
        field.focus()
        keys.type("a b d")  # letters that are JupyterLab's commands elsewhere
        keys.press("Enter")
        expect(card(view, 5)).to_contain_text("a b d")
        faults = view.get_by_role("button", name="faults")
        faults.focus()
        keys.press("Enter")
        keys.press("Tab")
        keys.press("Enter")
        planned = view.get_by_role("list", name="what is to fail")
        expect(planned).to_contain_text('lab.faults.drop_next_ack("orders")')
        planned.get_by_role("button", name="take back").focus()
        keys.press("Enter")
        expect(planned).to_be_hidden()
        expect(view.locator(".sbw-lines")).to_have_text(
            re.compile(r"lab\.faults\.take_back\(\d+\)")
        )
        expect(faults).to_be_focused()
        view.get_by_role("button", name="purge").focus()
        keys.press("Enter")
        expect(view.get_by_role("button", name="keep them")).to_be_focused()
        keys.press("Shift+Tab")
        keys.press("Enter")
        expect(view.locator(".sbw-ready .sbw-count")).to_have_text("0")
        expect(view.locator(".sbw-lines")).to_contain_text("RECEIVE_AND_DELETE")
    assert errors == []


def test_everybody_can_read_and_use_it_in_either_theme(shop: Shop) -> None:
    shop.run(CRASH, SET_ASIDE, TABLES, IN_THE_CELL)
    view = shop.view_in(IN_THE_CELL)
    expect(card(view, 3)).to_contain_text("sour")
    card(view, 3).locator(".sbw-open").click()
    expect(view.locator(".sbw-detail")).to_be_visible()
    view.get_by_role("button", name="purge").click()
    view.get_by_role("button", name="faults").click()
    shop.run(PLAN_FAULTS)
    expect(view.get_by_role("list", name="what is to fail").locator("li")).to_have_count(2)
    for theme in ("dark", "light"):
        choose_theme(shop.page, theme)
        faults = faint_texts(shop.page, ".sbw")
        if not accessibility.MISSING:
            faults += accessibility_faults(shop.page, ".sbw")
        assert not faults, "\n".join(faults)


def test_nothing_sticks_out_at_any_width_in_either_theme(shop: Shop) -> None:
    shop.run(SEND_LONG, IN_THE_CELL)
    view = shop.view_in(IN_THE_CELL)
    card(view, 4).locator(".sbw-open").click()
    expect(view.locator(".sbw-detail")).to_be_visible()
    shop.page.keyboard.press("Control+b")
    for theme in ("dark", "light"):
        choose_theme(shop.page, theme)
        for width in (366, 800, 1280):
            set_width(shop.page, max(width, 420))
            view.evaluate("(view, width) => { view.style.maxWidth = `${width}px`; }", width)
            assert view.evaluate(STICKING_OUT) == []
            assert faint_texts(shop.page, ".sbw") == []
    shop.page.keyboard.press("Control+b")


# The last: it takes the browser to another notebook.
def test_it_says_when_the_broker_is_gone_and_goes_on_and_ends_with_the_kernel(
    server: Server, page: Page
) -> None:
    window = open_notebook(server, page, "ends", (PREPARE, WATCH, KILL, CONNECT))
    prepare, watch, kill, connect = window.code_cells.all()
    window.run(prepare)
    window.run(watch)
    view = page.locator(".jupyterlab-sidecar .sbw")
    expect(card(view, 3)).to_be_visible()
    window.run(kill)
    expect(view).to_have_attribute("data-state", "gone")
    window.run(connect)
    expect(view).to_have_attribute("data-state", "live")
    view.get_by_role("button", name="send", exact=True).click()
    expect(card(view, 4)).to_be_visible()

    server.end_kernels()
    expect(view).to_have_attribute("data-state", "ended")
    expect(view).to_contain_text("Run the cell again.")
    expect(view.get_by_role("button", name="send", exact=True)).to_be_disabled()


def run_all(window: Window) -> None:
    window.run_all()
    window.wait_until_done(window.code_cells.last, window.code_cells.count())


def card(view: Locator, number: int) -> Locator:
    return view.locator(f".sbw-card[data-number='{number}']")


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
STICKING_OUT = """view => [view, ...view.querySelectorAll("*")]
    .filter(one => one.getClientRects().length && !one.closest("svg"))
    .filter(one => one.getBoundingClientRect().right > view.getBoundingClientRect().right + 1)
    .filter(one => !one.closest(".sbw-text"))
    .map(one => one.className)"""
