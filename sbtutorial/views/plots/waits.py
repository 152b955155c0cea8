"""How long calls waited, beside how long they were allowed to.

In words a wait is a moment or all of it, so that they are the same on every run; the bars are to
scale.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sbtutorial.errors import TutorialError
from sbtutorial.views.figure import verbatim
from sbtutorial.views.palette import BARS, INK, PAPER
from sbtutorial.views.plots.rows import Rows, prepared, rows_of
from sbtutorial.views.time_axis import exactly

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MADE_BY = "lab.plots.waits(...)"
_HEIGHT = 0.62


class Wait(NamedTuple):
    """One call that may wait.

    Attributes:
        how: Which call, in words.
        at_most: How many seconds it might have waited.
        seconds: How long it took.
    """

    how: str
    at_most: float
    seconds: float

    @property
    def words(self) -> str:
        """How much of its time it took."""
        return "all of it" if self.seconds >= self.at_most else "a part of it"


class Waits(Rows[Wait]):
    """How long calls waited, as they were made."""

    title = "How long a call waited"
    heads = ("call", "at most", "waited")

    def cells(self, row: Wait) -> tuple[str, ...]:
        """Which call, how long at most, how much of that."""
        return row.how, exactly(row.at_most), row.words

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw a bar for each, within the time that it might have taken; see `draw_waits`."""
        return draw_waits(self, ax)


def waits(measured: Iterable[tuple[str, float, float]]) -> Waits:
    """Rows of what was measured: which call, how many seconds at most, how many it took.

    Raises:
        TutorialError: A measurement is something else.
    """
    return Waits(_measurement(one) for one in measured)


def draw_waits(rows: Sequence[Wait], ax: "Axes | None" = None) -> "Axes":
    """Draw for each call an empty bar for the time that it had, filled as far as it took."""
    shown = Waits(rows_of(rows, Wait, _MADE_BY))
    axes = prepared(shown, ax, len(shown))
    for place, row in enumerate(shown):
        axes.barh(place, row.at_most, height=_HEIGHT, facecolor=PAPER, edgecolor=INK)
        axes.barh(place, row.seconds, height=_HEIGHT, **BARS[0].fill)
        words = f" at most {exactly(row.at_most)}"
        axes.annotate(words, (max(row.at_most, row.seconds), place), va="center", color=INK)
    axes.set_yticks(range(len(shown)), [row.how for row in shown])
    axes.set_ylim(max(len(shown), 1) - 0.5, -0.5)
    axes.margins(x=0.35)
    axes.set_xlim(left=0)
    axes.set_xlabel("seconds", color=INK)
    verbatim(axes)
    return axes


def _measurement(value: object) -> Wait:
    try:
        row = Wait(*value)  # type: ignore[misc]
        is_one = row.at_most > 0 and row.seconds >= 0
    except TypeError:
        is_one = False
    if not is_one:
        raise TutorialError(
            'A wait is which call, how many seconds at most and how many it took, as in ("none '
            f'there", 1, 1.02); {value!r:.60} is none.'
        )
    return row
