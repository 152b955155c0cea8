"""What is said of answers to incidents: wrong ones, unusual right ones, and one that is no try."""

from pathlib import Path

import pytest

from sbtutorial.attacks.incidents.catalogue import INCIDENTS
from sbtutorial.attacks.player import Player, Playing
from sbtutorial.attacks.system import System
from sbtutorial.exercises.registry import trials_of
from sbtutorial.exercises.trial import Trial
from tests.attacks.incident_answers import WRONG, Wrong
from tests.attacks.rewriting import Right
from tests.attacks.ways import RIGHT

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(600)]

TRIALS = trials_of("incidents")
LEAST_WRONG, LEAST_RIGHT = 3, 5


def test_each_incident_is_an_exercise() -> None:
    assert list(TRIALS) == [f"incidents.{name}" for name in INCIDENTS]


@pytest.mark.parametrize("trial", TRIALS.values(), ids=TRIALS)
def test_the_program_that_is_given_is_no_try_and_gets_the_first_hint(trial: Trial) -> None:
    given = System("given", f"\n{trial.given}\n")  # as a cell has it
    verdict = trial.judge(given)
    assert not verdict
    assert (verdict.seen, verdict.hint) == (
        "the program is still the one that is broken",
        trial.hint,
    )
    assert trial.source_of(given) == ""
    assert trial.source_of(System("mended", trial.reference)) == trial.reference


@pytest.mark.parametrize("name", INCIDENTS)
def test_each_has_wrong_answers_of_three_kinds_and_five_unusual_right_ones(name: str) -> None:
    kinds = {(wrong.promise, wrong.seen) for wrong in WRONG if wrong.incident == name}
    assert len(kinds) >= LEAST_WRONG
    sources = {right.source for right in RIGHT if right.incident == name}
    assert len(sources) >= LEAST_RIGHT
    for answer in (*WRONG, *RIGHT):
        compile(answer.source, answer.what, "exec")


@pytest.mark.overnight
def test_wrong_answers_are_told_what_is_wrong_with_each(home: Path) -> None:
    player = Player()
    days = [(wrong, _begin(player, wrong, _seeds(wrong)[0])) for wrong in WRONG]
    complaints = []
    for wrong, playing in days:
        first = playing.result(_nobody).outcome.first_broken
        found = f"{first.promise.text}: {first.broken.seen}" if first and first.broken else ""
        if not found.startswith(f"{wrong.promise}: ") or wrong.seen not in found:
            complaints.append(f"{wrong.incident}, {wrong.what}: {found or 'every promise kept'}")
    player.close()
    assert complaints == []


@pytest.mark.overnight
def test_unusual_right_answers_keep_every_promise_on_every_day(home: Path) -> None:
    player = Player()
    days = [(right, seed, _begin(player, right, seed)) for right in RIGHT for seed in _seeds(right)]
    complaints = [
        f"{right.incident}, {right.what}, day {seed}: {outcome!r}"
        for right, seed, playing in days
        if not (outcome := playing.result(_nobody).outcome)
    ]
    player.close()
    assert complaints == []


@pytest.mark.overnight
def test_a_check_plays_five_days_and_ends_in_the_post_mortem(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial, incident = TRIALS["incidents.deploy"], INCIDENTS["deploy"]
    verdict = trial.judge(System("deliveries", incident.mended))
    assert verdict and incident.post_mortem in verdict.seen
    assert sorted(capsys.readouterr().out.splitlines()) == [
        f"day {seed}: every promise kept" for seed in sorted(incident.seeds)
    ]
    wrong = next(wrong for wrong in WRONG if wrong.incident == "deploy")
    verdict = trial.judge(System("deliveries", wrong.source))
    assert not verdict and wrong.promise in verdict.seen
    seed = min(incident.seeds)
    assert f"See it happen: deploy.play(deliveries, seed={seed})." in verdict.hint


@pytest.mark.overnight
def test_a_program_that_ends_its_process_is_told_so(home: Path) -> None:
    ends = "import os\n" + INCIDENTS["deploy"].mended.replace(
        "meal = ", "os._exit(3)\n" + " " * 12 + "meal = "
    )
    verdict = TRIALS["incidents.deploy"].judge(System("deliveries", ends))
    assert not verdict
    assert verdict.seen == "the process in which the days were played has ended before them"
    assert "os._exit" in verdict.hint


def _begin(player: Player, answer: Wrong | Right, seed: int) -> Playing:
    incident = INCIDENTS[answer.incident]
    system = System(incident.program, answer.source)
    return player.play(incident.scene, system, seed, f"{answer.incident} {answer.what} {seed}")


def _seeds(answer: Wrong | Right) -> tuple[int, ...]:
    return INCIDENTS[answer.incident].seeds


def _nobody(line: str) -> None:
    """Nobody looks."""
