"""Long polls: an HTTP client that waits a while for a message."""

import asyncio

from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.gateway.reactor import Reactor
from sbtutorial.gateway.rest.data_plane import Poll
from sbtutorial.http.request import Response


async def answer(poll: Poll, reactor: Reactor) -> Response:
    """The answer to a receiver: at once, or when a message comes, or when its time is over.

    Who waits longest has a message first.
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
