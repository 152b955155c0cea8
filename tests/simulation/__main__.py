"""Run seeds: `python -m tests.simulation --seeds 0:10000`, or one with its story: `--seed 45`."""

import argparse
import logging
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import repeat

from tests.simulation.on_purpose import TroubleOnPurpose
from tests.simulation.run import Failure, Run, run, run_in_a_file, run_many

_AT_ONCE = 100


def main() -> int:
    """Returns 1 if a seed has found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--seed", type=int, help="this one, with its story")
    what.add_argument("--seeds", metavar="A:B", help="those from A to before B")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--file", action="store_true", help="on the SQLite file of the product")
    parser.add_argument("--on-purpose", action="store_true", help="with faults on purpose, too")
    given = parser.parse_args()
    run_one: Callable[..., int] = run_in_a_file if given.file else run
    if given.on_purpose:
        run_one = partial(run_one, make_trouble=TroubleOnPurpose)
    if given.seed is not None:
        return _tell(given.seed, run_one)
    first, _, end = given.seeds.partition(":")
    return _search(int(first), int(end), given.processes, run_one)


def _tell(seed: int, run_one: Callable[..., int]) -> int:
    try:
        told = run_one(seed, print)
    except Failure as failure:
        print(failure)
        return 1
    print(f"seed {seed}: nothing found; clients were told {told} things that were checked")
    return 0


def _search(first: int, end: int, processes: int, run_one: Run) -> int:
    began, told, failures = time.perf_counter(), 0, 0
    pieces = [range(at, min(at + _AT_ONCE, end)) for at in range(first, end, _AT_ONCE)]
    with ProcessPoolExecutor(processes) as pool:
        for count, found in pool.map(search, pieces, repeat(run_one)):
            told += count
            failures += len(found)
            for text in found:
                print(text, flush=True)
    seconds = time.perf_counter() - began
    print(
        f"{end - first} seeds in {seconds:.0f} s ({(end - first) / seconds * 60:.0f} a minute), "
        f"{told} things told and checked, {failures} seeds found something"
    )
    return 1 if failures else 0


def search(seeds: range, run_one: Run) -> tuple[int, list[str]]:
    """Run some seeds; how much was checked, and what was found."""
    logging.disable(logging.WARNING)  # the broker says when the disk is full
    found: list[str] = []
    told = run_many(seeds, lambda failure: found.append(str(failure)), run_one)
    return told, found


if __name__ == "__main__":
    sys.exit(main())
