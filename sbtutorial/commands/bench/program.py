"""`python -m sbtutorial bench`: what the broker costs, measured, beside what it should cost.

Nothing here is a test: figures depend on the machine, and on what else it does. So that they say
something all the same, the median of several runs is shown, and where two things compare, they take
turns within one run, and the median of their ratios is shown.
"""

import argparse
import signal
import sys
from collections.abc import Sequence

from sbtutorial.commands.bench import (
    files,
    idling,
    imports,
    raw,
    scaling,
    sdk,
    starting,
    thirty,
    turning,
)
from sbtutorial.commands.bench.brokers import own_home
from sbtutorial.commands.bench.rows import QUICK, Part, Row, Sizes

PARTS: dict[str, Part] = {
    "start": starting.rows,
    "idle": idling.rows,
    "imports": imports.rows,
    "sdk": sdk.rows,
    "raw": raw.rows,
    "scale": scaling.rows,
    "depths": scaling.deep_rows,
    "turns": turning.rows,
    "file": files.rows,
    "thirty": thirty.rows,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for and print it; returns the exit code."""
    options = _parse(arguments)
    sizes = QUICK if options.quick else Sizes()
    given = {"messages": options.messages, "rounds": options.rounds}
    sizes = sizes._replace(**{name: value for name, value in given.items() if value is not None})
    print(f"{'what':72} {'measured':>12}  target", flush=True)
    missed: list[Row] = []
    signal.signal(signal.SIGTERM, _end)
    with own_home():
        for part in options.parts:
            for row in PARTS[part](sizes):
                print(row, flush=True)
                missed += [row] * row.misses
    if missed:
        print(f"{len(missed)} missed: " + "; ".join(row.what for row in missed) + ".")
    return 0


def _end(number: int, _frame: object) -> None:
    """Who is told to end ends the brokers that it has started first, however often it is told."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("sbtutorial bench", description="What the broker costs.")
    names = ", ".join(PARTS)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of: {names} (all)")
    parser.add_argument("--only", nargs="+", default=[], metavar="part", help="the same")
    parser.add_argument("--quick", action="store_true", help="little of each, once")
    parser.add_argument("--messages", type=int, help=f"the SDK's, one by one ({Sizes().messages})")
    parser.add_argument("--rounds", type=int, help=f"of what is compared ({Sizes().rounds})")
    options = parser.parse_args(arguments)
    options.parts += options.only
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"there is no part '{part}'; there is {names}")
    options.parts = options.parts or list(PARTS)
    return options
