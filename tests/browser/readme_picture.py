"""`python -m tests.browser.readme_picture`: take the README's picture anew.

A lesson in JupyterLab on the left, its queue on the right, at the moment that tells most: a
consumer has been killed, and its lock runs on.
"""

import re
import sys
from io import BytesIO
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.jupyterlab import running_server
from tests.browser.screenshot import OUT_OF_THE_PICTURE
from tests.browser.window import Window, chromium, what_is_missing
from tests.notebooks.lessons import FOLDER
from tests.notebooks.normal_form import METADATA

PICTURE = FOLDER / "images" / "peek_lock.png"
MAX_BYTES = 300_000  # whoever opens the README waits for it
WIDTH, HEIGHT, DOTS_A_PIXEL = 1280, 800, 2
_LESSON, _SCENE = "04_peek_lock_and_crashes", "## The same crash with peek-lock"
_OPENS = 'open_shop("coffee", "tea", "cake")\nlab.watch("orders")'
_PROGRAM = "The same program without the receive mode"
_CELLS = 5  # up to the death: connect, prepare, open the view, ask, run the consumer
_KILLED = re.compile("killed at checkpoint")
_COLOURS = 64


def main() -> int:
    """Take it; returns the exit code."""
    if missing := what_is_missing():
        raise SystemExit(f"No picture: {missing}.")
    with running_server() as server, chromium(WIDTH, HEIGHT, DOTS_A_PIXEL) as page:
        server.write(_LESSON, _with_a_view(nbformat.read(FOLDER / f"{_LESSON}.ipynb", 4)))
        window = Window(page, server.place(_LESSON))
        page.keyboard.press("Control+b")
        for number in range(_CELLS):
            cell = window.code_cells.nth(number)
            window.run(cell)
            window.wait_until_done(cell, number + 1)
        _save(_view(page), PICTURE)
    print(f"{PICTURE.name}: {PICTURE.stat().st_size} bytes")
    return 0


def _with_a_view(lesson: NotebookNode) -> NotebookNode:
    """The lesson's beginning and this scene of it, beside which the queue stands."""
    (scene,) = (at for at, cell in enumerate(lesson.cells) if cell.source.startswith(_SCENE))
    cells = [*lesson.cells[:4], new_code_cell(_OPENS), *lesson.cells[scene:]]
    for cell in cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    return new_notebook(cells=cells, metadata=METADATA)


def _view(page: Page) -> bytes:
    """The window, scrolled to the consumer's program, when the view tells of the death."""
    view = page.locator(".sbw:visible").last
    expect(view).to_contain_text(_KILLED)
    program = page.locator(".jp-MarkdownCell:visible", has_text=_PROGRAM).first
    program.evaluate("cell => cell.scrollIntoView()")
    return page.screenshot(animations="disabled", style=OUT_OF_THE_PICTURE)


def _save(png: bytes, path: Path) -> None:
    """With few colours, which is enough for text."""
    path.parent.mkdir(exist_ok=True)
    picture = Image.open(BytesIO(png)).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)
    assert path.stat().st_size <= MAX_BYTES, "choose fewer colours, or a smaller window"


if __name__ == "__main__":
    sys.exit(main())
