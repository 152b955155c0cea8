"""`python -m tests.browser.screenshot FOLDER [NAME ...]`: how lessons look in JupyterLab.

Runs each lesson (or those whose names begin as given) on copies, and saves one PNG that is as high
as the whole notebook, for a maintainer to look at. With `--width 700 --theme dark` it is what a
reader has in a small window and a dark theme.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.jupyterlab import THEMES, running_server
from tests.browser.window import Window, chromium, what_is_missing
from tests.notebooks.lessons import chosen

WIDTH, HEIGHT = 1280, 900  # a laptop's
_NARROW = 1000  # below that a reader puts the file browser away
_MARGIN = 130  # menu, tabs and toolbar above the notebook, status bar below
OUT_OF_THE_PICTURE = ".jp-cell-toolbar { display: none }"


def main(arguments: Sequence[str]) -> int:
    """Save the pictures; returns the exit code."""
    options = _parser().parse_args(arguments)
    if missing := what_is_missing():
        raise SystemExit(f"No pictures: {missing}.")
    options.folder.mkdir(parents=True, exist_ok=True)
    with running_server(options.theme) as server, chromium(options.width, HEIGHT) as page:
        for lesson in chosen(options.names):
            window = Window(page, server.place(lesson.stem))
            if options.width < _NARROW:
                page.keyboard.press("Control+b")
            window.run_all()
            window.wait_until_done(window.code_cells.last, window.code_cells.count())
            path = options.folder / f"{lesson.stem}-{options.width}-{options.theme}.png"
            _save(page, path)
            print(path.name, flush=True)
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser("tests.browser.screenshot", description="How lessons look.")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("names", nargs="*", help="lessons, by how their names begin (all)")
    parser.add_argument("--width", type=int, default=WIDTH, help=f"of the window ({WIDTH})")
    parser.add_argument("--theme", choices=tuple(THEMES), default="light", help="(light)")
    return parser


def _save(page: Page, path: Path) -> None:
    """Make the window so high that the notebook need not scroll, and take a picture of it."""
    assert page.viewport_size is not None
    width = page.viewport_size["width"]
    outer = page.locator(".jp-NotebookPanel .jp-WindowedPanel-outer")
    height = outer.evaluate("element => element.scrollHeight")
    page.set_viewport_size({"width": width, "height": height + _MARGIN})
    outer.evaluate("element => element.scrollTo(0, 0)")
    page.locator(".jp-NotebookPanel").screenshot(
        path=path, animations="disabled", style=OUT_OF_THE_PICTURE
    )
    page.set_viewport_size({"width": width, "height": HEIGHT})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
