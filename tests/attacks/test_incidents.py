"""Each incident: what is heard of it, what its day says to each explanation, and that it mends.

Their days mostly wait, so all of them are played side by side, in one process that is kept.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sbtutorial.attacks.incidents.catalogue import INCIDENTS
from sbtutorial.attacks.incidents.evidence import Evidence
from sbtutorial.attacks.incidents.hypotheses import HYPOTHESES
from sbtutorial.attacks.incidents.incident import CHOICES, Incident
from sbtutorial.attacks.player import Played, Player, Playing
from sbtutorial.attacks.scenes import SCENES
from sbtutorial.attacks.system import System
from sbtutorial.errors import TutorialError
from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.lab.case import Case, open_case
from sbtutorial.lab.lab import Lab

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(300)]

each_incident = pytest.mark.parametrize("incident", INCIDENTS.values(), ids=INCIDENTS)
SENTENCE = re.compile(r"[.?!](?:\s|$)")


class Days:
    """Days that are being played, and the results of those that somebody has waited for."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._playing: dict[tuple[str, str, int], Playing] = {}
        self._played: dict[tuple[str, str, int], Played] = {}
        self._lines: dict[tuple[str, str, int], list[str]] = {}

    def begin(self, incident: Incident, source: str, seed: int) -> None:
        """Begin with one, on a broker of its own."""
        system, place = System(incident.program, source), f"day-{len(self._playing)}"
        playing = self._player.play(incident.scene, system, seed, place)
        self._playing[incident.name, source, seed] = playing

    def result(self, incident: Incident, source: str, seed: int) -> tuple[list[str], Played]:
        """What streamed by, and what came of it."""
        day = incident.name, source, seed
        if day not in self._played:
            lines = self._lines[day] = []
            self._played[day] = self._playing[day].result(lines.append)
        return self._lines[day], self._played[day]


@pytest.fixture(scope="module")
def days(home: Path) -> Iterator[Days]:
    """The recorded day of each incident, and the same with a mended program."""
    player = Player()
    all_of_them = Days(player)
    for incident in sorted(INCIDENTS.values(), key=lambda one: not one.is_long):
        all_of_them.begin(incident, incident.broken, incident.seed)
        all_of_them.begin(incident, incident.mended, incident.seeds[0])
    yield all_of_them
    player.close()


def test_there_are_enough_and_their_causes_differ() -> None:
    assert len({incident.cause for incident in INCIDENTS.values()}) == len(INCIDENTS) >= 8


@each_incident
def test_an_incident_is_whole(incident: Incident) -> None:
    assert len(set(incident.choices)) == CHOICES
    assert incident.cause in incident.choices
    assert set(incident.choices) <= set(HYPOTHESES)
    assert set(incident.observations) <= set(incident.choices) - {incident.cause}
    assert len(set(incident.seeds)) == 5
    assert len(SENTENCE.findall(incident.post_mortem)) == 2
    assert SCENES[incident.name] is incident.scene
    assert incident.name.isidentifier() and incident.program.isidentifier()
    assert incident.name != incident.program


@each_incident
def test_its_pager_names_no_cause(incident: Incident) -> None:
    for word in (
        "prefetch",
        "lifetime",
        "time to live",
        "complete",
        "message_id",
        "delivery count",
    ):
        assert word not in incident.pager


@each_incident
def test_its_day_goes_wrong_and_the_stream_does_not_say_why(days: Days, incident: Incident) -> None:
    lines, played = days.result(incident, incident.broken, incident.seed)
    assert not played.outcome
    assert played.outcome.findings[0].broken  # what the pager complains about comes first
    assert lines[0] == f"Day {incident.seed}: 12 orders."
    for finding in played.outcome.findings:
        if finding.broken:
            assert finding.broken.hint not in "\n".join(lines)


@each_incident
def test_mended_it_keeps_every_promise(days: Days, incident: Incident) -> None:
    _, played = days.result(incident, incident.mended, incident.seeds[0])
    assert played.outcome, repr(played.outcome)


@each_incident
def test_the_day_has_an_answer_to_each_explanation(days: Days, incident: Incident) -> None:
    _, played = days.result(incident, incident.broken, incident.seed)
    events = ControlClient(played.connection_string).events(0).events
    day = Evidence(played.outcome.account, events)
    answers = {choice: incident.answer(choice, day) for choice in incident.choices}
    assert all(answers.values()), answers
    assert len(set(answers.values())) >= CHOICES - 1
    contradicted = HYPOTHESES[incident.cause].contradict(day)
    assert not contradicted, "the cause, by what is said of every day"


def test_a_diagnosis_is_answered_by_the_day(days: Days, capsys: pytest.CaptureFixture[str]) -> None:
    incident = INCIDENTS["mondays"]
    _, played = days.result(incident, incident.broken, incident.seed)
    case = Case(incident, played, Lab)
    case.diagnose()
    assert [line.split('"')[1] for line in capsys.readouterr().out.splitlines()] == list(
        incident.choices
    )
    case.diagnose("new id")
    assert capsys.readouterr().out.startswith("No. 12 messages were sent")
    case.diagnose("lock")
    assert capsys.readouterr().out.startswith("Yes. The lock of order-07 ran out")
    with pytest.raises(TutorialError, match="'locks' is none of the six: 'new id', 'early'"):
        case.diagnose("locks")
    assert repr(case) == '<incident "mondays": customers are charged twice on Mondays>'
    assert len(case.lab.events("charges", message_id="order-07")) == 5


def test_an_incident_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(TutorialError, match=r"no incident 'monday'\. There are: deploy, evening"):
        open_case("monday", Lab)


def test_a_day_that_cannot_be_played_says_why(home: Path) -> None:
    player = Player()
    try:
        scene = INCIDENTS["deploy"].scene
        with pytest.raises(TutorialError, match="does not define web, kitchen"):
            player.play(scene, System("empty", "def begin(admin): ..."), 1).result()
        with pytest.raises(TutorialError, match="begin failed, so there is no day: ZeroDivision"):
            source = "def begin(admin): 1 / 0\ndef web(*a): ...\ndef kitchen(*a): ..."
            player.play(scene, System("empty", source), 1).result()
    finally:
        player.close()
    with pytest.raises(TutorialError, match="The process that plays days has ended"):
        player.play(scene, System("empty", ""), 1).result()


@pytest.mark.overnight
@pytest.mark.timeout(0)
def test_mended_they_keep_every_promise_on_each_of_their_days(home: Path) -> None:
    player = Player()
    attacked = Days(player)
    every = [(one, one.mended, seed) for one in INCIDENTS.values() for seed in one.seeds]
    for day in every:
        attacked.begin(*day)
    outcomes = [attacked.result(*day)[1].outcome for day in every]
    player.close()
    assert [repr(outcome) for outcome in outcomes if not outcome] == []


@pytest.mark.overnight
@pytest.mark.timeout(0)
def test_broken_they_break_a_promise_on_each_of_their_days(home: Path) -> None:
    player = Player()
    attacked = Days(player)
    every = [(one, one.broken, seed) for one in INCIDENTS.values() for seed in one.seeds]
    for day in every:
        attacked.begin(*day)
    kept = [
        f"{one.name}, day {seed}"
        for one, source, seed in every
        if attacked.result(one, source, seed)[1].outcome
    ]
    player.close()
    assert kept == []
