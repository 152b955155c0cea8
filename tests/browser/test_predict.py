"""A prediction in a real JupyterLab: by mouse, by keyboard, and left alone."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.notebooks.normal_form import METADATA
from tests.notebooks.refresh import PLANNED_ERROR_TAG

pytest.importorskip("playwright", reason="the browser tests need playwright")

from playwright.sync_api import Page, expect

from tests.browser import accessibility
from tests.browser.accessibility import accessibility_faults, faint_texts
from tests.browser.jupyterlab import Server
from tests.browser.test_lab import open_notebook
from tests.browser.test_watch import STICKING_OUT, choose_theme, run_all
from tests.browser.window import Window, console_errors, what_is_missing

MISSING = what_is_missing()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.timeout(400),
]

CONNECT = "from sbtutorial import connect\nlab = connect()"
ASK = 'lab.predict("How many orders are left?", 3, 2, 1, 0)'
ASK_TWO_MORE = """\
from IPython.display import display
for question in ("How many are dead?", "How many are locked?"):
    display(lab.predict(question, 3, 2, 1, 0))"""
ANSWER = "lab.answer(2)"
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
HOSTILE = "<img src=x onerror=console.error('cups')>"
ASK_HOSTILE = f"lab.predict({HOSTILE!r} * 9, {HOSTILE!r}, 'x' * 200, 'behind the tea', 'in front')"


def test_what_is_clicked_stands_beside_the_answer(server: Server, page: Page) -> None:
    with console_errors(page) as errors:
        window = open_notebook(server, page, "05_clicked", (CONNECT, ASK, ANSWER, "lab.course()"))
        connect, ask, answer, course = window.code_cells.all()
        window.run(connect)
        window.run(ask)
        question = page.get_by_role("group", name="How many orders are left?")
        question.get_by_role("radio", name="3").click()
        expect(question.locator(".sbq-said")).to_have_text("You said 3.")
        window.run(answer)
        expect(window.outputs(answer)).to_have_text(["You said 3. It is 2."])
        expect(question.locator(".sbq-said")).to_contain_text("You said 3. It is 2.")
        expect(question.get_by_role("radio", name="3")).to_be_checked()
        expect(question.get_by_role("radio", name="2")).to_be_disabled()
        window.run(course)
        row = course.get_by_role("row", name="05 When messages fail")
        expect(row).to_contain_text("0 right of 1 asked")

        window.run(ask)  # once more, and better
        expect(page.locator(".sbq")).to_have_count(1)
        expect(question.get_by_role("radio", name="3")).to_be_checked()
        question.get_by_role("radio", name="2").click()
        expect(question.locator(".sbq-said")).to_have_text("You said 2.")
        window.run(answer)
        expect(window.outputs(answer)).to_have_text(["You said 2, and it is 2."])
    assert errors == []


def test_it_is_answered_by_keyboard_also_while_a_cell_is_busy(server: Server, page: Page) -> None:
    window = open_notebook(server, page, "05_keyboard", (CONNECT, ASK, BUSY, ANSWER))
    busy, answer = window.code_cells.all()[2:]
    window.run_all()
    window.wait_for_output_while_busy("busy")
    question = page.get_by_role("group", name="How many orders are left?")
    question.get_by_role("radio", name="3").focus()
    page.keyboard.press("Space")
    expect(question.locator(".sbq-said")).to_have_text("You said 3.")
    page.keyboard.press("ArrowRight")
    expect(question.get_by_role("radio", name="2")).to_be_focused()
    expect(question.locator(".sbq-said")).to_have_text("You said 2.")
    window.stop()
    expect(busy).to_contain_text("KeyboardInterrupt: stopped in line 3: Event().wait()")
    window.wait_until_done(busy, 3)  # what comes sooner is dropped, as Run All wants it
    window.run(answer)
    expect(window.outputs(answer)).to_have_text(["You said 2, and it is 2."])


def test_left_alone_it_stops_nothing(server: Server, page: Page) -> None:
    ask = 'lab.predict("How many are dead?", 2, 1, 0)'
    window = open_notebook(server, page, "alone", (CONNECT, ask, ANSWER, 'print("served")'))
    run_all(window)
    expect(window.outputs(window.code_cells.nth(2))).to_have_text(["It is 2."])
    expect(window.outputs(window.code_cells.nth(3))).to_have_text(["served"])
    expect(page.locator(".sbq-said")).to_contain_text("It is 2. Run this cell again")


def test_nothing_sticks_out_and_a_question_is_only_text(server: Server, page: Page) -> None:
    with console_errors(page) as errors:
        window = open_notebook(server, page, "hostile", (CONNECT, ASK_HOSTILE))
        run_all(window)
        view = page.locator(".sbq")
        view.get_by_role("radio", name="in front").click()
        for width in (366, 800):
            view.evaluate("(view, width) => { view.style.maxWidth = `${width}px`; }", width)
            assert view.evaluate(STICKING_OUT) == []
            assert view.evaluate(ABOVE_THE_QUESTION) > 0  # not across the frame, however many lines
        assert faint_texts(page, ".sbq") == []
    assert errors == []


def test_chips_are_read_and_the_chosen_one_told_apart_in_either_theme(
    server: Server, page: Page
) -> None:
    window = open_notebook(server, page, "chips", (CONNECT, ASK, ASK_TWO_MORE, ANSWER))
    for cell in window.code_cells.all()[:3]:
        window.run(cell)
    questions = page.locator(".sbq")
    expect(questions).to_have_count(3)
    for at in (1, 2):  # one is left as it is, one is said, and one is said and then answered
        questions.nth(at).get_by_role("radio", name="2").click()
    window.run(window.code_cells.last)
    expect(questions.last.get_by_role("radio", name="3")).to_be_disabled()
    for theme in ("dark", "light"):
        choose_theme(page, theme)
        assert faint_texts(page, ".sbq") == []
        for at in (1, 2):
            assert questions.nth(at).evaluate(CHOSEN) >= 3  # WCAG 2.1, 1.4.11
        if not accessibility.MISSING:
            faults = accessibility_faults(page, ".sbq")
            assert not faults, "\n".join(faults)


def test_a_planned_error_is_marked_in_jupyterlab(server: Server, page: Page) -> None:
    cells = [new_code_cell(source) for source in (CONNECT, WRONG, WRONG)]
    cells[-1].metadata.tags = [PLANNED_ERROR_TAG]
    server.write("planned", new_notebook(cells=cells, metadata=METADATA))
    window = Window(page, server.place("planned"))
    connect, unplanned, planned = window.code_cells.all()
    for cell in (connect, unplanned, planned):
        window.run_anew(cell)
    expect(unplanned).to_contain_text("KeyError")
    expect(unplanned).not_to_contain_text("part of the lesson")
    expect(planned).to_contain_text("This error is part of the lesson. Read on.")
