"""Everything that will happen by itself, in one heap of timers: locks, lifetimes, schedules.

A timer that is cancelled stays in the heap as an empty shell until it comes up or until shells are
more than half of the heap; so cancelling costs nothing, and memory stays within twice what is due.
"""

import sys
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from math import inf
from typing import Any

# Returns what it took beyond that of a short one, in such short ones; None for nothing.
Action = Callable[[Any, float], int | None]

# Below this many shells a sweep is not worth its while.
_FEWEST_SHELLS_TO_SWEEP = 64


class Timer:
    """One thing that will happen, unless it is cancelled.

    Attributes:
        at: Its due instant.
    """

    __slots__ = ("_action", "_arg", "_timers", "at")

    def __init__(self, timers: "Timers", at: float, action: Action, arg: object):
        self._timers = timers
        self._action: Action | None = action
        self._arg = arg
        self.at = at

    def cancel(self) -> None:
        """Make it not happen. A timer that has run or was cancelled stays as it is."""
        if self._action is not None:
            self._action = self._arg = None
            self._timers._count_shell()

    @property
    def is_shell(self) -> bool:
        """Whether it has run or was cancelled."""
        return self._action is None

    def _run(self) -> int:
        action, arg = self._action, self._arg
        self._action = self._arg = None
        if action is None:
            return 0
        try:
            return action(arg, self.at) or 0
        except Exception:
            if self._timers.on_failure is None:
                raise
            self._timers.on_failure()
            return 0


class Timers:
    """Timers in the order in which they are due; `now` comes from the caller.

    Attributes:
        caught_up_to: The instant by which everything that was due has run: who comes with the
            same instant again finds nothing to do, without asking.
        most_at_once: How many `catch_up` runs: all, unless somebody steps the timers.
        is_behind: More was due than was run at once; who steps the timers runs the rest. Until
            then, whoever uses what should have ended looks at its instant instead.
        on_failure: Called in place of letting an action raise; None where it may.
    """

    def __init__(self) -> None:
        self.caught_up_to = -inf
        self.most_at_once = sys.maxsize
        self.is_behind = False
        self.on_failure: Callable[[], None] | None = None
        self._heap: list[tuple[float, int, Timer]] = []
        self._made_count = 0
        self._shell_count = 0

    def __len__(self) -> int:
        return len(self._heap) - self._shell_count

    def call_at(self, at: float, action: Action, arg: object) -> Timer:
        """Have `action(arg, at)` called once `at` has come; `arg` keeps its closures cheap."""
        timer = Timer(self, at, action, arg)
        if at <= self.caught_up_to:
            self.caught_up_to = -inf
        self._made_count += 1  # ties run in the order in which they were made
        heappush(self._heap, (at, self._made_count, timer))
        return timer

    def next_at(self) -> float | None:
        """When the next timer is due; None when nothing is."""
        heap = self._heap
        while heap and heap[0][2].is_shell:
            heappop(heap)
            self._shell_count -= 1
        return heap[0][0] if heap else None

    def catch_up(self, now: float) -> None:
        """Run what is due by `now` before something else happens, unless too much of it is."""
        if not self.is_behind:
            self.run_due(now, self.most_at_once)

    def run_due(self, now: float, at_most: int = sys.maxsize) -> None:
        """Run what is due by `now`, in order; each action learns its own due instant.

        An action may add timers, cancel them and call `run_due` again.

        Args:
            now: Broker time.
            at_most: How many, long ones counted as several; what remains leaves `is_behind` true.
        """
        heap = self._heap
        while heap and heap[0][0] <= now:
            if at_most <= 0:
                self.is_behind = True
                return
            timer = heappop(heap)[2]
            if timer.is_shell:
                self._shell_count -= 1
            else:
                at_most -= 1 + timer._run()
        self.is_behind = False
        self.caught_up_to = now

    def clear(self) -> None:
        """Forget every timer at once; to cancel one later does nothing."""
        for _, _, timer in self._heap:
            timer._action = timer._arg = None
        self._heap.clear()
        self._shell_count = 0
        self.is_behind = False

    def _count_shell(self) -> None:
        self._shell_count += 1
        if self._shell_count > _FEWEST_SHELLS_TO_SWEEP and self._shell_count * 2 > len(self._heap):
            # In place: `run_due` may be in the middle of this very list.
            self._heap[:] = [entry for entry in self._heap if not entry[2].is_shell]
            heapify(self._heap)
            self._shell_count = 0
