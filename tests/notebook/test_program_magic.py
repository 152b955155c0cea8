"""`%%program`: a cell that is kept as a program, and runs nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from sbtutorial.attacks.system import System
from sbtutorial.errors import TutorialError
from sbtutorial.notebook import program_magic

CAFE = "%%program cafe\nprint('this does not run')\n\ndef shop(client, orders):\n    ...\n"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    shell = InteractiveShell()
    program_magic.load(shell)
    yield shell
    shell.history_manager.end_session()


def test_a_cell_is_kept_under_its_name_also_when_it_runs_again(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert shell.run_cell(CAFE).success
        assert capsys.readouterr().out == "cafe ▸ shop\n"
    cafe = shell.user_ns["cafe"]
    assert isinstance(cafe, System)
    assert cafe.source.splitlines()[3] == "def shop(client, orders):"  # as the editor counts


@pytest.mark.parametrize("name", ["", "a café", "2nd"])
def test_a_name_that_cannot_be_is_refused(shell: InteractiveShell, name: str) -> None:
    error = shell.run_cell(f"%%program {name}\npass").error_in_exec
    assert isinstance(error, TutorialError)
    assert "takes a name" in str(error)


def test_a_name_that_is_taken_stays_what_it_is(shell: InteractiveShell) -> None:
    shell.run_cell("cafe = 7")
    error = shell.run_cell(CAFE).error_in_exec
    assert "the notebook's name for something else (int)" in str(error)
    assert shell.user_ns["cafe"] == 7


def test_what_is_no_python_is_said_at_once(shell: InteractiveShell) -> None:
    error = shell.run_cell("%%program cafe\ndef shop(:").error_in_exec
    assert isinstance(error, SyntaxError)
    assert error.lineno == 2
