import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from sbtutorial.commands import suite
from sbtutorial.commands.steps import Step
from sbtutorial.errors import TutorialError

CLONE = Path(__file__).parents[2]


@pytest.fixture
def codes() -> dict[str, int]:
    """Exit codes for steps by name; 0 unless a test says otherwise."""
    return {}


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, codes: dict[str, int], tmp_path: Path) -> list[Step]:
    """The steps that were run; none of their programs was."""
    ran: list[Step] = []
    words = Step.words.fget
    assert words is not None

    def note(step: Step) -> list[str]:
        assert words(step) == [sys.executable, "-m", *step.command]
        ran.append(step)
        return [sys.executable, "-c", f"raise SystemExit({codes.get(step.name, 0)})"]

    monkeypatch.setattr(Step, "words", property(note))
    return ran


def named(steps: Sequence[Step]) -> list[str]:
    return sorted(step.name for step in steps)


LINT = ["mypy", "ruff check", "ruff format"]
FIRST = ["collection", *LINT, "other clients"]


def test_everything_is_checked_and_summed_up(
    ran: list[Step], capfd: pytest.CaptureFixture[str]
) -> None:
    assert suite.main([]) == 0

    assert named(ran[:5]) == sorted(FIRST)
    assert named(ran[5:]) == [
        "browser tests",
        "pytest",
        "pytest of clients",
        "pytest of the gateway",
        "pytest of the rules",
        "pytest of the whole",
    ]
    # Between them they run every test of the day, and none twice.
    main, *others = (
        step.command for step in sorted(ran[5:], key=lambda step: step.name != "pytest")
    )
    for command in (main, *others):
        assert "-m not overnight" in " ".join(command)
    left_out = [word[9:] for word in main if word.startswith("--ignore=")]
    elsewhere = [word for command in others for word in command if word.startswith("tests/")]
    assert sorted(left_out) == sorted(elsewhere)
    assert {"tests/sdk", "tests/browser"} < {*left_out}
    last_line = capfd.readouterr().out.splitlines()[-1]
    assert last_line.startswith("--- all passed: mypy ")
    assert all(f"{step.name} " in last_line for step in ran)


@pytest.mark.parametrize("name", ["mypy", "ruff format"])
def test_after_a_failure_nothing_new_begins_and_its_exit_code_is_the_whole_ones(
    ran: list[Step], codes: dict[str, int], capfd: pytest.CaptureFixture[str], name: str
) -> None:
    codes[name] = 2

    assert suite.main([]) == 2

    assert named(ran) == sorted(FIRST)
    assert f"{name} failed (exit code 2)" in capfd.readouterr().out.splitlines()[-1]


def test_browser_tests_that_fail_beside_others_are_a_failure(
    ran: list[Step], codes: dict[str, int]
) -> None:
    codes["browser tests"] = 1

    assert suite.main([]) == 1


def test_arguments_go_to_pytest_which_then_runs_alone(ran: list[Step]) -> None:
    suite.main(["-k", "crash"])

    assert [step.command for step in ran] == [("pytest", "-k", "crash")]


def test_the_fast_door_lints_runs_some_tests_and_names_the_others(
    ran: list[Step], capfd: pytest.CaptureFixture[str]
) -> None:
    assert suite.main(["--fast"]) == 0

    assert named(ran) == [*LINT[:1], "pytest", *LINT[1:]]
    assert all("-m not overnight" in " ".join(one.command) for one in ran if one.name == "pytest")
    last_line = capfd.readouterr().out.splitlines()[-1]
    assert last_line.startswith("--- left out: ")
    left_out = last_line.removeprefix("--- left out: ").split(", ")
    assert {"tests/browser", "tests/clients", "most of tests/sdk"} <= set(left_out)
    assert "tests/amqp" not in left_out


def test_each_test_of_the_fast_door_is_run_or_named_as_left_out() -> None:
    left_out = {name.removeprefix("most of ") for name in suite.left_out(CLONE)}
    run = {name.partition("::")[0] for name in suite.FAST_TESTS if "::" not in name}

    assert all((CLONE / name.partition("::")[0]).exists() for name in suite.FAST_TESTS)
    assert not left_out & run
    for test in (CLONE / "tests").rglob("test_*.py"):
        top = "/".join(test.relative_to(CLONE).parts[:2])
        assert top in left_out | run or ".installed" in test.parts


def test_the_long_door_runs_on_after_a_failure_and_names_what_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
    ran: list[Step],
    codes: dict[str, int],
    capfd: pytest.CaptureFixture[str],
) -> None:
    one, other = Step("one", ("tests.order",)), Step("other", ("tests.browser",))
    absent = Step("absent", ("tests.not_yet",))
    monkeypatch.setattr(suite, "OVERNIGHT", (one, absent, other))
    codes["one"] = 3

    assert suite.main(["--long"]) == 3

    assert ran == [one, other]
    assert capfd.readouterr().out.splitlines()[-1] == "--- not in this clone: absent"


def test_what_no_clone_has_is_no_step_of_the_long_door() -> None:
    here = {step.name for step in suite.OVERNIGHT if step.is_in(CLONE)}

    assert {"new examples", "fresh machine", "lessons side by side"} <= here


def test_without_a_clone_there_is_nothing_to_test(
    monkeypatch: pytest.MonkeyPatch, ran: list[Step]
) -> None:
    monkeypatch.setattr(suite, "clone_folder", lambda: None)

    with pytest.raises(TutorialError, match="without its tests"):
        suite.main([])
    assert ran == []


def test_bytecode_is_kept_whatever_the_terminal_says(
    monkeypatch: pytest.MonkeyPatch, ran: list[Step]
) -> None:
    seen: list[Mapping[str, str]] = []

    def run(command: list[str], *, cwd: Path, environ: Mapping[str, str]) -> int:
        assert command[0] == sys.executable
        assert cwd == CLONE
        seen.append(environ)
        return 0

    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.setattr(suite, "run", run)

    assert suite.main(["-k", "crash"]) == 0
    assert ["PYTHONDONTWRITEBYTECODE" in environ for environ in seen] == [False]
    assert seen[0]["KEPT"] == "1"
