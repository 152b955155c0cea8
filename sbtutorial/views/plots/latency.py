"""How long messages waited, or took altogether: made of events, in broker time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sbtutorial.errors import TutorialError
from sbtutorial.trace import Event
from sbtutorial.views.palette import BARS, FAINT, INK
from sbtutorial.views.plots.rows import Rows, brief, events_of, prepared, rows_of
from sbtutorial.views.queue_text import readable_name
from sbtutorial.views.time_axis import exactly

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MADE_BY = 'lab.plots.latencies(lab.events("orders"))'
_BEGINNINGS = {"sent", "copied", "activated"}
_ENDS = {"received": {"locked", "taken"}, "completed": {"completed", "taken"}}
_MARKS = {"half": 0.5, "95 of 100": 0.95}
_LINES = 6
_WIDE_RANGE = 100  # from the shortest to the longest: then the axis is logarithmic


class Latency(NamedTuple):
    """How long one message took.

    Attributes:
        sequence_number: Which message.
        who: Who received or completed it.
        seconds: From when it could be received.
    """

    sequence_number: int
    who: str
    seconds: float


class Latencies(Rows[Latency]):
    """How long each message took, in the order in which they came to an end."""

    title = "How long messages took"
    heads = ("message", "by", "after")

    def cells(self, row: Latency) -> tuple[str, ...]:
        """Which message, who, after how long."""
        return str(row.sequence_number), row.who, brief(row.seconds)

    @property
    def summary(self) -> str:
        """Within which time half of them and nearly all of them were done."""
        if not self:
            return ""
        parts = [f"{name} within {brief(at_share(self, share))}" for name, share in _MARKS.items()]
        longest = brief(max(row.seconds for row in self))
        return f"Of {len(self)}: {', '.join(parts)}, the longest {longest}."

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw their distribution; see `draw_latencies`."""
        return draw_latencies(self, ax)


def latencies(events: Sequence[Event], until: str = "received") -> Latencies:
    """Rows of how long each message took from when it could be received.

    Args:
        events: As `lab.events("orders")` gives them.
        until: "received", for the first time; or "completed".

    Raises:
        TutorialError: `until` is neither.
    """
    if until not in _ENDS:
        raise TutorialError(f"until is {' or '.join(map(repr, _ENDS))}; {until!r} is neither.")
    began: dict[int, float] = {}
    rows = Latencies()
    for event in events_of(events):
        number = event.sequence_number
        if event.what in _BEGINNINGS:
            began[number] = event.at
        elif event.what in _ENDS[until] and number in began:
            seconds = event.at - began.pop(number)
            rows.append(Latency(number, readable_name(event.who), seconds))
    return rows


def at_share(rows: Sequence[Latency], share: float) -> float:
    """The seconds within which this share of the messages was done."""
    ordered = sorted(row.seconds for row in rows)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def draw_latencies(rows: Sequence[Latency], ax: "Axes | None" = None) -> "Axes":
    """Draw after how long which share of the messages was done, with the middle marked."""
    shown = Latencies(rows_of(rows, Latency, _MADE_BY))
    axes = prepared(shown, ax, _LINES)
    ordered = sorted(row.seconds for row in shown)
    shares = [(place + 1) / len(ordered) for place in range(len(ordered))]
    axes.step([0.0, *ordered], [0.0, *shares], where="post", color=BARS[-1].colour, linewidth=2)
    axes.margins(x=0.25)
    axes.set_xlim(left=0)
    if ordered and ordered[0] > 0 and ordered[-1] > _WIDE_RANGE * ordered[0]:
        axes.set_xscale("log")
        axes.set_xlim(left=ordered[0] / 2)
    for name, share in _MARKS.items():
        if ordered:
            seconds = at_share(shown, share)
            axes.axvline(seconds, color=FAINT, linestyle="--", linewidth=1)
            words = f" {name}: {brief(seconds)}"
            axes.annotate(words, (seconds, share), va="top", color=INK)
    axes.set_ylim(0, 1.05)
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    axes.xaxis.set_major_formatter(lambda seconds, _: exactly(seconds))
    axes.set_ylabel("of the messages", color=INK)
    return axes
