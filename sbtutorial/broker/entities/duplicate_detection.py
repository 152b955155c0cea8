"""Message ids that a queue has accepted lately, so that a second send of one can be dropped.

Source: Azure Service Bus, "Duplicate detection".
"""

from collections import deque
from collections.abc import Hashable, Iterator, Mapping
from math import inf
from typing import NamedTuple

from sbtutorial.broker.background import Steps
from sbtutorial.broker.timers import Timer, Timers

_FORGOTTEN_AT_ONCE = 200


class Accepted(NamedTuple):
    """One id that was accepted, when, and under which number."""

    key: Hashable
    at: float
    sequence_number: int


class DuplicateWindow:
    """Remembers each id for the length of the window, counted from its first acceptance.

    What became of the message plays no part: an id stays remembered when its message is completed,
    expired or dead-lettered.

    Attributes:
        length_seconds: Change it with `resize`; it holds for ids already remembered, too.
    """

    def __init__(self, length_seconds: float, timers: Timers):
        self.length_seconds = length_seconds
        self._timers = timers
        self._accepted: dict[Hashable, Accepted] = {}
        # Oldest first, since what is taken from the front of a `dict` makes it slow to look there.
        # One whose id was accepted anew stays here until its window is over.
        self._order: deque[Accepted] = deque()
        self._forgotten_until = -inf  # what was accepted by then, however long the window becomes
        self._sweep: Timer | None = None

    def __len__(self) -> int:
        return len(self._accepted)

    def __iter__(self) -> Iterator[tuple[Hashable, float, int]]:
        """Each id that is remembered, when it was accepted and under which number."""
        for accepted in self._order:
            if self._is_newest(accepted) and accepted.at > self._forgotten_until:
                yield accepted

    def resize(self, length_seconds: float, now: float) -> None:
        """Remember each id for so long from now on; what is forgotten by now stays forgotten."""
        self._forgotten_until = max(self._forgotten_until, now - self.length_seconds)
        self.length_seconds = length_seconds
        self._set_sweep()

    def original(self, key: Hashable, now: float) -> int | None:
        """The sequence number that this id was accepted under; None when it is new."""
        accepted = self._accepted.get(key)
        if accepted is None or self._end_of(accepted) <= now:
            return None
        return accepted.sequence_number

    def remember(self, key: Hashable, sequence_number: int, now: float) -> None:
        """Start the window of an id that has just been accepted."""
        accepted = self._accepted[key] = Accepted(key, now, sequence_number)
        self._order.append(accepted)
        if self._sweep is None:
            self._set_sweep()

    def has_any(self, keys: Mapping[Hashable, object]) -> bool:
        """Whether some of these ids may be remembered."""
        return not self._accepted.keys().isdisjoint(keys)

    def remember_all(self, accepted: Mapping[Hashable, Accepted]) -> None:
        """As `remember`, of very many that are new."""
        self._accepted.update(accepted)
        self._order.extend(accepted.values())
        if self._sweep is None:
            self._set_sweep()

    def clear(self) -> Steps | None:
        """Forget every id; returns the steps in which the memory of many is freed."""
        order, self._order = self._order, deque()
        accepted, self._accepted = self._accepted, {}
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        return _free(order, accepted) if order else None

    def _is_newest(self, accepted: Accepted) -> bool:
        return self._accepted.get(accepted.key) is accepted

    def _end_of(self, accepted: Accepted) -> float:
        """When its window is over, or an instant after that."""
        if accepted.at <= self._forgotten_until:
            return self._forgotten_until
        return accepted.at + self.length_seconds

    def _forget_old(self, _nothing: None, at: float) -> None:
        """Free what is past; one timer serves the whole window, set again for the next oldest."""
        order = self._order
        for _ in range(min(len(order), _FORGOTTEN_AT_ONCE)):
            if self._end_of(order[0]) > at:
                break
            accepted = order.popleft()
            if self._is_newest(accepted):
                del self._accepted[accepted.key]
        self._set_sweep()

    def _set_sweep(self) -> None:
        """Look when the window of the oldest is over."""
        if self._sweep is not None:
            self._sweep.cancel()
        self._sweep = None
        if self._order:
            self._sweep = self._timers.call_at(self._end_of(self._order[0]), self._forget_old, None)


def _free(order: deque[Accepted], accepted: dict[Hashable, Accepted]) -> Steps:
    while order:
        count = min(len(order), _FORGOTTEN_AT_ONCE)
        for _ in range(count):
            accepted.pop(order.popleft().key, None)
        yield count
