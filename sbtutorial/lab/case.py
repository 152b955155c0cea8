"""An incident as a learner has it at hand: its evidence, a diagnosis, another day."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Generic, TypeVar

from sbtutorial.attacks.incidents.catalogue import INCIDENTS
from sbtutorial.attacks.incidents.evidence import Evidence
from sbtutorial.attacks.incidents.hypotheses import HYPOTHESES
from sbtutorial.attacks.incidents.incident import Incident
from sbtutorial.attacks.outcome import Outcome
from sbtutorial.attacks.player import SILENCE_SECONDS, Played, Player, Playing
from sbtutorial.attacks.system import System, require_functions, system_of
from sbtutorial.errors import TutorialError
from sbtutorial.hosting.client_settings import prepare_clients
from sbtutorial.lab.offline import OfflineService
from sbtutorial.lab.progress import working
from sbtutorial.lab.service import Service
from sbtutorial.text import wrapped
from sbtutorial.views.text_table import table

if TYPE_CHECKING:
    from sbtutorial.trace import Event

L = TypeVar("L")

_AHEAD = 6  # so many of the next incidents are played while somebody looks into one
# A day that is known to end in silence: its reader should not have to wait for long.
_KNOWN_SILENCE_SECONDS = 15.0
_KEPT, _BROKEN = "✓", "✗"
_RESET = "reset"


class Case(Generic[L]):
    """An incident whose day was played.

    Args:
        incident: Which.
        played: Its day.
        lab_of: Makes a lab of a service.

    Attributes:
        lab: The namespace in which it happened, with all that a lab has: `timeline`, `events`,
            `show`, `watch`, `explorer`.
    """

    lab: L

    def __init__(self, incident: Incident, played: Played, lab_of: Callable[[Service], L]) -> None:
        self._incident = incident
        self._lab_of = lab_of
        self._take(played)

    def __repr__(self) -> str:
        return f'<incident "{self._incident.name}": {self._incident.title}>'

    def diagnose(self, choice: str | None = None) -> None:
        """Say what is behind it, and hear what the day says of that.

        Args:
            choice: One of six, as the call without one lists them.

        Raises:
            TutorialError: That is none of them.
        """
        if choice is None:
            print("\n".join(table([(f'"{key}"', HYPOTHESES[key].text) for key in self._choices])))
            return
        if choice not in self._choices:
            raise TutorialError(
                f"{choice!r} is none of the six: {', '.join(map(repr, self._choices))}."
            )
        is_right = choice == self._incident.cause
        print(wrapped(f"{'Yes' if is_right else 'No'}. {self._incident.answer(choice, self._day)}"))

    def play(self, program: object, *, seed: int | None = None) -> Outcome:
        """Play a day of it with a program of yours; `lab` then shows that one.

        Args:
            program: That of a `%%program` cell, by its name; or a file, as "payments.py".
            seed: Which day; the one that was recorded unless given.

        Raises:
            TutorialError: The program lacks a function, or there was no day.
        """
        incident, system = self._incident, system_of(program)
        require_functions(system, incident.scene)
        seed = incident.seed if seed is None else seed
        played = _result(_player().play(incident.scene, system, seed))
        self._take(played)
        return played.outcome

    @property
    def _choices(self) -> tuple[str, ...]:
        return self._incident.choices

    def _take(self, played: Played) -> None:
        service = OfflineService(played.connection_string, self._incident.name)
        self.lab = self._lab_of(service)
        self._day = Evidence(played.outcome.account, _of_last_day(service.events()))


def open_case(name: object, lab_of: Callable[[Service], L]) -> Case[L]:
    """An incident: its day is played, unless it has been already, and is told with its pager text.

    Args:
        name: Which.
        lab_of: Makes a lab of a service.

    Raises:
        TutorialError: There is no such incident, or it cannot be played.
    """
    if name not in INCIDENTS:
        raise TutorialError(f"There is no incident {name!r}. There are: {', '.join(INCIDENTS)}.")
    incident = INCIDENTS[str(name)]
    prepare_clients()
    print(wrapped(f"PAGER: {incident.pager}"), end="\n\n")
    played = _recorded(incident)
    print()
    for finding in played.outcome.findings:
        print(f"  {_BROKEN if finding.broken else _KEPT} {finding.promise.text}")
    return Case(incident, played, lab_of)


_ahead: dict[str, Playing] = {}
_begun: set[str] = set()  # of those that are there already nobody's evidence is played away


def _recorded(incident: Incident) -> Played:
    """Its day; long ones, and then the next ones, are begun, so that nobody waits for them."""
    playing = _ahead.pop(incident.name, None) or _begin(incident)
    _begin_ahead(name for name, one in INCIDENTS.items() if one.is_long)
    played = _result(playing)
    names = list(INCIDENTS)
    at = names.index(incident.name)
    _begin_ahead(names[at + 1 : at + 1 + _AHEAD])
    return played


def _begin_ahead(names: Iterable[str]) -> None:
    for name in names:
        if name not in _begun:
            _ahead[name] = _begin(INCIDENTS[name])


def _begin(incident: Incident) -> Playing:
    _begun.add(incident.name)
    broken = System(incident.program, incident.broken)
    patience = _KNOWN_SILENCE_SECONDS if incident.is_long else SILENCE_SECONDS
    return _player().play(incident.scene, broken, incident.seed, silence_seconds=patience)


def _result(playing: Playing) -> Played:
    with working("playing the day"):
        return playing.result()


def _player() -> Player:
    """The one of this notebook; another one if that has died."""
    player = _started()
    if not player.is_alive:
        _started.cache_clear()
        _ahead.clear()
        player = _started()
    return player


@cache
def _started() -> Player:
    return Player()


def _of_last_day(events: "list[Event]") -> "list[Event]":
    begins = [at for at, event in enumerate(events) if event.what == _RESET]
    return events[begins[-1] + 1 :] if begins else events
