"""A day that has been played: the promises as a checklist, and the day as a timeline."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sbtutorial.attacks.picture import BROKEN, text_timeline
from sbtutorial.attacks.plan import QUIET
from sbtutorial.attacks.promises import Finding, first_broken
from sbtutorial.attacks.steps import Account
from sbtutorial.attacks.telling import forecast
from sbtutorial.text import wrapped
from sbtutorial.views.markup import Markup, described, element, prose, twin

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_KEPT, _BROKEN = "✓", "✗"
_RED = "color: var(--jp-error-color1, #B00000)"
_MARGIN = "      "


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """What came of an attack; true if every promise was kept. It shows itself as text, or as HTML.

    Attributes:
        system: The program's name.
        account: All that is known of the day.
        findings: Each promise, and what became of it.
        roles: Who worked, in the order of their turns.
    """

    system: str
    account: Account
    findings: tuple[Finding, ...]
    roles: tuple[str, ...]

    def __bool__(self) -> bool:
        return not any(finding.broken for finding in self.findings)

    @property
    def day(self) -> str:
        """Which day it was."""
        seed = self.account.plan.seed
        return "a quiet day" if seed == QUIET else f"day {seed}"

    @property
    def first_broken(self) -> Finding | None:
        """The promise that was broken first."""
        return first_broken(self.findings)

    @property
    def forecast(self) -> str:
        """What was to go wrong, whoever works: a line for each."""
        return "\n".join(forecast(self.account.plan))

    @property
    def title(self) -> str:
        """The verdict in one line."""
        count = sum(finding.broken is not None for finding in self.findings)
        if not count:
            return f"{self.system}, {self.day}: every promise kept"
        return f"{self.system}, {self.day}: {count} of {len(self.findings)} promises broken"

    @property
    def description(self) -> str:
        """What the picture shows, in one line: its alternative text."""
        first = self.first_broken
        if first is None or first.broken is None:
            return f"{self.title}."
        return f"{self.title}, first at {self._place(first)}: {first.broken.seen}."

    def __repr__(self) -> str:
        first = self.first_broken
        at = first.broken.step if first and first.broken else 0
        rows = [row for finding in self.findings for row in self._rows(finding)]
        return "\n".join([self.title, *rows, "", *text_timeline(self.account, self.roles, at)])

    def _repr_html_(self) -> str:
        first = self.first_broken
        at = first.broken.step if first and first.broken else 0
        rows = element("ul", *map(self._item, self.findings), style="margin: 4px 0")
        drawn = (
            part
            for line in text_timeline(self.account, self.roles, at)
            for part in (element("b", line, style=_RED) if BROKEN in line else line, "\n")
        )
        return twin(self.title, rows, element("pre", *drawn, style="overflow-x: auto")).text

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the day with matplotlib: a row for each who works, a mark for each step.

        Args:
            ax: Where to draw; a figure of its own if none are given.

        Returns:
            The axes drawn on; the data are numbers of steps.
        """
        from sbtutorial.attacks.drawing import draw_day

        first = self.first_broken
        broken = first.broken if first else None
        return draw_day(self.title, self.description, self.account, self.roles, broken, ax)

    def _rows(self, finding: Finding) -> list[str]:
        broken = finding.broken
        if broken is None:
            return [f"  {_KEPT} {finding.promise.text}"]
        told = wrapped(f"{broken.seen}\n{broken.hint}").split("\n")
        head = f"  {_BROKEN} {finding.promise.text} – {self._place(finding)}"
        return [head, *(f"{_MARGIN}{line}" for line in told)]

    def _item(self, finding: Finding) -> Markup:
        broken = finding.broken
        if broken is None:
            return element("li", f"{_KEPT} {finding.promise.text}")
        head = element("b", f"{_BROKEN} {finding.promise.text}", style=_RED)
        told = described((("seen", prose(broken.seen)), ("hint", prose(broken.hint))))
        return element("li", head, f" – {self._place(finding)}", told)

    def _place(self, finding: Finding) -> str:
        if finding.broken is None or finding.broken.step > self.account.last:
            return "when the day was over"
        return f"at step {finding.broken.step}"
