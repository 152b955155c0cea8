"""Long polls: an HTTP client that waits a while for a message."""

import asyncio

from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.gateway.reactor import Reactor
from sbtutorial.gateway.rest.data_plane import WaitingReceive
from sbtutorial.http.request import Response


async def wait_for(receive: WaitingReceive, turns: Reactor) -> Response:
    """The answer to a receiver: at once, or when a message comes, or when its time is over.

    Who waits longest has a message first.
    """
    stirred = asyncio.Event()

    def listener(_subqueue: SubQueue) -> None:
        stirred.set()

    receive.subqueue.listeners.append(listener)
    try:
        async with asyncio.timeout(receive.seconds):
            while True:
                stirred.clear()
                with turns.turn() as now:
                    answer = receive.attempt(now)
                if answer is not None:
                    return answer
                await stirred.wait()
    except TimeoutError:
        return receive.when_over
    finally:
        receive.subqueue.listeners.remove(listener)
