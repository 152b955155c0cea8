"""Running a learner's function: for a bounded time, and with its errors said in a sentence.

The function runs on a thread of its own, with the notebook's own variables. When its time is up an
exception is raised in that thread, which ends any loop; should it sit in a call that listens to
nothing, it is left behind, finds its queue deleted when it wakes up, and ends by that exception.
What no thread can end is a call into C that never gives another thread a turn, as
`sum(range(10**12))`: it stops all of Python, in a notebook's cell as here.
"""

import inspect
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from math import inf
from threading import Event, Thread
from typing import Any

from sbtutorial.exercises.failing import Whereabouts, say_error, say_late
from sbtutorial.exercises.forms import IS_ASYNC, name_of
from sbtutorial.exercises.leftovers import TimeIsUp
from sbtutorial.exercises.task import Answer, not_yet
from sbtutorial.workers.interrupting import forget, raise_in

_GRACE_SECONDS = 2.0  # for the SDK's own `finally`s, once the time is up
# On Windows a waiting main thread does not notice the stop button; it has to wake up and look.
_NAP_SECONDS = 0.2 if sys.platform == "win32" else inf
# For an answer that catches everything: it is told so again and again.
_STUBBORN_SECONDS, _STUBBORN_STEP_SECONDS = 2.0, 0.0005

Around = Callable[[], AbstractContextManager[object]]


def run(
    answer: Answer,
    arguments: tuple[Any, ...],
    *,
    limit_seconds: float,
    wanted: str,
    around: Around = nullcontext,
) -> Any:
    """Call a learner's function and return what it returns.

    Args:
        answer: The function.
        arguments: What it is called with.
        limit_seconds: How long it may run.
        wanted: What it should bring about.
        around: What to enter while it runs.

    Raises:
        NotYet: It takes other arguments, raised an error, or had not returned in time.
    """
    call = _finished(answer, arguments, limit_seconds, wanted, around)
    if call.error is not None:
        say_error(answer, call.error, wanted)
    if inspect.iscoroutine(call.result):
        call.result.close()
        not_yet(wanted=wanted, seen=IS_ASYNC.seen, hint=IS_ASYNC.hint)
    return call.result


def error_of(
    answer: Answer,
    arguments: tuple[Any, ...],
    kind: type[Exception] | tuple[type[Exception], ...],
    *,
    limit_seconds: float,
    wanted: str,
    around: Around = nullcontext,
) -> BaseException | None:
    """Call a learner's function where it may raise an error of that kind; None if it does not.

    The rest is as for `run`.

    Raises:
        NotYet: It takes other arguments, raised another error, or had not returned in time.
    """
    call = _finished(answer, arguments, limit_seconds, wanted, around)
    if call.error is None or isinstance(call.error, kind):
        return call.error
    say_error(answer, call.error, wanted)


def _finished(
    answer: Answer, arguments: tuple[Any, ...], limit_seconds: float, wanted: str, around: Around
) -> "_Call":
    _require_signature(answer, arguments)
    call = _Call(answer, arguments)
    with around():
        try:
            call.start()
            call.wait(limit_seconds)
            where = Whereabouts(answer, call.ident or 0) if call.is_running else None
        finally:  # the stop button, too
            call.end()
    if where is not None:
        say_late(answer, where, limit_seconds, wanted, is_over=not call.is_running)
    return call


class _Call(Thread):
    """One call of an answer.

    Whether it is over it says itself: a `join` that the stop button interrupts takes a thread that
    runs for one that is over (`Thread._wait_for_tstate_lock`, in Python 3.11 and 3.12).
    """

    def __init__(self, answer: Answer, arguments: tuple[Any, ...]) -> None:
        super().__init__(name=f"exercise {name_of(answer)}", daemon=True)
        self._answer = answer
        self._arguments = arguments
        self._over = Event()
        self.result: Any = None
        self.error: BaseException | None = None

    @property
    def is_running(self) -> bool:
        return not self._over.is_set() and self.ident in sys._current_frames()

    def run(self) -> None:
        try:
            self.result = self._answer(*self._arguments)
        except TimeIsUp:
            pass
        except BaseException as error:  # sys.exit(), too, is the learner's
            self.error = error
        finally:
            self._over.set()

    def wait(self, seconds: float) -> None:
        """Wait for its end, so long at most."""
        deadline = time.monotonic() + seconds
        while not self._over.is_set() and (left := deadline - time.monotonic()) > 0:
            self._over.wait(min(left, _NAP_SECONDS))

    def end(self) -> None:
        """Raise an error in its thread if it is not over, and wait a moment for its end."""
        if not self.is_running:
            return
        raise_in(self, TimeIsUp)
        self.wait(_GRACE_SECONDS)
        if self.is_running:
            self._insist()
        forget()

    def _insist(self) -> None:
        """Hit the moment in which it catches nothing, if there is one."""
        interval, deadline = sys.getswitchinterval(), time.monotonic() + _STUBBORN_SECONDS
        sys.setswitchinterval(_STUBBORN_STEP_SECONDS)
        try:
            while self.is_running and time.monotonic() < deadline:
                raise_in(self, TimeIsUp)
                self._over.wait(_STUBBORN_STEP_SECONDS)
        finally:
            sys.setswitchinterval(interval)


def _require_signature(answer: Answer, arguments: tuple[Any, ...]) -> None:
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # a function of C; calling it will tell
        return
    try:
        signature.bind(*arguments)
    except TypeError:
        count = len(arguments)
        not_yet(
            wanted=f"a function that can be called with {count} argument{'s' * (count != 1)}",
            seen=f"yours is {name_of(answer)}{signature}",
            hint="Keep the first line as it was in the exercise.",
        )
