"""What is known of the status of each entity: what it surely was, and from when to when.

From the moment that somebody asks for another status until the broker has said that it is so,
nobody knows.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sbtutorial.broker.descriptions import EntityStatus
from tests.simulation.network import Stamp

_BEGINNING = Stamp(0, 0.0, 0.0, 0.0)


@dataclass(slots=True, eq=False)
class Period:
    """A time in which an entity surely had one status.

    Attributes:
        since: When the broker said so.
        until: When somebody asked for another one; None for not yet.
    """

    status: EntityStatus
    since: Stamp
    until: Stamp | None = None

    def has(self, stamp: Stamp) -> bool:
        """Whether something was said within it."""
        return self.since.step < stamp.step and (self.until is None or stamp.step < self.until.step)


class Statuses:
    """The statuses of all entities; what is not mentioned has been active from the beginning."""

    def __init__(self) -> None:
        self._periods: dict[str, list[Period]] = {}
        self._asked: dict[str, int] = {}

    def ask(self, path: str, status: EntityStatus, stamp: Stamp) -> Callable[[Stamp], None]:
        """Somebody asks for a status; to be called back when the broker has said that it is so."""
        periods = self._periods.setdefault(path, [Period(EntityStatus.ACTIVE, _BEGINNING)])
        if periods and periods[-1].until is None:
            periods[-1].until = stamp
        count = self._asked[path] = self._asked.get(path, 0) + 1

        def confirm(confirmed: Stamp) -> None:
            if self._asked[path] == count:  # nobody has asked for another one meanwhile
                periods.append(Period(status, confirmed))

        return confirm

    def periods(self, path: str) -> list[Period]:
        """What is known of an entity, in order."""
        return self._periods.get(path) or [Period(EntityStatus.ACTIVE, _BEGINNING)]

    def at(self, path: str, *stamps: Stamp) -> Period | None:
        """The time that all of these were in; None where nobody knows."""
        for period in self.periods(path):
            if all(map(period.has, stamps)):
                return period
        return None
