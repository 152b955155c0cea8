"""Broker time, which only goes forward, and its readings. The one place that reads a clock.

An instant has two readings: in broker time, by which the rules go, and on the wire, where it is
what a client's own clock would call it. Between them lie two things. Time that was *advanced* makes
everything that the broker holds older, without touching the wall clock, which clients share. And a
wall clock that is *set*, back or forth, moves the reading on the wire only: a lock of thirty
seconds lasts thirty seconds, whatever the date becomes meanwhile.
"""

import time
from abc import ABC, abstractmethod
from typing import Protocol

# A wall clock that runs a little faster or slower than the other one was not set.
_LEAST_STEP_SECONDS = 1.0


class Clock(Protocol):
    """Broker time, in seconds since the Unix epoch, and its reading on the wire."""

    @property
    def advanced_seconds(self) -> float:
        """How far broker time is ahead of the time that has passed."""

    def wall(self) -> float:
        """The wall clock, which the broker and its clients share."""

    def elapsed(self) -> float:
        """Seconds that have passed for everybody, counted from any beginning.

        For what is between two programs, such as the silence on a connection.
        """

    def now(self) -> float:
        """Broker time."""

    def advance(self, seconds: float) -> None:
        """Make everything that the broker holds this much older."""

    def resume(self, advanced_seconds: float, not_before: float) -> None:
        """Go on as the clock of a broker before, by the wall clock; called at the beginning.

        Args:
            advanced_seconds: How far that had been advanced.
            not_before: An instant that it had reached: broker time never goes back, even if the
                wall clock was set back meanwhile.
        """

    def to_wire(self, at: float) -> float:
        """An instant of broker time as clients' clocks have it."""

    def from_wire(self, at: float) -> float:
        """An instant by a client's clock as broker time."""


class _AdvancingClock(ABC):
    """The offsets and their two directions, over whatever tells the two clocks' time."""

    def __init__(self) -> None:
        self._advanced_seconds = 0.0
        self._wall_ahead_seconds = self.wall() - self.elapsed()
        # Broker time begins as the wall clock's.
        self._began = self._wall_ahead_seconds

    @abstractmethod
    def wall(self) -> float:
        """The wall clock, which the broker and its clients share."""

    @abstractmethod
    def elapsed(self) -> float:
        """Seconds that have passed for everybody."""

    def now(self) -> float:
        """Broker time."""
        return self.elapsed() + self._began + self._advanced_seconds

    @property
    def advanced_seconds(self) -> float:
        """How far broker time is ahead of the time that has passed."""
        return self._advanced_seconds

    def advance(self, seconds: float) -> None:
        """Make everything that the broker holds this much older.

        Raises:
            ValueError: `seconds` is negative or not a number: what has happened stays.
        """
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"cannot advance by {seconds} seconds: time only moves forward")
        self._advanced_seconds += seconds

    def resume(self, advanced_seconds: float, not_before: float) -> None:
        """Go on as the clock of a broker before, by the wall clock; see `Clock.resume`."""
        self.advance(advanced_seconds)
        self._began += max(not_before - self.now(), 0.0)

    def to_wire(self, at: float) -> float:
        """An instant of broker time as clients' clocks have it."""
        return at - self._ahead_of_wall()

    def from_wire(self, at: float) -> float:
        """An instant by a client's clock as broker time."""
        return at + self._ahead_of_wall()

    def _ahead_of_wall(self) -> float:
        """How far broker time is ahead of the wall clock.

        It changes by whole steps only, so that one instant always reads the same.
        """
        ahead = self.wall() - self.elapsed()
        if abs(ahead - self._wall_ahead_seconds) >= _LEAST_STEP_SECONDS:
            self._wall_ahead_seconds = ahead
        return self._advanced_seconds + self._began - self._wall_ahead_seconds


class SystemClock(_AdvancingClock):
    """The computer's clocks, advanced."""

    # Hot: read several times a turn, without a function of ours around them.
    wall = staticmethod(time.time)
    elapsed = staticmethod(time.monotonic)


class ManualClock(_AdvancingClock):
    """For tests: time stands still but for `tick`, `advance` and `set_wall`."""

    def __init__(self, wall: float = 1_700_000_000.0):
        self._wall = wall
        self._elapsed = 0.0
        super().__init__()

    def wall(self) -> float:
        """Wherever `tick` and `set_wall` have brought it."""
        return self._wall

    def elapsed(self) -> float:
        """The sum of all ticks."""
        return self._elapsed

    def tick(self, seconds: float) -> None:
        """Let time pass for everybody, clients included."""
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"cannot tick by {seconds} seconds: time only moves forward")
        self._wall += seconds
        self._elapsed += seconds

    def set_wall(self, wall: float) -> None:
        """Set the wall clock, as somebody may do with the computer's."""
        self._wall = wall
