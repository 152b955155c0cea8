"""Shares of work in each pass of the event loop, for strangers and for whoever has more to do.

A connection that has sent thousands of requests or frames works off a share of them and goes on
later. Where many do so, each would have its share in every pass, and a pass would take as long as
all of them: so they take turns. What peers send who have proved nothing yet is taken in for a few
milliseconds in a pass, the rest in the next ones: hundreds of them that come at once keep nobody
waiting who has proved itself.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

# How long strangers are heard in one pass.
STRANGERS_SECONDS = 0.005


class Cancellable(Protocol):
    """A running coroutine or a timer that can be stopped, as an `asyncio.Task` or `TimerHandle`."""

    def cancel(self) -> object:
        """Stop it."""


class Shares:
    """Calls strangers for a while, and one of those who go on later, in each pass.

    Args:
        call_later: As `loop.call_later`.
        time: As `loop.time`.
    """

    def __init__(
        self,
        call_later: Callable[[float, Callable[[], None]], Any],
        time: Callable[[], float],
    ) -> None:
        self._call_later = call_later
        self._time = time
        self._strangers: deque[_Share] = deque()
        self._waiting: deque[_Share] = deque()
        self._is_coming = False  # another pass
        self._began = 0.0

    def later(self, seconds: float, action: Callable[[], None]) -> Cancellable:
        """Call something in so many seconds; in none of them, when it is its turn."""
        if seconds > 0:
            timer: Cancellable = self._call_later(seconds, action)
            return timer
        self._see_to_a_pass()
        return _queued(self._waiting, action)

    def enter(self, action: Callable[[], None]) -> Cancellable | None:
        """Ask for a stranger's share.

        Returns:
            None where it may be taken at once, and `action` is not called; or else what waits for
            the turn in which it is called, before those who go on.
        """
        self._see_to_a_pass()
        if not self._strangers and self._has_time():
            return None
        return _queued(self._strangers, action)

    def _see_to_a_pass(self) -> None:
        if not self._is_coming:
            self._is_coming = True
            self._began = self._time()
            self._call_later(0.0, self._pass)

    def _has_time(self) -> bool:
        return self._time() - self._began < STRANGERS_SECONDS

    def _pass(self) -> None:
        """Call some; what one of them adds comes after all others."""
        self._is_coming = False
        if not (self._strangers or self._waiting):
            return
        self._see_to_a_pass()
        while self._strangers and self._has_time():
            _call_next(self._strangers)
        _call_next(self._waiting)


class _Share:
    __slots__ = ("action", "is_cancelled")

    def __init__(self, action: Callable[[], None]) -> None:
        self.action = action
        self.is_cancelled = False

    def cancel(self) -> None:
        """Do not call it."""
        self.is_cancelled = True


def _queued(queue: deque[_Share], action: Callable[[], None]) -> _Share:
    share = _Share(action)
    queue.append(share)
    return share


def _call_next(queue: deque[_Share]) -> None:
    """Call the first that is not cancelled."""
    while queue:
        share = queue.popleft()
        if not share.is_cancelled:
            share.action()
            return
