"""Running another program in our place: its Ctrl-C, its signals, its exit code."""

import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

INTERRUPTED = 130  # what a shell reports of a program that Ctrl-C has ended
# Each system has some of these.
_FROM_THE_TERMINAL = ("SIGINT", "SIGBREAK")
_PASSED_ON = ("SIGTERM", "SIGHUP")


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> int:
    """Run a program to its end, and return its exit code as a shell would.

    Ctrl-C reaches the program by itself, as it shares our terminal, and what it does then is its
    own affair: JupyterLab asks whether one is sure. Signals that reach only us are passed on.
    """
    with _at_its_service() as serve:
        process = subprocess.Popen(command, cwd=cwd, env=environ)
        serve(process)
        code = process.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def _at_its_service() -> Iterator[Callable[[subprocess.Popen[Any]], None]]:
    """Handle signals for a program, which is told of when there is one."""
    programs: list[subprocess.Popen[Any]] = []
    early: list[int] = []

    def ignore(*_: object) -> None:
        pass

    def pass_on(number: int, _: object) -> None:
        if programs:
            programs[0].send_signal(number)
        else:
            early.append(number)

    def serve(program: subprocess.Popen[Any]) -> None:
        programs.append(program)
        for number in early:
            program.send_signal(number)

    handlers: dict[str, Any] = dict.fromkeys(_FROM_THE_TERMINAL, ignore)
    handlers |= dict.fromkeys(_PASSED_ON, pass_on)
    numbers = {name: getattr(signal, name) for name in handlers if hasattr(signal, name)}
    before = {number: signal.signal(number, handlers[name]) for name, number in numbers.items()}
    try:
        yield serve
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
