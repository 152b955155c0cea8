"""A worker's own process: it runs the learner's cell, with `checkpoint` and `lab` defined.

The channel to the notebook is the standard input and output. Towards the notebook, lines of text
are what the cell printed, and what follows a FRAME_MARK up to the end of the line is a report, as a
JSON object. A report that `asks` is followed by silence until the notebook answers with a line; it
may kill the worker instead. The first line from the notebook is the order of what to run. When
the notebook is gone, for whatever reason, the standard input ends, and so does the worker.
"""

import io
import json
import os
import re
import signal
import sys
import traceback
from importlib import import_module
from queue import SimpleQueue
from threading import RLock, Thread
from types import CoroutineType, ModuleType
from typing import Any

from sbtutorial.errors import TutorialError, cause_in_words
from sbtutorial.workers import checkpoints
from sbtutorial.workers.cell import (
    CONNECTION_STRING_VARIABLE,
    FRAME_MARK,
    compile_cell,
    filename,
)

_LAB_MODULE = "sbtutorial.lab.connecting"
_MENTIONS_LAB = re.compile(r"\blab\b")


def main() -> None:
    """Run what the notebook orders, and leave with exit code 0 when that went well."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the stop button is the notebook's to act upon
    notebook = Notebook()
    order = notebook.order()
    confirm = notebook if order["confirm_each_line"] else None
    sys.stdout, sys.stderr = text_stream(1, confirm), text_stream(2, confirm)
    checkpoints.report_to(notebook.ask_at_checkpoint)
    failed = _run(order["name"], order["source"])
    flush()
    if failed is not None:
        notebook.tell({"failed": failed})
    if confirm:
        confirm.ask({})
    sys.exit(failed is not None)


class Notebook:
    """The notebook that started this worker, as seen from in here."""

    def __init__(self) -> None:
        # Copies of our own: what the cell does to its standard streams, or what a program that it
        # starts inherits, is not the channel.
        self._input, self._output = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._one_at_a_time = RLock()
        Thread(target=self._listen, name="notebook", daemon=True).start()

    def order(self) -> dict[str, Any]:
        """What to run."""
        order: dict[str, Any] = json.loads(self._lines.get())
        return order

    def tell(self, report: dict[str, object]) -> None:
        """Report and go on."""
        frame = (FRAME_MARK + json.dumps(report) + "\n").encode()
        with self._one_at_a_time:
            while frame:
                frame = frame[os.write(self._output, frame) :]

    def ask(self, report: dict[str, object]) -> dict[str, Any]:
        """Report, and stand still until the notebook says go on; what it says beside that."""
        with self._one_at_a_time:
            self.tell(report | {"asks": True})
            answer: dict[str, Any] = json.loads(self._lines.get())
            return answer

    def ask_at_checkpoint(self, name: str) -> None:
        """Whatever was printed before comes first."""
        flush()
        self.ask({"checkpoint": str(name)})

    def _listen(self) -> None:
        pending = b""
        while data := os.read(self._input, 65536):
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                self._lines.put(line.decode())
        os._exit(1)  # nobody is left to see or to stop what this process does


class _ConfirmedOutput(io.FileIO):
    """Standard output that asks before each line, so that none is shown after a kill."""

    def __init__(self, descriptor: int, notebook: Notebook) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._notebook = notebook

    def write(self, data: Any, /) -> int:
        if not sys.is_finalizing():  # then nobody listens to the answer any more
            self._notebook.ask({})
        return super().write(data)


def text_stream(descriptor: int, confirm: Notebook | None) -> io.TextIOWrapper:
    """A standard stream that passes each line on."""
    raw = (
        _ConfirmedOutput(descriptor, confirm)
        if confirm
        else io.FileIO(descriptor, "w", closefd=False)
    )
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding="utf-8",
        errors="backslashreplace",
        newline="\n",
        line_buffering=True,
    )


def flush() -> None:
    """Pass on what was printed."""
    sys.stdout.flush()
    sys.stderr.flush()


def _run(name: str, source: str) -> dict[str, object] | None:
    """Run the cell as a program of its own; None, or how it failed."""
    program = ModuleType("__main__")
    sys.modules["__main__"] = program
    variables = program.__dict__
    try:
        code = compile_cell(name, source)
        variables["checkpoint"] = checkpoints.checkpoint
        if _MENTIONS_LAB.search(source) and CONNECTION_STRING_VARIABLE in os.environ:
            variables["lab"] = _lab()
        result = eval(code, variables)
        if isinstance(result, CoroutineType):
            import asyncio

            asyncio.run(result)
    except SystemExit as end:
        return failure(name, end) if end.code else None
    except BaseException as error:
        return failure(name, error)
    return None


def _lab() -> object:
    """By its name, as the room of labs lies above this one, and only if the cell asks for it."""
    return import_module(_LAB_MODULE).attach(os.environ[CONNECTION_STRING_VARIABLE])


def failure(name: str, error: BaseException) -> dict[str, object]:
    """How a program failed, for the notebook: in words, where, and of which kind."""
    own = _own_frames(name, error)
    return {
        "error": _in_words(error),
        "where": [_place(frame) for frame in own],
        "line": (own[-1].line or "") if own else "",
        "cause": cause_in_words(error),
        "types": [kind.__name__ for kind in type(error).__mro__],
    }


def _in_words(error: BaseException) -> str:
    text = str(error).strip()
    kind = type(error).__name__
    if isinstance(error, TutorialError):
        return text
    return f"{kind}: {text}" if text else kind


def _own_frames(name: str, error: BaseException) -> list[traceback.FrameSummary]:
    """What in the cell led to the error, and nothing of ours or of the libraries."""
    frames = traceback.extract_tb(error.__traceback__)
    return [frame for frame in frames if frame.filename == filename(name)]


def _place(frame: traceback.FrameSummary) -> str:
    function = "" if frame.name == "<module>" else f", in {frame.name}"
    return f"line {frame.lineno}{function}:  {frame.line}"
