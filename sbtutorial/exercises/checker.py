"""Trying an answer to an exercise, and saying what came of it."""

from sbtutorial.errors import TutorialError
from sbtutorial.exercises import registry
from sbtutorial.exercises.running import does_nothing, is_async
from sbtutorial.exercises.task import NotYet, Task, Verdict
from sbtutorial.exercises.workbench import Workbench
from sbtutorial.lab.service import Service

__all__ = ["Verdict", "check", "judge"]


def check(service: Service, name: str, answer: object) -> Verdict:
    """What is said of an answer to the exercise of that name.

    Raises:
        TutorialError: There is no such exercise; or the answer is no function; or no broker.
    """
    return judge(service, registry.find(name), answer)


def judge(service: Service, task: Task, answer: object) -> Verdict:
    """Try an answer, on queues of the checker's own that are gone afterwards.

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
    if is_async(answer):
        seen = "your function is async, and the exercise calls it without await"
        hint = "Write def, and use the client as it is."
        return Verdict(task.name, False, seen, task.wanted, hint)
    with Workbench(service, task) as workbench:
        try:
            seen = task.check(workbench, answer)
        except NotYet as outcome:
            return _not_yet(workbench, outcome)
        return Verdict(task.name, True, seen, notes=tuple(workbench.notes))


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
