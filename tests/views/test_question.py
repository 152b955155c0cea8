"""The widget of a question, without a browser: what it asks for and what it leaves behind."""

from pathlib import Path

import pytest

from sbtutorial.folders import HOME_VARIABLE
from sbtutorial.lab import predictions
from sbtutorial.lab.predictions import Prediction, answer, ask

QUESTION = "How many orders are left?"


@pytest.fixture
def prediction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prediction:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    monkeypatch.setattr(predictions.running_cell, "is_in_notebook", lambda: True)
    monkeypatch.setattr(predictions, "_asked", {})
    monkeypatch.setattr(predictions, "_answered_in", {})
    return ask(QUESTION, (3, 2, 1, 0))


def test_its_twins_are_the_questions_own_whatever_was_said(prediction: Prediction) -> None:
    data, _ = prediction._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == repr(prediction)
    assert data["text/html"] == prediction._repr_html_()
    prediction.say(3)
    answer(2)
    again, _ = prediction._repr_mimebundle_()
    assert (again["text/plain"], again["text/html"]) == (data["text/plain"], data["text/html"])


def test_what_is_clicked_is_said_and_the_picture_follows(prediction: Prediction) -> None:
    prediction._repr_mimebundle_()
    view = prediction._view
    assert view is not None
    assert view.picture == {
        "question": QUESTION,
        "choices": ["3", "2", "1", "0"],
        "said": None,
        "answer": "",
    }
    assert view._answer({"name": "say", "arguments": {"index": 1}}) == {"result": {}}
    assert (prediction.said, view.picture["said"]) == (2, 1)
    answer(2)
    assert view.picture["answer"] == "You said 2, and it is 2."
    refused = view._answer({"name": "say", "arguments": {"index": 0}})
    assert "run the cell again" in refused["error"]
    assert view.picture["said"] == 1


def test_asked_again_it_takes_the_place_of_the_one_before(prediction: Prediction) -> None:
    prediction._repr_mimebundle_()
    again = ask(QUESTION, (3, 2, 1, 0))
    again._repr_mimebundle_()
    assert prediction._view is not None
    assert again._view is not None
    assert (prediction._view.comm, again._view.comm is None) == (None, False)
