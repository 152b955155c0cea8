"""The record of a day while it is played: its steps, and how often each moment has come."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from sbtutorial.attacks.plan import Moment
from sbtutorial.attacks.steps import WORK, Step, What

Tell = Callable[[Step], object]
Show = Callable[[str, str], object]

_MOST_LINES = 2000


class Record:
    """Steps, in order, each told as it is added.

    Args:
        tell: Called with each step.
        show: Called with a role and a line that it printed, as long as there are not too many.

    Attributes:
        steps: So far.
    """

    def __init__(self, tell: Tell, show: Show) -> None:
        self.steps: list[Step] = []
        self._tell = tell
        self._show = show
        self._moments: Counter[tuple[str, Moment]] = Counter()
        self._line_count = 0

    @property
    def next_number(self) -> int:
        """That of the next step."""
        return len(self.steps) + 1

    @property
    def work_count(self) -> int:
        """How many steps were work."""
        return sum(step.what in WORK for step in self.steps)

    @property
    def is_after_a_kill(self) -> bool:
        """Whether the last thing that happened was a kill."""
        return bool(self.steps) and self.steps[-1].what is What.KILLED

    def add(self, role: str, what: What, order: str = "", detail: str = "") -> None:
        """Note a step."""
        step = Step(self.next_number, role, what, order, str(detail))
        self.steps.append(step)
        self._tell(step)

    def count(self, role: str, moment: Moment) -> int:
        """Note that a role has come to a moment; the how-manieth time that is."""
        self._moments[role, moment] += 1
        return self._moments[role, moment]

    def print(self, role: str, line: str) -> None:
        """Show what a role has printed."""
        self._line_count += 1
        if self._line_count <= _MOST_LINES:
            self._show(role, line)


def played(steps: Sequence[Step]) -> Iterator[str]:
    """Each step in words; for whoever looks for a difference."""
    for step in steps:
        yield " ".join(filter(None, (str(step.number), step.role, step.what, step.order)))
