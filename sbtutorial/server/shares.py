"""One share of work in each pass of the event loop, whoever has more to do than a share.

A connection that has sent thousands of requests or frames works off a share of them and goes on
later. Where many do so, each would have its share in every pass, and a pass would take as long as
all of them: so they take turns.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol


class Cancellable(Protocol):
    """A running coroutine or a timer that can be stopped, as an `asyncio.Task` or `TimerHandle`."""

    def cancel(self) -> object:
        """Stop it."""


class Shares:
    """Calls those who go on later, one in each pass.

    Args:
        call_later: As `loop.call_later`.
    """

    def __init__(self, call_later: Callable[[float, Callable[[], None]], Any]) -> None:
        self._call_later = call_later
        self._waiting: deque[_Share] = deque()

    def later(self, seconds: float, action: Callable[[], None]) -> Cancellable:
        """Call something in so many seconds; in none of them, when it is its turn."""
        if seconds > 0:
            timer: Cancellable = self._call_later(seconds, action)
            return timer
        share = _Share(action)
        self._waiting.append(share)
        if len(self._waiting) == 1:
            self._call_later(0.0, self._call_next)
        return share

    def _call_next(self) -> None:
        """Call the first that is not cancelled; what it adds itself comes after all others."""
        waiting = self._waiting
        while waiting and waiting[0].is_cancelled:
            waiting.popleft()
        if not waiting:
            return
        share = waiting.popleft()
        if waiting:
            self._call_later(0.0, self._call_next)
        share.action()


class _Share:
    __slots__ = ("action", "is_cancelled")

    def __init__(self, action: Callable[[], None]) -> None:
        self.action = action
        self.is_cancelled = False

    def cancel(self) -> None:
        """Do not call it."""
        self.is_cancelled = True
