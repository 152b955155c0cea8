"""Giving memory back: what a broker has freed is the system's again when it has come to rest.

C's allocator on Linux (glibc) keeps pages that were freed amid others for whoever asks next: after
100,000 messages came and went that is 150 MB. Elsewhere allocators give back by themselves. What
came while they were there, and stays, would keep a page each: events, Python's lists of free
tuples, pages of the store. Source: `malloc_trim(3)`.
"""

import asyncio
import gc
import mmap
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from sbtutorial.server.broker_server import BrokerServer

# Nobody waits meanwhile for what has been freed: it is done when nothing has happened for so long.
REST_SECONDS = 1.0
# So much more than after the last time is worth it.
WORTHWHILE_BYTES = 8 * 1024 * 1024
# To look for garbage among so little takes thirty milliseconds at most.
LITTLE_BYTES = 96 * 1024 * 1024
_STATM = Path("/proc/self/statm")


class Memory(Protocol):
    """What there is to give back."""

    @property
    def resident_bytes(self) -> int:
        """How much memory this process has."""

    def pack(self) -> None:
        """Make small what may be large; on the loop."""

    def give_back(self) -> None:
        """Give back what is free; in another thread."""

    def collect(self) -> None:
        """Free what is garbage, and give it back; on the loop."""


class MemoryReturn:
    """Gives memory back once much was used and nothing happens any more; no timer while idle.

    Args:
        loop: The broker's.
        memory: What there is to give back.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, memory: Memory) -> None:
        self._loop = loop
        self._memory = memory
        self._kept_bytes = memory.resident_bytes
        self._is_waiting = self._has_worked = False

    def note_work(self) -> None:
        """Something has happened. Hot: once a turn."""
        self._has_worked = True
        if not self._is_waiting:
            self._wait()

    def _wait(self) -> None:
        self._is_waiting, self._has_worked = True, False
        self._loop.call_later(REST_SECONDS, self._look)

    def _look(self) -> None:
        if self._has_worked:
            self._wait()
        elif self._memory.resident_bytes < self._kept_bytes + WORTHWHILE_BYTES:
            self._is_waiting = False
        else:
            self._memory.pack()
            given = self._loop.run_in_executor(None, self._memory.give_back)
            given.add_done_callback(self._given)

    def _given(self, _done: asyncio.Future[None]) -> None:
        self._is_waiting = False
        if self._memory.resident_bytes < LITTLE_BYTES:
            self._memory.collect()
        self._kept_bytes = self._memory.resident_bytes


class BrokerMemory:
    """A broker's, in a process of its own.

    Args:
        broker: It.
        trim: Gives back what the allocator has free.
    """

    def __init__(self, broker: BrokerServer, trim: Callable[[], None]) -> None:
        self._broker = broker
        self._trim = trim

    @property
    def resident_bytes(self) -> int:
        """As Linux counts it."""
        return int(_STATM.read_text().split()[1]) * mmap.PAGESIZE

    def pack(self) -> None:
        """Pack the events."""
        self._broker.trace.pack()

    def give_back(self) -> None:
        """Give back what the store can do without, and what is free."""
        self._broker.spare_memory()
        self._trim()

    def collect(self) -> None:
        """Empty Python's lists of free tuples, too, as a whole collection does."""
        gc.collect()
        self._trim()


def give_back_memory(broker: BrokerServer) -> None:
    """Have a broker that rests give back what it has freed, where that has to be asked for."""
    trim = _trim()
    if trim is None:
        return
    reactor = broker.reactor
    giving = MemoryReturn(asyncio.get_running_loop(), BrokerMemory(broker, trim))
    look_after_input = reactor.on_turn_end

    def at_turn_end() -> None:
        look_after_input()
        giving.note_work()

    reactor.on_turn_end = at_turn_end


def _trim() -> Callable[[], None] | None:
    """What asks the allocator to give back all that is free; None where nobody has to."""
    if sys.platform != "linux" or not _STATM.exists():
        return None
    import ctypes

    function = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
    return None if function is None else lambda: function(0)
