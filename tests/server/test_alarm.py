import asyncio
from math import inf

from sbtutorial.clock import ManualClock
from sbtutorial.server.alarm import LoopAlarm


async def test_what_falls_due_happens_by_itself() -> None:
    clock = ManualClock()
    rang = asyncio.Event()
    alarm = LoopAlarm(clock.now, rang.set)
    alarm.set(clock.now() - 1)
    await asyncio.wait_for(rang.wait(), 5)


async def test_an_alarm_only_moves_to_an_earlier_instant() -> None:
    clock = ManualClock()
    rang = asyncio.Event()
    alarm = LoopAlarm(clock.now, rang.set)
    alarm.set(inf)
    alarm.set(clock.now())
    alarm.set(clock.now() + 3600)
    await asyncio.wait_for(rang.wait(), 5)


async def test_a_cancelled_alarm_is_silent_and_can_be_set_again() -> None:
    clock = ManualClock()
    rang = asyncio.Event()
    alarm = LoopAlarm(clock.now, rang.set)
    alarm.set(clock.now())
    alarm.cancel()
    await asyncio.sleep(0)  # a turn of the event loop, no time
    assert not rang.is_set()
    alarm.set(clock.now())
    await asyncio.wait_for(rang.wait(), 5)
