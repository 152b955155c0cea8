"""`python -m tests.browser.readme_picture`: take the README's picture anew.

A lesson in JupyterLab, at the moment that tells most: a consumer has been killed, and the queue
shows whose lock it left behind, and what becomes of that.
"""

import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.browser.jupyterlab import running_server
from tests.browser.screenshot import OUT_OF_THE_PICTURE
from tests.browser.window import Window, chromium, what_is_missing
from tests.notebooks.lessons import FOLDER

PICTURE = FOLDER / "images" / "peek_lock.png"
MAX_BYTES = 300_000  # whoever opens the README waits for it
WIDTH, HEIGHT, DOTS_A_PIXEL = 1280, 1000, 2
_LESSON, _MOMENT = "04_peek_lock_and_crashes", "(gone)"
_COLOURS = 64


def main() -> int:
    """Take it; returns the exit code."""
    if missing := what_is_missing():
        raise SystemExit(f"No picture: {missing}.")
    with running_server() as server, chromium(WIDTH, HEIGHT, DOTS_A_PIXEL) as page:
        window = Window(page, server.place(_LESSON))
        window.run_all()
        window.wait_until_done(window.code_cells.last, window.code_cells.count())
        _save(_view(page), PICTURE)
    print(f"{PICTURE.name}: {PICTURE.stat().st_size} bytes")
    return 0


def _view(page: Page) -> bytes:
    """The window, scrolled to the heading above the moment."""
    moment = page.locator(".jp-OutputArea-output", has_text=_MOMENT).first
    moment.evaluate("""element => {
        const isAbove = heading => heading.compareDocumentPosition(element)
            & Node.DOCUMENT_POSITION_FOLLOWING;
        [...document.querySelectorAll(".jp-Notebook h2")].filter(isAbove).at(-1).scrollIntoView();
    }""")
    return page.screenshot(animations="disabled", style=OUT_OF_THE_PICTURE)


def _save(png: bytes, path: Path) -> None:
    """With few colours, which is enough for text."""
    path.parent.mkdir(exist_ok=True)
    picture = Image.open(BytesIO(png)).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)
    assert path.stat().st_size <= MAX_BYTES, "choose fewer colours, or a smaller window"


if __name__ == "__main__":
    sys.exit(main())
