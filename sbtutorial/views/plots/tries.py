"""How often each message has failed, and how often it may: pips that fill up."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sbtutorial.errors import TutorialError
from sbtutorial.snapshot import DEAD, MessageSnapshot, QueueSnapshot
from sbtutorial.text import one_line, shortened
from sbtutorial.views.figure import verbatim
from sbtutorial.views.life import State
from sbtutorial.views.palette import INK, PAPER, STYLES
from sbtutorial.views.plots.rows import Rows, prepared, rows_of
from sbtutorial.views.queue_picture import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MADE_BY = 'lab.plots.tries(lab.show("orders"))'
_FULL, _FREE = "●", "○"
_MOST_PIPS = 20  # of a queue that allows more, numbers say enough
_TEXT_CHARS = 24
_FEWEST_PLACES, _END_PLACES = 10, 4.5  # along a row, for pips and for where they lead
_PIP_POINTS, _WORDS_POINTS = 10.0, 9.0


class Tries(NamedTuple):
    """How one message stands.

    Attributes:
        message: Its number and how its body begins.
        failed: How many deliveries of it came to nothing.
        most: How many may, in its queue; 0 where that is not known.
        place: Where it is: "ready", "locked", "dead", ….
        reason: Why it is dead; "" when it is not, or nobody said.
    """

    message: str
    failed: int
    most: int
    place: str
    reason: str = ""

    @property
    def pips(self) -> str:
        """A full pip for each failure, an empty one for each that is left; "" for too many."""
        if self._pip_count > _MOST_PIPS:
            return ""
        return _FULL * self.failed + _FREE * (self._pip_count - self.failed)

    @property
    def ratio(self) -> str:
        """The same in words."""
        return f"{self.failed} of {self.most}" if self.most else str(self.failed)

    @property
    def where(self) -> str:
        """Where it is, and why if it is dead."""
        return f"{self.place}: {one_line(self.reason)}" if self.reason else self.place

    @property
    def _pip_count(self) -> int:
        return max(self.failed, self.most)


class TriesTable(Rows[Tries]):
    """How often each message of a queue has failed, those that wait first, then the dead."""

    title = "Failed deliveries"
    heads = ("message", "failed deliveries", "where it is")

    def cells(self, row: Tries) -> tuple[str, ...]:
        """Which, its pips and their number, where it is."""
        return row.message, "  ".join(filter(None, (row.pips, row.ratio))), row.where

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw a row of pips for each message; see `draw_tries`."""
        return draw_tries(self, ax)


def tries(picture: Picture) -> TriesTable:
    """Rows of how often messages have failed.

    Args:
        picture: The queue, as `lab.show("orders")` gives it.

    Raises:
        TutorialError: It is something else.
    """
    if not isinstance(picture, Picture):
        raise TutorialError(
            f'This takes a queue\'s picture, as in lab.show("orders"); {picture!r:.60} is none.'
        )
    return TriesTable(_rows(picture.snapshot))


def _rows(snapshot: QueueSnapshot) -> Iterator[Tries]:
    for message in sorted(snapshot.messages, key=lambda one: one.state == DEAD):
        yield Tries(
            _name(message),
            message.delivery_count,
            snapshot.max_delivery_count,
            message.state,
            message.dead_letter_reason or "",
        )


def _name(message: MessageSnapshot) -> str:
    text = shortened(one_line(message.text or ""), _TEXT_CHARS)
    return f"{message.sequence_number} {text}".rstrip()


def draw_tries(rows: Sequence[Tries], ax: "Axes | None" = None) -> "Axes":
    """Draw a row of pips for each message: full where a delivery failed, and an end when dead."""
    shown = TriesTable(rows_of(rows, Tries, _MADE_BY))
    axes = prepared(shown, ax, round(2.6 * len(shown) - 1.5))
    for place, row in enumerate(shown):
        _draw_row(axes, place, row)
    widest = max((len(row.pips) for row in shown), default=0)
    axes.set_xlim(0.4, max(widest, _FEWEST_PLACES) + _END_PLACES)
    axes.set_ylim(max(len(shown), 1) - 0.4, -0.65)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)
    verbatim(axes)
    return axes


def _draw_row(axes: "Axes", place: int, row: Tries) -> None:
    is_dead = row.place == DEAD
    colour = STYLES[State.DEAD].colour if is_dead else INK
    for at, pip in enumerate(row.pips, 1):
        axes.plot(
            at,
            place,
            linestyle="",
            marker="o",
            markersize=_PIP_POINTS,
            markerfacecolor=colour if pip == _FULL else PAPER,
            markeredgecolor=colour,
            clip_on=False,
        )
    words: dict[str, Any] = {"va": "center", "color": INK, "clip_on": False}
    axes.text(0.6, place - 0.36, row.message, fontsize=_WORDS_POINTS + 1, **words)
    axes.text(0.6, place + 0.32, f"{row.ratio}, {row.where}", fontsize=_WORDS_POINTS, **words)
    if is_dead:  # over the edge
        end = len(row.pips) + 0.5
        arrow = {"arrowstyle": "->", "color": colour, "linewidth": 1.6}
        axes.annotate("", (end + 1.3, place), (end, place), arrowprops=arrow)
        axes.text(end + 1.5, place, "✗ dead", fontsize=_WORDS_POINTS + 1, **words)
