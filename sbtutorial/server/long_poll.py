"""A message for somebody who waits a while for one, as an HTTP client does.

Nothing is taken before the very step in which the answer is written: a client that goes away while
it waits has had no message, and there is none to give back.
"""

import asyncio
from collections.abc import Callable

from sbtutorial.broker.message import Message
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.gateway.reactor import Reactor

Take = Callable[[SubQueue, float], Message | None]


async def next_message(
    line: SubQueue, take: Take, turns: Reactor, *, wait_seconds: float
) -> Message | None:
    """Take the next ready message: at once, or when there is one; who waits longest has it first.

    Args:
        line: Where to look.
        take: Locks or removes the first ready message, in broker time; None when there is none.
        turns: Everything that touches the namespace happens in one.
        wait_seconds: How long to wait; 0 only looks.

    Returns:
        None when the time is over.

    Raises:
        BrokerError: What `take` raises: the entity is disabled, or deleted by now.
    """
    stirred = asyncio.Event()

    def listener(_line: SubQueue) -> None:
        stirred.set()

    line.listeners.append(listener)
    try:
        async with asyncio.timeout(wait_seconds):
            while True:
                stirred.clear()
                with turns.turn() as now:
                    message = take(line, now)
                if message is not None:
                    return message
                await stirred.wait()
    except TimeoutError:
        return None
    finally:
        line.listeners.remove(listener)
