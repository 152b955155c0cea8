"""Running another program in our place: its Ctrl-C, its signals, its exit code."""

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
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
    process = subprocess.Popen(command, cwd=cwd, env=environ)
    with _at_its_service(process):
        code = process.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def _at_its_service(process: subprocess.Popen[Any]) -> Iterator[None]:
    def ignore(*_: object) -> None:
        pass

    def pass_on(number: int, _: object) -> None:
        process.send_signal(number)

    handlers: dict[str, Any] = dict.fromkeys(_FROM_THE_TERMINAL, ignore)
    handlers |= dict.fromkeys(_PASSED_ON, pass_on)
    numbers = {name: getattr(signal, name) for name in handlers if hasattr(signal, name)}
    before = {number: signal.signal(number, handlers[name]) for name, number in numbers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
