"""Exercises by name; a topic's module is imported when one of its exercises is asked for."""

from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from sbtutorial.errors import TutorialError
from sbtutorial.exercises import tasks
from sbtutorial.exercises.task import Task

if TYPE_CHECKING:
    from sbtutorial.exercises.trial import Trial


def topics() -> list[str]:
    """The topics that have exercises."""
    return sorted(module.name for module in iter_modules(tasks.__path__))


def tasks_of(topic: str) -> dict[str, Task]:
    """A topic's exercises by name, in the order of its lesson."""
    module = import_module(f"{tasks.__name__}.{topic}")
    return {task.name: task for task in module.TASKS}


def trials_of(topic: str) -> "dict[str, Trial]":
    """A topic's exercises that play whole days, by name."""
    module = import_module(f"{tasks.__name__}.{topic}")
    return {trial.name: trial for trial in getattr(module, "TRIALS", ())}


def names_of(topic: str) -> list[str]:
    """The names of a topic's exercises of every kind, in the order of its lesson."""
    return [*tasks_of(topic), *trials_of(topic)]


def find_trial(name: object) -> "Trial | None":
    """The exercise of that name, if it is one that plays whole days."""
    topic = name.partition(".")[0] if isinstance(name, str) else ""
    return trials_of(topic).get(str(name)) if topic in topics() else None


def all_tasks() -> dict[str, Task]:
    """Every exercise by name."""
    return {name: task for topic in topics() for name, task in tasks_of(topic).items()}


def find(name: object) -> Task:
    """The exercise of that name.

    Raises:
        TutorialError: There is none; the text names the one that is meant, perhaps.
    """
    if not isinstance(name, str):
        raise TutorialError(
            "lab.check takes the exercise's name first, then your function: "
            'lab.check("send.batch", send_all).'
        )
    topic = name.partition(".")[0]
    if topic in topics() and name in (known := tasks_of(topic)):
        return known[name]
    raise TutorialError(f"There is no exercise '{name}'{_suggestion(name)}")


def _suggestion(name: str) -> str:
    names = [name for topic in topics() for name in names_of(topic)]
    if close := get_close_matches(name, names, n=1):
        return f"; did you mean '{close[0]}'?"
    return f". There are: {', '.join(names)}."
