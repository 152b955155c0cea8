"""What is said of a function that raised an error, or that did not return."""

import linecache
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from types import FrameType
from typing import Any, NoReturn

from sbtutorial.exercises.forms import code_of, name_of
from sbtutorial.exercises.task import Answer, NotYet
from sbtutorial.lab.hints import Failure, hint_for
from sbtutorial.text import text_of

_SHOWN_ERROR_CHARS = 300
_GENERAL_HINT = "Read the error's last words first, then that line of yours."
# Errors that say something else here than in a notebook's cell; by name, as in `lab.hints`.
_HINTS = {
    "SystemExit": "return ends a function; `sys.exit()` and `exit()` are for whole programs.",
    "KeyboardInterrupt": "That is what the stop button raises: leave it to the button.",
    "RecursionError": "A function that calls itself needs a case in which it does not.",
    "StopIteration": (
        "`next(…)` ends so when nothing comes any more: a for loop takes it for its end."
    ),
    "MemoryError": "Take less at a time.",
    "IndexError": (
        "Nothing is at that place of the list. `receive_messages(…)` returns an empty one when "
        "nothing comes in time: see whether there is something in it first."
    ),
    "IntegrityError": (
        "That row is in the table already. `INSERT OR IGNORE` writes it once and raises no error; "
        "its `rowcount` says whether it wrote."
    ),
    "FrozenInstanceError": (
        "What you are shown is not changed in place: give what is to differ to the call that sends."
    ),
}
_LATE_HINTS = (
    ("sleep(", "Leave the sleep out: the checker waits for nobody, and lets time pass by itself."),
    ("input(", "Nobody answers: use what the function is called with."),
)
_GIVEN_BACK_HINT = (
    "What you abandon comes back at once, and the loop gets it again: settle what you are done "
    "with in another way."
)
_LATE_IN_SDK_HINT = (
    "A receiver waits for ever unless it has a `max_wait_time`; a loop needs an end."
)
_LATE_HINT = "A loop needs an end: `for message in receiver` ends when nothing comes."


def say_error(answer: Answer, error: BaseException, wanted: str) -> NoReturn:
    """End a check whose answer raised an error.

    Raises:
        NotYet: Always.
    """
    types = [kind.__name__ for kind in type(error).__mro__]
    text = text_of(error).partition("\n")[0][:_SHOWN_ERROR_CHARS]
    raise NotYet(
        wanted,
        f"{name_of(answer)} raised {type(error).__name__}{': ' if text else ''}{text}"
        f"{_in_line(_line_of_error(answer, error))}",
        hint_on(types, text_of(error)),
        _entities(frame for frame, _ in traceback.walk_tb(error.__traceback__)),
    ) from None


def hint_on(types: Sequence[str], text: str, cause: str = "") -> str:
    """What to look at when an answer raised an error.

    Args:
        types: The error's class and the bases, by name.
        text: What it says.
        cause: What the SDK's own cause for it says.
    """
    special = next((_HINTS[name] for name in types if name in _HINTS), None)
    return special or hint_for(Failure(types, text, cause, in_sdk=True)) or _GENERAL_HINT


class Whereabouts:
    """Where a thread that is late is at work; to be asked while it is.

    Attributes:
        line: The learner's own line, the innermost one, with its number; None when it is in none.
        entities: The queues with which the SDK is at work there.
        is_in_sdk: Whether it is in the SDK at all.
    """

    def __init__(self, answer: Answer, thread_id: int) -> None:
        innermost = sys._current_frames().get(thread_id)
        frames = (
            [] if innermost is None else [frame for frame, _ in traceback.walk_stack(innermost)]
        )
        home = _home(answer)
        own = [frame for frame in frames if home and frame.f_code.co_filename == home]
        self.line = (own[0].f_lineno, _text_of_line(own[0])) if own else None
        self.entities = _entities(frames)
        self.is_in_sdk = any(_is_of_sdk(frame) for frame in frames)


def say_late(
    answer: Answer, where: Whereabouts, limit_seconds: float, wanted: str, *, is_over: bool
) -> NoReturn:
    """End a check whose answer did not return.

    Args:
        answer: The learner's.
        where: Where it was when its time was up.
        limit_seconds: How long it had.
        wanted: What should have happened.
        is_over: Whether it could be stopped.

    Raises:
        NotYet: Always.
    """
    end = "and was stopped" if is_over else "and would not be stopped: it is left to itself"
    raise NotYet(
        wanted,
        f"{name_of(answer)} had not returned after {limit_seconds:g} seconds, {end}"
        f"{_in_line(where.line)}",
        _late_hint(answer, where),
        where.entities,
    )


def _late_hint(answer: Answer, where: Whereabouts) -> str:
    code = code_of(answer)
    if code is not None and "abandon_message" in code.co_names:
        return _GIVEN_BACK_HINT
    if where.is_in_sdk:
        return _LATE_IN_SDK_HINT
    text = where.line[1] if where.line else ""
    return next((hint for sign, hint in _LATE_HINTS if sign in text), _LATE_HINT)


def _in_line(line: tuple[int, str] | None) -> str:
    return f"\nin line {line[0]} of your cell: {line[1]}" if line else ""


def _line_of_error(answer: Answer, error: BaseException) -> tuple[int, str] | None:
    """The learner's own line, the innermost one, in which it happened."""
    home = _home(answer)
    lines = [
        (number, linecache.getline(home, number).strip())
        for frame, number in traceback.walk_tb(error.__traceback__)
        if home is not None and frame.f_code.co_filename == home
    ]
    return lines[-1] if lines else None


def _home(answer: Answer) -> str | None:
    """The file, or the cell, that the answer stands in."""
    code = code_of(answer)
    return None if code is None else code.co_filename


def _text_of_line(frame: FrameType) -> str:
    return linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()


def _is_of_sdk(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith("azure.")


def _entities(frames: Iterable[FrameType]) -> tuple[str, ...]:
    """The queues and topics of the senders and receivers that are at work in some frames."""
    return tuple(dict.fromkeys(_entities_of(frames)))


def _entities_of(frames: Iterable[FrameType]) -> Iterator[str]:
    for frame in frames:
        if _is_of_sdk(frame):
            worker: Any = frame.f_locals.get("self")
            for attribute in ("entity_name", "entity_path"):
                name = getattr(worker, attribute, None)
                if isinstance(name, str):
                    yield name.partition("/")[0]
