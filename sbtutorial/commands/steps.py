"""One step of a long check: a program of this Python's, alone or beside others."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple


class Step(NamedTuple):
    """One check: its name, and the module of its program with arguments."""

    name: str
    command: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        """The whole command line."""
        return [sys.executable, "-m", *self.command]

    def is_in(self, clone: Path) -> bool:
        """Whether its program, if it is one of the tests', is in this clone, and what it names."""
        module, *arguments = self.command
        named = [argument.partition("::")[0] for argument in arguments]
        paths = [name for name in named if name.startswith("tests/")]
        if module.startswith("tests."):
            path = module.replace(".", "/")
            paths.append(path if (clone / path).is_dir() else f"{path}.py")
        return all((clone / path).exists() for path in paths)


class Finished(NamedTuple):
    """What became of a step.

    Attributes:
        step: Which.
        code: Its exit code.
        seconds: How long it took.
    """

    step: Step
    code: int
    seconds: float


def timed(step: Step, run: Callable[[Step], int]) -> Finished:
    """Run a step, and say how long it took."""
    began_at = time.monotonic()
    code = run(step)
    return Finished(step, code, time.monotonic() - began_at)


@contextmanager
def beside(
    steps: Sequence[Step], *, cwd: Path, environ: Mapping[str, str]
) -> Iterator[Iterator[Finished]]:
    """Run steps while the block does something else.

    Each one's output is printed whole when it has ended and is asked for; so nobody's lines get
    between another's. Who leaves the block early ends those that still run.

    Yields:
        What became of them, one by one.
    """
    processes = [_start(step, cwd, environ) for step in steps]
    try:
        with ThreadPoolExecutor(max(1, len(steps))) as pool:
            try:
                began_at = time.monotonic()
                heard = [pool.submit(_hear, process, began_at) for process in processes]
                yield (_told(step, *one.result()) for step, one in zip(steps, heard, strict=True))
            finally:
                for process in processes:
                    process.terminate()
    finally:
        for process in processes:
            process.wait()


def _start(step: Step, cwd: Path, environ: Mapping[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        step.words,
        cwd=cwd,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )


def _hear(process: "subprocess.Popen[str]", began_at: float) -> tuple[int, float, str]:
    said, _ = process.communicate()
    return process.returncode, time.monotonic() - began_at, said


def _told(step: Step, code: int, seconds: float, said: str) -> Finished:
    print(f"--- {step.name}: {' '.join(step.command)}\n{said}", end="", flush=True)
    return Finished(step, code if code >= 0 else 128 - code, seconds)
