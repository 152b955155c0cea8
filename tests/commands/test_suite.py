import sys
from pathlib import Path

import pytest

from sbtutorial.commands import suite

CLONE = Path(__file__).parents[2]


@pytest.fixture
def codes(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Exit codes for programs by name; 0 unless a test says otherwise."""
    return {}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, codes: dict[str, int]) -> list[list[str]]:
    run: list[list[str]] = []

    def record(command: list[str], *, cwd: Path) -> int:
        assert command[:2] == [sys.executable, "-m"]
        assert cwd == CLONE
        run.append(command[2:])
        return codes.get(command[2], 0)

    monkeypatch.setattr(suite, "run", record)
    return run


def test_everything_is_checked_and_summed_up(
    run: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert suite.main([]) == 0

    assert [command[:2] for command in run[:2]] == [["ruff", "check"], ["ruff", "format"]]
    assert [command[0] for command in run] == [
        *("ruff", "ruff", "mypy", "tests.clients.installed", "pytest", "pytest")
    ]
    # Between them the last two run every test, and none twice.
    assert run[4][-2:] == ["-m", "not browser"]
    assert run[5][1:3] == ["-m", "browser"]
    last_line = capsys.readouterr().out.splitlines()[-1]
    assert last_line.startswith("--- all passed: ruff check 0.0 s, ruff format")


def test_it_stops_at_the_first_failure_with_its_exit_code(
    run: list[list[str]], codes: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    codes["mypy"] = 2

    assert suite.main([]) == 2

    assert [command[0] for command in run] == ["ruff", "ruff", "mypy"]
    assert "mypy failed (exit code 2)" in capsys.readouterr().out.splitlines()[-1]


def test_arguments_go_to_pytest_which_then_runs_alone(run: list[list[str]]) -> None:
    suite.main(["-k", "crash"])

    assert run == [["pytest", "-k", "crash"]]


def test_without_a_clone_there_is_nothing_to_test(
    monkeypatch: pytest.MonkeyPatch, run: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(suite, "clone_folder", lambda: None)

    assert suite.main([]) == 1
    assert "without its tests" in capsys.readouterr().err
    assert run == []
