"""Dead letters that wait to be forwarded, by the entity that they are to go to.

Nothing looks after them: whoever makes room in an entity, or has it take messages again, wakes
those that wait for it, and they go in the order in which they began to wait.
"""

from typing import Protocol

from sbtutorial.broker.timers import Timers


class TargetWaiter(Protocol):
    """A subqueue's forwarding, held up by its target."""

    def resume(self, now: float) -> bool:
        """Send on what the target takes, up to a number; whether it took that."""


class TargetWaiters:
    """All that wait in one namespace.

    Attributes:
        waiting: By the target's path in small letters; empty when nobody waits.
    """

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        # The keys of dictionaries, as they keep their order.
        self.waiting: dict[str, dict[TargetWaiter, None]] = {}
        self._woken: set[str] = set()

    def add(self, target: str, waiter: TargetWaiter) -> None:
        """Have a waiter woken, after those that wait for the target already."""
        self.waiting.setdefault(target.lower(), {})[waiter] = None

    def remove(self, target: str, waiter: TargetWaiter) -> None:
        """A waiter waits no longer."""
        waiting = self.waiting.get(target.lower())
        if waiting is not None:
            waiting.pop(waiter, None)
            if not waiting:
                del self.waiting[target.lower()]

    def wake(self, path: str, now: float) -> None:
        """An entity may take more messages than before: as soon as time is run, try."""
        key = path.lower()
        if key in self.waiting and key not in self._woken:
            self._woken.add(key)
            self._timers.call_at(now, self._resume_first, key)

    def clear(self) -> None:
        """Nobody waits any more, as every entity is gone."""
        self.waiting.clear()
        self._woken.clear()

    def _resume_first(self, key: str, at: float) -> None:
        """One after the other, each as a thing of its own, until the target takes no more."""
        self._woken.discard(key)
        if waiting := self.waiting.get(key):
            waiter = next(iter(waiting))
            if waiter.resume(at):
                self.wake(key, at)
