"""What is known of a worker's run, shared by the threads that follow it and those that wait."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Condition

# On Windows a waiting main thread does not notice the stop button; it has to wake up and look.
_NAP_SECONDS = 0.2 if sys.platform == "win32" else None


class Ending(StrEnum):
    """How a worker came to its end."""

    FINISHED = "finished"
    MISSED = "missed"  # finished, though it was to be killed
    FAILED = "failed"  # with an exception in its cell
    KILLED = "killed"
    TIMED_OUT = "timed out"  # and killed
    DIED = "died"  # of something else


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """How a worker ended; as text, a sentence.

    Attributes:
        worker: The worker's name.
        ending: The kind of end.
        sentence: The same in words, without the name.
        error_types: For FAILED, the exception's class and its bases, by name.
        cause: For FAILED, what the SDK's own cause for it says, if there is one.
        line: For FAILED, the innermost line of the cell that led to it; "" if none did.
    """

    worker: str
    ending: Ending
    sentence: str
    error_types: tuple[str, ...] = ()
    cause: str = ""
    line: str = ""

    def __str__(self) -> str:
        sign = "✓" if self.ending is Ending.FINISHED else "✗"
        first, *more = self.sentence.split("\n")
        return "\n".join(
            [f"{self.worker} {sign} {first}", *(shown_line(self.worker, line) for line in more)]
        )

    __repr__ = __str__


def shown_line(worker: str, line: str) -> str:
    """A line that a worker printed, as a notebook shows it."""
    return f"{worker} │ {line}".rstrip()


class Record:
    """The lines, the checkpoints and the end of one run; safe to use from any thread."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.passed: list[str] = []
        self.failure: Outcome | None = None
        self.outcome: Outcome | None = None
        self.condemned_for: Outcome | None = None
        self._changed = Condition()

    @property
    def is_over(self) -> bool:
        """Whether the process has ended."""
        return self.outcome is not None

    @property
    def way(self) -> str:
        """The checkpoints that it passed, in words."""
        names = ", ".join(f'"{name}"' for name in dict.fromkeys(self.passed))
        return f"it passed: {names}" if names else "it passed none"

    def add_line(self, line: str) -> None:
        """Keep a line; one that comes when the kill is decided came too late."""
        with self._changed:
            if self.condemned_for is None:
                self.lines.append(line)
                self._changed.notify_all()

    def add_passed(self, checkpoint: str) -> None:
        """Note that a checkpoint was reached, once more."""
        with self._changed:
            self.passed.append(checkpoint)
            self._changed.notify_all()

    def condemn(self, why: Outcome) -> bool:
        """Note why it is killed, the first reason only; False if its end came before."""
        with self._changed:
            if self.outcome is None and self.condemned_for is None:
                self.condemned_for = why
            return self.outcome is None

    def conclude(self, outcome: Outcome) -> None:
        """Note how it ended."""
        with self._changed:
            self.outcome = outcome
            self._changed.notify_all()

    def wait_until(self, is_so: Callable[[], bool], timeout_seconds: float | None = None) -> bool:
        """Whether it became so in time; None waits for ever."""
        end = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        with self._changed:
            while not is_so():
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    return False
                self._changed.wait(min(filter(None, (left, _NAP_SECONDS)), default=None))
        return True

    def new_lines(self, known_count: int, timeout_seconds: float) -> list[str] | None:
        """The lines after the known ones, [] when it is over; None when nothing came in time."""

        def has_news() -> bool:
            return len(self.lines) > known_count or self.is_over

        return self.lines[known_count:] if self.wait_until(has_news, timeout_seconds) else None

    def settled(self) -> Outcome:
        """The outcome, as soon as there is one."""
        self.wait_until(lambda: self.is_over)
        assert self.outcome is not None
        return self.outcome
