"""A broker that has come to rest gives back the memory that it has freed."""

import asyncio
import sys
import threading
from collections.abc import Callable

import pytest

from sbtutorial.hosting.memory import (
    LITTLE_BYTES,
    WORTHWHILE_BYTES,
    MemoryReturn,
    give_back_memory,
)
from sbtutorial.server.broker_server import BrokerServer


class StillLoop:
    """A loop whose time goes on when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def call_later(self, _seconds: float, action: Callable[[], None]) -> None:
        self.waiting.append(action)

    def call_soon_threadsafe(self, action: Callable[[], None]) -> None:
        action()

    def rest(self) -> None:
        waiting, self.waiting = self.waiting, []
        for action in waiting:
            action()


class CountedMemory:
    """Memory of which one is told what it was asked for."""

    def __init__(self, left: int) -> None:
        self.resident_bytes = 30_000_000
        self.done: list[str] = []
        self._left = left

    def pack(self) -> None:
        self.done.append("packed")

    def give_back(self) -> None:
        self.done.append("given back")
        self.resident_bytes = self._left

    def collect(self) -> None:
        self.done.append("collected")


@pytest.fixture
def loop() -> StillLoop:
    return StillLoop()


def giving(loop: StillLoop, memory: CountedMemory) -> MemoryReturn:
    return MemoryReturn(loop, memory, lambda work: work())  # type: ignore[arg-type]


def test_much_that_was_freed_is_given_back_when_nothing_happens_any_more(loop: StillLoop) -> None:
    memory = CountedMemory(left=40_000_000)
    gives = giving(loop, memory)
    gives.note_work()
    memory.resident_bytes += WORTHWHILE_BYTES
    gives.note_work()
    loop.rest()
    assert memory.done == []  # it works still
    loop.rest()
    assert memory.done == ["packed", "given back", "collected"]
    assert loop.waiting == []  # no timer while it rests


def test_among_very_much_no_garbage_is_looked_for(loop: StillLoop) -> None:
    memory = CountedMemory(left=LITTLE_BYTES)
    gives = giving(loop, memory)
    memory.resident_bytes += WORTHWHILE_BYTES
    gives.note_work()
    loop.rest()
    assert memory.done == ["packed", "given back"]


def test_little_is_not_worth_it(loop: StillLoop) -> None:
    memory = CountedMemory(left=0)
    gives = giving(loop, memory)
    memory.resident_bytes += WORTHWHILE_BYTES - 1
    gives.note_work()
    loop.rest()
    assert memory.done == []
    assert loop.waiting == []


def test_what_could_not_be_given_back_is_not_tried_again_and_again(loop: StillLoop) -> None:
    memory = CountedMemory(left=500_000_000)
    gives = giving(loop, memory)
    memory.resident_bytes = 500_000_000
    for _ in range(3):
        gives.note_work()
        loop.rest()
    assert memory.done == ["packed", "given back"]


def test_what_was_in_use_then_is_given_back_when_it_is_free(loop: StillLoop) -> None:
    memory = CountedMemory(left=500_000_000)
    gives = giving(loop, memory)
    memory.resident_bytes = 500_000_000
    gives.note_work()
    loop.rest()
    memory.done.clear()
    memory.resident_bytes = 100_000_000
    gives.note_work()
    loop.rest()
    assert memory.done == ["packed", "given back"]


async def test_memory_is_given_back_beside_the_loop() -> None:
    done = asyncio.Event()
    threads = set()

    class Watched(CountedMemory):
        def give_back(self) -> None:
            threads.add(threading.current_thread())
            super().give_back()

        def collect(self) -> None:
            threads.add(threading.current_thread())
            done.set()

    gives = MemoryReturn(asyncio.get_running_loop(), memory := Watched(left=1))
    memory.resident_bytes += WORTHWHILE_BYTES
    gives.note_work()
    async with asyncio.timeout(30):
        await done.wait()
    assert len(threads) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere allocators do so by themselves")
async def test_a_broker_notes_its_turns_and_looks_after_its_input_still() -> None:
    broker = BrokerServer()
    before = broker.reactor.on_turn_end
    looked: list[int] = []
    broker.reactor.on_turn_end = lambda: looked.append(1)
    timers = []
    asyncio.get_running_loop().call_later = (  # type: ignore[method-assign]
        lambda seconds, action: timers.append(action)  # type: ignore[assignment,misc]
    )
    try:
        give_back_memory(broker)
        with broker.reactor.turn():
            pass
    finally:
        del asyncio.get_running_loop().call_later
    assert before is not broker.reactor.on_turn_end
    assert looked == [1]
    assert len(timers) == 1
