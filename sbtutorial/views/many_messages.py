"""A queue's messages, a row for each; of very many those with the most to tell, and a crowd.

The crowd is a row as high as three: how many of the others were where, at each instant.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from sbtutorial.trace import Event
from sbtutorial.views import timeline_axes as common
from sbtutorial.views.figure import own_axes, verbatim
from sbtutorial.views.life import Span, State
from sbtutorial.views.lives import Life
from sbtutorial.views.palette import CLOCK, STYLES, Style, name, styles
from sbtutorial.views.time_axis import TimeAxis, exactly
from sbtutorial.views.timeline_axes import Mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 12
_CROWD_ROWS = 3
_CRASH_SHARE = 0.06  # of the width, for a cross in the crowd
_CLOCK_SHARE = 0.14  # of the width, for the words at a mark of the clock


class Selection(NamedTuple):
    """Which messages have a row, and which are in the crowd; each in their order."""

    shown: list[Life]
    crowd: list[Life]


def select(lives: Sequence[Life]) -> Selection:
    """Choose the rows: those to whom most happened, and of equals the first."""
    if len(lives) <= MOST_ROWS:
        return Selection(list(lives), [])
    by_interest = sorted(lives, key=lambda life: (-len(life.crashes), -len(life.moments)))
    shown = set(life.number for life in by_interest[: MOST_ROWS - 1])
    return Selection(
        [life for life in lives if life.number in shown],
        [life for life in lives if life.number not in shown],
    )


def draw_queue(
    title: str,
    lives: Sequence[Life],
    moves: Sequence[Event],
    description: str,
    axes: "Axes | None",
) -> "Axes":
    """Draw the lives of a queue's messages on these axes, or on new ones.

    Args:
        title: Which queue it is.
        lives: Its messages'.
        moves: When the clock was moved meanwhile, as events.
        description: The alternative text of new axes.
        axes: None for new ones.
    """
    selection = select(lives)
    began_at = min((life.moments[0].at for life in lives if life.moments), default=0.0)
    spans = [span for life in selection.shown for span in life.spans]
    looks = {**styles(spans), **_crowd_styles(selection.crowd)}
    marks = [mark for mark, is_there in _marks(lives, spans, moves).items() if is_there]
    rows = [life.short_label for life in selection.shown]
    if selection.crowd:
        crashes = sum(len(life.crashes) for life in selection.crowd)
        rows += ["", f"and {len(selection.crowd)} more", f"✗ {crashes} times" * bool(crashes)]
    if axes is None:
        lines = common.legend_lines(len(looks) + len(marks))
        height = common.FRAME_INCHES + common.ROW_INCHES * len(rows) + common.LINE_INCHES * lines
        axes = own_axes(height, description)
    axis = TimeAxis(_instants(lives, moves, began_at))
    common.set_up(axes, title, rows, axis, head=bool(moves))
    for row, life in enumerate(selection.shown):
        for span in life.spans:
            common.draw_bar(axes, span, row, began_at, looks[name(span)])
        for at in life.duplicates:
            common.draw_mark(axes, Mark.COPY, at - began_at, row)
    if selection.crowd:
        _draw_crowd(axes, axis, selection.crowd, len(selection.shown) + 1, began_at)
    _draw_clock(axes, axis, moves, began_at)
    common.draw_legend(axes, looks, marks)
    verbatim(axes)
    return axes


def _marks(
    lives: Sequence[Life], spans: Sequence[Span], moves: Sequence[Event]
) -> dict[Mark, bool]:
    """Which marks there are; renewals only in rows."""
    return {
        Mark.CRASH: any(life.crashes for life in lives),
        Mark.RENEWAL: any(span.renewals for span in spans),
        Mark.COPY: any(life.duplicates for life in lives),
        Mark.CLOCK: bool(moves),
    }


def _instants(lives: Sequence[Life], moves: Sequence[Event], began_at: float) -> list[float]:
    spans = [span for life in lives for span in life.spans]
    instants = [instant for span in spans for instant in (span.start, span.end)]
    instants += [at for life in lives for at in life.duplicates]
    return [at - began_at for at in (*instants, *(move.at for move in moves))]


def _crowd_styles(crowd: Sequence[Life]) -> dict[str, Style]:
    """In the crowd it does not matter who has a message locked."""
    spans = [replace(span, holder="") for life in crowd for span in life.spans]
    return {name(span): STYLES[span.state] for span in spans}


def _draw_crowd(
    axes: "Axes", axis: TimeAxis, crowd: Sequence[Life], middle: float, began_at: float
) -> None:
    """Stacked areas, from the bottom up, whose height is the number of messages in each place."""
    seconds, counts = _counts(crowd, began_at)
    bottom, height = middle + _CROWD_ROWS / 2 - 0.2, _CROWD_ROWS - 0.4
    base = [bottom] * len(seconds)
    for state in State:
        if any(count[state] for count in counts):
            top = [
                under - height * count[state] / len(crowd)
                for under, count in zip(base, counts, strict=True)
            ]
            fill = STYLES[state].fill
            axes.fill_between(seconds, base, top, step="post", linewidth=0.4, **fill)
            base = top
    free = -1.0
    for second in sorted(at - began_at for life in crowd for at, _ in life.crashes):
        if (place := axis.place(second)) >= free:  # many at one place would hide what is below
            common.draw_mark(axes, Mark.CRASH, second, middle, size=7.0)
            free = place + _CRASH_SHARE


def _counts(crowd: Sequence[Life], began_at: float) -> tuple[list[float], list[Counter[State]]]:
    """How many of the crowd were where, from each of these seconds on."""
    changes: dict[float, Counter[State]] = {}
    for span in (span for life in crowd for span in life.spans):
        changes.setdefault(span.start - began_at, Counter())[span.state] += 1
        changes.setdefault(span.end - began_at, Counter())[span.state] -= 1
    counts: list[Counter[State]] = []
    current: Counter[State] = Counter()
    seconds = sorted(changes)
    for second in seconds:
        current.update(changes[second])
        counts.append(Counter(current))
    return seconds, counts


def _draw_clock(axes: "Axes", axis: TimeAxis, moves: Sequence[Event], began_at: float) -> None:
    """A line for each move, with how far; of moves that are close together the first says it."""
    free = -1.0
    for move in moves:
        second = move.at - began_at
        common.draw_clock(axes, second)
        place = axis.place(second)
        if place >= free:
            words = f" +{exactly(move.seconds)}"
            axes.text(
                second, common.HEAD_ROW, words, va="center", fontsize=common.SMALL, color=CLOCK
            )
            free = place + _CLOCK_SHARE
