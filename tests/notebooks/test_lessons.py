"""Every lesson, run for real, says what is saved: run twice, after a crash, beside others."""

from pathlib import Path

import pytest

from tests.notebooks.encore import perform_encore
from tests.notebooks.lessons import LESSONS, private_environment
from tests.notebooks.queue_names import created, named
from tests.notebooks.rehearsal import SEED, beside_others_after_crashes, shuffled

pytestmark = [pytest.mark.notebooks, pytest.mark.timeout(600)]
# It plays a day of several seconds in each of its cells, and all of them four times.
BY_NIGHT = "12_"


def by_day_or_night(lesson: Path) -> object:
    """A lesson, to be run each time, or overnight."""
    marks = [pytest.mark.overnight] if lesson.name.startswith(BY_NIGHT) else []
    return pytest.param(lesson, marks=marks, id=lesson.stem)


every_lesson = pytest.mark.parametrize("lesson", [*map(by_day_or_night, LESSONS)])


def test_lessons_say_what_is_saved_two_at_a_time_after_their_kernels_were_killed() -> None:
    if found := beside_others_after_crashes(shuffled(LESSONS, SEED)):
        pytest.fail(found, pytrace=False)


@every_lesson
def test_a_lesson_says_what_is_saved_each_cell_twice_and_each_section_again(lesson: Path) -> None:
    with private_environment() as environment:
        if found := perform_encore(lesson, environment):
            pytest.fail(f"{lesson.name}: {found}", pytrace=False)
        # So that the check of names in its code has seen all that there are.
        assert created(environment) <= named(lesson)
