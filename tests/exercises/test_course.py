"""The map of the course: what is passed, what was foreseen, what is next."""

from pathlib import Path

import nbformat
import pytest

from sbtutorial.exercises import registry
from sbtutorial.exercises.course import LESSONS, course
from sbtutorial.folders import HOME_VARIABLE
from sbtutorial.lab import journal
from sbtutorial.lab.journal import PASSED, PREDICTED
from sbtutorial.lab.lab import Lab
from tests.exercises.conftest import define
from tests.notebooks import lessons


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who has done nothing yet."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))


def test_every_lesson_and_every_exercise_has_its_place() -> None:
    found = [nbformat.read(path, as_version=4).cells[0].source for path in lessons.LESSONS]
    headings = [text.split("\n")[0].removeprefix("# ") for text in found]
    assert [(lesson.number, lesson.title) for lesson in LESSONS] == [
        (path.name.partition("_")[0], heading)
        for path, heading in zip(lessons.LESSONS, headings, strict=True)
    ]
    assert sorted(lesson.topic for lesson in LESSONS) == registry.topics()


def test_at_first_all_is_open_and_the_first_exercise_is_next(newcomer: None) -> None:
    text = repr(course())
    assert "00 Start here – there_and_back" in " ".join(text.split())
    assert "✓" not in text
    assert text.endswith("exercises passed. Next: 00 Start here, exercise start.there_and_back.")


def test_what_is_done_is_marked_wherever_one_begins(newcomer: None) -> None:
    for name in ("start.there_and_back", "start.take_one", "send.order"):
        journal.note(PASSED, name)
    for question, right in {"a": True, "b": False, "c": None}.items():
        journal.note(PREDICTED, question, "04", said="3", right=right)
    journal.note(PREDICTED, "of my own", right=True)
    shown = course()
    lines = repr(shown).splitlines()
    assert lines[1].split()[:5] == ["00", "Start", "here", "✓", "there_and_back"]
    assert "– batch  ✓ order" in lines[3]
    assert lines[5].endswith("1 right of 3 asked")
    assert "predictions: 2 right of 4 asked. Next: 01 Create a queue" in lines[-1]
    assert shown.next == "create.options"
    html = shown._repr_html_()
    assert html.count("✓") == 3
    assert '<th scope="row">04 Peek-lock and crashes</th>' in html


def test_when_all_is_passed_nothing_is_next(newcomer: None) -> None:
    for name in [name for topic in registry.topics() for name in registry.names_of(topic)]:
        journal.note(PASSED, name)
    assert course().next == ""
    assert repr(course()).endswith("All exercises are passed.")


@pytest.mark.sdk
def test_a_check_that_passes_is_noted_and_one_that_does_not_is_not(
    lab: Lab, newcomer: None
) -> None:
    task = registry.find("start.there_and_back")
    stub = define(task.stub)
    assert not lab.check(task.name, stub)
    assert "✓" not in repr(lab.course())
    answer = define(task.reference)
    assert lab.check(task.name, answer)
    assert "✓ there_and_back" in repr(lab.course())
