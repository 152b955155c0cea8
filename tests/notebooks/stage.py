"""A process on whose stage lessons are performed, one after the other.

To start Python, pytest and nbval takes as long as a short lesson. So a stage that is free is used
again. Each time pytest begins anew, with its arguments and in the environment that it is given; the
kernel is that lesson's own. What stays are the modules that were imported: pytest's and nbval's, as
lessons are none.
"""

import atexit
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Run(NamedTuple):
    """How a pytest ended.

    Attributes:
        code: Its exit code.
        said: What it printed.
    """

    code: int
    said: str


class Stage:
    """One such process; it lives until it is closed or killed."""

    def __init__(self) -> None:
        packages = filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.notebooks.stage"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(packages)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> Run:
        """Run a pytest with these arguments, and nothing but this environment.

        If the process ends meanwhile, that is what this pytest comes to.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([[*arguments], {**environment}]) + "\n")
        self._process.stdin.flush()
        if not (answer := self._process.stdout.readline()):
            code = self._process.wait()
            return Run(code or 1, f"Its process ended by itself, with exit code {code}.")
        return Run(*json.loads(answer))

    @property
    def is_usable(self) -> bool:
        """Whether its process lives."""
        return self._process.poll() is None

    def close(self) -> None:
        """Let it end, which it does when it is told nothing more."""
        self._process.communicate()

    def kill(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.communicate()


_free: list[Stage] = []


@contextmanager
def stage() -> Iterator[Stage]:
    """One for the caller alone; after an error it is not used again."""
    try:
        mine = _free.pop()  # another thread may have been quicker
    except IndexError:
        mine = Stage()
    try:
        yield mine
    except BaseException:
        mine.kill()
        raise
    if mine.is_usable:
        _free.append(mine)


@atexit.register
def _close() -> None:
    while _free:
        _free.pop().close()


def main() -> None:
    """Run each pytest that a line of standard input tells, and answer with a line."""
    tempfile.gettempdir()  # from now on it is this one: those of environments do not stay
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)  # whatever else is printed is no answer
        for line in sys.stdin:
            print(json.dumps(_run(*json.loads(line))), file=answers, flush=True)


def _run(arguments: list[str], environment: dict[str, str]) -> Run:
    import pytest

    os.environ.clear()
    os.environ.update(environment)
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = int(pytest.main(arguments))
    return Run(code, said.getvalue())


if __name__ == "__main__":
    main()
