"""Errors of the SDK as a learner needs them: the line in the cell, and what went wrong.

An error that comes up through ten functions of a library is shown, by default, with all of them,
twice over where one error was made from another. None of that is the learner's. What is in the
cell stays, and the library's words; `%xmode Verbose` brings back the rest, for errors and for good.
"""

from types import TracebackType
from typing import Any

from sbtutorial.text import wrapped

# The packages whose inside nobody needs to see; their errors' words are what counts.
_LIBRARIES = ("azure.",)


def install(shell: Any) -> None:
    """Show errors that come out of the SDK without the SDK's own lines."""
    shell.set_custom_exc((Exception,), _show)


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
    short = None if shell.InteractiveTB.mode == "Verbose" else shortened(trace)
    if short is None:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset, running_compiled_code=True)
        return
    # As `raise ... from None` has it: what the error was made from is the library's business.
    error.__suppress_context__ = True
    *heading_and_frames, words = shell.InteractiveTB.structured_traceback(
        kind, error, short, tb_offset=tb_offset
    )
    shell._showtraceback(kind, error, [*heading_and_frames, wrapped(words)])


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
