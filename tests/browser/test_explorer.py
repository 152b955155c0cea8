"""The Explorer in real JupyterLab: what a reader clicks and types, and what the page then says.

All of it is done in one notebook, in a narrow window, where it is hardest; what must fit is looked
at in a wide one, too.
"""

import re

import pytest

pytest.importorskip("playwright", reason="the browser tests need playwright")

from playwright.sync_api import Locator, Page, expect

from tests.browser import accessibility, explorer_pictures
from tests.browser.accessibility import accessibility_faults, faint_texts
from tests.browser.jupyterlab import Server
from tests.browser.test_lab import open_notebook
from tests.browser.test_watch import choose_theme
from tests.browser.window import Window, console_errors, what_is_missing

MISSING = what_is_missing()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.timeout(400),
]

OPEN = """\
from sbtutorial import connect
lab = connect()
lab.reset()
explorer = lab.explorer()
explorer"""
SEND = """\
from azure.servicebus import ServiceBusClient, ServiceBusMessage
with (
    ServiceBusClient.from_connection_string(lab.connection_string) as client,
    client.get_queue_sender("orders") as sender,
):
    sender.send_messages([ServiceBusMessage("tea"), ServiceBusMessage("<b>cake</b>")])"""
MAKE_NEWS = """\
explorer.create_topic("news")
for name in ("all", "blue"):
    explorer.create_subscription(f"news/{name}")
_ = explorer.delete_rule("news/blue", "$Default")"""
BURY = """\
explorer.create_queue("kitchen")
explorer.send("news", "tea")
explorer.receive("news/all")[0].dead_letter("cold")"""
AGAIN = "explorer"
TWIN = "print(repr(explorer))"
BUSY = """\
from threading import Event
print("busy")
Event().wait()"""
DEAD = "orders/$DeadLetterQueue"
WIDE, NARROW = 1280, 366
SOURCES = (OPEN, SEND, MAKE_NEWS, BURY, AGAIN, TWIN, BUSY)
SOURCES += (explorer_pictures.PREPARE, explorer_pictures.SHOW)


class Explorer:
    """The view on a page, by what a reader finds there, and the notebook around it."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.page = window.page
        self.view = self.page.locator(".sbx")
        self.detail = self.view.locator(".sbx-detail-pane")
        self.list = self.view.locator(".sbx-list-pane")
        self.messages = self.view.locator(".sbx-message")
        self.line = self.view.locator(".sbx-line")
        self.said = self.view.get_by_role("status")

    def cell(self, source: str) -> Locator:
        return self.window.code_cells.nth(SOURCES.index(source))

    def node(self, path: str) -> Locator:
        return self.view.locator(f".sbx-node[data-path='{path}']")

    def choose(self, path: str) -> None:
        self.node(path).click()
        expect(self.list.locator("h3")).to_have_text(path)

    def press(self, name: str, within: Locator | None = None) -> None:
        (within or self.view).get_by_role("button", name=name, exact=True).click()

    def fill(self, label: str, value: str) -> None:
        self.detail.get_by_label(label, exact=True).fill(value)

    def assert_fits(self) -> None:
        """In a wide window, and in the narrow one in which it stands."""
        for width in (WIDE, NARROW):
            set_width(self.page, width)
            wide = self.view.evaluate("node => node.scrollWidth - node.clientWidth")
            assert wide <= 0, f"{wide} pixels too wide in a window of {width}"


def set_width(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})


@pytest.fixture(scope="module")
def window(server: Server, shared_page: Page) -> Window:
    window = open_notebook(server, shared_page, "explorer", SOURCES)
    shared_page.keyboard.press("Control+b")  # the bar at the side, for which there is no room
    return window


@pytest.fixture
def explorer(window: Window) -> Explorer:
    """One of an empty namespace, as its cell shows it."""
    set_width(window.page, NARROW)
    explorer = Explorer(window)
    window.free()
    window.run_anew(explorer.cell(OPEN))
    expect(explorer.view).to_have_count(1)
    expect(explorer.view.locator(".sbx-namespace")).to_have_text("namespace tutorial")
    expect(explorer.view.locator(".sbx-tree")).to_have_text("no queue and no topic yet")
    return explorer


def test_a_queue_from_its_first_message_to_the_last(explorer: Explorer) -> None:
    with console_errors(explorer.page) as errors:
        explorer.press("new queue")
        explorer.fill("name", "orders")
        explorer.press("create")
        expect(explorer.said).to_have_text("queue orders created")
        expect(explorer.line).to_have_text('explorer.create_queue("orders")')
        expect(explorer.node("orders")).to_contain_text("0 active")

        # What the learner's own program does is seen without a click.
        explorer.window.run(explorer.cell(SEND))
        expect(explorer.node("orders")).to_contain_text("2 active")
        expect(explorer.messages).to_have_count(2)
        expect(explorer.messages.last).to_contain_text("<b>cake</b>")

        explorer.press("send")
        explorer.fill("body", "cofee")
        explorer.press("send", explorer.detail)
        expect(explorer.line).to_have_text('explorer.send("orders", "cofee")')
        expect(explorer.messages).to_have_count(3)

        explorer.messages.last.click()
        expect(explorer.detail.locator("h3")).to_have_text("message 3: ready or locked")
        expect(explorer.detail.locator(".sbx-body")).to_have_text("cofee")
        explorer.press("hex", explorer.detail)
        expect(explorer.detail.locator(".sbx-body")).to_contain_text("63 6f 66 65 65")
        explorer.assert_fits()

        explorer.press("receive")
        explorer.fill("how many", "3")
        explorer.press("receive", explorer.detail)
        expect(explorer.messages.first).to_contain_text("held by you")
        expect(explorer.detail.locator("h3")).to_have_text("message 1: locked")
        explorer.press("complete", explorer.detail)
        expect(explorer.messages).to_have_count(2)
        explorer.messages.last.click()
        explorer.press("dead-letter", explorer.detail)
        explorer.fill("reason", "unreadable")
        explorer.press("dead-letter", explorer.detail)
        expect(explorer.line).to_have_text('explorer.dead_letter("orders", 3, reason="unreadable")')
        expect(explorer.node(DEAD)).to_contain_text("1")

        explorer.choose(DEAD)
        expect(explorer.messages).to_contain_text(["unreadable"])
        explorer.messages.first.click()
        explorer.press("repair and resubmit")
        explorer.fill("body", "coffee")
        explorer.press("resubmit", explorer.detail)
        expect(explorer.line).to_have_text(f'explorer.resubmit("{DEAD}", 3, body="coffee")')
        expect(explorer.said).to_contain_text("1 message of")
        expect(explorer.messages).to_have_count(0)
        expect(explorer.node("orders")).to_contain_text("2 active")

        explorer.choose("orders")
        expect(explorer.messages.last).to_contain_text("coffee")
        explorer.messages.first.click()  # held since it was received
        explorer.press("abandon", explorer.detail)
        expect(explorer.said).to_have_text("message 2: given back")
        explorer.press("purge")
        expect(explorer.detail.get_by_role("alertdialog")).to_contain_text(
            "Delete 2 messages of orders for good"
        )
        explorer.press("no, keep it")
        expect(explorer.detail).to_be_empty()
        explorer.press("purge")
        explorer.press("yes, delete them")
        expect(explorer.said).to_have_text("2 messages of orders deleted")
        expect(explorer.node("orders")).to_contain_text("0 active")
        explorer.assert_fits()
    assert errors == []


def test_rules_are_made_and_asked_who_gets_a_message(explorer: Explorer) -> None:
    with console_errors(explorer.page) as errors:
        explorer.window.run(explorer.cell(MAKE_NEWS))
        explorer.choose("news/blue")
        explorer.press("rules")
        explorer.fill("name", "blue")
        explorer.fill("filter", "color == 'blue'")
        explorer.press("add the rule")
        expect(explorer.said).to_contain_text("One = compares")
        expect(explorer.detail.locator("form").first).to_contain_text("One = compares")
        explorer.fill("filter", "color = 'blue' AND quantity > 10")
        explorer.press("add the rule")
        expect(explorer.detail.locator(".sbx-rules li")).to_have_count(1)

        explorer.detail.get_by_text("try the filter on a message").click()
        explorer.fill("name of a property", "color")
        explorer.fill("its value", "red")
        explorer.press("try the filter")
        expect(explorer.detail.locator(".sbx-table")).to_have_count(0)
        expect(explorer.said).to_contain_text("The filter is empty")
        explorer.fill("filter", "color = 'blue'")
        explorer.press("try the filter")
        expect(explorer.detail.locator(".sbx-table")).to_contain_text("(color is 'red')")

        explorer.choose("news")
        explorer.press("who gets it?")
        explorer.fill("name of a property", "color")
        explorer.fill("its value", "blue")
        explorer.press("ask the rules")
        expect(explorer.detail.locator(".sbx-said")).to_have_text("gets it: all")
        expect(explorer.detail.locator(".sbx-table")).to_contain_text(
            "unknown: quantity > 10 (quantity is missing)"
        )
        explorer.assert_fits()
    assert errors == []


def test_dead_letters_of_a_subscription_go_to_the_place_that_they_did_not_reach(
    explorer: Explorer,
) -> None:
    with console_errors(explorer.page) as errors:
        for source in (MAKE_NEWS, BURY):
            explorer.window.run(explorer.cell(source))
        explorer.choose("news/all/$DeadLetterQueue")
        expect(explorer.messages).to_have_count(1)
        explorer.press("resubmit all")
        target = explorer.detail.get_by_label("send them to", exact=True)
        expect(target).to_have_attribute("placeholder", "news")
        expect(explorer.detail).to_contain_text("other subscriptions get them, too")
        target.fill("kitchen")
        explorer.press("resubmit", explorer.detail)
        expect(explorer.line).to_have_text(
            'explorer.resubmit("news/all/$DeadLetterQueue", to="kitchen")'
        )
        expect(explorer.node("kitchen")).to_contain_text("1 active")
    assert errors == []


def test_a_click_counts_though_the_tree_changes_before_the_button_is_let_go(
    explorer: Explorer,
) -> None:
    with console_errors(explorer.page) as errors:
        for source in (MAKE_NEWS, BURY):
            explorer.window.run(explorer.cell(source))
        expect(explorer.node("kitchen")).to_be_visible()
        explorer.node("kitchen").hover()
        explorer.page.mouse.down()
        explorer.view.get_by_role("button", name="new queue").dispatch_event("click")
        explorer.fill("name", "orders")
        explorer.detail.get_by_label("name", exact=True).press("Enter")
        expect(explorer.said).to_have_text("queue orders created")
        explorer.page.mouse.up()
        expect(explorer.list.locator("h3")).to_have_text("kitchen")
        expect(explorer.node("orders")).to_be_visible()
    assert errors == []


def test_all_of_it_is_reached_by_keyboard(explorer: Explorer) -> None:
    with console_errors(explorer.page) as errors:
        keys = explorer.page.keyboard
        explorer.view.get_by_role("button", name="new queue").focus()
        keys.press("Enter")
        expect(explorer.detail.get_by_label("name", exact=True)).to_be_focused()
        keys.type("orders")
        keys.press("Enter")
        expect(explorer.said).to_have_text("queue orders created")
        explorer.window.run(explorer.cell(SEND))
        expect(explorer.messages).to_have_count(2)
        explorer.messages.first.focus()
        keys.press("ArrowDown")
        expect(explorer.messages.last).to_be_focused()
        keys.press("Enter")
        expect(explorer.detail.locator("h3")).to_be_focused()
        explorer.view.get_by_role("button", name="purge").focus()
        keys.press("Enter")
        expect(explorer.view.get_by_role("button", name="no, keep it")).to_be_focused()
        keys.press("Escape")
        expect(explorer.detail).to_be_empty()
        unnamed = explorer.page.evaluate(
            """() => [...document.querySelectorAll(".sbx :is(button, input, select, textarea)")]
                .filter(each => !each.textContent.trim() && !each.getAttribute("aria-label")
                    && !each.labels?.length).length"""
        )
        assert unnamed == 0
    assert errors == []


def test_it_works_while_a_cell_is_busy(explorer: Explorer) -> None:
    with console_errors(explorer.page) as errors:
        explorer.window.run(explorer.cell(BUSY))
        explorer.window.wait_for_output_while_busy("busy")
        explorer.press("new queue")
        explorer.fill("name", "orders")
        explorer.press("create")
        expect(explorer.node("orders")).to_contain_text("0 active")
        explorer.press("send")
        explorer.fill("body", "tea")
        explorer.press("send", explorer.detail)
        expect(explorer.node("orders")).to_contain_text("1 active")
        expect(explorer.messages).to_have_count(1)
        explorer.window.stop_in(explorer.cell(BUSY))
    assert errors == []


def test_shown_again_it_takes_the_place_of_the_first_and_has_a_twin(explorer: Explorer) -> None:
    with console_errors(explorer.page) as errors:
        explorer.window.run(explorer.cell(AGAIN))
        namespace = explorer.cell(AGAIN).locator(".sbx-namespace")
        expect(namespace).to_have_text("namespace tutorial")
        expect(explorer.view).to_have_count(1)
        twin = explorer.cell(TWIN)
        explorer.window.run(twin)
        expect(explorer.window.outputs(twin)).to_have_text(re.compile("no queue and no topic"))
    assert errors == []


def test_everybody_can_use_it_at_any_of_its_tasks(window: Window) -> None:
    page, view = window.page, window.page.locator(".sbx")
    window.free()
    set_width(page, WIDE)
    faults = []
    for theme in ("dark", "light"):
        choose_theme(page, theme)
        for source in (explorer_pictures.PREPARE, explorer_pictures.SHOW):
            window.run_anew(window.code_cells.nth(SOURCES.index(source)))
        expect(view).to_have_count(1)
        for name in explorer_pictures.walk(view):
            expect(view).not_to_have_attribute("aria-busy", "true")
            found = faint_texts(page, ".sbx")
            # Of what axe looks for, only contrast differs by theme, and that is measured above.
            if theme == "dark" and not accessibility.MISSING:
                found += accessibility_faults(page, ".sbx")
            faults += [f"{name}, {theme}: {fault}" for fault in found]
    assert not faults, "\n\n".join(faults)
