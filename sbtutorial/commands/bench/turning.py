"""The longest turn of a broker that is asked very much at once: so long everybody else waits."""

import subprocess
import sys
from collections.abc import Iterator
from statistics import median

from sbtutorial.commands.bench.rows import Row, Sizes, Target

_PROGRAM = "sbtutorial.commands.bench.turn_program"
_LONGEST_MS = Target(50)


def rows(sizes: Sizes) -> Iterator[Row]:
    """Each request by itself, before a broker that has nothing else to do."""
    for what, count in (
        ("a batch to a queue", sizes.in_batch),
        ("a batch, each of another session", sizes.in_batch),
        ("a batch to 24 subscriptions", sizes.in_batch),
        ("a message of so many nulls", sizes.at_once),
        ("messages that expire at one instant", sizes.at_once),
        ("a client that breaks off with so many unsettled", sizes.at_once),
        ("queues that are reset", sizes.at_once // 10),
    ):
        longest = median(_measured(what, count) for _ in range(sizes.rounds))
        yield Row(f"longest turn, {count:,}: {what}", longest, "ms", _LONGEST_MS)


def _measured(what: str, count: int) -> float:
    command = [sys.executable, "-m", _PROGRAM, what, str(count)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(answer.stdout)
