"""Who is on stage: the newest worker of each name, and who looks on."""

from collections.abc import Callable
from threading import Lock
from typing import Protocol

from sbtutorial.workers.record import Outcome

Spectator = Callable[[], None]


class Player(Protocol):
    """A worker, as those who look on see it; see `Worker`."""

    name: str

    @property
    def running(self) -> bool:
        """Whether its process lives."""

    @property
    def passed(self) -> tuple[str, ...]:
        """The checkpoints that it has reached so far."""

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None as long as it has not."""


_lock = Lock()
_newest: dict[str, Player] = {}
_spectators: list[Spectator] = []


def enter(worker: Player) -> None:
    """A worker has been started; it takes the place of an earlier one of its name."""
    with _lock:
        _newest.pop(worker.name, None)
        _newest[worker.name] = worker
    stir()


def workers() -> list[Player]:
    """The newest of each name, in the order in which they were started; the living and the dead."""
    with _lock:
        return list(_newest.values())


def watch(spectator: Spectator) -> Callable[[], None]:
    """Have every change told, from any thread and quickly; call what is returned to stop."""
    with _lock:
        _spectators.append(spectator)

    def leave() -> None:
        with _lock:
            if spectator in _spectators:
                _spectators.remove(spectator)

    return leave


def stir() -> None:
    """Tell that something about a worker has changed."""
    with _lock:
        told = list(_spectators)
    for spectator in told:
        spectator()
