"""What is planned to fail, as a view is told by those who know its words."""

from collections.abc import Callable
from typing import NamedTuple

from sbtutorial.snapshot import PlannedFault


class ToldFault(NamedTuple):
    """A planned fault, as a view shows it.

    Attributes:
        number: Its own, by which it is taken back.
        line: The line of Python that planned it.
        words: What it will do.
        seconds_left: Until it ends by itself, in real time; None when it does not.
    """

    number: int
    line: str
    words: str
    seconds_left: float | None = None


Tell = Callable[[PlannedFault], ToldFault]
