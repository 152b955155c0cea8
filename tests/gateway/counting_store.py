"""A store that counts what each turn changes."""

from collections.abc import Sequence

from sbtutorial.broker.changes import Change
from sbtutorial.store.stepped import ListKeeper, SteppedStore
from sbtutorial.store.store import OnSafe


class CountingStore(SteppedStore):
    """Notes how many changes there are in each turn; they are safe at once."""

    def __init__(self, counts: list[int]) -> None:
        super().__init__(ListKeeper())
        self._counts = counts

    def commit(self, changes: Sequence[Change], on_safe: OnSafe) -> None:
        self._counts.append(len(changes))
        on_safe()
