"""Exercises found by name."""

import subprocess
import sys

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.exercises import registry


def test_exercise_is_found_by_its_name() -> None:
    assert registry.find("send.batch").name == "send.batch"


@pytest.mark.parametrize("name", registry.all_tasks())
def test_every_exercise_stands_in_the_module_of_its_topic(name: str) -> None:
    assert name in registry.tasks_of(registry.find(name).topic)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("send.bach", "There is no exercise 'send.bach'; did you mean 'send.batch'?"),
        ("batch", "did you mean 'send.batch'?"),
        ("zzz", "There are: "),
        (len, "takes the exercise's name first"),
    ],
)
def test_unknown_exercise_is_refused_with_the_one_that_is_meant(name: object, says: str) -> None:
    with pytest.raises(TutorialError) as refusal:
        registry.find(name)
    assert says in str(refusal.value)


def test_only_the_topic_that_is_asked_for_is_imported() -> None:
    program = (
        "import sys; from sbtutorial.exercises import registry; registry.find('send.batch'); "
        "print([name for name in sys.modules if 'exercises.tasks.' in name], "
        "'azure' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "['sbtutorial.exercises.tasks.send'] False\n"
