"""Trying an answer to an exercise, and saying what came of it."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from sbtutorial.errors import TutorialError
from sbtutorial.exercises import registry, tries
from sbtutorial.exercises.forms import does_nothing, hopeless_form
from sbtutorial.exercises.story import Show, Story
from sbtutorial.exercises.task import NotYet, Task
from sbtutorial.exercises.verdict import Solution, Verdict
from sbtutorial.exercises.workbench import Workbench
from sbtutorial.lab import journal
from sbtutorial.lab.journal import PASSED
from sbtutorial.lab.service import Service

if TYPE_CHECKING:
    from sbtutorial.exercises.trial import Trial

__all__ = ["Solution", "Verdict", "check", "judge", "solution"]

_TRIES_FOR_HINT, _TRIES_FOR_ANSWER = 2, 3


def check(service: Service, name: str, answer: object) -> Verdict:
    """What is said of an answer to the exercise of that name, while it is tried and afterwards.

    Raises:
        TutorialError: There is no such exercise; or the answer is no function; or no broker.
    """
    if trial := registry.find_trial(name):
        return _noted(trial, trial.judge(answer), trial.source_of(answer))
    task = registry.find(name)
    story = Story(_show_on(sys.stdout))
    try:
        verdict = judge(service, task, answer, story)
    finally:
        story.close()
    return _noted(task, verdict, "" if does_nothing(answer) else tries.source_of(answer))


def solution(name: str) -> Solution:
    """An answer to the exercise of that name, and why it is right.

    Raises:
        TutorialError: There is no such exercise.
    """
    return _solution(registry.find_trial(name) or registry.find(name))


def judge(service: Service, task: Task, answer: object, story: Story | None = None) -> Verdict:
    """Try an answer, on queues of the checker's own that are gone afterwards.

    Args:
        service: What answers.
        task: The exercise.
        answer: The learner's.
        story: Where the steps are told.

    Raises:
        TutorialError: The answer is no function; or the broker is gone.
    """
    if not callable(answer):
        raise TutorialError(
            f'lab.check("{task.name}", …) takes your function itself, by its name and without '
            f"parentheses; this is {_kind(answer)}."
        )
    if does_nothing(answer):
        return Verdict(task.name, False, "the function does nothing yet", task.wanted, task.hint)
    if form := hopeless_form(answer):
        return Verdict(task.name, False, form.seen, task.wanted, form.hint)
    story = story or Story()
    with Workbench(service, task, story) as workbench:
        try:
            seen = task.check(workbench, answer)
        except NotYet as outcome:
            verdict = _not_yet(workbench, workbench.explained(outcome))
        except Exception:
            if not workbench.lacks_queue():
                raise
            verdict = _not_yet(workbench, workbench.without_queue())
        else:
            verdict = Verdict(task.name, True, seen, notes=tuple(workbench.notes))
    return replace(verdict, steps=tuple(story.steps))


def _noted(exercise: "Task | Trial", verdict: Verdict, source: str) -> Verdict:
    """A verdict with what there is for who has tried before; it is noted in the journal.

    Args:
        exercise: Which.
        verdict: On the answer.
        source: Of the answer; "" for a stub as it was, which is no try.
    """
    if verdict:
        journal.note(PASSED, verdict.task)
        return verdict
    count = tries.count(exercise.name, source) if source else 0
    if count < _TRIES_FOR_HINT:
        return verdict
    if count < _TRIES_FOR_ANSWER:
        way_on = f'lab.solution("{exercise.name}") shows an answer, explained; so does a third try.'
        return replace(verdict, second_hint=exercise.second_hint, way_on=way_on)
    return replace(verdict, second_hint=exercise.second_hint, solution=_solution(exercise))


def _solution(exercise: "Task | Trial") -> Solution:
    return Solution(exercise.name, exercise.explanation, exercise.reference)


def _show_on(stream: TextIO) -> Show:
    """Show on what is the standard output now: while the answer runs that is another one."""

    def show(text: str) -> None:
        stream.write(text)
        stream.flush()

    return show


def _not_yet(workbench: Workbench, outcome: NotYet) -> Verdict:
    return Verdict(
        workbench.task.name,
        False,
        workbench.readable(outcome.seen),
        outcome.wanted,
        outcome.hint,
        tuple(workbench.notes),
    )


def _kind(answer: object) -> str:
    if answer is None:
        return "None, which is what a function without `return` gives back when it is called"
    name = type(answer).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
