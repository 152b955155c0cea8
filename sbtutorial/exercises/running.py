"""Running a learner's function: for a bounded time, and with its errors said in a sentence.

The function runs on a thread of its own, with the notebook's own variables. When its time is up an
exception is raised in that thread, which ends any loop; should it sit in a call that listens to
nothing, it is left behind, and finds its queue deleted when it wakes up.
"""

import ctypes
import dis
import inspect
import linecache
import traceback
from collections.abc import Callable
from threading import Thread
from typing import Any, NoReturn

from sbtutorial.exercises.task import Answer, not_yet
from sbtutorial.lab.hints import Failure, hint_for

_GRACE_SECONDS = 2.0  # for the SDK's own `finally`s, once the time is up
_IDLE_OPERATIONS = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}
_SHOWN_ERROR_CHARS = 300


class TimeIsUp(BaseException):
    """Raised in the thread of a function that has run for too long."""


def does_nothing(answer: Answer) -> bool:
    """Whether a function is an empty stub: `...`, `pass`, a docstring."""
    code = getattr(answer, "__code__", None)
    return code is not None and all(
        step.opname in _IDLE_OPERATIONS for step in dis.get_instructions(code)
    )


def is_async(answer: Answer) -> bool:
    """Whether nothing of a function would happen without `await`."""
    return inspect.iscoroutinefunction(answer) or inspect.isasyncgenfunction(answer)


def run(answer: Answer, arguments: tuple[Any, ...], *, limit_seconds: float, wanted: str) -> Any:
    """Call a learner's function and return what it returns.

    Raises:
        NotYet: It takes other arguments, raised an error, or had not returned in time.
    """
    call = _finished(answer, arguments, limit_seconds, wanted)
    if call.error is not None:
        _tell(answer, call.error, wanted)
    return call.result


def error_of(
    answer: Answer,
    arguments: tuple[Any, ...],
    kind: type[Exception] | tuple[type[Exception], ...],
    *,
    limit_seconds: float,
    wanted: str,
) -> BaseException | None:
    """Call a learner's function where it may raise an error of that kind; None if it does not.

    Raises:
        NotYet: It takes other arguments, raised another error, or had not returned in time.
    """
    call = _finished(answer, arguments, limit_seconds, wanted)
    if call.error is None or isinstance(call.error, kind):
        return call.error
    _tell(answer, call.error, wanted)


def _finished(
    answer: Answer, arguments: tuple[Any, ...], limit_seconds: float, wanted: str
) -> "_Call":
    _require_signature(answer, arguments)
    call = _Call(answer, arguments)
    call.start()
    try:
        call.join(limit_seconds)
    finally:  # the stop button, too
        is_late = call.is_alive()
        if is_late:
            call.end()
    if is_late:
        not_yet(
            wanted=wanted,
            seen=f"{_name(answer)} had not returned after {limit_seconds:g} seconds, "
            "and was stopped",
            hint="A receiver waits for ever unless it has a max_wait_time; a loop needs an end.",
        )
    return call


class _Call(Thread):
    def __init__(self, answer: Answer, arguments: tuple[Any, ...]) -> None:
        super().__init__(name=f"exercise {_name(answer)}", daemon=True)
        self._answer = answer
        self._arguments = arguments
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self._answer(*self._arguments)
        except TimeIsUp:
            pass
        except BaseException as error:  # sys.exit(), too, is the learner's
            self.error = error

    def end(self) -> None:
        """Raise an error in its thread, and wait a moment for its end."""
        if self.ident is not None:
            raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
            raise_in(ctypes.c_ulong(self.ident), ctypes.py_object(TimeIsUp))
        self.join(_GRACE_SECONDS)


def _require_signature(answer: Answer, arguments: tuple[Any, ...]) -> None:
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # a function of C; calling it will tell
        return
    try:
        signature.bind(*arguments)
    except TypeError:
        takes = f"{_name(answer)}{signature}"
        not_yet(
            wanted=f"a function that can be called with {len(arguments)} arguments",
            seen=f"yours is {takes}",
            hint="Keep the first line as it was in the exercise.",
        )


def _tell(answer: Answer, error: BaseException, wanted: str) -> NoReturn:
    types = [kind.__name__ for kind in type(error).__mro__]
    hint = hint_for(Failure(types, str(error), in_sdk=True))
    text = str(error).partition("\n")[0][:_SHOWN_ERROR_CHARS]
    not_yet(
        wanted=wanted,
        seen=f"{_name(answer)} raised {type(error).__name__}{': ' if text else ''}{text}"
        f"{_where(answer, error)}",
        hint=hint or "Read the error's last words first, then that line of yours.",
    )


def _where(answer: Answer, error: BaseException) -> str:
    """The learner's own line, the innermost one, in which it happened."""
    home = getattr(getattr(answer, "__code__", None), "co_filename", None)
    lines = [
        (number, linecache.getline(home, number).strip())
        for frame, number in traceback.walk_tb(error.__traceback__)
        if home is not None and frame.f_code.co_filename == home
    ]
    return f"\nin line {lines[-1][0]} of your cell: {lines[-1][1]}" if lines else ""


def _name(answer: Callable[..., Any]) -> str:
    return getattr(answer, "__name__", "your function")
