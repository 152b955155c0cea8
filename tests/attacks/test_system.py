"""A learner's program: from a cell or a file."""

from pathlib import Path

import pytest

from sbtutorial.attacks.cafe import CAFE
from sbtutorial.attacks.system import (
    System,
    empty_functions,
    make_system,
    require_functions,
    system_of,
)
from sbtutorial.errors import TutorialError
from sbtutorial.exercises import checker, registry
from sbtutorial.exercises.tasks import capstone
from tests.attacks.cafes import REFERENCE, WRONG

STUB = 'def open_cafe(admin):\n    """Later."""\n\n\ndef shop(client, orders):\n    ...\n'


def test_a_file_is_a_system(tmp_path: Path) -> None:
    path = tmp_path / "cafe.py"
    path.write_text(STUB, encoding="utf-8")
    assert system_of(str(path)) == system_of(path) == System("cafe", STUB)
    assert repr(system_of(path)) == "cafe ▸ open_cafe, shop"
    assert empty_functions(system_of(path), CAFE) == ["open_cafe", "shop"]


@pytest.mark.parametrize("value", [None, 7, "cafe", print, Path("notes.txt")])
def test_what_is_no_system_is_refused_in_a_sentence(value: object) -> None:
    with pytest.raises(TutorialError, match=r"lab\.attack takes the program of a %%program cell"):
        system_of(value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TutorialError, match="cannot be read"):
        system_of(tmp_path / "cafe.py")


def test_a_program_that_is_no_python_says_where() -> None:
    with pytest.raises(SyntaxError) as caught:
        make_system("cafe", "def shop(:\n")
    assert (caught.value.filename, caught.value.lineno) == ("<cafe>", 1)


def test_the_right_answer_is_about_sixty_lines() -> None:
    written = [line for line in REFERENCE.splitlines() if line.strip()]
    assert 45 <= len(written) <= 65
    assert empty_functions(System("cafe", REFERENCE), CAFE) == []


def test_a_coroutine_is_told_apart_from_a_function_that_is_not_there() -> None:
    source = REFERENCE.replace("def till(", "async def till(")
    with pytest.raises(TutorialError, match="till of cafe is written with `async def`"):
        require_functions(System("cafe", source), CAFE)


@pytest.mark.parametrize("trial", capstone.TRIALS, ids=lambda trial: trial.name)
def test_an_empty_program_gets_a_first_hint_at_once(trial: "capstone.Trial") -> None:
    verdict = trial.judge(
        System("cafe", "\n".join(f"def {name}(*things): ..." for name in CAFE.functions))
    )
    assert not verdict
    assert verdict.seen == "open_cafe, shop, kitchen, till: nothing is in there yet"
    assert (verdict.wanted, verdict.hint) == (trial.wanted, trial.hint)
    assert registry.find_trial(trial.name) is trial


@pytest.mark.sdk
def test_the_checker_plays_a_quiet_day(home: Path) -> None:
    water = next(cafe for cafe in WRONG if cafe.what == "a till for everything")
    verdict = checker.check(None, "capstone.quiet_day", System("cafe", water.source))  # type: ignore[arg-type]
    assert not verdict
    assert verdict.seen.startswith("On the quiet day a promise was broken: none charged twice.")
    assert verdict.hint.endswith("See it happen: lab.attack(cafe, seed=0).")
    assert checker.check(None, "capstone.quiet_day", System("cafe", REFERENCE))  # type: ignore[arg-type]
