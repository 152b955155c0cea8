import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sbtutorial.setup import foreground
from sbtutorial.setup.foreground import run

CLONE = Path(__file__).parents[2]
posix = pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")

# Says that it is there, and waits to be told something, which may come before it waits.
LISTENER = """
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
print("ready", flush=True)
number = signal.sigwait({signal.SIGTERM})
print(f"told {signal.Signals(number).name}", flush=True)
sys.exit(5)
"""
RUNNER = """
import sys
from sbtutorial.setup.foreground import run
sys.exit(run([sys.executable, *sys.argv[1:]]))
"""


def test_the_exit_code_is_the_programs_own() -> None:
    assert run([sys.executable, "-c", "raise SystemExit(7)"]) == 7


@posix
def test_a_program_that_a_signal_ended_is_reported_as_a_shell_does() -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"

    assert run([sys.executable, "-c", code]) == 128 + signal.SIGKILL


def test_it_runs_in_the_folder_and_with_the_variables_that_are_given(tmp_path: Path) -> None:
    code = "import os; os.mkdir(os.environ['NAME'])"

    assert run([sys.executable, "-c", code], cwd=tmp_path, environ={**os.environ, "NAME": "x"}) == 0
    assert (tmp_path / "x").is_dir()


@posix
def test_a_signal_that_would_end_us_is_passed_on_and_the_programs_end_awaited() -> None:
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, "-c", LISTENER], stdout=subprocess.PIPE, text=True, cwd=CLONE
    )
    assert runner.stdout
    assert runner.stdout.readline() == "ready\n"

    runner.terminate()

    assert runner.communicate(timeout=30)[0] == "told SIGTERM\n"
    assert runner.returncode == 5


@posix
def test_ctrl_c_is_left_to_the_program() -> None:
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, "-c", LISTENER.replace("SIGTERM", "SIGINT")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=CLONE,
        start_new_session=True,
    )
    assert runner.stdout
    assert runner.stdout.readline() == "ready\n"

    os.killpg(runner.pid, signal.SIGINT)  # as a terminal does

    assert runner.communicate(timeout=30) == ("told SIGINT\n", "")
    assert runner.returncode == 5


@posix
def test_a_signal_that_comes_before_the_program_is_passed_on_when_there_is_one() -> None:
    with foreground._at_its_service() as serve:
        signal.raise_signal(signal.SIGTERM)
        program = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
        serve(program)
        assert program.wait(30) == -signal.SIGTERM


def test_handlers_are_as_before_when_it_is_over() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    run([sys.executable, "-c", ""])

    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
