"""Answers that wait a while: for a message, for an event, for the end of a jump of time."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress

from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.gateway.core import Core
from sbtutorial.gateway.presence import Presence
from sbtutorial.gateway.reactor import Reactor
from sbtutorial.gateway.rest.data_plane import Poll, Work
from sbtutorial.http.request import NO_ANSWER, Response
from sbtutorial.trace import Event, Trace


async def answer(poll: Poll, reactor: Reactor) -> Response:
    """Answer a receiver at once, or when there is a message; who waits longest has it first.

    Nothing is taken before the very step in which the answer is written: a client that goes away
    while it waits has had no message, and there is none to give back.
    """
    stirred = asyncio.Event()

    def listener(_subqueue: SubQueue) -> None:
        stirred.set()

    poll.subqueue.listeners.append(listener)
    try:
        async with asyncio.timeout(poll.wait_seconds):
            while True:
                stirred.clear()
                with reactor.turn() as now:
                    response = poll.attempt(now)
                if response is not None:
                    return response
                await stirred.wait()
    except TimeoutError:
        return poll.nothing
    finally:
        poll.subqueue.listeners.remove(listener)


async def done(work: Work) -> Response:
    """Have an answer worked out, and answer."""
    answered: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

    def answer(response: Response) -> None:
        if not answered.done():  # the client may have gone away
            answered.set_result(response)

    work.start(answer)
    return await answered


async def at_risk(answer: Awaitable[Response], core: Core) -> Response:
    """What a client is answered, as late as a fault asks for; nothing when an outage comes first.

    Without a fault it is there in the very step in which it is made.
    """
    try:
        async with asyncio.timeout(None) as patience:

            def look() -> None:
                if core.faults.is_out:
                    patience.reschedule(0.0)  # which is over

            with core.faults.told_to(look):
                response = await answer
                await _be_late(core)
                return response
    except TimeoutError:
        return NO_ANSWER


async def at_once(response: Response) -> Response:
    """What is there already, to be awaited."""
    return response


async def _be_late(core: Core) -> None:
    begun_at = core.clock.elapsed()
    changed = asyncio.Event()
    with core.faults.told_to(changed.set):
        while (left := begun_at + core.faults.delay_seconds - core.clock.elapsed()) > 0:
            changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await changed.wait()


async def next_events(
    trace: Trace, after: int, entity: str | None, wait_seconds: float, at_most: int
) -> list[Event]:
    """Events after a number: those that are here, else the next ones within the wait."""
    happened = asyncio.Event()
    unsubscribe = trace.subscribe(lambda _event: happened.set())
    try:
        async with asyncio.timeout(wait_seconds):
            # A number from the future was some earlier broker's: that reader must start anew.
            while after <= trace.last_number:
                if events := trace.after(after, entity, at_most):
                    return events
                after = trace.last_number
                happened.clear()
                await happened.wait()
    except TimeoutError:
        pass
    finally:
        unsubscribe()
    return []


async def next_events_or_comers(
    trace: Trace, presence: Presence, known_version: int, after: int, wait_seconds: float, most: int
) -> list[Event]:
    """As `next_events`, of all entities; none as soon as somebody has come or gone meanwhile.

    Args:
        trace: Where the events are.
        presence: Who is there.
        known_version: Of that, the version that the caller knows.
        after: The last event that the caller knows.
        wait_seconds: How long to wait at most.
        most: How many events one answer takes.
    """
    if presence.version != known_version:
        wait_seconds = 0
    changed = asyncio.Event()
    unsubscribe = presence.subscribe(changed.set)
    events = asyncio.ensure_future(next_events(trace, after, None, wait_seconds, most))
    comers = asyncio.ensure_future(changed.wait())
    try:
        await asyncio.wait({events, comers}, return_when=asyncio.FIRST_COMPLETED)
        # Both may have come in one step, and the answer says of all of it that it was told.
        return trace.after(after, None, most) if after <= trace.last_number else []
    finally:
        unsubscribe()
        events.cancel()
        comers.cancel()


async def advance(core: Core, seconds: float) -> None:
    """Make everything that the broker holds older; returns when all has happened that is due.

    Raises:
        ValueError: Time cannot go that way.
    """
    done = asyncio.Event()
    core.advance(seconds, then=done.set)
    await done.wait()
