"""What every live view stands on: requests that are answered at once, also while a cell is busy."""

import pytest

pytest.importorskip("playwright", reason="the browser tests need playwright")

from playwright.sync_api import Page, expect

from tests.browser.jupyterlab import Server
from tests.browser.test_lab import open_notebook
from tests.browser.window import console_errors, what_is_missing

MISSING = what_is_missing()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.timeout(400),
]

BELL = """\
from threading import Event
from sbtutorial.views.widget import LiveWidget, source

done = Event()

class Bell(LiveWidget):
    _esm = source("asking.js") + '''
    function render({ model, el }) {
      const button = document.createElement("button");
      button.textContent = "ring";
      const said = document.createElement("output");
      said.className = "said";
      const onWaiting = (waits) => { if (waits) said.textContent = "waits"; };
      const { ask, close } = connection(model, { onWaiting });
      button.onclick = () => ask("ring", { times: 2 })
        .then((result) => { said.textContent = "rang " + result.times; })
        .catch((error) => { said.textContent = error.message; });
      const shown = document.createElement("output");
      shown.className = "shown";
      const draw = () => { shown.textContent = model.get("picture").word ?? ""; };
      model.on("change:picture", draw);
      draw();
      el.append(button, said, shown);
      return close;
    }
    export default { render };
    '''

    def text(self):
        return "a bell"

bell = Bell()
bell.on_request("ring", lambda arguments: {"times": arguments["times"]})
bell.push({"word": "quiet"})
bell"""
BUSY = """\
bell.on_request("ring", lambda arguments: done.set() or {"times": 7})
bell.push({"word": "busy"})  # a cell that speaks to the page, and does not end
print("busy")
answered = done.wait(60)
print("answered", answered)"""
PUSHED_WHILE_BUSY = """\
from sbtutorial.errors import TutorialError
def refuse(arguments):
    bell.push({"word": "cracked"})
    raise TutorialError("The bell is cracked.")

done.clear()
bell.on_request("ring", refuse)
print("busy again")
done.wait(3)
bell.push({"word": "over"})"""


def test_a_request_is_answered_while_a_cell_is_busy(server: Server, page: Page) -> None:
    with console_errors(page) as errors:
        window = open_notebook(server, page, "bell", (BELL, BUSY, PUSHED_WHILE_BUSY))
        bell, busy, again = window.code_cells.all()
        ring = page.get_by_role("button", name="ring")
        window.run(bell)
        expect(page.locator(".shown")).to_have_text("quiet")
        ring.click()
        expect(page.locator(".said")).to_have_text("rang 2")

        window.run(busy)
        window.wait_for_output_while_busy("busy")
        expect(page.locator(".shown")).to_have_text("busy")
        ring.click()
        expect(page.locator(".said")).to_have_text("rang 7")
        expect(busy).to_contain_text("answered True")

        window.run(again)
        window.wait_for_output_while_busy("busy again")
        ring.click()
        expect(page.locator(".said")).to_have_text("The bell is cracked.")
        expect(page.locator(".shown")).to_have_text("cracked")
        expect(page.locator(".shown")).to_have_text("over")
    assert errors == []
