"""Background work: what takes too long to be done at once, as steps that are each short.

A topic with very many rules is the case in point: one message may keep it busy for long. Nobody
but the broker waits for such work, and it goes on as far as whoever runs the broker gives it time.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

_Result = TypeVar("_Result")

# Each step tells what it has cost, in units of about five microseconds.
Steps = Iterator[int]


def done_at_once(steps: Generator[int, float, _Result], now: float) -> _Result:
    """All steps of what somebody waits for, one after the other, at one instant."""
    try:
        next(steps)
        while True:
            steps.send(now)
    except StopIteration as end:
        result: _Result = end.value
        return result


class BackgroundWork:
    """Pieces of work, each in steps, which take turns.

    Attributes:
        on_added: Called when there is work, by who calls `step` until there is none. While it is
            None everything is done at once: whoever steps nothing finds everything done.
    """

    def __init__(self) -> None:
        self.on_added: Callable[[], None] | None = None
        self._pieces: deque[Steps] = deque()

    def __len__(self) -> int:
        return len(self._pieces)

    def add(self, steps: Steps) -> None:
        """Have this done; no step of it may wait for another piece of work."""
        if self.on_added is None:
            for _ in steps:
                pass
            return
        self._pieces.append(steps)
        self.on_added()

    def step(self) -> int:
        """Do a step of the piece whose turn it is; returns what it has cost.

        A piece that fails is given up, and what it raised goes on from here.
        """
        steps = self._pieces.popleft()
        cost = next(steps, None)
        if cost is None:
            return 0
        self._pieces.append(steps)
        return cost

    def clear(self) -> None:
        """Leave everything undone."""
        self._pieces.clear()
