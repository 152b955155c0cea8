"""What a check does, told while it does it: a line that grows, and what the answer prints.

    coffee, tea, cake sent · your function started · killed at the tea · 31 s pass

A step is told when it begins or has just happened, and in the same words whenever the check runs:
no times, no random names. What was told when the check has ended, by a thread that was left behind,
is dropped.
"""

from collections.abc import Callable
from threading import RLock

from sbtutorial.text import one_line, wrapped

Show = Callable[[str], object]

_LINE_CHARS = 72
_BETWEEN = " · "
_MOST_LINES = 20
_MARGIN = "  │ "


class Story:
    """The steps of one check; safe to use from any thread.

    Args:
        show: Called with each piece of text, as it is to stand behind the one before; None for
            nobody who looks.

    Attributes:
        steps: What was told, in order.
        printed_count: How many lines the answer has printed.
    """

    def __init__(self, show: Show | None = None) -> None:
        self.steps: list[str] = []
        self.printed_count = 0
        self._show = show
        self._column = 0
        self._rest = ""  # of a line that the answer has not ended yet
        self._is_over = False
        self._one_at_a_time = RLock()

    def tell(self, step: str) -> None:
        """Tell a step, in a few words: "killed at the tea"."""
        with self._one_at_a_time:
            if self._is_over:
                return
            self._end_printed_line()
            self.steps.append(step)
            self._write(self._placed(step))

    def print(self, text: str) -> None:
        """Show what the answer prints, as lines of their own; not more than anybody reads."""
        with self._one_at_a_time:
            if self._is_over:
                return
            *lines, self._rest = (self._rest + text).split("\n")
            for line in lines:
                self._show_printed(line)

    def close(self) -> None:
        """End the line; nothing is told any more."""
        with self._one_at_a_time:
            self._end_printed_line()
            if (hidden := self.printed_count - _MOST_LINES) > 0:
                self._on_new_line(f"{_MARGIN}… and {hidden:,} more lines")
            if self._column:
                self._write("\n")
            self._is_over = True

    def _placed(self, step: str) -> str:
        """A step as it stands behind what is there: in the same line, if there is room."""
        first = step.partition("\n")[0]
        if not self._column:
            return wrapped(step)
        if self._column + len(_BETWEEN) + len(first) <= _LINE_CHARS:
            return _BETWEEN + wrapped(step)
        return f"{_BETWEEN.rstrip()}\n{wrapped(step)}"

    def _end_printed_line(self) -> None:
        if self._rest:
            self._rest, rest = "", self._rest
            self._show_printed(rest)

    def _show_printed(self, line: str) -> None:
        self.printed_count += 1
        if self.printed_count <= _MOST_LINES:
            self._on_new_line(f"{_MARGIN}{one_line(line, _LINE_CHARS)}\n")

    def _on_new_line(self, text: str) -> None:
        self._write(("\n" if self._column else "") + text)

    def _write(self, text: str) -> None:
        _, newline, last = text.rpartition("\n")
        self._column = len(last) if newline else self._column + len(text)
        if self._show is not None:
            self._show(text)
