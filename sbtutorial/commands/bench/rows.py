"""What a benchmark says: rows of figures, each beside its target, and how much is measured."""

from collections.abc import Callable, Iterable, Iterator
from statistics import median
from typing import NamedTuple


class Target(NamedTuple):
    """What a figure should be.

    Attributes:
        limit: In the figure's unit.
        is_floor: Whether the figure should be above it; else below.
    """

    limit: float
    is_floor: bool = False

    def is_met(self, value: float) -> bool:
        """Whether a figure is as it should be."""
        return value >= self.limit if self.is_floor else value <= self.limit


class Row(NamedTuple):
    """One line of the report.

    Attributes:
        what: What is measured.
        value: The figure; None where nothing could be measured.
        unit: Its unit; "" for a ratio.
        target: What it should be, if that is said.
        note: What the figure was made of, or why there is none.
    """

    what: str
    value: float | None
    unit: str = ""
    target: Target | None = None
    note: str = ""

    @property
    def misses(self) -> bool:
        """Whether the figure is not what it should be."""
        return (
            self.target is not None
            and self.value is not None
            and not self.target.is_met(self.value)
        )

    def __str__(self) -> str:
        """The line as it is printed."""
        target = ""
        if self.target is not None:
            sign = "≥" if self.target.is_floor else "≤"
            target = f"{sign} {_shown(self.target.limit, self.unit)}"
        mark = "MISSED" if self.misses else ""
        value = "–" if self.value is None else _shown(self.value, self.unit)
        return f"{self.what:72} {value:>12}  {target:12} {mark:6} {self.note}".rstrip()


class Sizes(NamedTuple):
    """How much is measured.

    Attributes:
        rounds: Of each thing; what is shown is the median.
        messages: Sent and received one by one, by the SDK.
        batched: Sent and received in batches, by the SDK.
        raw: Each way, by a client that is nothing but AMQP.
        came_and_went: Before memory is looked at again.
        in_file: In the file with which a broker starts.
        deep: In the queue, and in the file, that are very deep.
        queues, connections, rules: How many are many.
        in_batch: Messages in one batch.
        at_once: Of what comes to a broker at one instant.
        operations: To tell what one costs.
        brokers: On one machine.
        idle_seconds: To see whether anything is done while nothing is to do.
    """

    rounds: int = 3
    messages: int = 2000
    batched: int = 10_000
    raw: int = 20_000
    came_and_went: int = 100_000
    in_file: int = 10_000
    deep: int = 1_000_000
    queues: int = 1000
    connections: int = 500
    rules: int = 2000
    in_batch: int = 4500
    at_once: int = 100_000
    operations: int = 2000
    brokers: int = 30
    idle_seconds: float = 5.0


# Everything once, and small: that it works, and figures that say little.
QUICK = Sizes(
    rounds=1,
    messages=100,
    batched=500,
    raw=500,
    came_and_went=2000,
    in_file=500,
    deep=5000,
    queues=50,
    connections=20,
    rules=100,
    in_batch=200,
    at_once=500,
    operations=100,
    brokers=2,
    idle_seconds=0.5,
)

Part = Callable[[Sizes], Iterator[Row]]


def median_ratio(pairs: Iterable[tuple[float, float]]) -> float:
    """How the first of two compares to the second, where both were measured in turn."""
    return median(one / other for one, other in pairs)


def _shown(value: float, unit: str) -> str:
    if unit in ("", "s"):
        text = f"{value:.3f}" if value < 0.1 else f"{value:.2f}"
    elif unit in ("MB", "ms", "µs", "GB"):
        text = f"{value:,.1f}"
    else:
        text = f"{value:,.0f}"
    return f"{text} {unit}".rstrip()
