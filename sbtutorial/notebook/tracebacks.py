"""Errors of the SDK as a learner needs them: the line in the cell, and what went wrong.

An error that comes up through ten functions of a library is shown, by default, with all of them,
twice over where one error was made from another. None of that is the learner's. What is in the
cell stays, and the library's words. Of a cell that was stopped only its line is of interest.
`%xmode Verbose` brings back the rest, for errors and for good.
"""

import linecache
import re
from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from sbtutorial.text import wrapped

# The packages whose inside nobody needs to see; their errors' words are what counts.
_LIBRARIES = ("azure.",)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_STOPPED = (KeyboardInterrupt, CancelledError)  # the other is what an `await` makes of it


def install(shell: Any) -> None:
    """Show errors that come out of the SDK without the SDK's own lines, a stop in one line."""
    shell.set_custom_exc((Exception, *_STOPPED), _show)


def shortened(trace: TracebackType) -> TracebackType | None:
    """The frames up to the one that called the library; None when no library raised the error."""
    own: list[TracebackType] = []
    for frame in _frames(trace):
        if frame.tb_frame.f_globals.get("__name__", "").startswith(_LIBRARIES):
            return _chain(own)
        own.append(frame)
    return None


def _show(
    shell: Any,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType,
    tb_offset: int | None = None,
) -> None:
    if isinstance(error, _STOPPED) and shell.InteractiveTB.mode != "Verbose":
        shell._showtraceback(kind, error, [f"{kind.__name__}: stopped{_where(trace)}"])
        return
    short = None if shell.InteractiveTB.mode == "Verbose" else shortened(trace)
    if short is None:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset, running_compiled_code=True)
        return
    with _without_origin(error):
        *heading_and_frames, words = shell.InteractiveTB.structured_traceback(
            kind, error, short, tb_offset=tb_offset
        )
    # Colours of code are made for a terminal's background: on the red of an error in a notebook,
    # light or dark, some of them cannot be read.
    plain = [_COLOUR.sub("", part) for part in heading_and_frames]
    shell._showtraceback(kind, error, [*plain, _broken(words)])


def _broken(words: str) -> str:
    """Its lines broken between words; the colour of the error's name takes no room."""
    name, _, _ = words.partition(":")
    return name + wrapped(_COLOUR.sub("", words)).removeprefix(_COLOUR.sub("", name))


@contextmanager
def _without_origin(error: BaseException) -> Iterator[None]:
    """As `raise ... from None` has it: what the error was made from is the library's business.

    Unless a line of the learner's took part in that.
    """
    error.__suppress_context__ = True
    cause = error.__cause__
    is_ours = cause is not None and any(
        _is_cell(frame.tb_frame.f_globals) for frame in _frames(cause.__traceback__)
    )
    if not is_ours:
        error.__cause__ = None
    try:
        yield
    finally:
        error.__cause__ = cause


def _where(trace: TracebackType | None) -> str:
    """The line of the learner's own that was at work: the last that stands in a cell."""
    for frame in reversed([*_frames(trace)]):
        code = frame.tb_frame.f_code
        if _is_cell(frame.tb_frame.f_globals):
            line = linecache.getline(code.co_filename, frame.tb_lineno).strip()
            return f" in line {frame.tb_lineno}: {line}"
    return ""


def _is_cell(variables: dict[str, Any]) -> bool:
    return variables.get("__name__") == "__main__" and "In" in variables


def _frames(trace: TracebackType | None) -> Any:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _chain(frames: list[TracebackType]) -> TracebackType | None:
    """A traceback of these frames; the original stays whole, for `%debug` and for others."""
    chained: TracebackType | None = None
    for frame in reversed(frames):
        chained = TracebackType(chained, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return chained
