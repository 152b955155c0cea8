"""What brings a broker to work on an event loop of asyncio: its timers, and its next round."""

import asyncio
from collections.abc import Callable
from math import inf


class LoopScheduler:
    """Turns on the loop that runs.

    What one socket has brought is acted on while its bytes are taken in, by `taking_in`: to wait
    for the loop's next round would cost each small request one more question to the system. All
    else waits for that round, behind those who can be read now.
    """

    def __init__(self) -> None:
        self._is_taking_in = False
        self._at_once: Callable[[], None] | None = None

    def call_soon(self, action: Callable[[], None]) -> None:
        """Call once: when what is being taken in has been, or in the next round of the loop."""
        if self._is_taking_in:
            self._at_once = action
        else:
            asyncio.get_running_loop().call_soon(action)

    def taking_in(self, take: Callable[[bytes], None], data: bytes) -> None:
        """Hand bytes on, and then have the turn that this asks for. Hot: runs for each read."""
        self._is_taking_in = True
        try:
            take(data)
        finally:
            self._is_taking_in = False
            action, self._at_once = self._at_once, None
            if action is not None:
                action()

    def alarm(self, clock: Callable[[], float], ring: Callable[[], None]) -> "LoopAlarm":
        """A timer for instants of this clock."""
        return LoopAlarm(clock, ring)


class LoopAlarm:
    """One timer of the event loop that only ever moves to an earlier instant; see `Alarm`.

    Attributes:
        at: When it rings, on the clock that was given; infinity when it is not set.
    """

    def __init__(self, clock: Callable[[], float], ring: Callable[[], None]) -> None:
        self._clock = clock
        self._ring = ring
        self.at = inf
        self._handle: asyncio.TimerHandle | None = None

    def set(self, at: float) -> None:
        """Ring at `at`, on the clock that was given, or earlier."""
        if at >= self.at:
            return
        self.cancel()
        self.at = at
        delay = max(at - self._clock(), 0.0)
        self._handle = asyncio.get_running_loop().call_later(delay, self._on_time)

    def cancel(self) -> None:
        """Do not ring."""
        self.at = inf
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _on_time(self) -> None:
        self.at, self._handle = inf, None
        self._ring()
