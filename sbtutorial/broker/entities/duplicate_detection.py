"""Message ids that a queue has accepted lately, so that a second send of one can be dropped.

Source: Azure Service Bus, "Duplicate detection".
"""

from collections.abc import Hashable, Iterator
from itertools import islice

from sbtutorial.broker.timers import Timer, Timers

_FORGOTTEN_AT_ONCE = 200


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
        self._accepted: dict[Hashable, tuple[float, int]] = {}  # oldest first
        self._sweep: Timer | None = None

    def __len__(self) -> int:
        return len(self._accepted)

    def __iter__(self) -> Iterator[tuple[Hashable, float, int]]:
        """Each id that is remembered, when it was accepted and under which number."""
        for key, (accepted_at, sequence_number) in self._accepted.items():
            yield key, accepted_at, sequence_number

    def resize(self, length_seconds: float, now: float) -> None:
        """Remember each id for so long from now on; what is forgotten by now stays forgotten."""
        for key in list(self._past(now)):
            del self._accepted[key]
        self.length_seconds = length_seconds
        self._set_sweep()

    def original(self, key: Hashable, now: float) -> int | None:
        """The sequence number that this id was accepted under; None when it is new."""
        accepted_at, sequence_number = self._accepted.get(key, (0.0, None))
        if sequence_number is None or accepted_at + self.length_seconds <= now:
            return None
        return sequence_number

    def remember(self, key: Hashable, sequence_number: int, now: float) -> None:
        """Start the window of an id that has just been accepted."""
        self._accepted.pop(key, None)  # an id whose window is over moves to the young end
        self._accepted[key] = (now, sequence_number)
        if self._sweep is None:
            self._set_sweep()

    def clear(self) -> None:
        """Forget every id."""
        self._accepted.clear()
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None

    def _forget_old(self, _: None, at: float) -> None:
        """Free what is past; one timer serves the whole window, set again for the next oldest."""
        for key in list(islice(self._past(at), _FORGOTTEN_AT_ONCE)):
            del self._accepted[key]
        self._set_sweep()

    def _past(self, at: float) -> Iterator[Hashable]:
        """Ids whose window is over by then, oldest first."""
        for key, (accepted_at, _number) in self._accepted.items():
            if accepted_at + self.length_seconds > at:
                return
            yield key

    def _first_end(self) -> float:
        return self._accepted[next(iter(self._accepted))][0] + self.length_seconds

    def _set_sweep(self) -> None:
        """Look when the window of the oldest is over."""
        if self._sweep is not None:
            self._sweep.cancel()
        self._sweep = None
        if self._accepted:
            self._sweep = self._timers.call_at(self._first_end(), self._forget_old, None)
