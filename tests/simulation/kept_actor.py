"""Somebody who does anything to a namespace that is kept, and may end and begin again."""

from collections.abc import Callable
from typing import Any

from sbtutorial.store.restore import restore
from sbtutorial.store.stepped import Keeper
from tests.store.wiring import WireActor


class KeptActor(WireActor):
    """Acts, and keeps what changed when it is told to.

    Args:
        open_keeper: Opens what the changes are kept in; with what it holds the actor begins.
    """

    def __init__(self, open_keeper: Callable[[], Keeper]) -> None:
        super().__init__()
        self._open_keeper = open_keeper
        self._keeper = open_keeper()
        restore(self._keeper.load(), self.namespace)

    def kept(self, change: Any) -> Any:
        """A change as it is handed to a keeper: the live one."""
        return change

    def commit(self) -> None:
        """Keep all that has changed, as one turn."""
        self.settle_down()
        if self.changes:
            self._keeper.write([self.changes])
            self.changes = []

    def begin_again(self, like: WireActor) -> "KeptActor":
        """Somebody in front of what was kept, who has the same instant and the same ids to come."""
        self._keeper.close()
        twin = KeptActor(self._open_keeper)
        twin.now, twin.token_count, twin.sent_count = like.now, like.token_count, like.sent_count
        twin.namespace.run_due(twin.now)
        return twin

    def close(self) -> None:
        """Let go of what it is kept in."""
        self._keeper.close()
