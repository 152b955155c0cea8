"""`python -m tests.workshop`: fill a room, look for clashes and open doors, print what it takes."""

import argparse
import sys
from collections.abc import Iterable, Sequence

from sbtutorial.commands.bench.rows import Row
from tests.notebooks.lessons import chosen
from tests.workshop import figures, jupyter
from tests.workshop.room import Room, filled

_LESSONS = ["00", "01", "02", "03"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a row for each figure; 1 when anybody got in anybody's way, else 0."""
    options = _parse(arguments)
    lessons = chosen(options.lessons) if options.lessons else []
    print(f"{'what':72} {'measured':>12}  target", flush=True)
    with filled(options.learners, users_differ=options.users) as room:
        _print(figures.of_starting(room))
        _print(figures.of_resting(room, "nobody works", figures.UNUSED_MB, options.idle))
        found = _looked_at(room, "before the lessons")
        found += _print(figures.of_lessons(room, lessons))
        _print(figures.of_resting(room, "after the lessons", figures.USED_MB, options.idle))
        found += _looked_at(room, "after the lessons")
    for lesson in lessons[-1:]:
        _print(jupyter.rows(lesson))
    print("\n".join(found) or "nobody got in anybody's way")
    return int(bool(found))


def _print(rows: Iterable[Row]) -> list[str]:
    """Print rows as they come; those that miss their target, in words."""
    missed = []
    for row in rows:
        print(row, flush=True)
        missed += [row.what] * row.misses
    return missed


def _looked_at(room: Room, when: str) -> list[str]:
    return [f"{when}: {one}" for one in (*room.clashes(), *room.intrusions())]


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("tests.workshop", description="A room full of learners.")
    parser.add_argument("--learners", type=int, default=30, help="how many (30)")
    parser.add_argument("--lessons", nargs="*", default=_LESSONS, help="what they run (00 to 03)")
    parser.add_argument("--idle", type=float, default=10.0, help="seconds of looking on (10)")
    parser.add_argument(
        "--users",
        action="store_true",
        help="a user of the system for each; needs root, and a clone that all can read",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
