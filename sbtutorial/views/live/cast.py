"""Who takes part, as a view is told by those who know: workers, which have checkpoints and ends."""

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Actor(NamedTuple):
    """A worker, as a view shows it.

    Attributes:
        name: What it is called, and calls itself to the broker.
        is_alive: Whether its process lives.
        checkpoint: The last one that it passed; "" for none.
        ending: How it ended, in words: 'killed at checkpoint "working"'; "" while it lives.
        is_finished: Whether it came to its own end, and not to grief.
    """

    name: str
    is_alive: bool
    checkpoint: str = ""
    ending: str = ""
    is_finished: bool = False


Cast = Callable[[], Sequence[Actor]]
