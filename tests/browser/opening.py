"""A notebook is opened in the JupyterLab that is on the page, and ready when its own kernel is.

A page of JupyterLab costs four seconds of a processor before it shows anything; a notebook in one
that is there, a fifth of that. So the page stays from test to test, and what was open is closed.

Whether a kernel is ready is asked of the notebook, not read off the page: the status bar goes on
saying "Idle" of the notebook before, and a cell that is run while there is no kernel yet never runs
(`CodeCell.execute` in JupyterLab), and says nothing of it.
"""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.jupyterlab import LIMIT_SECONDS, Place

POLLING_MS = 100  # a page that is asked at each of its frames has little time for anything else
_HEARD_MS = 30_000  # as soon as a cell is taken up, it carries a star
_TRIES = 3

# What stood there is closed last: an empty JupyterLab opens what it begins with.
_OPEN_HERE = """async path => {
    if (!window.jupyterapp || document.querySelector(".jp-Dialog, .lm-Menu")) return false;
    const { commands, shell } = window.jupyterapp;
    const before = [...shell.widgets("main")];
    await commands.execute("docmanager:open", { path, factory: "Notebook" });
    before.forEach(one => one.dispose());
    shell.expandLeft();
    return true;
}"""
# Keys and menus reach the current widget.
_IS_READY = """path => {
    const shell = window.jupyterapp?.shell;
    const panel = [...(shell?.widgets("main") ?? [])].find(one => one.context?.path === path);
    if (!panel?.context.isReady || !panel.sessionContext.isReady) return false;
    if (shell.currentWidget !== panel) shell.activateById(panel.id);
    return shell.currentWidget === panel && panel.sessionContext.session?.kernel != null
        && panel.sessionContext.kernelDisplayStatus === "idle";
}"""
# A notebook takes its kernel along, and is closed when that has ended: so nothing is said of it on
# the next one's page. What was still waited for is broken off. Broken promises are told of in their
# order, so that the last one's turn ends the others'.
_CLOSE_ALL = """async () => {
    const last = new Error("all is closed");
    const isOver = new Promise(resolve => {
        const hear = event => {
            event.preventDefault();
            if (event.reason !== last) return;
            window.removeEventListener("unhandledrejection", hear);
            resolve();
        };
        window.addEventListener("unhandledrejection", hear);
    });
    const open = [...(window.jupyterapp?.shell.widgets("main") ?? [])];
    await Promise.allSettled(open.map(one => one.sessionContext?.shutdown()));
    open.forEach(one => one.dispose());
    Promise.reject(last);
    await isOver;
}"""
# What JupyterLab writes before a cell: a star when it is taken up, its count when it has ended.
_LISTEN = """cell => {
    const prompt = () => cell.querySelector(".jp-InputPrompt")?.textContent ?? "[ ]:";
    const before = prompt();
    const { taken, ended } = window.asked = {
        taken: Promise.withResolvers(), ended: Promise.withResolvers(),
    };
    let isTaken = false;
    const watch = new MutationObserver(() => {
        isTaken ||= prompt() !== before;
        if (!isTaken) return;
        taken.resolve(true);
        if (!/\\d/.test(prompt())) return;
        watch.disconnect();
        ended.resolve(true);
    });
    watch.observe(cell, { subtree: true, childList: true, characterData: true });
}"""
_IS_SO_IN_TIME = """([what, atMostMs]) => Promise.race([
    window.asked[what].promise, new Promise(resolve => setTimeout(resolve, atMostMs, false)),
])"""


def open_in(page: Page, place: Place) -> None:
    """Have a notebook open in JupyterLab, all of it and alone, with its kernel ready."""
    if not (_can_open(page, place) and page.evaluate(_OPEN_HERE, place.path)):
        page.goto(place.url)
    wait_until_ready(page, place)
    expect(page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(place.code_cell_count)


def _can_open(page: Page, place: Place) -> bool:
    return bool(place.workspace) and page.url.startswith(place.workspace)


def wait_until_ready(page: Page, place: Place) -> None:
    """Wait until a notebook's kernel would run a cell, and keys reach that notebook."""
    page.wait_for_function(_IS_READY, arg=place.path, polling=POLLING_MS)


def close_all(page: Page) -> None:
    """Close what is open in the JupyterLab on a page, if there is one, without a word."""
    page.evaluate(_CLOSE_ALL)


def have_run(cell: Locator, ask: Callable[[], None]) -> None:
    """Ask for a cell to be run until the page has taken it up.

    Raises:
        AssertionError: It never did.
    """
    for _ in range(_TRIES):
        cell.evaluate(_LISTEN)
        ask()
        if cell.page.evaluate(_IS_SO_IN_TIME, ["taken", _HEARD_MS]):
            return
    raise AssertionError(f"asked {_TRIES} times, the page did not run this:\n{cell.inner_text()}")


def wait_until_ended(cell: Locator) -> None:
    """Wait until the cell that was the last to be asked for has run.

    Raises:
        AssertionError: It goes on and on.
    """
    has_ended = cell.page.evaluate(_IS_SO_IN_TIME, ["ended", LIMIT_SECONDS * 1000])
    assert has_ended, f"this still runs:\n{cell.inner_text()}"
