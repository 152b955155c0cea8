"""`python -m tests.browser.screenshot FOLDER [NAME ...]`: how lessons look in JupyterLab.

Runs each lesson (or those whose names begin as given) on copies, and saves one PNG that is as high
as the whole notebook, for a maintainer to look at.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.jupyterlab import running_server
from tests.browser.window import Window, chromium, what_is_missing
from tests.notebooks.lessons import chosen

WIDTH, HEIGHT = 1280, 900  # a laptop's
_MARGIN = 130  # menu, tabs and toolbar above the notebook, status bar below
_TAKEN_OUT = ".jp-cell-toolbar { display: none }"


def main(arguments: Sequence[str]) -> int:
    """Save the pictures; returns the exit code."""
    parser = ArgumentParser("tests.browser.screenshot", description="How lessons look.")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("names", nargs="*", help="lessons, by how their names begin (all)")
    options = parser.parse_args(arguments)
    if missing := what_is_missing():
        raise SystemExit(f"No pictures: {missing}.")
    options.folder.mkdir(parents=True, exist_ok=True)
    with running_server() as server, chromium(WIDTH, HEIGHT) as page:
        for lesson in chosen(options.names):
            window = Window(page, server.place(lesson.stem))
            window.run_all()
            window.wait_until_done(window.code_cells.last, window.code_cells.count())
            _save(page, options.folder / f"{lesson.stem}.png")
            print(f"{lesson.stem}.png", flush=True)
    return 0


def _save(page: Page, path: Path) -> None:
    """Make the window so high that the notebook need not scroll, and take a picture of it."""
    outer = page.locator(".jp-NotebookPanel .jp-WindowedPanel-outer")
    height = outer.evaluate("element => element.scrollHeight")
    page.set_viewport_size({"width": WIDTH, "height": height + _MARGIN})
    outer.evaluate("element => element.scrollTo(0, 0)")
    page.locator(".jp-NotebookPanel").screenshot(path=path, animations="disabled", style=_TAKEN_OUT)
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
