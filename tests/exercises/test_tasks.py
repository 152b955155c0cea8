"""Every exercise: the reference passes, the stub gets a first hint, mistakes are named."""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from sbtutorial.connection_string import parse_connection_string
from sbtutorial.exercises import registry
from sbtutorial.exercises.checker import judge
from sbtutorial.exercises.task import Task
from sbtutorial.lab.azure import AzureService
from sbtutorial.lab.lab import Lab
from tests.exercises.conftest import define, queue_names
from tests.exercises.mistake import Mistake
from tests.exercises.mistakes import MISTAKES
from tests.exercises.unusual import UNUSUAL, Unusual
from tests.exercises.ways import WAYS

pytestmark = pytest.mark.sdk

TASKS = registry.all_tasks()
MISTAKES_BY_DAY, ANSWERS_BY_DAY = 3, 1  # of each task; all of them by night
ANSWERS = (*UNUSUAL, *WAYS)
ENOUGH_ANSWERS = 5
JUDGED_BY_EVENTS = (
    "start.there_and_back",
    "start.take_one",
    "send.batch",
    "receive.all",
    "locks.go_home",
    "failures.sort_out",
    "failures.resubmit",
    "at_least_once.send_day",
    "topics.six_messages",
    "topics.two_tickets",
    "sessions.all_tables",
)


def by_day(entries: Sequence[Mistake | Unusual], count: int) -> Iterator[Any]:
    """All of them; those that come after the first few of a task are left to the night."""
    seen: Counter[str] = Counter()
    for entry in entries:
        seen[entry.task] += 1
        marks = pytest.mark.overnight if seen[entry.task] > count else ()
        yield pytest.param(entry, id=f"{entry.task}: {entry.what}", marks=marks)


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_reference_answer_passes_and_leaves_no_queue_behind(lab: Lab, task: Task) -> None:
    verdict = judge(lab.service, task, define(task.reference))
    assert verdict.passed, verdict
    assert verdict.notes == ()
    assert [name for name in queue_names(lab) if name.startswith("exercise")] == []


@pytest.mark.parametrize("name", JUDGED_BY_EVENTS)
def test_reference_answer_passes_where_no_events_are_told(lab: Lab, name: str) -> None:
    elsewhere = AzureService(parse_connection_string(lab.connection_string))
    verdict = judge(elsewhere, TASKS[name], define(TASKS[name].reference))
    assert verdict.passed, verdict


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_empty_stub_fails_with_what_is_wanted_and_a_first_hint(lab: Lab, task: Task) -> None:
    verdict = judge(lab.service, task, define(task.stub))
    assert not verdict.passed
    assert verdict.wanted == task.wanted
    assert verdict.hint == task.hint


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_stub_and_reference_begin_with_the_same_line(task: Task) -> None:
    assert _signature(task.stub) == _signature(task.reference)


def _signature(source: str) -> str:
    (function,) = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    return f"{function.name}({ast.unparse(function.args)})"


@pytest.mark.parametrize("mistake", [*by_day(MISTAKES, MISTAKES_BY_DAY)])
def test_plausible_mistake_fails_with_its_own_diagnosis(lab: Lab, mistake: Mistake) -> None:
    task = TASKS[mistake.task]
    if mistake.limit_seconds:
        task = replace(task, limit_seconds=mistake.limit_seconds)
    verdict = judge(lab.service, task, define(mistake.source))
    assert not verdict.passed
    assert mistake.seen in verdict.seen
    assert mistake.hint in verdict.hint


@pytest.mark.parametrize("unusual", [*by_day(ANSWERS, ANSWERS_BY_DAY)])
def test_right_answer_passes_whatever_its_way(lab: Lab, unusual: Unusual) -> None:
    verdict = judge(lab.service, TASKS[unusual.task], define(unusual.source))
    assert verdict.passed, verdict
    assert unusual.remark in "".join(verdict.notes)
    assert bool(unusual.remark) == bool(verdict.notes)


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_an_unusual_answer(name: str) -> None:
    assert name in {unusual.task for unusual in UNUSUAL}


@pytest.mark.parametrize("name", sorted({way.task for way in WAYS}))
def test_task_with_further_ways_has_five_unusual_answers(name: str) -> None:
    answers = [answer for answer in ANSWERS if answer.task == name]
    assert len({answer.source for answer in answers}) >= ENOUGH_ANSWERS


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_three_mistakes_with_diagnoses_that_differ(name: str) -> None:
    diagnoses = {(mistake.seen, mistake.hint) for mistake in MISTAKES if mistake.task == name}
    assert len(diagnoses) >= 3
