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
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Protocol

from sbtutorial.server.broker_server import BrokerServer

# Nobody waits meanwhile for what has been freed: it is done when nothing has happened for so long.
REST_SECONDS = 1.0
# So much more than after the last time is worth it; so much less, too: what was in use then, and
# could not be given back, has been freed meanwhile.
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


def _in_thread(work: Callable[[], None]) -> None:
    """Have something done by a thread of its own.

    It is gone afterwards: a pool's, and what it is made of, would be made amid what is about to be
    free and stay, and each object of Python's that stays holds a megabyte.
    """
    Thread(target=work, name="sbtutorial memory", daemon=True).start()


class MemoryReturn:
    """Gives memory back once much was used and nothing happens any more; no timer while idle.

    Args:
        loop: The broker's.
        memory: What there is to give back.
        beside: Has something done while the loop goes on.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        memory: Memory,
        beside: Callable[[Callable[[], None]], None] = _in_thread,
    ) -> None:
        self._loop = loop
        self._memory = memory
        self._beside = beside
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
        elif abs(self._memory.resident_bytes - self._kept_bytes) < WORTHWHILE_BYTES:
            self._is_waiting = False
        else:
            self._memory.pack()
            self._beside(self._give_back)

    def _give_back(self) -> None:
        self._memory.give_back()
        with suppress(RuntimeError):  # the loop is closed, and all of it is given back
            self._loop.call_soon_threadsafe(self._given)

    def _given(self) -> None:
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
    reactor, loop = broker.reactor, asyncio.get_running_loop()
    loop.call_soon(_function)  # before there is much, amid which it would be made
    giving = MemoryReturn(loop, BrokerMemory(broker, trim))
    look_after_input = reactor.on_turn_end

    def at_turn_end() -> None:
        look_after_input()
        giving.note_work()

    reactor.on_turn_end = at_turn_end


def _trim() -> Callable[[], None] | None:
    """What asks the allocator to give back all that is free; None where nobody has to."""
    if sys.platform != "linux" or not _STATM.exists():
        return None
    return _malloc_trim


def _malloc_trim() -> None:
    if function := _function():
        function(0)


@cache
def _function() -> Callable[[int], object] | None:
    import ctypes  # 2 ms that nobody's start need wait for

    function: Callable[[int], object] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return function  # musl has none
