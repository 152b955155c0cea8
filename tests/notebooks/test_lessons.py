"""Every lesson, run for real, says what is saved in it: alone, after a crash, beside others."""

from pathlib import Path

import pytest

from tests.notebooks.lessons import LESSONS, private_environment
from tests.notebooks.performance import perform
from tests.notebooks.queue_names import created, named
from tests.notebooks.rehearsal import SEED, after_a_crash, shuffled, two_at_a_time

pytestmark = [pytest.mark.notebooks, pytest.mark.timeout(600)]
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)


def test_lessons_say_what_is_saved_two_at_a_time_in_any_order_and_again() -> None:
    if found := two_at_a_time(shuffled(LESSONS, SEED)):
        pytest.fail(found, pytrace=False)


@every_lesson
def test_a_lesson_says_what_is_saved_alone_on_a_fresh_broker(lesson: Path) -> None:
    with private_environment() as environment:
        if found := perform(lesson, environment).complaint:
            pytest.fail(f"{lesson.name}: {found}", pytrace=False)
        # So that the check of names in its code has seen all that there are.
        assert created(environment) <= named(lesson)


@every_lesson
def test_a_lesson_says_what_is_saved_after_its_kernel_was_killed_half_way(lesson: Path) -> None:
    if found := after_a_crash(lesson):
        pytest.fail(f"{lesson.name}: {found}", pytrace=False)
