"""Answers that are run in a process of their own, and break there."""

import pytest

from sbtutorial.exercises.checker import judge
from sbtutorial.exercises.crashing import run_in_process
from sbtutorial.exercises.story import Story
from sbtutorial.exercises.task import Answer, Task
from sbtutorial.exercises.verdict import Verdict
from sbtutorial.exercises.workbench import Workbench
from sbtutorial.lab.lab import Lab
from tests.exercises.conftest import define

pytestmark = pytest.mark.sdk

STUB = "def answer():\n    ..."


def run_it(workbench: Workbench, answer: Answer) -> str:
    lines = run_in_process(
        workbench, answer, "answer()\ncheckpoint('end')", kill_at="end", moment="at the end"
    )
    return f"it printed {len(lines)} lines"


def verdict_on(lab: Lab, source: str, limit_seconds: float = 30) -> Verdict:
    task = Task("any.task", "", STUB, run_it, STUB, "it works", "", limit_seconds=limit_seconds)
    return judge(lab.service, task, define(source), Story())


def test_start_and_kill_are_told(lab: Lab) -> None:
    verdict = verdict_on(lab, "def f():\n    print('tea')")
    assert verdict.seen == "it printed 1 lines"
    assert verdict.steps == ("your function started", "killed at the end")


def test_what_a_function_prints_is_shown_and_not_what_the_check_does(lab: Lab) -> None:
    def check(workbench: Workbench, answer: Answer) -> str:
        program = "print('mark 1')\nanswer()\nprint('2 mark')"
        return ", ".join(run_in_process(workbench, answer, program, mark="mark"))

    shown: list[str] = []
    task = Task("any.task", "", STUB, check, STUB, "it works", "")
    verdict = judge(lab.service, task, define("def f():\n    print('tea')"), Story(shown.append))
    assert verdict.seen == "mark 1, tea, 2 mark"
    assert "".join(shown) == "your function started\n  │ tea\nreturned"


def test_function_that_prints_without_end_is_not_taken_for_the_one_to_be_killed(lab: Lab) -> None:
    verdict = verdict_on(lab, "def f():\n    while True:\n        print('tea')")
    assert verdict.seen == "your function had printed 20,000 lines, and was stopped"
    assert verdict.steps == ("your function started",)


@pytest.mark.parametrize("body", ["while True: pass", "import time; time.sleep(1000)"])
def test_function_that_does_not_end_is_killed(lab: Lab, body: str) -> None:
    verdict = verdict_on(lab, f"def f():\n    {body}", limit_seconds=1)
    assert verdict.seen == "your function had not returned after 1 seconds"


@pytest.mark.parametrize(
    ("body", "seen", "hint"),
    [
        ("raise SystemExit(3)", "failed: SystemExit: 3", "return ends a function"),
        ("raise KeyboardInterrupt", "failed: KeyboardInterrupt", "stop button"),
        ("return f()", "failed: RecursionError", "calls itself"),
        ("return till", "failed: NameError: name 'till' is not defined", "inside it"),
        ("import os; os.abort()", "died", "last words"),
    ],
)
def test_end_of_its_own_kind_has_its_sentence(lab: Lab, body: str, seen: str, hint: str) -> None:
    verdict = verdict_on(lab, f"def f():\n    {body}")
    assert f"your function {seen}" in verdict.seen
    assert hint in verdict.hint
