"""Virtual time: what will happen, in its order. Nobody waits for it."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

Action = Callable[[], Any]


class Timeline:
    """What is to happen, and when.

    Attributes:
        now: Seconds since the beginning of the world.
        done_count: How much has happened.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.done_count = 0
        self._heap: list[tuple[float, int, Action]] = []
        self._count = 0

    def at(self, instant: float, action: Action) -> None:
        """Have something happen at an instant; what was said first is done first."""
        self._count += 1
        heappush(self._heap, (instant, self._count, action))

    def after(self, seconds: float, action: Action) -> None:
        """Have something happen so many seconds from now."""
        self.at(self.now + seconds, action)

    @property
    def next_at(self) -> float | None:
        """When the next thing happens; None when nothing will."""
        return self._heap[0][0] if self._heap else None

    def take(self) -> Action:
        """What happens next; time is then."""
        at, _, action = heappop(self._heap)
        self.now = max(self.now, at)
        self.done_count += 1
        return action

    def clear(self) -> None:
        """Have nothing more happen."""
        self._heap.clear()
