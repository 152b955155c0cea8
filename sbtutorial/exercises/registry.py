"""Exercises by name; a topic's module is imported when one of its exercises is asked for."""

from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules

from sbtutorial.errors import TutorialError
from sbtutorial.exercises import tasks
from sbtutorial.exercises.task import Task


def topics() -> list[str]:
    """The topics that have exercises."""
    return sorted(module.name for module in iter_modules(tasks.__path__))


def tasks_of(topic: str) -> dict[str, Task]:
    """A topic's exercises by name, in the order of its lesson."""
    module = import_module(f"{tasks.__name__}.{topic}")
    return {task.name: task for task in module.TASKS}


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
    names = list(all_tasks())
    if close := get_close_matches(name, names, n=1):
        return f"; did you mean '{close[0]}'?"
    return f". There are: {', '.join(names)}."
