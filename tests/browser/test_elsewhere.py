"""The views in a front end that is not Jupyter's, as far as that can be had without VS Code."""

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("playwright", reason="the browser tests need playwright")

from playwright.sync_api import Page, expect

from sbtutorial.explorer.explorer import Explorer
from sbtutorial.explorer.view.widget import ExplorerView
from sbtutorial.lab.lab import Lab
from sbtutorial.lab.watching import Watch
from sbtutorial.views.question.widget import QuestionView
from tests.browser import bare_page
from tests.browser.accessibility import faint_texts
from tests.browser.test_watch import STICKING_OUT, card
from tests.browser.window import console_errors, what_is_missing
from tests.own_home import lab_at

MISSING = what_is_missing()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.usefixtures("comms"),
]
comms = bare_page.comms
QUESTION = {"question": "How many are left?", "choices": ["3", "2"], "said": None, "answer": ""}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_at(tmp_path_factory.mktemp("elsewhere") / "home") as lab:
        yield lab


@pytest.fixture(params=[False, True], ids=["light", "dark"])
def is_dark(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_a_live_view_needs_no_more_than_the_contract_of_a_widget(
    lab: Lab, tab: Page, is_dark: bool
) -> None:
    lab.fresh_queue("orders")
    view = Watch(lab.service, "orders", {"lab": lab}).view("asks")
    with bare_page.shown(tab, view, is_dark=is_dark) as page, console_errors(page) as errors:
        shown = page.locator(".sbw")
        expect(shown).to_have_attribute("data-state", "live")
        shown.get_by_role("button", name="send", exact=True).click()
        expect(card(shown, 1)).to_have_attribute("data-state", "ready")
        lab.faults.drop_next_ack("orders")
        expect(shown.get_by_role("list", name="what is to fail")).to_be_visible()
        card(shown, 1).locator(".sbw-open").click()
        expect(shown.locator(".sbw-body")).to_have_text("coffee")
        assert faint_texts(page, "body") == []
        for width in (800, 366):
            page.set_viewport_size({"width": width, "height": 900})
            assert shown.evaluate(STICKING_OUT) == []
    assert errors == []
    lab.reset()


def test_the_explorer_needs_no_more(lab: Lab, tab: Page, is_dark: bool) -> None:
    lab.fresh_queue("orders")
    view = ExplorerView(Explorer(lab.connection_string), tells_events=True)
    with bare_page.shown(tab, view, is_dark=is_dark) as page, console_errors(page) as errors:
        page.locator(".sbx-node[data-path=orders]").click()
        page.get_by_role("button", name="send", exact=True).click()
        expect(page.get_by_label("body", exact=True)).to_be_visible()
        assert faint_texts(page, "body") == []
    assert errors == []


def test_a_question_needs_no_more(tab: Page, is_dark: bool) -> None:
    heard: list[Any] = []
    view = QuestionView(QUESTION, "", "")

    def say(asked: dict[str, Any]) -> None:
        heard.append(asked["index"])
        view.push({**QUESTION, "said": asked["index"]})

    view.on_request("say", say)
    with bare_page.shown(tab, view, is_dark=is_dark) as page, console_errors(page) as errors:
        page.get_by_role("radio", name="2").click()
        expect(page.locator("fieldset")).to_contain_text("You said 2.")
        assert faint_texts(page, "body") == []
    assert errors == []
    assert heard == [1]
