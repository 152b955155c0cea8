"""The moments at which a worker is to be killed: a checkpoint, or an event at the broker."""

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from sbtutorial.errors import TutorialError
from sbtutorial.trace import Event

if TYPE_CHECKING:
    from sbtutorial.hosting.control_client import ControlClient

_WAIT_SECONDS = 20.0
_BEYOND_ALL_EVENTS = 2**53


class Moment(NamedTuple):
    """Something with a name, for the n-th time."""

    name: str
    nth: int = 1

    def __str__(self) -> str:
        return f'"{self.name}"' if self.nth == 1 else f'"{self.name}", time {self.nth}'


def parse_moment(text: str) -> Moment:
    """Read `working`, the first time, or `working:3`, the third.

    Raises:
        TutorialError: It has no name, or counts from 0.
    """
    name, colon, number = text.rpartition(":")
    if not (colon and number.isdecimal()):
        name, number = text, "1"
    if not name.strip() or int(number) == 0:
        raise TutorialError(
            f"'{text}' names no moment at which to kill a worker: write a name, as in 'working', "
            "or a name and a number, as in 'working:3' for the third time."
        )
    return Moment(name, int(number))


class BrokerWatch:
    """Tells when the broker has reported an event of one kind for the n-th time from now on.

    Args:
        client: Calls the broker.
        moment: The kind of event (`locked`, `completed`, …) and the count.
        is_relevant: Told who caused an event, says whether it counts.

    Raises:
        TutorialError: The broker tells no events: it is gone, or is none of ours.
    """

    def __init__(
        self, client: "ControlClient", moment: Moment, is_relevant: Callable[[str], bool]
    ) -> None:
        self.moment = moment
        self._client = client
        self._is_relevant = is_relevant
        self._lock = Lock()
        self._kinds: list[str] = []
        self._last = _last_number(client)

    @property
    def so_far(self) -> str:
        """What the broker has reported, in words."""
        kinds = ", ".join(f'"{kind}"' for kind in dict.fromkeys(self._kinds))
        return f"it reported: {kinds}" if kinds else "it reported nothing"

    def has_happened(self) -> bool:
        """Whether it has by now; not, as far as one can know, when the broker is gone."""
        try:
            return self._look(0)
        except TutorialError:
            return False  # whatever the worker does next with the broker will say so

    def until_it_happens(self, is_over: Callable[[], bool]) -> bool:
        """Return when it has happened, or has not when `is_over` or the broker is gone."""
        try:
            while not is_over():
                if self._look(_WAIT_SECONDS):
                    return True
        except TutorialError:
            pass
        return False

    def _look(self, wait_seconds: float) -> bool:
        after = self._last
        answer = self._client.events(after=after, wait_seconds=wait_seconds)
        with self._lock:  # one thread waits for long while another has a quick look
            if answer.last < after:  # another broker by now, which counts from 1
                self._last = answer.last
            for event in answer.events:
                self._note(event)
            return self._kinds.count(self.moment.name) >= self.moment.nth

    def _note(self, event: Event) -> None:
        if event.number > self._last:
            self._last = event.number
            if self._is_relevant(event.who):
                self._kinds.append(event.what)


def _last_number(client: "ControlClient") -> int:
    try:
        return client.events(after=_BEYOND_ALL_EVENTS).last
    except TutorialError as error:
        raise TutorialError(
            "A worker can be killed on an event only by the tutorial's own broker, which tells "
            f"its events; kill it at a checkpoint instead. ({error})"
        ) from None
