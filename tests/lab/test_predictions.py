"""Predictions and their answers, in a process without a front end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.lab import journal, predictions, running_cell
from sbtutorial.lab.journal import PREDICTED, About
from sbtutorial.lab.predictions import Prediction, answer, ask

LEFT = ("How many orders are left?", (3, 2, 1, 0))


@pytest.fixture(autouse=True)
def fresh(learner: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a new kernel, of somebody who has done nothing yet."""
    monkeypatch.setenv("JPY_SESSION_NAME", "notebooks/04_peek_lock_and_crashes.ipynb")
    yield
    new_kernel()


def new_kernel() -> None:
    predictions._asked.clear()
    predictions._answered_in.clear()


def noted(question: str = LEFT[0]) -> object:
    return journal.read()[About(PREDICTED, question, "04")]


def test_a_wrong_prediction_stands_beside_what_is_so() -> None:
    ask(*LEFT).say(3)
    assert answer(2) == "You said 3. It is 2."
    assert noted() == {"said": "3", "right": False}


def test_a_right_one_too() -> None:
    ask(*LEFT).say(2)
    assert answer(2) == "You said 2, and it is 2."
    assert noted() == {"said": "2", "right": True}


def test_without_a_prediction_the_answer_is_told_all_the_same() -> None:
    assert answer(2) == "It is 2."
    ask(*LEFT)
    assert answer(2) == "It is 2."
    assert noted() == {}


@pytest.mark.parametrize(
    ("notebook", "number"),
    [
        ("my_lessons/04_peek_lock_and_crashes.ipynb", "04"),
        ("my_lessons/04b_keeping_a_lock.ipynb", "04b"),
        ("04b_keeping_a_lock_mine.ipynb", "04b"),
        ("04bc_of_my_own.ipynb", ""),
        ("notes.ipynb", ""),
    ],
)
def test_a_lesson_is_known_by_the_number_of_its_notebook(
    notebook: str, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", notebook)
    assert running_cell.lesson_number() == number


def test_texts_are_quoted() -> None:
    ask("Where does the coffee go?", ["to the front", "behind the tea"]).say("behind the tea")
    assert answer("to the front") == "You said “behind the tea”. It is “to the front”."


def test_an_answer_that_nobody_could_choose_is_told() -> None:
    ask(*LEFT).say(3)
    assert answer(17) == "You said 3. It is 17."


def test_what_is_said_last_before_the_answer_counts() -> None:
    prediction = ask(*LEFT)
    prediction.say(3)
    prediction.say(2)
    assert answer(2) == "You said 2, and it is 2."
    with pytest.raises(TutorialError, match="run the cell again"):
        prediction.say(1)
    assert noted() == {"said": "2", "right": True}


def test_the_same_text_whatever_was_said_and_however_often_it_is_asked() -> None:
    prediction = ask(*LEFT)
    text, html = repr(prediction), prediction._repr_html_()
    assert text == "How many orders are left?\n○ 3   ○ 2   ○ 1   ○ 0"
    prediction.say(3)
    answer(2)
    again = ask(*LEFT)
    assert (repr(again), again._repr_html_()) == (text, html)
    assert (repr(prediction), prediction._repr_html_()) == (text, html)


def test_in_a_new_kernel_what_was_said_is_there_again() -> None:
    ask(*LEFT).say(3)
    new_kernel()
    assert ask(*LEFT).said == 3
    assert answer(2) == "You said 3. It is 2."


def test_another_prediction_after_the_answer_counts_when_it_is_answered() -> None:
    ask(*LEFT).say(3)
    answer(2)
    ask(*LEFT).say(2)
    assert noted() == {"said": "2", "right": None}
    answer(2)
    assert noted() == {"said": "2", "right": True}


def test_answers_go_with_the_last_question_that_has_none() -> None:
    ask(*LEFT).say(3)
    ask("And dead?", [0, 1]).say(1)
    assert answer(0) == "You said 1. It is 0."
    assert answer(2) == "You said 3. It is 2."
    assert answer(7) == "You said 1. It is 7."  # the last cell once more


def test_a_cell_that_runs_again_answers_its_own_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictions.running_cell, "cell_id", lambda: "the first")
    ask(*LEFT).say(3)
    answer(2)
    ask("And dead?", [0, 1]).say(1)
    assert answer(2) == "You said 3. It is 2."


def test_html_is_a_list_and_escaped() -> None:
    html = Prediction("<b>?", ["<i>", "b"])._repr_html_()
    assert "<strong>&lt;b&gt;?</strong>" in html
    assert "<li>&lt;i&gt;</li>" in html


@pytest.mark.parametrize(
    ("question", "choices", "sentence"),
    [
        (3, [2, 1], "takes the question first"),
        (" ", [2, 1], "takes the question first"),
        ("How many?", [], "two choices or more"),
        ("How many?", [1], "two choices or more"),
        ("How many?", [1, "1"], "each of them once"),
    ],
)
def test_a_slip_is_answered_by_a_sentence(
    question: object, choices: list[object], sentence: str
) -> None:
    with pytest.raises(TutorialError, match=sentence):
        ask(question, choices)


def test_what_is_no_choice_is_refused() -> None:
    with pytest.raises(TutorialError, match="7 is none of the choices: 3, 2, 1, 0"):
        ask(*LEFT).say(7)
