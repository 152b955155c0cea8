"""A notebook in a real Chromium, used as a reader uses it: by menus, buttons and keys."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, expect, sync_playwright

from sbtutorial.requirements import lacking, requirements
from tests.browser.jupyterlab import LIMIT_SECONDS, Place

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_CHROMIUM = next(filter(None, map(shutil.which, _PROGRAMS)), None)
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_BUSY = "[*]:"


def what_is_missing() -> str:
    """Why there can be no window here; "" if there can."""
    if _CHROMIUM is None:
        return f"there is no Chromium: none of {', '.join(_PROGRAMS)} is on the PATH"
    if lacks := lacking(requirements("lab")):
        names = ", ".join(lack.requirement.name for lack in lacks)
        return f"`sbtutorial lab` would first install {names}"
    return ""


@contextmanager
def chromium(width: int = 1280, height: int = 900) -> Iterator[Page]:
    """A page of a new browser; `width` and `height` in CSS pixels."""
    expect.set_options(timeout=LIMIT_SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_FLAGS))
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(LIMIT_SECONDS * 1000)
        try:
            yield page
        finally:
            browser.close()


class Window:
    """JupyterLab with one notebook open, and its kernel ready.

    Attributes:
        page: Playwright's.
        code_cells: The notebook's, from the top.
    """

    def __init__(self, page: Page, place: Place) -> None:
        self.page = page
        page.goto(place.url)
        self.code_cells = page.locator(".jp-Notebook .jp-CodeCell")
        expect(self.code_cells).to_have_count(place.code_cell_count)
        page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()

    def run_all(self) -> None:
        """Choose Run, Run All Cells."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    def restart_and_run_all(self) -> None:
        """Press the double arrow, and confirm."""
        self._press("notebook:restart-run-all")
        self.page.get_by_role("button", name="Confirm Kernel Restart").click()

    def stop(self) -> None:
        """Press the stop button."""
        self._press("notebook:interrupt-kernel")

    def run(self, cell: Locator) -> None:
        """Click into a cell and press Shift+Enter."""
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")

    def outputs(self, cell: Locator) -> Locator:
        """The texts under a cell."""
        return cell.locator(".jp-OutputArea-output pre")

    def wait_for_output_while_busy(self, text: str) -> None:
        """See a text under some cell at a moment when that cell still runs.

        Asked of the whole page each time: JupyterLab may build a cell anew while one waits, and
        lays out only what is in view.
        """
        self.page.wait_for_function(
            """([text, busy]) => [...document.querySelectorAll(".jp-CodeCell")].some(cell =>
                cell.querySelector(".jp-Cell-outputArea")?.textContent.includes(text)
                && cell.querySelector(".jp-InputPrompt")?.textContent.trim() === busy)""",
            arg=[text, _BUSY],
        )

    def wait_until_done(self, cell: Locator, count: int) -> None:
        """Wait until a cell carries its execution count."""
        expect(cell.locator(".jp-InputPrompt")).to_have_text(f"[{count}]:")

    def _press(self, command: str) -> None:
        self.page.locator(f"jp-button[data-command='{command}']").click()
