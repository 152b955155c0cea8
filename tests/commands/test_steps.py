import sys
import time
from pathlib import Path

import pytest

from sbtutorial.commands.steps import Step, beside, timed

CODE_FOLDER = Path(__file__).parent
SAYS = "import sys; print('{0}', flush=True); print('{0} again', file=sys.stderr); sys.exit({1})"


@pytest.fixture(autouse=True)
def code(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step's command is code here, not a module."""
    monkeypatch.setattr(Step, "words", property(lambda step: [sys.executable, "-c", *step.command]))


def says(text: str, code: int = 0) -> Step:
    return Step(text, (SAYS.format(text, code),))


def test_what_steps_say_is_printed_whole_one_after_the_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with beside([says("tea"), says("coffee", 3)], cwd=CODE_FOLDER, environ={}) as ended:
        assert capsys.readouterr().out == ""
        done = list(ended)

    assert [(one.step.name, one.code) for one in done] == [("tea", 0), ("coffee", 3)]
    assert all(one.seconds > 0 for one in done)
    told = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("---")]
    assert told == ["tea", "tea again", "coffee", "coffee again"]


def test_steps_run_at_the_same_time(tmp_path: Path) -> None:
    """Each waits for what the other leaves."""
    wait = """if 1:
        import pathlib, sys, time
        pathlib.Path("{0}").touch()
        while not pathlib.Path("{1}").exists():
            time.sleep(0.01)
    """
    steps = [Step(f"{a}{b}", (wait.format(a, b),)) for a, b in ("ab", "ba")]
    with beside(steps, cwd=tmp_path, environ={}) as ended:
        assert [one.code for one in ended] == [0, 0]


def test_who_leaves_early_ends_what_still_runs(tmp_path: Path) -> None:
    endless = Step("endless", ("import threading; threading.Event().wait()",))
    with pytest.raises(KeyboardInterrupt), beside([endless], cwd=tmp_path, environ={}):
        raise KeyboardInterrupt


def test_a_step_has_its_time() -> None:
    done = timed(says("tea"), lambda step: time.monotonic() and 4)

    assert (done.step.name, done.code) == ("tea", 4)
    assert done.seconds >= 0


@pytest.mark.parametrize(
    ("command", "is_there"),
    [
        (("ruff", "check", "."), True),
        (("pytest", "tests/here.py::test_x", "-x"), True),
        (("pytest", "tests/gone"), False),
        (("tests.here", "--times", "200"), True),
        (("tests.room",), True),
        (("tests.gone",), False),
    ],
)
def test_a_step_is_in_a_clone_that_has_its_program_and_its_tests(
    tmp_path: Path, command: tuple[str, ...], is_there: bool
) -> None:
    (tmp_path / "tests/room").mkdir(parents=True)
    (tmp_path / "tests/here.py").touch()

    assert Step("some", command).is_in(tmp_path) is is_there
