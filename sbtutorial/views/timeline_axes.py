"""What all timelines on matplotlib axes have in common: time to scale, bars, crosses, the clock.

Seconds since the beginning are the data; where the time axis is broken, matplotlib's scale is. Each
row is at a whole number, the first at 0, with a free one above for what concerns all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sbtutorial.text import shortened
from sbtutorial.views.life import Span
from sbtutorial.views.palette import CLOCK, CRASH, INK, PAPER, Style
from sbtutorial.views.time_axis import TimeAxis

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

HEAD_ROW = -0.95
ROW_INCHES, FRAME_INCHES, LINE_INCHES = 0.32, 0.95, 0.185
SMALL = 9.0  # points
_BAR_HEIGHT = 0.62
_GAP_SHARE, _SLANT = 0.32, 0.06  # of a break's width
_LEGEND_COLUMNS, _LEGEND_CHARS = 2, 21
_CHAR_INCHES, ROW_CHARS = 0.075, 18


class Mark(StrEnum):
    """What happens at an instant, as a legend calls it."""

    CRASH = "receiver vanished"
    RENEWAL = "lock renewed"
    COPY = "copy dropped"
    CLOCK = "clock moved"


_LOOKS: dict[Mark, dict[str, Any]] = {
    Mark.CRASH: {"marker": "X", "linestyle": "", "color": CRASH, "markeredgecolor": PAPER},
    Mark.RENEWAL: {"marker": "^", "linestyle": "", "color": PAPER, "markeredgecolor": INK},
    Mark.COPY: {"marker": "D", "linestyle": "", "color": PAPER, "markeredgecolor": INK},
    Mark.CLOCK: {"color": CLOCK, "linestyle": (0, (5, 2, 1, 2)), "linewidth": 1.3},
}


def set_up(axes: "Axes", title: str, rows: Sequence[str], axis: TimeAxis, *, head: bool) -> None:
    """Give axes their time, to scale but for its breaks, a name for each row, and a head row."""
    import numpy as np

    ways = tuple(np.vectorize(way, otypes=[float]) for way in (axis.place, axis.second))
    axes.set_xscale("function", functions=ways)
    axes.set_xlim(axis.second(-0.015), axis.second(1.015))
    # Time runs down as well as to the right.
    axes.set_ylim(len(rows) - 0.5, HEAD_ROW - 0.4 if head else -0.6)
    seconds, words = zip(*axis.ticks(), strict=True)
    axes.set_xticks(seconds, words, fontsize=SMALL)
    axes.set_xticks([], minor=True)
    names = [shortened(row, ROW_CHARS) for row in rows]
    axes.set_yticks(range(len(rows)), names, fontsize=SMALL)
    axes.tick_params(colors=INK, axis="both")
    axes.tick_params(axis="y", length=0)
    axes.set_title(title, loc="left", color=INK, fontsize=11)
    axes.spines[["top", "right", "left"]].set_visible(False)
    for one in axis.breaks:
        _draw_break(axes, axis, one.start, one.end, one.words, len(rows))


def draw_bar(axes: "Axes", span: Span, row: float, began_at: float, style: Style) -> None:
    """Draw a stretch of a life in its row, and a cross where it was cut off."""
    start, end = span.start - began_at, span.end - began_at
    # The edge is what is left of a bar that is too short to be seen.
    axes.barh(row, end - start, left=start, height=_BAR_HEIGHT, linewidth=0.7, **style.fill)
    for at in span.renewals:
        draw_mark(axes, Mark.RENEWAL, at - began_at, row)
    if span.is_cut_off:
        draw_mark(axes, Mark.CRASH, end, row)


def draw_mark(axes: "Axes", mark: Mark, second: float, row: float, size: float = 11.0) -> None:
    """Mark an instant in a row."""
    axes.plot([second], [row], clip_on=False, zorder=5, markersize=size, **_LOOKS[mark])


def draw_clock(axes: "Axes", second: float) -> None:
    """Mark where the clock was moved."""
    axes.axvline(second, zorder=4, **_LOOKS[Mark.CLOCK])


def draw_legend(axes: "Axes", styles: Mapping[str, Style], marks: Sequence[Mark]) -> int:
    """Say below the axes what is what; returns how many lines that takes."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.transforms import ScaledTranslation

    handles: list[Artist] = [
        Patch(label=shortened(name, _LEGEND_CHARS), **style.fill) for name, style in styles.items()
    ]
    handles += [Line2D([], [], label=mark.value, markersize=9, **_LOOKS[mark]) for mark in marks]
    # It begins below the names of the rows, not below the bars: there is little room.
    longest = max((len(label.get_text()) for label in axes.get_yticklabels()), default=0)
    inches = -_CHAR_INCHES * longest, -1.6 * LINE_INCHES
    below = ScaledTranslation(*inches, axes.figure.dpi_scale_trans)
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0, 0),
        bbox_transform=axes.transAxes + below,
        ncols=_LEGEND_COLUMNS,
        frameon=False,
        fontsize=SMALL,
        borderaxespad=0,
        handletextpad=0.5,
        columnspacing=1.0,
        labelcolor=INK,
    )
    return legend_lines(len(handles))


def legend_lines(entries: int) -> int:
    """How many lines so many entries take."""
    return -(-entries // _LEGEND_COLUMNS)


def spread(places: Iterable[float], least: float) -> list[float]:
    """Ascending places from 0 to 1, moved apart as far as needed to be `least` from one another."""
    found: list[float] = []
    for place in places:
        found.append(max(place, found[-1] + least) if found else place)
    limit = 1.0
    for at in reversed(range(len(found))):
        found[at] = min(found[at], limit)
        limit = found[at] - least
    return found


def _draw_break(
    axes: "Axes", axis: TimeAxis, start: float, end: float, words: str, rows: int
) -> None:
    """A slanted gap in all the rows, with its length in it."""
    left, right = axis.place(start), axis.place(end)
    width = right - left
    middle, half, slant = (left + right) / 2, width * _GAP_SHARE / 2, width * _SLANT
    top, bottom = -0.5, rows - 0.5
    edges = [
        [axis.second(middle + side - slant), axis.second(middle + side + slant)]
        for side in (-half, half)
    ]
    axes.fill([*edges[0], *reversed(edges[1])], [bottom, top, top, bottom], color=PAPER, zorder=2)
    for edge in edges:
        axes.plot(edge, [bottom, top], color=INK, linewidth=0.8, zorder=2, clip_on=False)
    axes.text(
        axis.second(middle),
        (top + bottom) / 2,
        words,
        rotation=90,
        ha="center",
        va="center",
        fontsize=SMALL,
        color=INK,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.0},  # of many, each is narrower
        zorder=3,
    )
