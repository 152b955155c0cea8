"""Cost that grows faster than the input: `python -m tests.fuzz --cost` looks for it.

A piece of an input that is kept is repeated, so often and four times as often. What is linear then
takes four times the processor's time; what takes more than eight times is reported.
"""

import time
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from tests.fuzz import corpus
from tests.fuzz.targets import TARGETS

_SMALL_BYTES, _TIMES = 16 * 1024, 4
_LEAST_SECONDS = 0.02
_MOST_GROWTH = 2 * _TIMES
_PIECES = 12


class Growth(NamedTuple):
    """How much longer the longer input took, in which piece is repeated."""

    piece: bytes
    small_seconds: float
    large_seconds: float

    @property
    def is_steep(self) -> bool:
        """Whether that is more than linear, and long enough to be measured."""
        is_measurable = self.large_seconds > _LEAST_SECONDS
        return is_measurable and self.large_seconds > _MOST_GROWTH * self.small_seconds


def growths(target: str, seed: int = 0) -> Iterator[Growth]:
    """What repeating random pieces of its corpus costs a target."""
    random = Random(f"{target} {seed}")
    for data in corpus.inputs(target):
        for _ in range(_PIECES):
            start = random.randrange(len(data) + 1)
            piece = data[start : start + random.randint(1, 24)] or b"\0"
            times = _SMALL_BYTES // len(piece)
            head, tail = data[:start], data[start:]
            small, large = (head + piece * (times * factor) + tail for factor in (1, _TIMES))
            yield Growth(piece, _seconds(target, small), _seconds(target, large))


def report(targets: Sequence[str]) -> int:
    """Print what is steep; the exit code is 1 if anything is."""
    is_any = False
    for target in targets:
        found, worst = list(growths(target)), 0.0
        for growth in found:
            worst = max(worst, growth.large_seconds)
            if growth.is_steep and _is_steep_again(target, growth):
                is_any = True
                print(f"  {target}: {growth.piece!r} repeated: {growth[1]:.3f}, {growth[2]:.3f} s")
        size = _SMALL_BYTES * _TIMES // 1024
        print(
            f"{target:18} {len(found):5} pieces, {size} KiB each: {worst:.3f} s at most", flush=True
        )
    return 1 if is_any else 0


def _is_steep_again(target: str, growth: Growth) -> bool:
    """Once more, in case something else kept the machine busy."""
    times = _SMALL_BYTES // len(growth.piece)
    alone = [growth.piece * (times * factor) for factor in (1, _TIMES)]
    again = Growth(growth.piece, *(_seconds(target, data) for data in alone))
    return again.is_steep or growth.large_seconds > 1.0


def _seconds(target: str, data: bytes) -> float:
    start = time.process_time()
    TARGETS[target].run(data)
    return time.process_time() - start
