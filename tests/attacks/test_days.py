"""Whole days of whole cafés, with the real SDK on a real broker; each day is hit as planned.

They mostly wait, so all are played side by side, in one process and for one test.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sbtutorial.attacks.rehearsal import Rehearsed, rehearse
from sbtutorial.attacks.system import System
from tests.attacks.cafes import REFERENCE, UNUSUAL, WRONG, Wrong

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(550)]

SEEDS = range(20)
BY_DAY = 3  # right days, unusual cafés and wrong ones, each; all of them by night
ON_UNUSUAL = 3
AT_ONCE = 12
SILENCE_SECONDS = 20.0

RIGHT_DAYS = [(System("cafe", REFERENCE), seed) for seed in SEEDS]
WRONG_CAFES = {f"wrong_{number}": cafe for number, cafe in enumerate(WRONG)}
UNUSUAL_CAFES = {f"unusual_{number}": cafe for number, cafe in enumerate(UNUSUAL)}


UNUSUAL_DAYS = [(System(name, cafe.source), ON_UNUSUAL) for name, cafe in UNUSUAL_CAFES.items()]
WRONG_DAYS = [(System(name, cafe.source), cafe.seed) for name, cafe in WRONG_CAFES.items()]


@pytest.mark.parametrize(
    "count",
    [BY_DAY, pytest.param(None, marks=pytest.mark.overnight)],
    ids=["a few", "all"],
)
def test_right_cafes_keep_every_promise_and_each_wrong_one_is_told_why(
    home: Path, count: int | None
) -> None:
    every = [*RIGHT_DAYS[:count], *UNUSUAL_DAYS[:count], *WRONG_DAYS[:count]]
    played = list(rehearse(every, at_once=AT_ONCE, silence_seconds=SILENCE_SECONDS))
    assert len(played) == len(every)
    assert [complaint for day in played for complaint in complaints(day)] == []


def complaints(day: Rehearsed) -> Iterator[str]:
    """What is wrong with what came of a day."""
    if cafe := WRONG_CAFES.get(day.system):
        if missing := [text for text in _wanted(cafe) if text not in f"{day.promise}: {day}"]:
            yield f"'{cafe.what}' lacks {missing}: {day}"
    elif not day:
        unusual = UNUSUAL_CAFES.get(day.system)
        yield f"'{unusual.what if unusual else 'the right one'}' is wrong: {day}"


def _wanted(cafe: Wrong) -> tuple[str, str, str]:
    return f"{cafe.promise}: ", cafe.seen, cafe.hint


def test_at_least_ten_wrong_cafes_are_told_apart() -> None:
    assert len({(cafe.promise, cafe.seen) for cafe in WRONG}) >= 10
