"""Answers that wait a while: for a message, for an event, for the end of a jump of time."""

import asyncio

from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.gateway.core import Core
from sbtutorial.gateway.reactor import Reactor
from sbtutorial.gateway.rest.data_plane import Poll, Work
from sbtutorial.http.request import Response
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


async def advance(core: Core, seconds: float) -> None:
    """Make everything that the broker holds older; returns when all has happened that is due.

    Raises:
        ValueError: Time cannot go that way.
    """
    done = asyncio.Event()
    core.advance(seconds, then=done.set)
    await done.wait()
