"""Rows to be printed or drawn: a list with a title and a table, and axes to draw it on."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from sbtutorial.errors import TutorialError
from sbtutorial.trace import Event
from sbtutorial.views.figure import own_axes
from sbtutorial.views.markup import element, twin
from sbtutorial.views.palette import INK
from sbtutorial.views.text_table import table
from sbtutorial.views.time_axis import exactly

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Row = TypeVar("Row")
_MOST_ROWS = 20
_CELL = "padding: 2px 3px"


class Rows(list[Row], ABC, Generic[Row]):
    """A list of rows that shows itself as a table, and draws itself.

    Attributes:
        title: What they are about.
        heads: What stands above each column.
    """

    title: ClassVar[str]
    heads: ClassVar[tuple[str, ...]]

    @abstractmethod
    def cells(self, row: Row) -> tuple[str, ...]:
        """A row in words, a text for each head."""

    @abstractmethod
    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw them with matplotlib.

        Args:
            ax: Where to draw; a figure of its own if none are given.

        Returns:
            The axes drawn on.
        """

    @property
    def summary(self) -> str:
        """What there is to say of all of them, in a sentence; "" for nothing."""
        return ""

    @property
    def description(self) -> str:
        """What the picture shows, in one line: its alternative text."""
        rows = ("; ".join(f"{head} {cell}" for head, cell in pairs) for pairs in self._pairs())
        return " ".join((f"{self.title}.", self.summary or " ".join(f"{row}." for row in rows)))

    def _named(self, each: str, names: Sequence[str]) -> str:
        """A description without figures, which are others every time."""
        if not names:
            return f"{self.title}: none."
        return f"{self.title}, {each}: {', '.join(names)}. Printed, the rows are a table of them."

    def __repr__(self) -> str:
        body = [*table((self.heads, *self._shown()))] if self else []
        return "\n".join([*body, *self._below()])

    def _repr_html_(self) -> str:
        head = element(
            "tr", *(element("th", name, scope="col", style=_CELL) for name in self.heads)
        )
        body = (
            element("tr", *(element("td", cell, style=_CELL) for cell in cells))
            for cells in self._shown()
        )
        below = (element("p", words) for words in self._below())
        caption = element("caption", self.title)
        grid = element("table", caption, element("thead", head), element("tbody", *body))
        return twin("", *([grid] if self else []), *below).text

    def _shown(self) -> list[tuple[str, ...]]:
        return [self.cells(row) for row in self[:_MOST_ROWS]]

    def _pairs(self) -> list[list[tuple[str, str]]]:
        return [[*zip(self.heads, cells, strict=True)] for cells in self._shown()]

    def _below(self) -> list[str]:
        more = len(self) - _MOST_ROWS
        empty = "" if self else f"{self.title}: nothing to show"
        words = (f"… and {more} more" if more > 0 else "", self.summary, empty)
        return [each for each in words if each]


def events_of(value: object) -> list[Event]:
    """The events that a function was given.

    Raises:
        TutorialError: It was given something else.
    """
    given = [*value] if isinstance(value, Iterable) else [value]
    events = [one for one in given if isinstance(one, Event)]
    if len(events) < len(given):
        raise TutorialError(
            f'This takes events, as in lab.events("orders"); {value!r:.60} has something else.'
        )
    return events


def rows_of(value: object, kind: type[Row], made_by: str) -> list[Row]:
    """The rows that a function was given to draw.

    Args:
        value: What it was given.
        kind: What each row is.
        made_by: The call that makes such rows.

    Raises:
        TutorialError: It was given something else.
    """
    given = [*value] if isinstance(value, Iterable) else [value]
    rows = [one for one in given if isinstance(one, kind)]
    if len(rows) < len(given):
        raise TutorialError(
            f"This draws rows, as {made_by} makes them; {value!r:.60} has something else."
        )
    return rows


def prepared(rows: Rows[Row], axes: "Axes | None", lines: int) -> "Axes":
    """Axes with the title, the given ones or new ones that are so many lines high."""
    found = axes or own_axes(1.3 + 0.32 * max(lines, 2), rows.description)
    found.set_title(rows.title, loc="left", color=INK, fontsize=11)
    found.spines[["top", "right"]].set_visible(False)
    found.tick_params(colors=INK)
    return found


def brief(seconds: float) -> str:
    """A time as precise as what is measured: "140 ms"."""
    return exactly(seconds) if seconds >= 1 else f"{significant(1000 * seconds)} ms"


def significant(value: float) -> str:
    """A number with two digits that count: what is measured says no more."""
    return f"{float(f'{value:.2g}'):,.6g}"
