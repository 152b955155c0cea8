"""Runs of one target: inputs that are kept, then mutations of them; what fails is said once."""

import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.fuzz import corpus
from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS

SLOW_SECONDS = 0.5


class Failure(NamedTuple):
    """An input that showed a defect.

    Attributes:
        place: Where it was raised, in the package where there is such a place.
        data: The input.
        text: The traceback; or how long it took.
    """

    place: str
    data: bytes
    text: str


def inputs(target: str, seed: int) -> Iterator[bytes]:
    """Those that are kept, then mutations without end: the same for the same seed and corpus."""
    random, kept = Random(f"{target} {seed}"), corpus.inputs(target)
    yield from kept
    yield from (b"", b"\0", b"\xff" * 64)
    words = TARGETS[target].words
    while True:
        yield mutated(random.choice(kept or [b""]), kept, words, random)


def failure(target: str, data: bytes) -> Failure | None:
    """What is wrong with an input, if anything."""
    start = time.process_time()
    try:
        TARGETS[target].run(data)
    except Exception as error:
        return Failure(_place(error), data, traceback.format_exc())
    seconds = time.process_time() - start
    if seconds > SLOW_SECONDS:
        return Failure("slow", data, f"{len(data)} bytes took {seconds:.2f} s of the processor")
    return None


def search(target: str, seconds: float, seed: int) -> tuple[int, list[Failure]]:
    """Run for so long.

    Returns:
        How many inputs were tried, and one failure for each place.
    """
    end, count, found = time.monotonic() + seconds, 0, dict[str, Failure]()
    for data in inputs(target, seed):
        if time.monotonic() > end:
            break
        count += 1
        if one := failure(target, data):
            found.setdefault(one.place, one)
    return count, list(found.values())


def _place(error: BaseException) -> str:
    root = error
    while root.__cause__ is not None:
        root = root.__cause__
    frames = traceback.extract_tb(root.__traceback__)
    ours = [frame for frame in frames if f"{Path('/sbtutorial/')}" in frame.filename] or frames
    last = ours[-1]
    return f"{type(root).__name__} at {Path(last.filename).name}:{last.lineno}"
