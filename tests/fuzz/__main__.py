"""`python -m tests.fuzz`: the long run; its exit code is 1 if anything was found."""

import argparse
import importlib.util
import subprocess
import sys
import time
from collections.abc import Sequence

from tests.fuzz import corpus, running
from tests.fuzz.targets import TARGETS


def main(arguments: Sequence[str]) -> int:
    """Run every target for its share of the time, and keep what shows a defect."""
    options = _parser().parse_args(arguments)
    names = options.targets or list(TARGETS)
    if unknown := set(names) - TARGETS.keys():
        print(f"No target {', '.join(sorted(unknown))}; there is {', '.join(TARGETS)}.")
        return 2
    if options.cost:
        from tests.fuzz.cost import report

        return report(names)
    is_guided = not options.random and importlib.util.find_spec("atheris") is not None
    print("guided by coverage (atheris)" if is_guided else "mutated at random")
    run = _guided if is_guided else _random
    share = options.minutes * 60 / len(names)
    found = [name for name in names if run(name, share, options.seed)]
    print(f"{len(found)} of {len(names)} targets have defects: {', '.join(found) or 'none'}")
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    own = argparse.ArgumentParser("python -m tests.fuzz", description=__doc__)
    own.add_argument("targets", nargs="*", help="some of them (all)")
    own.add_argument("--minutes", type=float, default=2.0, help="in all (2)")
    own.add_argument("--seed", type=int, default=int(time.time()), help="of the mutations")
    own.add_argument("--random", action="store_true", help="without atheris, even if it is there")
    own.add_argument("--cost", action="store_true", help="look for cost that is more than linear")
    return own


def _random(name: str, seconds: float, seed: int) -> bool:
    count, failures = running.search(name, seconds, seed)
    print(f"{name:18} {count:8} inputs, seed {seed}: {len(failures)} defects", flush=True)
    for failure in failures:
        path = corpus.keep(name, failure.data)
        print(f"\n{failure.place}: {path}\n{failure.text}", flush=True)
    return bool(failures)


def _guided(name: str, seconds: float, seed: int) -> bool:
    command = [sys.executable, "-m", "tests.fuzz.guided", name, str(int(seconds) or 1), str(seed)]
    print(f"{name}:", flush=True)
    return subprocess.run(command).returncode != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
