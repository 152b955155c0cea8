"""A store that is stepped by hand: who steps it says when a commit is safe, or never will be."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from sbtutorial.broker.changes import Change
from sbtutorial.store.restore import KeptMessages
from sbtutorial.store.store import Condition, OnSafe, nobody_asks


class Keeper(Protocol):
    """What keeps changes at once: the inner half of a store."""

    def load(self) -> Iterable[Change | KeptMessages]:
        """As `Store.load`."""

    def write(self, turns: Sequence[Sequence[Change]]) -> None:
        """Keep the changes of these turns, all or none of them."""

    def close(self) -> None:
        """Let go of what it is kept in."""


class SteppedStore:
    """Keeps nothing by itself.

    Args:
        keeper: Where it goes.

    Attributes:
        waiting: The commits that are not safe, the oldest first.
    """

    def __init__(self, keeper: Keeper) -> None:
        self.on_condition: Callable[[Condition], None] = nobody_asks
        self.waiting: deque[tuple[Sequence[Change], OnSafe]] = deque()
        self._keeper = keeper

    def load(self) -> Iterable[Change | KeptMessages]:
        """What was safe when the broker before ended."""
        return self._keeper.load()

    def commit(self, changes: Sequence[Change], on_safe: OnSafe) -> None:
        """Have them wait for `step`."""
        self.waiting.append((changes, on_safe))

    def step(self, count: int = 1) -> bool:
        """Make the oldest commits safe, so many of them as one; whether there was any."""
        commits = [self.waiting.popleft() for _ in range(min(count, len(self.waiting)))]
        if commits:
            self._keeper.write([changes for changes, _ in commits])
            for _, on_safe in commits:
                on_safe()
        return bool(commits)

    def spare_memory(self) -> None:
        """There is none."""

    def crash(self) -> None:
        """Lose what is not safe."""
        self.waiting.clear()

    def close(self) -> None:
        """Make everything safe."""
        self.step(len(self.waiting))
        self._keeper.close()


class ListKeeper:
    """Keeps every change in a list."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def load(self) -> Iterable[Change | KeptMessages]:
        """All of them."""
        return tuple(self.changes)

    def write(self, turns: Sequence[Sequence[Change]]) -> None:
        """Keep them."""
        for changes in turns:
            self.changes.extend(changes)

    def close(self) -> None:
        """Nothing to let go of."""
