"""A prediction in a real JupyterLab: by mouse, by keyboard, and left alone.

All but the last is done in one notebook, with questions that no other test asks.
"""

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.notebooks.normal_form import METADATA
from tests.notebooks.refresh import PLANNED_ERROR_TAG

pytest.importorskip("playwright", reason="the browser tests need playwright")

from playwright.sync_api import Locator, Page, expect

from tests.browser import accessibility
from tests.browser.accessibility import accessibility_faults, faint_texts
from tests.browser.jupyterlab import Server
from tests.browser.test_lab import CONNECT, open_notebook
from tests.browser.test_watch import STICKING_OUT, choose_theme, run_all
from tests.browser.window import Window, console_errors, what_is_missing

MISSING = what_is_missing()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.timeout(400),
]

ASK = 'lab.predict("How many orders are left?", 3, 2, 1, 0)'
ASK_THREE = """\
from IPython.display import display
for question in ("How many are ready?", "How many are dead?", "How many are locked?"):
    display(lab.predict(question, 3, 2, 1, 0))"""
ANSWER = "lab.answer(2)"  # a cell answers the question that it has answered before
ANSWER_ANOTHER = "lab.answer(2)  # of the last question"
# The edge of the chosen chip and the dot in it, against the paper.
CHOSEN = """view => {
    const light = colour => {
        const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(part => part / 255)
            .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    };
    const paper = light(getComputedStyle(view).backgroundColor);
    const chip = view.querySelector(".sbq-chip:has(:checked)");
    const colours = [getComputedStyle(chip).borderTopColor,
        getComputedStyle(chip.querySelector("input")).accentColor];
    return Math.min(...colours.map(light).map(
        one => (Math.max(one, paper) + 0.05) / (Math.min(one, paper) + 0.05)));
}"""
ABOVE_THE_QUESTION = """view => view.querySelector(".sbq-question").getBoundingClientRect().top
    - view.getBoundingClientRect().top - view.clientTop"""
WRONG = "{}['table']"
BUSY = """\
from threading import Event
print("busy")
Event().wait()"""
COURSE = "lab.course()"
HOSTILE = "<img src=x onerror=console.error('cups')>"
ASK_HOSTILE = f"lab.predict({HOSTILE!r} * 9, {HOSTILE!r}, 'x' * 200, 'behind the tea', 'in front')"
SOURCES = (CONNECT, ASK, ANSWER, COURSE, BUSY, ASK_HOSTILE, ASK_THREE)
SOURCES += (ANSWER_ANOTHER, WRONG, WRONG)


class Notebook:
    """The notebook in which questions are asked."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.page = window.page

    def cell(self, source: str) -> Locator:
        return self.window.code_cells.nth(SOURCES.index(source))

    def run(self, *sources: str) -> None:
        for source in sources:
            self.window.run_anew(self.cell(source))


@pytest.fixture(scope="module")
def window(server: Server, shared_page: Page) -> Window:
    cells = [new_code_cell(source) for source in SOURCES]
    cells[-1].metadata.tags = [PLANNED_ERROR_TAG]
    server.write("05_asked", new_notebook(cells=cells, metadata=METADATA))
    window = Window(shared_page, server.place("05_asked"))
    window.run_anew(window.code_cells.first)
    return window


@pytest.fixture
def notebook(window: Window) -> Notebook:
    window.free()
    return Notebook(window)


def test_what_is_clicked_stands_beside_the_answer(notebook: Notebook) -> None:
    page, outputs = notebook.page, notebook.window.outputs
    with console_errors(page) as errors:
        notebook.run(ASK)
        question = page.get_by_role("group", name="How many orders are left?")
        question.get_by_role("radio", name="3").click()
        expect(question.locator(".sbq-said")).to_have_text("You said 3.")
        notebook.run(ANSWER)
        expect(outputs(notebook.cell(ANSWER))).to_have_text(["You said 3. It is 2."])
        expect(question.locator(".sbq-said")).to_contain_text("You said 3. It is 2.")
        expect(question.get_by_role("radio", name="3")).to_be_checked()
        expect(question.get_by_role("radio", name="2")).to_be_disabled()
        notebook.run(COURSE)
        row = notebook.cell(COURSE).get_by_role("row", name="05 When messages fail")
        expect(row).to_contain_text("0 right of 1 asked")

        notebook.run(ASK)  # once more, and better
        expect(page.locator(".sbq")).to_have_count(1)
        expect(question.get_by_role("radio", name="3")).to_be_checked()
        question.get_by_role("radio", name="2").click()
        expect(question.locator(".sbq-said")).to_have_text("You said 2.")
        notebook.run(ANSWER)
        expect(outputs(notebook.cell(ANSWER))).to_have_text(["You said 2, and it is 2."])
    assert errors == []


def test_it_is_answered_by_keyboard_also_while_a_cell_is_busy(notebook: Notebook) -> None:
    window, page, busy = notebook.window, notebook.page, notebook.cell(BUSY)
    notebook.run(ASK)
    window.run(busy)
    window.wait_for_output_while_busy("busy")
    question = page.get_by_role("group", name="How many orders are left?")
    question.get_by_role("radio", name="3").focus()
    page.keyboard.press("Space")
    expect(question.locator(".sbq-said")).to_have_text("You said 3.")
    page.keyboard.press("ArrowRight")
    expect(question.get_by_role("radio", name="2")).to_be_focused()
    expect(question.locator(".sbq-said")).to_have_text("You said 2.")
    window.stop_in(busy)
    expect(busy).to_contain_text("KeyboardInterrupt: stopped in line 3: Event().wait()")
    notebook.run(ANSWER)
    expect(window.outputs(notebook.cell(ANSWER))).to_have_text(["You said 2, and it is 2."])


def test_nothing_sticks_out_and_a_question_is_only_text(notebook: Notebook) -> None:
    with console_errors(notebook.page) as errors:
        notebook.run(ASK_HOSTILE)
        view = notebook.cell(ASK_HOSTILE).locator(".sbq")
        view.get_by_role("radio", name="in front").click()
        for width in (366, 800):
            view.evaluate("(view, width) => { view.style.maxWidth = `${width}px`; }", width)
            assert view.evaluate(STICKING_OUT) == []
            assert view.evaluate(ABOVE_THE_QUESTION) > 0  # not across the frame, however many lines
        assert faint_texts(notebook.page, ".sbq") == []
    assert errors == []


def test_chips_are_read_and_the_chosen_one_told_apart_in_either_theme(notebook: Notebook) -> None:
    notebook.run(ASK_THREE)
    questions = notebook.cell(ASK_THREE).locator(".sbq")
    expect(questions).to_have_count(3)
    for at in (1, 2):  # one is left as it is, one is said, and one is said and then answered
        questions.nth(at).get_by_role("radio", name="2").click()
        expect(questions.nth(at)).to_contain_text("You said 2.")
    notebook.run(ANSWER_ANOTHER)
    expect(questions.last.get_by_role("radio", name="3")).to_be_disabled()
    for theme in ("dark", "light"):
        choose_theme(notebook.page, theme)
        assert faint_texts(notebook.page, ".sbq") == []
        for at in (1, 2):
            assert questions.nth(at).evaluate(CHOSEN) >= 3  # WCAG 2.1, 1.4.11
        if not accessibility.MISSING:
            faults = accessibility_faults(notebook.page, ".sbq")
            assert not faults, "\n".join(faults)


def test_a_planned_error_is_marked_in_jupyterlab(window: Window) -> None:
    window.free()
    unplanned, planned = window.code_cells.all()[-2:]
    for cell in (unplanned, planned):
        window.run_anew(cell)
    expect(unplanned).to_contain_text("KeyError")
    expect(unplanned).not_to_contain_text("part of the lesson")
    expect(planned).to_contain_text("This error is part of the lesson. Read on.")


# The last: it takes the browser to another notebook.
def test_left_alone_it_stops_nothing(server: Server, page: Page) -> None:
    ask = 'lab.predict("How many are dead?", 2, 1, 0)'
    window = open_notebook(server, page, "alone", (CONNECT, ask, ANSWER, 'print("served")'))
    run_all(window)
    expect(window.outputs(window.code_cells.nth(2))).to_have_text(["It is 2."])
    expect(window.outputs(window.code_cells.nth(3))).to_have_text(["served"])
    expect(page.locator(".sbq-said")).to_contain_text("It is 2. Run this cell again")
