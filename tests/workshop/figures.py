"""What a room of learners takes: rows as `sbtutorial bench` has them."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from sbtutorial.commands.bench.brokers import MB, Measured
from sbtutorial.commands.bench.rows import Row, Target
from tests.workshop.learner import Learner
from tests.workshop.room import Room

# Of a broker that nobody has used, and of one whose messages came and went.
UNUSED_MB, USED_MB = 40, 60
_NO_CPU = Target(0.01)


def of_starting(room: Room) -> Iterator[Row]:
    """All connect at once: how long it takes until each has a broker, and used it."""
    before = room.cpu_seconds()
    began = time.monotonic()
    seconds = room.each(Learner.come_in)
    whole = time.monotonic() - began
    note = f"from {min(seconds):.2f} to {max(seconds):.2f} s"
    yield Row("all connect at once: a broker, at the median", median(seconds), "s", None, note)
    yield Row(
        "all connect at once: until the last has sent", whole, "s", None, _of_cpu(room, before)
    )


def of_resting(room: Room, when: str, mb_each: float, idle_seconds: float) -> Iterator[Row]:
    """What the brokers take while nobody does anything.

    Args:
        room: Where they are.
        when: For the rows.
        mb_each: How much each may have.
        idle_seconds: How long to look on.
    """
    brokers = [broker for learner in room.learners for broker in learner.brokers()]
    target = Target(mb_each * len(brokers))
    yield Row(f"{when}: memory of {len(brokers)} brokers", _mb(brokers), "MB", target)
    if once := sum(broker.proportional_bytes for broker in brokers) / MB:
        yield Row(f"{when}: the same, shared pages counted once", once, "MB")
    programs = [learner.program() for learner in room.learners]
    yield Row(f"{when}: memory of {len(programs)} programs", _mb(programs), "MB")
    before = _cpu(brokers)
    time.sleep(idle_seconds)
    cpu = (_cpu(brokers) - before) / idle_seconds
    yield Row(f"{when}: idle CPU of all brokers, of one core", cpu, "", _NO_CPU)


def of_lessons(room: Room, lessons: Sequence[Path]) -> Iterator[Row]:
    """All run the same lesson at once, one lesson after the other."""
    for lesson in lessons:
        brokers = len(room.records())
        before = room.cpu_seconds()
        began = time.monotonic()
        taken = room.each(partial(Learner.take_lesson, lesson=lesson))
        seconds = time.monotonic() - began
        more = f"{_of_cpu(room, before)}; {len(room.records()) - brokers} more brokers"
        yield Row(f"all run {lesson.stem} at once", seconds, "s", None, more)
        [(usual, _)] = Counter(one["said"] for one in taken).most_common(1)
        odd = [one for one in taken if one["failed"] or one["said"] != usual]
        first = next((cell for one in odd for cell in one["failed"]), "")
        what = "to how many it did not say what it said to the others"
        yield Row(f"{lesson.stem}: {what}", len(odd), "", Target(0), first)


def _of_cpu(room: Room, before: float) -> str:
    return f"CPU {(room.cpu_seconds() - before) / len(room.learners):.1f} s each"


def _mb(processes: Sequence[Measured]) -> float:
    return sum(process.memory_bytes for process in processes) / MB


def _cpu(processes: Sequence[Measured]) -> float:
    return sum(process.cpu_seconds for process in processes)
