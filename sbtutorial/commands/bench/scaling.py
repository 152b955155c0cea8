"""What an operation costs where there is little, and where there is much; they take turns."""

import json
import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

from sbtutorial.commands.bench.rows import Row, Sizes, Target, median_ratio

_PROGRAM = "sbtutorial.commands.bench.scale_program"
_FEW_MESSAGES = 1000
_RATIO, _RATIO_OF_CONNECTIONS = Target(1.2), Target(3)
_OVERHEAD_BYTES = Target(1000)


class Scale(NamedTuple):
    """Two sizes of one world."""

    what: str
    few: int
    many: int
    target: Target


def rows(sizes: Sizes) -> Iterator[Row]:
    """Queues, connections, rules."""
    for scale in (
        Scale("queues", 1, sizes.queues, _RATIO),
        Scale("connections", 1, sizes.connections, _RATIO_OF_CONNECTIONS),
        Scale("rules", 1, sizes.rules, _RATIO),
    ):
        pairs = []
        for _ in range(sizes.rounds):
            few, many = (_measured(scale.what, size, sizes) for size in (scale.few, scale.many))
            pairs.append((many["microseconds"], few["microseconds"]))
        yield _row(scale, pairs)


def deep_rows(sizes: Sizes) -> Iterator[Row]:
    """Messages: the deep queue once, as it takes long to fill, between two that are not."""
    scale = Scale("messages", _FEW_MESSAGES, sizes.deep, _RATIO)
    before, deep, after = (
        _measured(scale.what, size, sizes) for size in (scale.few, scale.many, scale.few)
    )
    few = median((before["microseconds"], after["microseconds"]))
    yield _row(scale, [(deep["microseconds"], few)])
    what = f"memory a message beyond the body, {sizes.deep:,} of 1 KiB"
    yield Row(what, deep["overhead_bytes"], "bytes", _OVERHEAD_BYTES)


def _row(scale: Scale, pairs: list[tuple[float, float]]) -> Row:
    many, few = (median(column) for column in zip(*pairs, strict=True))
    what = f"cost of an operation at {scale.many:,} ÷ {scale.few:,} {scale.what}"
    return Row(what, median_ratio(pairs), "", scale.target, f"{many:.0f} µs ÷ {few:.0f} µs")


def _measured(what: str, size: int, sizes: Sizes) -> dict[str, float]:
    command = [sys.executable, "-m", _PROGRAM, what, str(size), str(sizes.operations)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(answer.stdout)
    return measured
