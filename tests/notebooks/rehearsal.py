"""Harder ways to put lessons on stage: after a crash half-way, and two at a time.

`python -m tests.notebooks.rehearsal [SEED]` runs all lessons two at a time, in another order.
"""

import sys
from collections.abc import Container, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import nbformat
import psutil
from nbformat import NotebookNode

from tests.kernels import start_new_kernel
from tests.notebooks.lessons import LESSONS, private_environment
from tests.notebooks.performance import Performance, perform
from tests.notebooks.refresh import CELL_LIMIT_SECONDS, PLANNED_ERROR_TAG

# The same each time, as a test is to say the same of the same code.
SEED = 2019
_LANES = 2


def main(arguments: Sequence[str]) -> int:
    """Run all lessons two at a time, in the order of a seed; returns the exit code."""
    found = two_at_a_time(shuffled(LESSONS, int(arguments[0]) if arguments else SEED))
    print(found or "all well")
    return int(bool(found))


def shuffled(lessons: Sequence[Path], seed: int) -> list[Path]:
    """The lessons in an order that depends on the seed alone."""
    return Random(seed).sample(lessons, len(lessons))


def beside_others_after_crashes(lessons: Sequence[Path], killed: Container[Path]) -> str:
    """Run each lesson, two at a time, for one user; some after their kernel was killed half-way.

    Returns:
        Which lessons say something else than what is saved, and what; "" if none does.
    """

    def complaint(lesson: Path) -> str:
        if lesson in killed:
            return after_a_crash(lesson, environment)
        return perform(lesson, environment).complaint

    with private_environment() as environment, ThreadPoolExecutor(_LANES) as pool:
        complaints = list(pool.map(complaint, lessons))
    found = (f"{one.name}: {said}" for one, said in zip(lessons, complaints, strict=True) if said)
    return "\n".join(found)


def two_at_a_time(lessons: Sequence[Path]) -> str:
    """Run the lessons in this order and then in its reverse, two at a time, for one user.

    So each runs twice, after others and beside others, and comes both before and after each of
    them. No lesson runs beside itself.

    Returns:
        As `beside_others_after_crashes`.
    """
    turns = {"first time": lessons, "second time": lessons[::-1]}
    with private_environment() as environment:
        found = [
            f"{turn}, beside others: {one.lesson.name}{one.complaint}"
            for turn, order in turns.items()
            for one in perform_in_lanes(order, environment, lanes=_LANES)
            if one.complaint
        ]
    order = ", ".join(lesson.name.partition("_")[0] for lesson in lessons)
    return "\n".join([f"In the order {order} and back:", *found]) if found else ""


def perform_in_lanes(
    lessons: Sequence[Path], environment: Mapping[str, str], *, lanes: int
) -> list[Performance]:
    """Run lessons, so many at a time: the next one begins when one ends."""
    with ThreadPoolExecutor(lanes) as pool:
        return list(pool.map(lambda lesson: perform(lesson, environment), lessons))


def after_a_crash(lesson: Path, environment: Mapping[str, str]) -> str:
    """Run half a lesson up to a crash of its kernel, then all of it.

    Returns:
        What the whole run says that is not what is saved; "" if nothing.
    """
    run_half_and_kill_kernel(lesson, environment)
    return perform(lesson, environment).complaint


def run_half_and_kill_kernel(lesson: Path, environment: Mapping[str, str]) -> None:
    """Run the first half of a lesson's code, then kill its kernel as a lack of memory would."""
    manager, client = start_new_kernel(env=dict(environment), cwd=str(lesson.parent))
    try:
        cells = [cell for cell in nbformat.read(lesson, 4).cells if cell.cell_type == "code"]
        for cell in cells[: len(cells) // 2]:
            _run(client, cell)
        kernel = psutil.Process(_pid(client))
        kernel.kill()
        kernel.wait(CELL_LIMIT_SECONDS)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _run(client: Any, cell: NotebookNode) -> None:
    reply = client.execute_interactive(
        cell.source, output_hook=lambda message: None, timeout=CELL_LIMIT_SECONDS
    )
    is_planned = PLANNED_ERROR_TAG in cell.metadata.get("tags", ())
    assert is_planned or reply["content"]["status"] == "ok", reply["content"]


def _pid(client: Any) -> int:
    """The kernel's own: what was started may be a launcher, as it is on Windows."""
    reply = client.execute_interactive(
        "", user_expressions={"pid": "__import__('os').getpid()"}, timeout=CELL_LIMIT_SECONDS
    )
    return int(reply["content"]["user_expressions"]["pid"]["data"]["text/plain"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
