"""One message's life as a row of spans: where it was, for how long, and what ended that.

    orders, message 2

    waiting                   a moment
    locked by cashier         a moment     ✗ cashier vanished
    locked by cashier (gone)  about 30 s   the lock ran out, delivery count 1
    waiting                   a moment
    locked by relief          a moment     completed by relief

It is made from the events alone, in broker time, so a minute that was advanced counts as a minute.
Lengths are rounded: the same story gives the same text, and the same picture, on every run.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from sbtutorial.trace import Event
from sbtutorial.views.life import Span, tell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GAP = "  "


class Timeline:
    """The life of one message: text by itself, a picture by `plot`.

    Attributes:
        title: Which message it is.
        spans: Its life, in order.
    """

    def __init__(self, name: str, events: Iterable[Event], now: float) -> None:
        """Tell a life from its events.

        Args:
            name: Which message it is, in words.
            events: What happened to it, in order.
            now: Broker time, up to which its present state has lasted.
        """
        self.title = name
        self.spans = tell(list(events), now)

    def __repr__(self) -> str:
        if not self.spans:
            return self.title
        rows = [row for span in self.spans for row in _rows(span)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = (
            _GAP.join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )
        return "\n".join((self.title, "", *lines))

    def plot(self) -> "Axes":
        """Draw it with matplotlib.

        Returns:
            The axes drawn on, a figure of their own.
        """
        from sbtutorial.views.plots import draw_timeline

        return draw_timeline(self.title, self.spans)


def _rows(span: Span) -> Iterator[tuple[str, str, str]]:
    """A span as text; a second note stands below the first, so that rows stay short."""
    first, *more = span.notes
    yield span.label, span.length, first
    yield from (("", "", note) for note in more)
