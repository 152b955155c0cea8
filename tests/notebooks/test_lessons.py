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
TWICE_BY_DAY = ("00", "03", "04")  # where running a cell twice has most to break; all by night


def twice() -> Iterator[Any]:
    """Every lesson; most of them are left to the night."""
    for path in LESSONS:
        marks = () if number_of(path.name) in TWICE_BY_DAY else pytest.mark.overnight
        yield pytest.param(path, id=path.stem, marks=marks)


def test_lessons_say_what_is_saved_two_at_a_time_after_their_kernels_were_killed() -> None:
    if found := beside_others_after_crashes(shuffled(LESSONS, SEED)):
        pytest.fail(found, pytrace=False)


@pytest.mark.parametrize("lesson", [*twice()])
def test_a_lesson_says_what_is_saved_each_cell_twice_and_each_section_again(lesson: Path) -> None:
    with private_environment() as environment:
        if found := perform_encore(lesson, environment):
            pytest.fail(f"{lesson.name}: {found}", pytrace=False)
        # So that the check of names in its code has seen all that there are.
        assert created(environment) <= named(lesson)
