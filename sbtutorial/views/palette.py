"""What each place looks like: a colour and a hatch, so that no fact is told by colour alone.

The colours are Okabe and Ito's, which people of every kind of colour vision can tell apart; in
black and white the hatches do.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sbtutorial.views.life import Span, State

INK, PAPER, FAINT = "#222222", "white", "#999999"
CRASH, CLOCK = "#B00000", "#0072B2"


class Style(NamedTuple):
    """How a bar is filled."""

    colour: str
    hatch: str

    @property
    def fill(self) -> dict[str, Any]:
        """The same as matplotlib's arguments."""
        return {"facecolor": self.colour, "hatch": self.hatch, "edgecolor": INK}


STYLES = {
    State.SCHEDULED: Style("#F0E442", "--"),
    State.WAITING: Style("#56B4E9", ""),
    State.LOCKED: Style("#E69F00", "//"),
    State.ORPHANED: Style("#777777", "xxx"),
    State.DEFERRED: Style("#CC79A7", ".."),
    State.DEAD: Style("#D55E00", "++"),
}
# For bars that stand beside one another.
BARS = (
    Style("#56B4E9", ""),
    Style("#E69F00", "//"),
    Style("#009E73", ".."),
    Style("#CC79A7", "xx"),
    Style("#F0E442", "--"),
    Style("#0072B2", "\\\\"),
)
# Several holders differ by their hatches: all of their locks have the one colour.
_HOLDERS = ("//", "\\\\", "||", "oo", "**", "////", "\\\\\\\\")


def name(span: Span) -> str:
    """What a span is called in a legend: by its holder, if it is one that works on it."""
    if span.state is State.ORPHANED:
        return "locked, holder gone"
    return span.label if span.state is State.LOCKED else span.state.value


def styles(spans: Iterable[Span]) -> dict[str, Style]:
    """A style for each name that the spans have, in the order in which they come."""
    holders: dict[str, str] = {}
    found: dict[str, Style] = {}
    for span in spans:
        style = STYLES[span.state]
        if span.state is State.LOCKED:
            hatch = holders.setdefault(span.holder, _HOLDERS[len(holders) % len(_HOLDERS)])
            style = style._replace(hatch=hatch)
        found.setdefault(name(span), style)
    return found
