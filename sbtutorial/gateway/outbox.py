"""What is written to clients waits here until all that was committed before it is safe.

So a client is told only what survives the death of the broker, whatever it speaks: each byte that
is written in a turn or after it is kept back as long as a commit of that turn, or of one before, is
not safe. Bytes leave in the order in which they were written. Where everything is safe already,
they go straight through; without a store there is no gate at all.
"""

from collections import deque
from collections.abc import Callable

from sbtutorial.gateway.endpoint import Close, Write

# What may be kept back before the broker does nothing more for anyone.
MOST_HELD_BYTES = 8 * 1024 * 1024
MOST_WAITING_COMMITS = 3


class Outbox:
    """Keeps back what is written.

    Attributes:
        is_full: Whether so much waits that nothing more should be done for anyone.
        on_room: Called when what waits is little again.
    """

    def __init__(self) -> None:
        self.is_full = False
        self.on_room: Callable[[], None] = _nothing
        self._committed = 0
        self._safe = 0
        self._held: deque[tuple[int, Callable[[], None], int]] = deque()
        self._held_bytes = 0
        self._is_cut = False

    @property
    def is_safe(self) -> bool:
        """Whether everything is safe that was committed."""
        return self._safe == self._committed

    def committing(self) -> None:
        """One more commit is not safe; what is written from now on waits for it."""
        self._committed += 1
        self._look_for_room()

    def on_safe(self) -> None:
        """The oldest commit that was not safe is."""
        self._safe += 1
        held = self._held
        while held and held[0][0] <= self._safe:
            _, action, size = held.popleft()
            self._held_bytes -= size
            action()
        self._look_for_room()

    def when_safe(self, action: Callable[[], None], size: int = 0) -> None:
        """Do something when all is safe that was committed by now, after all that waits already.

        Args:
            action: What to do.
            size: How many bytes wait with it.
        """
        if self._is_cut or (not self._held and self._safe == self._committed):
            action()
            return
        self._held.append((self._committed, action, size))
        self._held_bytes += size
        self._look_for_room()

    def gate(self, write: Write, close: Close) -> tuple[Write, Close]:
        """The same two callables for one connection, held back as long as need be."""

        def write_when_safe(data: bytes) -> None:
            if not self._held and self._safe == self._committed:
                write(data)
            else:
                self.when_safe(lambda: write(data), len(data))

        return write_when_safe, lambda: self.when_safe(close)

    def cut(self) -> None:
        """Nobody is ever told what waits: those connections are cut.

        Until `mend`, what is written goes straight through: it tells of nothing that was done.
        """
        self._held.clear()
        self._held_bytes = 0
        self._is_cut = True
        self._look_for_room()

    def mend(self) -> None:
        """Keep back what is not safe, as ever."""
        self._is_cut = False

    def _look_for_room(self) -> None:
        waiting = self._committed - self._safe
        was_full = self.is_full
        self.is_full = self._held_bytes > MOST_HELD_BYTES or waiting > MOST_WAITING_COMMITS
        if was_full and not self.is_full:
            self.on_room()


def _nothing() -> None:
    """Nobody waits for room."""
