"""Help for who has tried before: a second hint, then an answer."""

from pathlib import Path

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.exercises import registry, tries
from sbtutorial.exercises.tries import source_of
from sbtutorial.folders import HOME_VARIABLE
from sbtutorial.lab.lab import Lab
from tests.exercises.conftest import define

NAME = "receive.peek"
TASK = registry.find(NAME)


@pytest.fixture(autouse=True)
def newcomer(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who has done nothing yet."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))


def a_try(number: int) -> str:
    return f"def find_orders(receiver):\n    yield {number}"  # needs no broker to fail


def test_function_that_is_another_one_is_another_try() -> None:
    assert tries.count(NAME, source_of(define(a_try(1)))) == 1
    assert tries.count(NAME, source_of(define(a_try(1)))) == 1
    assert tries.count(NAME, source_of(define(a_try(2)))) == 2
    assert tries.count("receive.all", source_of(define(a_try(2)))) == 1
    assert tries.count(NAME, source_of(define(a_try(1)))) == 3


def test_function_without_source_is_told_apart_by_what_it_does() -> None:
    functions = [eval(f"lambda receiver: [{number} for _ in 'ab']") for number in (1, 1, 2)]
    assert [tries.count(NAME, source_of(one)) for one in functions] == [1, 1, 2]
    assert tries.count(NAME, source_of(print)) == 3
    assert tries.count(NAME, source_of(print)) == 3


@pytest.mark.sdk
def test_second_try_opens_a_hint_and_the_third_an_answer(lab: Lab) -> None:
    first, second, third = (lab.check(NAME, define(a_try(number))) for number in (1, 2, 3))
    assert (first.second_hint, first.way_on, first.solution) == ("", "", None)
    assert second.second_hint == TASK.second_hint
    assert second.way_on.startswith('lab.solution("receive.peek") shows an answer')
    assert second.solution is None
    assert third.second_hint == TASK.second_hint
    assert third.way_on == ""
    assert third.solution == lab.solution(NAME)
    assert TASK.reference.splitlines()[0] in repr(third)


@pytest.mark.sdk
def test_stub_is_no_try_and_its_verdict_is_always_the_same(lab: Lab) -> None:
    for number in range(3):
        lab.check(NAME, define(a_try(number)))
    verdicts = {repr(lab.check(NAME, define(TASK.stub))) for _ in range(4)}
    assert len(verdicts) == 1
    assert "hint 2" not in verdicts.pop()


@pytest.mark.sdk
def test_answer_that_is_right_gets_no_help(lab: Lab) -> None:
    for number in range(3):
        lab.check(NAME, define(a_try(number)))
    verdict = lab.check(NAME, define(TASK.reference))
    assert verdict.passed
    assert verdict.solution is None


def test_answer_is_shown_on_demand(lab: Lab) -> None:
    solution = lab.solution(NAME)
    assert (solution.code, solution.explanation) == (TASK.reference, TASK.explanation)
    with pytest.raises(TutorialError, match=r"did you mean 'receive\.peek'"):
        lab.solution("receive.pek")


@pytest.mark.sdk
def test_steps_are_told_as_they_are_taken_and_a_stubs_verdict_stands_alone(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.check(NAME, define(TASK.stub))
    assert capsys.readouterr().out == ""
    verdict = lab.check(NAME, define(TASK.reference))
    assert capsys.readouterr().out == "12 messages sent · your function started · returned\n"
    assert verdict.steps == ("12 messages sent", "your function started", "returned")


@pytest.mark.sdk
def test_what_a_function_prints_stands_among_the_steps(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.check(NAME, define("def find_orders(receiver):\n    print('tea')"))
    assert capsys.readouterr().out == (
        "12 messages sent · your function started\n  │ tea\nreturned\n"
    )
