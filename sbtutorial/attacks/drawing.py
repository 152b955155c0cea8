"""A day, drawn: a row for each who works, a mark for each step, the first broken promise in red."""

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

from sbtutorial.attacks.picture import row_of
from sbtutorial.attacks.promises import Broken
from sbtutorial.attacks.steps import BROKER, WORK, Account, Step, What
from sbtutorial.views.figure import own_axes, verbatim
from sbtutorial.views.palette import CLOCK, CRASH, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEIGHT_INCHES = 3.1
_WORDS_CHARS = 44


def draw_day(
    title: str,
    description: str,
    account: Account,
    roles: Sequence[str],
    broken: Broken | None,
    axes: "Axes | None",
) -> "Axes":
    """Draw a day on these axes, or on new ones.

    Args:
        title: What stands above it.
        description: The alternative text of new axes.
        account: The day that was played.
        roles: Who worked, in the order of their rows.
        broken: The promise that was broken first; None if none was.
        axes: None for new ones.
    """
    if axes is None:
        axes = own_axes(_HEIGHT_INCHES, description)
    rows = (*roles, BROKER)
    steps = account.steps
    for what, (label, style) in _STYLES.items():
        found = [step for step in steps if _kind(step) == what]
        if found:
            places = [rows.index(row_of(step)) for step in found]
            axes.plot([step.number for step in found], places, linestyle="", label=label, **style)
    for step in steps:
        if step.what is What.LATER:
            axes.axvline(step.number, color=CLOCK, linestyle=":", linewidth=1)
    if broken is not None:
        _mark_broken(broken, account.last, len(rows), axes)
    axes.set_yticks(range(len(rows)), labels=rows)
    axes.set_ylim(len(rows) - 0.4 + (broken is not None), -0.6)
    axes.set_xlim(-1, account.last + 3)
    axes.set_xlabel("step")
    axes.set_title(title, fontsize=9, loc="left")
    axes.tick_params(labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.28), ncols=3, fontsize=7, frameon=False)
    verbatim(axes)
    return axes


def _mark_broken(broken: Broken, last: int, row: int, axes: "Axes") -> None:
    at = broken.step
    axes.axvline(at, color=CRASH, linewidth=2, label="first broken promise")
    is_late = at > last / 2
    axes.annotate(
        fill(broken.seen, _WORDS_CHARS),
        (at, row),
        xytext=(-4 if is_late else 4, 0),
        textcoords="offset points",
        ha="right" if is_late else "left",
        va="center",
        color=CRASH,
        fontsize=7,
    )


_WORK, _OTHER = "work", "other"
_STYLES: dict[str, tuple[str, dict[str, Any]]] = {
    _WORK: ("work", {"marker": "|", "color": "#56B4E9", "markersize": 11}),
    "killed": ("killed", {"marker": "X", "color": CRASH, "markersize": 8}),
    "hit": ("hit", {"marker": "v", "color": "#E69F00", "markeredgecolor": INK, "markersize": 7}),
    "failed": ("failed, started again", {"marker": "P", "color": INK, "markersize": 7}),
}


def _kind(step: Step) -> str:
    if step.what in WORK:
        return _WORK
    if step.what is What.HARMED:
        return "killed" if row_of(step) == BROKER else "hit"
    if step.what is What.KILLED:
        return "killed"
    return "failed" if step.what in (What.FAILED, What.SILENT) else _OTHER
