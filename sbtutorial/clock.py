"""Broker time: the wall clock plus what has been advanced. The one place that reads a clock.

Advancing makes everything that the broker holds older without touching the wall clock, which
clients share. So an instant has two readings: in broker time, by which the rules go, and on the
wire, where it is what a client's own clock would call it.
"""

import time
from abc import ABC, abstractmethod
from typing import Protocol


class Clock(Protocol):
    """Broker time, in seconds since the Unix epoch, and its reading on the wire."""

    @property
    def advanced_seconds(self) -> float:
        """How far broker time is ahead of the wall clock."""

    def wall(self) -> float:
        """The wall clock, which the broker and its clients share."""

    def now(self) -> float:
        """Broker time."""

    def advance(self, seconds: float) -> None:
        """Make everything that the broker holds this much older."""

    def to_wire(self, at: float) -> float:
        """An instant of broker time as clients' clocks have it."""

    def from_wire(self, at: float) -> float:
        """An instant by a client's clock as broker time."""


class _AdvancingClock(ABC):
    """The offset and its two directions, over whatever tells the wall clock's time."""

    def __init__(self) -> None:
        self._advanced_seconds = 0.0

    @abstractmethod
    def wall(self) -> float:
        """The wall clock, which the broker and its clients share."""

    def now(self) -> float:
        """Broker time."""
        return self.wall() + self._advanced_seconds

    @property
    def advanced_seconds(self) -> float:
        """How far broker time is ahead of the wall clock."""
        return self._advanced_seconds

    def advance(self, seconds: float) -> None:
        """Make everything that the broker holds this much older.

        Raises:
            ValueError: `seconds` is negative or not a number: what has happened stays.
        """
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"cannot advance by {seconds} seconds: time only moves forward")
        self._advanced_seconds += seconds

    def to_wire(self, at: float) -> float:
        """An instant of broker time as clients' clocks have it."""
        return at - self._advanced_seconds

    def from_wire(self, at: float) -> float:
        """An instant by a client's clock as broker time."""
        return at + self._advanced_seconds


class SystemClock(_AdvancingClock):
    """The computer's clock, advanced."""

    def wall(self) -> float:
        """The computer's clock."""
        return time.time()


class ManualClock(_AdvancingClock):
    """For tests: time stands still but for `tick` and `advance`."""

    def __init__(self, wall: float = 1_700_000_000.0):
        super().__init__()
        self._wall = wall

    def wall(self) -> float:
        """Wherever `tick` has brought it."""
        return self._wall

    def tick(self, seconds: float) -> None:
        """Let time pass for everybody, clients included."""
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"cannot tick by {seconds} seconds: time only moves forward")
        self._wall += seconds
