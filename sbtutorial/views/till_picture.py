"""A till, drawn: what is in it, what was charged for each order, and whose notes it has.

    till    6 euros
    roll    order-17  3 + 3 euros  ✗ charged twice
    notes   –

What went wrong is red, and says so in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sbtutorial.text import one_line
from sbtutorial.views.markup import Markup, described, element, twin
from sbtutorial.views.palette import CRASH, PAPER
from sbtutorial.views.text_table import table

_EMPTY = "–"
_TIMES = {1: "charged once", 2: "charged twice"}
_WRONG = f"background: {CRASH}; color: {PAPER}; padding: 0 6px; border-radius: 4px"
_ITEM = "display: block; margin: 0"


@dataclass(frozen=True, slots=True)
class Charged:
    """What was charged for one order.

    Attributes:
        order: Its id.
        amounts: In euros, in the order in which they were charged.
    """

    order: str
    amounts: tuple[float, ...]

    @property
    def is_wrong(self) -> bool:
        """Whether somebody has paid more than once."""
        return len(self.amounts) > 1

    @property
    def sum_in_words(self) -> str:
        """What was charged: "3 + 3 euros"."""
        return f"{' + '.join(f'{amount:g}' for amount in self.amounts)} euros"

    @property
    def verdict(self) -> str:
        """How often."""
        words = _TIMES.get(len(self.amounts), f"charged {len(self.amounts)} times")
        return f"✗ {words}" if self.is_wrong else words


@dataclass(frozen=True, slots=True, repr=False)
class TillPicture:
    """A till at one instant, which shows itself: as text, or as HTML where that can be shown.

    Attributes:
        euros: What is in it.
        roll: What was charged, an item for each order.
        notes: The ids that are noted as charged.
    """

    euros: float
    roll: Sequence[Charged] = field(default=())
    notes: Sequence[str] = field(default=())

    def __repr__(self) -> str:
        roll = [*table((one_line(one.order), one.sum_in_words, one.verdict) for one in self.roll)]
        rows = {"till": [f"{self.euros:g} euros"], "roll": roll or [_EMPTY]}
        rows["notes"] = [one_line(", ".join(self.notes)) or _EMPTY]
        return "\n".join(
            f"{name if at == 0 else '':8}{line}"
            for name, lines in rows.items()
            for at, line in enumerate(lines)
        )

    def _repr_html_(self) -> str:
        items = [element("li", *_charged(one), style=_ITEM) for one in self.roll]
        roll = element("ul", *items, style="margin: 0; padding: 0") if items else _EMPTY
        rows = [("in it", f"{self.euros:g} euros"), ("roll", roll)]
        rows.append(("notes", ", ".join(self.notes) or _EMPTY))
        return twin("till", described(rows)).text


def _charged(one: Charged) -> tuple[Markup | str, ...]:
    words = element("strong", one.verdict, style=_WRONG) if one.is_wrong else one.verdict
    return (element("strong", one.order), f" {one.sum_in_words}, ", words)
