"""Timelines drawn with matplotlib: a row for each place, a bar for each span, a cross for a crash.

No fact is told by colour alone: every place has its own row, name and hatch. The lengths are the
rounded ones of the text, so the same story gives the same picture.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sbtutorial.views.life import Span, State

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOMENT_SHARE = 0.03  # of the whole width, for a span too short to be measured
_WIDTH_INCHES, _ROW_INCHES, _FRAME_INCHES = 10.0, 0.42, 1.1
_BAR_HEIGHT = 0.6
_INK, _CROSS = "#222222", "#B00000"


class _Style(NamedTuple):
    colour: str
    hatch: str


# The colours are Okabe and Ito's, which people of every kind of colour vision can tell apart.
_STYLES = {
    State.SCHEDULED: _Style("#F0E442", "--"),
    State.WAITING: _Style("#56B4E9", ""),
    State.LOCKED: _Style("#E69F00", "//"),
    State.ORPHANED: _Style("#666666", "xx"),
    State.DEFERRED: _Style("#CC79A7", ".."),
    State.DEAD: _Style("#D55E00", "++"),
}


def draw_timeline(title: str, spans: Sequence[Span]) -> "Axes":
    """Draw a timeline on a figure of its own.

    Returns:
        The axes: a row for each place in the order of first arrival, time to the right.
    """
    import matplotlib.pyplot as plt

    labels = list(dict.fromkeys(span.label for span in spans))
    size = (_WIDTH_INCHES, _FRAME_INCHES + _ROW_INCHES * len(labels))
    # White in a dark notebook, too: the ink is dark.
    _, axes = plt.subplots(figsize=size, layout="constrained", facecolor="white")
    moment = _MOMENT_SHARE * max(sum(span.seconds for span in spans), 10.0)
    at = 0.0
    for span in spans:
        width = span.seconds or moment
        _draw_span(axes, span, labels.index(span.label), at, width)
        at += width
    _label(axes, title, labels)
    return axes


def _draw_span(axes: "Axes", span: Span, row: int, start: float, width: float) -> None:
    style = _STYLES[span.state]
    bar: dict[str, Any] = {"color": style.colour, "hatch": style.hatch, "edgecolor": _INK}
    axes.barh(row, width, left=start, height=_BAR_HEIGHT, label=span.label, **bar)
    if span.is_cut_off:
        cross = {"marker": "X", "markersize": 15, "color": _CROSS, "markeredgecolor": "white"}
        axes.plot([start + width], [row], clip_on=False, zorder=3, **cross)  # type: ignore[arg-type]
    if span.remarks:
        axes.annotate(
            span.remarks.removeprefix("✗ "),
            (start + width, row),
            xytext=(10, 0),
            textcoords="offset points",
            va="center",
            color=_INK,
        )


def _label(axes: "Axes", title: str, labels: list[str]) -> None:
    axes.set_title(title, loc="left")
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()  # time runs down as well as to the right
    axes.set_xlabel("seconds, rounded; a moment is drawn as a short bar")
    axes.margins(x=0.01)
    axes.spines[["top", "right"]].set_visible(False)
