"""`python -m tests.notebooks.timing [NAME ...]`: how long lessons and their cells take.

Names as `refresh` takes them; without names all lessons run. They run on one broker and two at a
time, as a suite would on two cores; with `--lanes 1` one after the other. It measures and prints,
and fails only when a lesson does not say what is saved.
"""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence

from tests.notebooks.lessons import chosen, private_environment
from tests.notebooks.performance import Performance
from tests.notebooks.rehearsal import perform_in_lanes

CELL_TARGET_SECONDS = 5.0
TARGET_SECONDS = 150.0  # for all lessons together, on two cores


def main(arguments: Sequence[str]) -> int:
    """Run the named lessons and print a table; returns the exit code."""
    parser = ArgumentParser("tests.notebooks.timing", description="Say how long lessons take.")
    parser.add_argument("names", nargs="*", help="lessons, by how their names begin (all)")
    parser.add_argument("--lanes", type=int, default=2, help="how many run at a time (2)")
    options = parser.parse_args(arguments)
    with private_environment() as environment:
        began_at = time.monotonic()
        done = perform_in_lanes(chosen(options.names), environment, lanes=options.lanes)
        seconds = time.monotonic() - began_at
    print(table(done, seconds))
    failed = [one for one in done if one.complaint]
    for one in failed:
        print(f"\n{one.lesson.name}{one.complaint}", file=sys.stderr)
    return int(bool(failed))


def table(done: Sequence[Performance], seconds: float) -> str:
    """Seconds of each lesson and of its slowest cell, the sum, and the targets beside them.

    Args:
        done: What was run.
        seconds: How long that took altogether.
    """
    rows = [("lesson", "seconds", "slowest cell")]
    rows += [(one.lesson.stem, f"{one.seconds:.1f}", _slowest_cell(one)) for one in done]
    slowest = max((max(one.cell_seconds, default=0.0) for one in done), default=0.0)
    rows += [
        ("all", f"{seconds:.1f}", f"{slowest:.1f}"),
        ("target", f"{TARGET_SECONDS:.1f}", f"{CELL_TARGET_SECONDS:.1f}"),
    ]
    return "\n".join(f"{name:28}{whole:>8}   {cell}" for name, whole, cell in rows)


def _slowest_cell(one: Performance) -> str:
    """Its seconds and its number, as JupyterLab counts; with a mark if the lesson failed."""
    if not one.cell_seconds:
        return "failed"
    seconds = max(one.cell_seconds)
    number = one.cell_seconds.index(seconds) + 1
    return f"{seconds:.1f} in [{number}]" + ("   failed" if one.complaint else "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
