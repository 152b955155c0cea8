"""A notebook in a real Chromium, used as a reader uses it: by menus, buttons and keys."""

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

from nbformat import NotebookNode
from playwright.sync_api import (
    ConsoleMessage,
    Error,
    Locator,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from sbtutorial.setup.requirements import lacking, requirements
from tests.browser.jupyterlab import LIMIT_SECONDS, Place
from tests.browser.opening import POLLING_MS, have_run, open_in, wait_until_ended, wait_until_ready
from tests.browser.shown import ERROR, Cell, Output, code_cells, faults, is_planned

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_CHROMIUM = next(filter(None, map(shutil.which, _PROGRAMS)), None)
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_BUSY = "[*]:"
_HAS_RUN = re.compile(r"^\[\d+\]:$")
_LONG_POLLING_MS = 500  # a tenth of a processor less for what lasts
_DRAWING_SECONDS = 5  # after a cell has ended, until all of it is on the page
_NEXT_CHANGE = """atMostMs => new Promise(resolve => {
    const watch = new MutationObserver(() => done());
    const timer = setTimeout(() => done(), atMostMs);  // a picture is drawn without a change
    const done = () => { watch.disconnect(); clearTimeout(timer); resolve(); };
    const all = { subtree: true, childList: true, characterData: true };
    watch.observe(document.body, all);
})"""
# A page is asked while it is built, and while parts of it are built anew: what is not there now
# has not happened yet.
_HAS_ENDED = """([error, planned]) => {
    const cells = [...document.querySelectorAll(".jp-Notebook .jp-CodeCell")];
    const hasRun = cell => /\\d/.test(cell?.querySelector(".jp-InputPrompt")?.textContent ?? "");
    const isFailed = (cell, index) => hasRun(cell) && !planned.includes(index)
        && cell.querySelector(`[data-mime-type="${error}"]`);
    return hasRun(cells.at(-1)) || cells.some(isFailed);
}"""
_HAS_A_KERNEL = """() => {
    const name = document.querySelector(".jp-Toolbar-kernelName")?.textContent;
    return name && name !== "No Kernel"
        && document.querySelector(".jp-Notebook-ExecutionIndicator[data-status=idle]");
}"""
_READ_CELLS = """() => [...document.querySelectorAll(".jp-Notebook .jp-CodeCell")].map(cell => [
    cell.querySelector(".jp-InputPrompt")?.textContent ?? "",
    [...cell.querySelectorAll(".jp-OutputArea-output:not(.lm-mod-hidden)")].map(output => [
        output.dataset.mimeType ?? (output.querySelector(".sbx") ? "view" : null),
        output.textContent,
        output.querySelector("img")?.naturalWidth ?? 0,
    ]),
])"""


def what_is_missing() -> str:
    """Why there can be no window here; "" if there can."""
    if _CHROMIUM is None:
        return f"there is no Chromium: none of {', '.join(_PROGRAMS)} is on the PATH"
    if lacks := lacking(requirements("lab")):
        names = ", ".join(lack.requirement.name for lack in lacks)
        return f"`sbtutorial lab` would first install {names}"
    return ""


@contextmanager
def chromium(width: int = 1280, height: int = 900, scale: float = 1) -> Iterator[Page]:
    """A page of a new browser; `width` and `height` in CSS pixels, each `scale` dots wide."""
    expect.set_options(timeout=LIMIT_SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_FLAGS))
        viewport = ViewportSize(width=width, height=height)
        context = browser.new_context(viewport=viewport, device_scale_factor=scale)
        context.set_default_timeout(LIMIT_SECONDS * 1000)
        page = context.new_page()
        try:
            yield page
        finally:
            browser.close()


@contextmanager
def console_errors(page: Page) -> Iterator[list[str]]:
    """What goes wrong in a page's scripts meanwhile; the list grows as it happens."""
    errors: list[str] = []

    def note_message(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(f"{message.text} ({message.location['url']})")

    def note_error(error: Error) -> None:
        errors.append(str(error))

    page.on("console", note_message)
    page.on("pageerror", note_error)
    try:
        yield errors
    finally:
        page.remove_listener("console", note_message)
        page.remove_listener("pageerror", note_error)


class Window:
    """JupyterLab with one notebook open, and its kernel ready.

    Attributes:
        page: Playwright's.
        code_cells: The notebook's, from the top.
    """

    def __init__(self, page: Page, place: Place) -> None:
        self.page = page
        self.code_cells = page.locator(".jp-Notebook .jp-CodeCell")
        self._place = place
        self._open()

    def run_all(self) -> None:
        """Choose Run, Run All Cells."""
        have_run(self.code_cells.first, self._choose_run_all)

    def _choose_run_all(self) -> None:
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    def restart_and_run_all(self) -> None:
        """Press the double arrow, and confirm."""
        self._press("notebook:restart-run-all")
        self.page.get_by_role("button", name="Confirm Kernel Restart").click()

    def restart(self) -> None:
        """Press the round arrow, confirm, and have a new kernel."""
        self._press("notebook:restart-kernel")
        with self.page.expect_response(re.compile(r"/api/kernels/[^/]+/restart")):
            self.page.get_by_role("button", name="Confirm Kernel Restart").click()
        wait_until_ready(self.page, self._place)

    def write(self, cell: Locator, line: str) -> None:
        """Write a line at the end of a cell."""
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.press("Enter")
        self.page.keyboard.insert_text(line)  # at once: nothing is completed

    def save(self) -> None:
        """Press Ctrl+S, and see that it is saved."""
        with self.page.expect_response(lambda answer: answer.request.method == "PUT"):
            self.page.keyboard.press("Control+s")

    def revert(self) -> None:
        """Press Ctrl+S, be told that the file has changed, and have it as it is on disk."""
        self.page.keyboard.press("Control+s")
        self.page.get_by_role("button", name="Revert").click()

    def stop(self) -> None:
        """Press the stop button."""
        self._press("notebook:interrupt-kernel")

    def stop_in(self, cell: Locator) -> None:
        """Press it while a cell runs, and wait for the end: what is run sooner is dropped."""
        self.stop()
        expect(cell.locator(".jp-InputPrompt")).to_have_text(_HAS_RUN)

    def free(self) -> None:
        """Stop what a test before, which has failed, has left at work."""
        at_work = self.page.locator(".jp-InputPrompt", has_text=_BUSY)
        if at_work.count():
            self.stop()
            expect(at_work).to_have_count(0)

    def run(self, cell: Locator) -> None:
        """Click into a cell and press Shift+Enter."""
        have_run(cell, lambda: self._press_in(cell))

    def _press_in(self, cell: Locator) -> None:
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")

    def run_anew(self, cell: Locator) -> None:
        """Run a cell, which may have run before, and wait for its end."""
        self.run(cell)
        wait_until_ended(cell)

    def cells(self) -> list[Cell]:
        """Every code cell as it is on the page now."""
        return [
            Cell(prompt, tuple(Output(*output) for output in outputs))
            for prompt, outputs in self.page.evaluate(_READ_CELLS)
        ]

    def faults(self, notebook: NotebookNode) -> list[str]:
        """What of this notebook, as it is saved, the page does not show; it has time to draw."""
        end = time.monotonic() + _DRAWING_SECONDS
        while (found := faults(notebook, self.cells())) and time.monotonic() < end:
            self.page.evaluate(_NEXT_CHANGE, 4 * POLLING_MS)
        return found

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
            polling=POLLING_MS,
        )

    def wait_until_ended(self, notebook: NotebookNode) -> None:
        """Wait for the last cell, or for an error that is not planned: nothing runs after it."""
        planned = [index for index, cell in enumerate(code_cells(notebook)) if is_planned(cell)]
        self.page.wait_for_function(_HAS_ENDED, arg=[ERROR, planned], polling=_LONG_POLLING_MS)

    def wait_until_done(self, cell: Locator, count: int) -> None:
        """Wait until a cell carries its execution count."""
        expect(cell.locator(".jp-InputPrompt")).to_have_text(f"[{count}]:")

    def _open(self) -> None:
        open_in(self.page, self._place)

    def _press(self, command: str) -> None:
        self.page.locator(f"jp-button[data-command='{command}']").click()


class NotebookWindow(Window):
    """Jupyter Notebook 7 in the place of JupyterLab."""

    def _open(self) -> None:
        """Have it open; it says "idle" already while there is no kernel yet."""
        self.page.goto(self._place.url)
        expect(self.code_cells).to_have_count(self._place.code_cell_count)
        self.page.wait_for_function(_HAS_A_KERNEL, polling=POLLING_MS)
