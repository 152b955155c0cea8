"""One message across those who had it: a row for each, in the order in which they come.

What happens is numbered in the picture; the words to the numbers stand below.
"""

from collections.abc import Sequence
from itertools import pairwise
from textwrap import fill
from typing import TYPE_CHECKING

from sbtutorial.text import shortened
from sbtutorial.trace import Event
from sbtutorial.views import timeline_axes as common
from sbtutorial.views.figure import own_axes, verbatim
from sbtutorial.views.life import Moment, Span
from sbtutorial.views.lives import Life
from sbtutorial.views.palette import FAINT, INK, PAPER, name, styles
from sbtutorial.views.time_axis import TimeAxis, exactly
from sbtutorial.views.timeline_axes import Mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_QUEUE = "queue"
_MOST_NOTES = 14
_LINE_CHARS = 56  # of which the names of the rows take some
_NUMBER_SHARE = 0.065  # of the width, for the number of a note


def draw_message(
    title: str, life: Life, moves: Sequence[Event], description: str, axes: "Axes | None"
) -> "Axes":
    """Draw a message's life on these axes, or on new ones.

    Args:
        title: Which message it is.
        life: Its life; it may have no span.
        moves: When the clock was moved meanwhile, as events.
        description: The alternative text of new axes.
        axes: None for new ones.
    """
    began_at = min((moment.at for moment in life.moments), default=0.0)
    rows = _rows(life)
    notes = _notes(life.moments, moves)
    instants = [instant - began_at for span in life.spans for instant in (span.start, span.end)]
    axis = TimeAxis([*instants, *(note.at - began_at for note in notes)])
    words = _words(notes, _LINE_CHARS - max(map(len, rows)))
    looks = styles(life.spans)
    marks = _marks(life, moves)
    if axes is None:
        lines = common.legend_lines(len(looks) + len(marks)) + words.count("\n") + 2
        axes = own_axes(_height(len(rows), lines), description)
    common.set_up(axes, title, rows, axis, head=True)
    for move in moves:
        common.draw_clock(axes, move.at - began_at)
    _draw_handovers(axes, life.spans, rows, began_at)
    for span in life.spans:
        common.draw_bar(axes, span, rows.index(_row(span)), began_at, looks[name(span)])
    _draw_numbers(axes, axis, [note.at - began_at for note in notes], len(rows))
    lines = common.draw_legend(axes, looks, marks)
    axes.set_xlabel(words, loc="left", fontsize=common.SMALL, color=INK, linespacing=1.35)
    axes.xaxis.labelpad = 14 + 72 * lines * common.LINE_INCHES
    axes.xaxis.label.set_horizontalalignment("left")
    verbatim(axes)
    return axes


def _marks(life: Life, moves: Sequence[Event]) -> list[Mark]:
    found = {
        Mark.CRASH: life.crashes,
        Mark.RENEWAL: [span for span in life.spans if span.renewals],
        Mark.CLOCK: moves,
    }
    return [mark for mark, instants in found.items() if instants]


def _rows(life: Life) -> list[str]:
    """The queue, and each who had the message."""
    return list(dict.fromkeys((_QUEUE, *(_row(span) for span in life.spans))))


def _row(span: Span) -> str:
    return shortened(span.holder, common.ROW_CHARS) or _QUEUE


def _notes(moments: Sequence[Moment], moves: Sequence[Event]) -> list[Moment]:
    moved = [
        Moment(move.at, f"the clock was moved on by {exactly(move.seconds)}") for move in moves
    ]
    return sorted((*moments, *moved), key=lambda note: note.at)


def _words(notes: Sequence[Moment], chars: int) -> str:
    texts = [
        fill(f"{number}  {note.words}", chars, subsequent_indent="     ", break_on_hyphens=False)
        for number, note in enumerate(notes[:_MOST_NOTES], 1)
    ]
    more = len(notes) - _MOST_NOTES
    return "\n".join(texts + [f"… and {more} more"] * (more > 0))


def _height(rows: int, lines: int) -> float:
    return common.FRAME_INCHES + common.ROW_INCHES * rows + common.LINE_INCHES * lines


def _draw_handovers(
    axes: "Axes", spans: Sequence[Span], rows: Sequence[str], began_at: float
) -> None:
    """A line from row to row where the message went."""
    for before, after in pairwise(spans):
        start, end = rows.index(_row(before)), rows.index(_row(after))
        if start != end:
            at = after.start - began_at
            axes.plot([at, at], [start, end], color=INK, linewidth=0.8, zorder=1)


def _draw_numbers(axes: "Axes", axis: TimeAxis, seconds: Sequence[float], rows: int) -> None:
    numbered = seconds[:_MOST_NOTES]
    places = common.spread([axis.place(second) for second in numbered], _NUMBER_SHARE)
    for number, (second, place) in enumerate(zip(numbered, places, strict=True), 1):
        x = axis.second(place)
        axes.plot([x, second], [common.HEAD_ROW, -0.45], color=FAINT, linewidth=0.7, zorder=1)
        axes.vlines(second, -0.45, rows - 0.5, color=FAINT, linewidth=0.7, linestyle=":", zorder=0)
        circle = {"boxstyle": "circle,pad=0.18", "facecolor": PAPER, "edgecolor": INK}
        axes.text(
            x,
            common.HEAD_ROW,
            str(number),
            ha="center",
            va="center",
            fontsize=common.SMALL - 1,
            color=INK,
            bbox={**circle, "linewidth": 0.7},
            clip_on=False,
            zorder=6,
        )
