"""Where an instant stands on paper: to scale, with idle stretches cut out where nothing happens.

A lock that runs for half a minute beside deliveries of milliseconds would leave nothing of these to
be seen. So a stretch in which nothing at all happens, and which is longer than all the rest of the
picture, is broken, as an axis in a book is: it has a fixed width and says how long it is.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

_LONGER_THAN_REST = 2.0  # a stretch that is so many times as long as all the rest is broken
_BREAK_SHARE, _BREAKS_SHARE = 0.2, 0.5  # of the width, for one break and for all of them
_LEAST_SECONDS = 0.001  # shorter than that, a picture has no length
_TICKS = 5  # about so many
_STEPS = (
    *(0.001, 0.01, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0),
    *(600.0, 900.0, 1800.0, 3600.0, 7200.0, 21_600.0, 43_200.0, 86_400.0),
)
_LEAST_GAP = 0.17  # of the width, between one tick and the next: there is a word under each
_NEARLY = 1 + 1e-9  # a tick at the very end is one
_UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


class Break(NamedTuple):
    """An idle stretch that is cut short, in seconds since the picture's beginning."""

    start: float
    end: float

    @property
    def words(self) -> str:
        """How long it is."""
        return exactly(self.end - self.start)


class TimeAxis:
    """Maps seconds since the picture's beginning to places from 0 to 1, in the same order.

    Attributes:
        end: The picture's last second.
        breaks: The stretches that are cut short; between them all is to one scale.
    """

    def __init__(self, instants: Iterable[float]) -> None:
        """Have an axis for these instants, at which something happens.

        Args:
            instants: In seconds since the first of them, in any order.
        """
        ordered = sorted({0.0, *instants})
        self.end = max(ordered[-1], _LEAST_SECONDS)
        self.breaks = _breaks(ordered)
        self.seconds, self.places = self._knots()

    def place(self, second: float) -> float:
        """Where a second stands; those before 0 and after the end go on to scale."""
        return _interpolated(second, self.seconds, self.places)

    def second(self, place: float) -> float:
        """Which second stands at a place."""
        return _interpolated(place, self.places, self.seconds)

    def ticks(self) -> list[tuple[float, str]]:
        """Round seconds, each in words: "10 s"; behind a break, what is added to its end: "+1 s".

        They stand so far apart that there is room for the words.
        """
        chosen: list[tuple[float, str]] = []
        for second, words in sorted(self._candidates(), key=lambda tick: tick[1].startswith("+")):
            place = self.place(second)
            if all(abs(place - self.place(other)) >= _LEAST_GAP for other, _ in chosen):
                chosen.append((second, words))
        return sorted(chosen)

    def _candidates(self) -> Iterator[tuple[float, str]]:
        step = self._step()
        starts = [0.0, *(one.end for one in self.breaks)]
        ends = [*(one.start for one in self.breaks), self.end]
        for start, end in zip(starts, ends, strict=True):
            for number in range(int((end - start) / step * _NEARLY) + 1):
                seconds = number * step
                is_added = number and start
                yield (
                    start + seconds,
                    f"+{exactly(seconds)}" if is_added else exactly(start + seconds),
                )

    def _knots(self) -> tuple[list[float], list[float]]:
        """Where scale and breaks change places, as seconds and as places."""
        share = min(_BREAK_SHARE, _BREAKS_SHARE / max(len(self.breaks), 1))
        edges = [0.0, *(second for one in self.breaks for second in one), self.end]
        widths = [
            share if number % 2 else (end - start) * self._rate
            for number, (start, end) in enumerate(pairwise(edges))
        ]
        places = [0.0, *accumulate(widths)]
        kept = [at for at, edge in enumerate(edges) if at == 0 or edge > edges[at - 1]]
        return [edges[at] for at in kept], [places[at] for at in kept]

    @property
    def _rate(self) -> float:
        """How much of the width a second has, where all is to scale."""
        share = min(_BREAK_SHARE, _BREAKS_SHARE / max(len(self.breaks), 1))
        to_scale = self.end - sum(one.end - one.start for one in self.breaks)
        return (1 - share * len(self.breaks)) / to_scale

    def _step(self) -> float:
        """The seconds from one tick to the next, where all is to scale."""
        wanted = 1 / (self._rate * _TICKS)
        return next((step for step in _STEPS if step >= wanted), _STEPS[-1])


def exactly(seconds: float) -> str:
    """A time in one or two units: "0.2 s", "31 s", "1 h 5 min"."""
    if 0 < seconds < 0.1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 10 and round(seconds, 1) != round(seconds):
        return f"{seconds:.1f} s"
    left = round(seconds)
    parts = []
    for unit, size in _UNITS:
        if left >= size:
            parts.append(f"{left // size} {unit}")
            left %= size
    return " ".join(parts[:2]) or "0 s"


def _breaks(ordered: Sequence[float]) -> tuple[Break, ...]:
    """The longest first, as long as each is longer by far than all that is shorter."""
    gaps = sorted((end - start, start, end) for start, end in pairwise(ordered))
    rest = sum(length for length, _, _ in gaps)
    found = []
    for length, start, end in reversed(gaps):
        rest -= length
        if rest < _LEAST_SECONDS or length < _LONGER_THAN_REST * rest:
            break
        found.append(Break(start, end))
    return tuple(sorted(found))


def _interpolated(value: float, known: Sequence[float], wanted: Sequence[float]) -> float:
    """Between the known values in straight lines, beyond them as at their ends."""
    at = min(max(bisect_right(known, value), 1), len(known) - 1)
    (left, right), (low, high) = known[at - 1 : at + 1], wanted[at - 1 : at + 1]
    return low + (value - left) / (right - left) * (high - low)
