"""`python -m tests.browser.explorer_pictures FOLDER`: the Explorer at each of its tasks.

A test goes the same way, and asks at each stop whether everybody can use what is there.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Locator, expect

from tests.browser.jupyterlab import THEMES, running_server
from tests.browser.window import Window, chromium, what_is_missing
from tests.notebooks.normal_form import METADATA

HEIGHT = 1000

PREPARE = """\
from datetime import UTC, datetime, timedelta
from sbtutorial import connect

lab = connect()
lab.reset()
explorer = lab.explorer()
explorer.create_queue("orders", requires_duplicate_detection=True)
explorer.create_queue("tables", requires_session=True)
explorer.create_topic("news")
for name in ("blue", "all"):
    explorer.create_subscription(f"news/{name}")
explorer.delete_rule("news/blue", "$Default")
explorer.create_rule("news/blue", "blue things", "color = 'blue' AND quantity > 10")
own = {"table": 5, "color": "brown", "hot": True}
explorer.send("orders", '{"order": "coffee", "cups": 2}', message_id="a", subject="drink",
              application_properties=own)
explorer.send("orders", "a long order of many things that do not fit into one line of a list, "
              "and so it goes on and on", message_id="b")
explorer.send("orders", "tea", repeat=25, message_id="t")
explorer.receive("orders")[0].dead_letter("unreadable", "nobody can read this")
for held in explorer.receive("orders", 2):
    held.dead_letter("cold")
explorer.receive("orders")[0].defer()"""
SHOW = "explorer"


def main(arguments: Sequence[str]) -> int:
    """Save the pictures; returns the exit code."""
    options = _parser().parse_args(arguments)
    if missing := what_is_missing():
        raise SystemExit(f"No pictures: {missing}.")
    options.folder.mkdir(parents=True, exist_ok=True)
    with running_server(options.theme) as server, chromium(options.width, HEIGHT) as page:
        cells = [new_code_cell(source) for source in (PREPARE, SHOW)]
        server.write("pictures", new_notebook(cells=cells, metadata=METADATA))
        window = Window(page, server.place("pictures"))
        page.keyboard.press("Control+b")
        for number in (0, 1):
            cell = window.code_cells.nth(number)
            window.run(cell)
            window.wait_until_done(cell, number + 1)
        view = page.locator(".sbx")
        for name in walk(view):
            _save(view, options, name)
    return 0


def walk(view: Locator) -> Iterator[str]:
    """Go through the Explorer of what `PREPARE` has made; stops, by name, at each of its tasks."""
    expect(view.locator(".sbx-namespace")).to_have_text("namespace tutorial")
    yield "start"
    view.get_by_text("files", exact=True).click()
    yield "files"
    view.get_by_text("files", exact=True).click()
    _choose(view, "orders")
    expect(view.locator(".sbx-message")).to_have_count(20)
    view.locator(".sbx-message").nth(1).click()
    expect(view.get_by_role("heading", name="message 5: ready or locked")).to_be_visible()
    yield "message"
    for action in ("properties", "send", "receive", "load"):
        view.get_by_role("button", name=action, exact=True).click()
        expect(view.locator(".sbx-detail-pane h3")).to_contain_text(action)
        yield action
    view.get_by_role("button", name="purge", exact=True).click()
    yield "purge"
    _choose(view, "orders/$DeadLetterQueue")
    expect(view.locator(".sbx-message")).to_have_count(3)
    view.locator(".sbx-message").first.click()
    expect(view.get_by_role("heading", name="message 1: dead")).to_be_visible()
    yield "dead"
    view.get_by_role("button", name="repair and resubmit").click()
    yield "repair"
    view.get_by_role("button", name="by reason").click()
    expect(view.get_by_role("heading", name="dead letters by reason")).to_be_visible()
    yield "reasons"
    _choose(view, "news")
    view.get_by_role("button", name="who gets it?").click()
    _property(view, "color", "blue")
    view.get_by_role("button", name="ask the rules").click()
    expect(view.locator(".sbx-said")).to_have_text("gets it: all")
    yield "tester"
    view.get_by_role("button", name="load", exact=True).click()
    view.get_by_role("button", name="start the sender").click()
    expect(view.locator(".sbx-load").first).to_contain_text("works")
    yield "load-running"
    view.get_by_role("button", name="stop").first.click()
    _choose(view, "news/blue")
    view.get_by_role("button", name="rules", exact=True).click()
    expect(view.locator(".sbx-rules li")).to_have_count(1)
    yield "rules"


def _choose(view: Locator, path: str) -> None:
    view.locator(f".sbx-node[data-path='{path}']").click()


def _property(view: Locator, name: str, value: str) -> None:
    view.get_by_label("name of a property").fill(name)
    view.get_by_label("its value").fill(value)


def _save(view: Locator, options: Namespace, name: str) -> None:
    expect(view).not_to_have_attribute("aria-busy", "true")
    path = options.folder / f"{name}-{options.width}-{options.theme}.png"
    view.screenshot(path=path, animations="disabled")
    overflow = view.evaluate("node => node.scrollWidth - node.clientWidth")
    print(path.name, f"{overflow} pixels too wide" if overflow > 0 else "fits", flush=True)


def _parser() -> ArgumentParser:
    parser = ArgumentParser("tests.browser.explorer_pictures", description="The Explorer's looks.")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--width", type=int, default=1280, help="of the window (1280)")
    parser.add_argument("--theme", choices=tuple(THEMES), default="light", help="(light)")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
