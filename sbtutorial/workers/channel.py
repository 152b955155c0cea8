"""A worker's process seen from the notebook: started, heard, answered, killed, reaped."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from sbtutorial.errors import TutorialError
from sbtutorial.workers.cell import CONNECTION_STRING_VARIABLE, FRAME_MARK

_MARK = FRAME_MARK.encode()
_GO_ON = {"go_on": True}


class WorkerChannel:
    """One child process that runs a cell; `sbtutorial.workers.child` is its other end.

    Args:
        name: The worker's.
        source: Its cell.
        confirm_each_line: Whether it asks before each line that it prints.
        connection_string: The broker of the notebook, for the worker's `lab`.
        program: The module whose `main` runs in the child.
    """

    def __init__(
        self,
        name: str,
        source: str,
        *,
        confirm_each_line: bool,
        connection_string: str | None,
        program: str = "sbtutorial.workers.child",
    ) -> None:
        self._process = subprocess.Popen(
            [_python(), "-X", "utf8", "-c", _program(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(connection_string),
            creationflags=_window(),
        )
        self._send({"name": name, "source": source, "confirm_each_line": confirm_each_line})

    def reports(self) -> Iterator[str | dict[str, Any]]:
        """What comes, in order, until the process ends: lines that it printed, and reports."""
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                text, mark, frame = line.partition(_MARK)
                if text or not mark:
                    yield _shown(text)
                if mark:
                    yield _report(frame)

    def go_on(self, **answer: Any) -> None:
        """Answer a report that asks; with what it asks for, where that is anything."""
        self._send(_GO_ON | answer)

    def kill(self) -> None:
        """End the process with no chance to do anything more; it may have ended already."""
        self._process.kill()

    def wait(self) -> int:
        """The exit code, as soon as there is one; negative for a signal."""
        code = self._process.wait()
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        return code

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):  # it is gone, which the exit code will tell
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()


def _shown(text: bytes) -> str:
    """A line as a terminal would leave it: a progress bar has written over itself."""
    return text.decode("utf-8", "replace").rstrip("\r\n").rsplit("\r", 1)[-1]


def _report(frame: bytes) -> str | dict[str, Any]:
    try:
        report = json.loads(frame)
    except ValueError:
        report = None
    return report if isinstance(report, dict) else _shown(frame)


def _program(module: str) -> str:
    """What the notebook can import, the worker can.

    The current folder comes last: a learner's own queue.py must not get in the SDK's way.
    """
    path = [entry for entry in sys.path if entry] + [os.getcwd()]
    return f"import sys; sys.path[:] = {path!r}; from {module} import main; main()"


def _environment(connection_string: str | None) -> dict[str, str]:
    ours = {"PYTHONIOENCODING": "utf-8"}
    if connection_string is not None:
        ours[CONNECTION_STRING_VARIABLE] = connection_string
    return dict(os.environ) | ours


def _window() -> int:
    if sys.platform == "win32":
        return subprocess.CREATE_NO_WINDOW
    return 0


def _python() -> str:
    if not sys.executable:
        raise TutorialError(
            "This Python does not know its own program file (sys.executable), so it cannot start "
            "a worker: start Jupyter with `python -m sbtutorial lab` instead."
        )
    return sys.executable
