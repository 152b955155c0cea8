"""Who got what, where several consumers compete for a queue's messages."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sbtutorial.trace import Event
from sbtutorial.views.figure import verbatim
from sbtutorial.views.lives import ranges
from sbtutorial.views.palette import BARS, INK
from sbtutorial.views.plots.rows import Rows, events_of, prepared, rows_of
from sbtutorial.views.queue_text import readable_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MADE_BY = 'lab.plots.who_got_what(lab.events("orders"))'
_DELIVERED = {"locked", "taken"}
_MARKERS = "osD^vP*X"
_FEW = 40  # so many marks have room in a row; more are lines


class Share(NamedTuple):
    """What one consumer got.

    Attributes:
        who: Its name.
        numbers: The messages' numbers, in the order in which it got them; one may come twice.
    """

    who: str
    numbers: tuple[int, ...]


class Shares(Rows[Share]):
    """What each consumer got, in the order in which they came."""

    title = "Who got which messages"
    heads = ("who", "messages", "numbers")

    def cells(self, row: Share) -> tuple[str, ...]:
        """Who, how many, which."""
        return row.who, str(len(row.numbers)), ranges(sorted({*row.numbers}))

    @property
    def description(self) -> str:
        """Who got some; no figures, as it is chance who gets how many, and which."""
        return self._named("a row each", sorted(row.who for row in self))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw a row for each consumer; see `draw_shares`."""
        return draw_shares(self, ax)


def who_got_what(events: Sequence[Event]) -> Shares:
    """Rows of what each consumer got.

    Args:
        events: As `lab.events("orders")` gives them.
    """
    found: dict[str, list[int]] = {}
    for event in events_of(events):
        if event.what in _DELIVERED:
            found.setdefault(readable_name(event.who), []).append(event.sequence_number)
    return Shares(Share(who, tuple(numbers)) for who, numbers in found.items())


def draw_shares(rows: Sequence[Share], ax: "Axes | None" = None) -> "Axes":
    """Draw a row for each consumer, with a mark at the number of each message that it got."""
    from matplotlib.ticker import MaxNLocator

    shown = Shares(rows_of(rows, Share, _MADE_BY))
    axes = prepared(shown, ax, len(shown))
    for place, row in enumerate(shown):
        marker = _MARKERS[place % len(_MARKERS)] if len(row.numbers) <= _FEW else "|"
        axes.plot(
            row.numbers,
            [place] * len(row.numbers),
            linestyle="",
            marker=marker,
            markersize=8,
            color=BARS[place % len(BARS)].colour,
            markeredgecolor=INK,
            markeredgewidth=0.7,
        )
    axes.set_yticks(range(len(shown)), [f"{row.who} ({len(row.numbers)})" for row in shown])
    axes.set_ylim(max(len(shown), 1) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("message", color=INK)
    verbatim(axes)
    return axes
