"""Everything that will happen by itself, in a heap of timers: locks, lifetimes, schedules.

A timer that is cancelled stays in the heap as an empty shell until it comes up or until shells are
more than half of it; so cancelling costs nothing, and memory stays within little more than twice
what is due. Then a sweep begins: those that are no shells move into a new heap, a few with every
timer that is cancelled, so that nobody waits for it however many there are.
"""

import sys
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from math import inf
from typing import Any

# Returns what it took beyond that of a short one, in such short ones; None for nothing.
Action = Callable[[Any, float], int | None]

# Below this many shells a sweep is not worth its while.
_FEWEST_SHELLS_TO_SWEEP = 64
# So many timers a sweep looks at with each one that is cancelled: as it begins with half of them
# cancelled, it is over long before there are as many again.
_SWEPT_AT_ONCE = 32
# So many shells that have come up are thrown away at once: about a millisecond's worth.
_SHELLS_AT_ONCE = 1024
_SHELLS_LIKE_ONE = 8  # they take as long as one timer that runs

_Heap = list[tuple[float, int, "Timer"]]


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
        not_before: No timer is due before this instant; what was may have been cancelled.
        caught_up_to: The instant by which everything that was due has run: who comes with the
            same instant again finds nothing to do, without asking.
        most_at_once: How many `catch_up` runs: all, unless somebody steps the timers.
        is_behind: More was due than was run at once; who steps the timers runs the rest. Until
            then, whoever uses what should have ended looks at its instant instead.
        on_failure: Called in place of letting an action raise; None where it may.
    """

    def __init__(self) -> None:
        self.not_before = inf
        self.caught_up_to = -inf
        self.most_at_once = sys.maxsize
        self.is_behind = False
        self.on_failure: Callable[[], None] | None = None
        self._heap: _Heap = []
        self._swept: _Heap = []  # the one before, as long as a sweep is under way
        self._made_count = 0
        self._shell_count = 0
        self._is_running = False

    def __len__(self) -> int:
        return len(self._heap) + len(self._swept) - self._shell_count

    def call_at(self, at: float, action: Action, arg: object) -> Timer:
        """Have `action(arg, at)` called once `at` has come; `arg` keeps its closures cheap."""
        timer = Timer(self, at, action, arg)
        if at < self.not_before:
            self.not_before = at
        if at <= self.caught_up_to:
            self.caught_up_to = -inf
        self._made_count += 1  # ties run in the order in which they were made
        heappush(self._heap, (at, self._made_count, timer))
        return timer

    def prepared(self, at: float, action: Action, arg: object) -> Timer:
        """A timer as `call_at` makes one, for `set_all`: until then nothing happens."""
        return Timer(self, at, action, arg)

    def set_all(self, timers: Iterable[Timer]) -> None:
        """Have very many happen that were prepared, as if they were made now."""
        heap, count, first = self._heap, self._made_count, inf
        for timer in timers:
            count += 1
            at = timer.at
            first = min(first, at)
            heappush(heap, (at, count, timer))
        self._made_count = count
        self.not_before = min(self.not_before, first)
        if first <= self.caught_up_to:
            self.caught_up_to = -inf

    def next_at(self) -> float | None:
        """When the next timer is due, or earlier than that; None when nothing is."""
        heap = self._soonest()
        return heap[0][0] if heap else None

    def catch_up(self, now: float) -> None:
        """Run what is due by `now` before something else happens, unless too much of it is.

        What happens within something that is due runs nothing: it comes first, and of very many
        that are due at one instant each would run within the one before.
        """
        if not (self.is_behind or self._is_running):
            self.run_due(now, self.most_at_once)

    def run_due(self, now: float, at_most: int = sys.maxsize) -> None:
        """Run what is due by `now`, in order; each action learns its own due instant.

        An action may add timers, cancel them and call `run_due` again.

        Args:
            now: Broker time.
            at_most: How many, long ones counted as several; what remains leaves `is_behind` true.
        """
        if now < self.not_before:  # as a rule
            self.is_behind = False
            self.caught_up_to = now
            return
        was_running, self._is_running = self._is_running, True
        try:
            self._run_some(now, at_most)
        finally:
            self._is_running = was_running
            self.not_before = min((heap[0][0] for heap in self._heaps() if heap), default=inf)

    def _run_some(self, now: float, at_most: int) -> None:
        while True:
            shells = self._shell_count
            heap = self._soonest()
            at_most -= (shells - self._shell_count) // _SHELLS_LIKE_ONE
            if not heap or heap[0][0] > now:
                break
            if at_most <= 0:
                self.is_behind = True
                return
            if not heap[0][2].is_shell:
                at_most -= 1 + heappop(heap)[2]._run()
        self.is_behind = False
        self.caught_up_to = now

    def clear(self) -> None:
        """Forget every timer at once; to cancel one later does nothing."""
        for heap in self._heaps():
            for _, _, timer in heap:
                timer._action = timer._arg = None
            heap.clear()
        self._shell_count = 0
        self.is_behind = False
        self.not_before = inf

    def _heaps(self) -> tuple[_Heap, _Heap]:
        return self._heap, self._swept

    def _soonest(self) -> _Heap:
        """The heap whose first timer is due first; that is a shell only if very many came up."""
        heap = self._heap
        if heap and heap[0][2]._action is None:
            self._drop_first_shells(heap)
        if not (other := self._swept):
            return heap
        self._drop_first_shells(other)
        return other if other and (not heap or other[0] < heap[0]) else heap

    def _drop_first_shells(self, heap: _Heap) -> None:
        for _ in range(_SHELLS_AT_ONCE):
            if not heap or heap[0][2]._action is not None:
                return
            heappop(heap)
            self._shell_count -= 1

    def _count_shell(self) -> None:
        self._shell_count += 1
        if self._swept:
            self._sweep_on()
        elif self._shell_count > _FEWEST_SHELLS_TO_SWEEP and self._shell_count * 2 > len(
            self._heap
        ):
            self._heap, self._swept = self._swept, self._heap
            self._sweep_on()

    def _sweep_on(self) -> None:
        heap, swept = self._heap, self._swept
        for _ in range(min(_SWEPT_AT_ONCE, len(swept))):
            entry = swept.pop()  # without its last one, a heap is a heap
            if entry[2]._action is None:
                self._shell_count -= 1
            else:
                heappush(heap, entry)
