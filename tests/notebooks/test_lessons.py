"""Every lesson, run for real, says what is saved: run twice, after a crash, beside others."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sbtutorial.lessons.edition import number_of
from tests.notebooks.encore import perform_encore
from tests.notebooks.lessons import LESSONS, private_environment
from tests.notebooks.queue_names import created, named
from tests.notebooks.rehearsal import SEED, beside_others_after_crashes, shuffled

pytestmark = [pytest.mark.notebooks, pytest.mark.timeout(600)]
TWICE_BY_DAY = ("00", "04")  # where running a cell twice has most to break; all by night
# Where a kernel that dies leaves most behind: locks, dead letters, sessions; all by night.
KILLED_BY_DAY = ("03", "05", "06", "09", "12")
SOME = [lesson for lesson in LESSONS if number_of(lesson.name) in KILLED_BY_DAY]


def twice() -> Iterator[Any]:
    """Every lesson; most of them are left to the night."""
    for path in LESSONS:
        marks = () if number_of(path.name) in TWICE_BY_DAY else pytest.mark.overnight
        yield pytest.param(path, id=path.stem, marks=marks)


@pytest.mark.parametrize(
    "killed", [SOME, pytest.param(LESSONS, marks=pytest.mark.overnight)], ids=["some", "all"]
)
def test_lessons_say_what_is_saved_two_at_a_time_after_kernels_were_killed(
    killed: list[Path],
) -> None:
    if found := beside_others_after_crashes(shuffled(LESSONS, SEED), killed):
        pytest.fail(found, pytrace=False)


@pytest.mark.parametrize("lesson", [*twice()])
def test_a_lesson_says_what_is_saved_each_cell_twice_and_each_section_again(lesson: Path) -> None:
    with private_environment() as environment:
        if found := perform_encore(lesson, environment):
            pytest.fail(f"{lesson.name}: {found}", pytrace=False)
        # So that the check of names in its code has seen all that there are.
        assert created(environment) <= named(lesson)
