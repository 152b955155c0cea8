"""What one client is told, held back for as long as a fault asks for; in time where none does."""

from collections import deque
from math import inf

from sbtutorial.clock import Clock
from sbtutorial.gateway.endpoint import Close, Write
from sbtutorial.gateway.faults import Faults


class LateOutput:
    """The way out of one connection: what is written leaves in its order, so much later.

    Args:
        write, close: The way out without a delay.
        faults: Have the delay.
        clock: Counts it.

    Attributes:
        size_bytes: Of what is held back.
    """

    def __init__(self, write: Write, close: Close, faults: Faults, clock: Clock) -> None:
        self.size_bytes = 0
        self._write = write
        self._close = close
        self._faults = faults
        self._clock = clock
        # When it was written; None is the end.
        self._held: deque[tuple[float, bytes | None]] = deque()

    def write(self, data: bytes) -> None:
        """Send bytes, now or later. Hot: runs in each turn."""
        if self._held or self._faults.delay_seconds:
            self._held.append((self._clock.elapsed(), data))
            self.size_bytes += len(data)
        else:
            self._write(data)

    def close(self) -> None:
        """End the connection, after what was written."""
        if self._held:
            self._held.append((self._clock.elapsed(), None))
        else:
            self._close()

    @property
    def next_deadline(self) -> float:
        """When to call `release`, on the clock's `elapsed`; infinity for never."""
        return self._held[0][0] + self._faults.delay_seconds if self._held else inf

    def release(self) -> None:
        """Send what has been held back for long enough."""
        now = self._clock.elapsed()
        while self._held and self.next_deadline <= now:
            _, data = self._held.popleft()
            if data is None:
                self._close()
            else:
                self.size_bytes -= len(data)
                self._write(data)

    def drop(self) -> None:
        """Send nothing of it."""
        self._held.clear()
        self.size_bytes = 0
