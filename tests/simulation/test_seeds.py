"""A bounded run of the simulation; a long one: `python -m tests.simulation --seeds 0:100000`."""

import logging
import os
import subprocess
import sys
from collections import Counter
from functools import partial

import pytest

from tests.simulation.on_purpose import TroubleOnPurpose
from tests.simulation.run import Failure, Run, run, run_in_a_file, run_many
from tests.simulation.scenery import THEMES

pytestmark = [
    pytest.mark.filterwarnings("error"),
    # A seed has no socket. What is collected before it, tests before this one have left behind.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
AT_ONCE = 25


def found_by(seeds: range, run_one: Run) -> list[str]:
    found: list[Failure] = []
    told = run_many(seeds, found.append, run_one)
    assert told > 10 * len(seeds), "clients were told next to nothing"
    return [str(failure) for failure in found]


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """The broker says at length when the disk is full."""
    caplog.set_level(logging.ERROR)


@pytest.mark.parametrize("first", range(0, 100, AT_ONCE))
def test_every_promise_is_kept_whatever_goes_wrong(first: int) -> None:
    assert found_by(range(first, first + AT_ONCE), run) == []


@pytest.mark.parametrize("first", range(0, 50, AT_ONCE))
def test_every_promise_is_kept_whatever_somebody_lets_fail(first: int) -> None:
    run_one = partial(run, make_trouble=TroubleOnPurpose)
    assert found_by(range(first, first + AT_ONCE), run_one) == []


def test_what_somebody_lets_fail_comes_up() -> None:
    story: list[str] = []
    for seed in range(8):
        run(seed, story.append, make_trouble=TroubleOnPurpose)
    missing = [phrase for phrase in ON_PURPOSE if not any(phrase in line for line in story)]
    assert missing == []


ON_PURPOSE = ("what is sent", "what is settled", "cuts off", "come so late", "calls an outage")


def test_every_promise_is_kept_on_the_file_of_the_product() -> None:
    assert found_by(range(1000, 1010), run_in_a_file) == []


def test_every_theme_and_every_trouble_comes_up() -> None:
    """Else a promise may be kept because nobody ever asked for it."""
    words: Counter[str] = Counter()

    def tell(line: str) -> None:
        words.update(phrase for phrase in PHRASES if phrase in line)

    for theme in dict.fromkeys(THEMES):
        for seed in range(4):
            run(seed, tell, themes=(theme,))
    assert {phrase: words[phrase] for phrase in PHRASES if words[phrase] < 2} == {}


PHRASES = (
    *(f"theme {theme.__name__}" for theme in set(THEMES)),
    *("the broker dies", "the broker is up", "connection cut", "network stalls", "is disconnected"),
    *("the clock is set", "time is advanced", "the disk is full", "cuts all connections"),
    *("sends", "was told of", "asks to complete", "asks to abandon", "asks to release"),
    *("asks to defer", "asks to dead-letter", "asks by token", "renews", "schedules", "cancels"),
    *("has the session", "sets the state", "sees the state", "renews the session", "moves"),
    *("posts", "makes", "changes", "deletes", "uses what ends by itself"),
    *("ReceiveDisabled", "ends by itself is gone"),
    "False",  # a settlement was refused
)


def story(seed: int) -> list[str]:
    lines: list[str] = []
    run(seed, lines.append)
    return lines


def test_a_seed_has_one_story_in_every_process() -> None:
    lines = story(8)
    assert len(lines) > 50
    assert story(8) == lines
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    command = [sys.executable, "-m", "tests.simulation", "--seed", "8"]
    answer = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert answer.stdout.splitlines()[:-1] == lines
