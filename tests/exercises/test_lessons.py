"""Exercises as they stand in the lessons: the same prompt, stub and answer as in the task."""

import ast
import builtins
import re
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from nbformat import NotebookNode

from sbtutorial.exercises import registry
from sbtutorial.exercises.task import Task
from sbtutorial.exercises.verdict import Verdict

FOLDER = Path(__file__).parents[2] / "notebooks"
TASKS = registry.all_tasks()
_CHECK = re.compile(r'^lab\.check\("([\w.]+)", \w+\)$', re.MULTILINE)


class Place(NamedTuple):
    """An exercise in a lesson: its cell, and the lesson's cells around it."""

    name: str
    before: list[NotebookNode]
    cell: NotebookNode


def places() -> list[Place]:
    found = []
    for path in sorted(FOLDER.glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        for at, cell in enumerate(cells):
            if cell.cell_type == "code" and (check := _CHECK.search(cell.source)):
                found.append(Place(check[1], cells[:at], cell))
    return found


EVERY_PLACE = places()
PLACES = [place for place in EVERY_PLACE if place.name in TASKS]
TRIALS = [name for topic in registry.topics() for name in registry.trials_of(topic)]
each_place = pytest.mark.parametrize("place", PLACES, ids=[place.name for place in PLACES])


def function_of(task: Task) -> str:
    (name,) = (node.name for node in ast.parse(task.stub).body if isinstance(node, ast.FunctionDef))
    return name


def test_every_exercise_stands_in_one_lesson() -> None:
    assert sorted(place.name for place in EVERY_PLACE) == sorted([*TASKS, *TRIALS])


@each_place
def test_prompt_and_stub_are_the_tasks_own(place: Place) -> None:
    task = TASKS[place.name]
    assert place.before[-1].source.endswith(task.prompt)
    assert place.cell.source == (f'{task.stub}\n\n\nlab.check("{task.name}", {function_of(task)})')


@each_place
def test_saved_verdict_is_that_on_the_stub(place: Place) -> None:
    task = TASKS[place.name]
    (output,) = place.cell.outputs
    verdict = Verdict(task.name, False, "the function does nothing yet", task.wanted, task.hint)
    assert output.data["text/plain"] == repr(verdict)


@each_place
def test_answer_uses_only_what_the_lesson_has_defined_by_then(place: Place) -> None:
    lesson = "\n".join(
        line
        for cell in place.before
        if cell.cell_type == "code" and not cell.source.startswith("%%")
        for line in cell.source.splitlines()
        if not line.startswith("%")
    )
    assert used(TASKS[place.name].reference) - defined(lesson) == set()


def used(source: str) -> set[str]:
    """Names that a function looks up outside itself."""
    tree = ast.parse(source)
    own = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)} | defined(source)
    loaded = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    return loaded - own - set(dir(builtins))


def defined(source: str) -> set[str]:
    """Names that some code binds, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
    return names
