"""A program: one half of the SDK, told what to do by `client.Client`.

Each piece of work is written once, as if for asyncio. The synchronous half's methods are put behind
awaitable ones that are done at once, which costs it a microsecond a call.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from sbtutorial.commands.bench.brokers import BODY_BYTES, QUEUE

IN_BATCH = 100
_SECONDS = 10

Work = Callable[[Any, int], Awaitable[None]]


def _message() -> Any:
    from azure.servicebus import ServiceBusMessage

    return ServiceBusMessage(b"x" * BODY_BYTES)


async def send_one_by_one(sender: Any, count: int) -> None:
    """One transfer, and its outcome, for each message."""
    for _ in range(count):
        await sender.send_messages(_message())


async def send_in_batches(sender: Any, count: int) -> None:
    """One transfer for many."""
    for start in range(0, count, IN_BATCH):
        await sender.send_messages([_message() for _ in range(min(IN_BATCH, count - start))])


async def receive_one_by_one(receiver: Any, count: int) -> None:
    """Wait for one, complete it."""
    for _ in range(count):
        (message,) = await _some(receiver, 1)
        await receiver.complete_message(message)


async def receive_many(receiver: Any, count: int) -> None:
    """Wait for many, complete each."""
    left = count
    while left:
        for message in await _some(receiver, left):
            await receiver.complete_message(message)
            left -= 1


async def take_many(receiver: Any, count: int) -> None:
    """Wait for many, which are gone then."""
    left = count
    while left:
        left -= len(await _some(receiver, left))


async def _some(receiver: Any, at_most: int) -> list[Any]:
    """Messages that have come.

    Raises:
        RuntimeError: None has come.
    """
    messages: list[Any] = await receiver.receive_messages(min(at_most, IN_BATCH), _SECONDS)
    if not messages:
        raise RuntimeError(f"no message came within {_SECONDS} seconds, and there should be more")
    return messages


# What does it; whether it sends; what its receiver takes.
WORKS: dict[str, tuple[Work, bool, dict[str, Any]]] = {
    "send": (send_one_by_one, True, {}),
    "send batches": (send_in_batches, True, {}),
    "receive": (receive_one_by_one, False, {}),
    "receive many": (receive_many, False, {"prefetch_count": IN_BATCH}),
    # Without prefetching, which has the broker delete messages that nobody asks for at the end.
    "take many": (take_many, False, {"receive_mode": "receiveanddelete"}),
}


class _AtOnce:
    """A client of the synchronous half, as if it were of the other one."""

    def __init__(self, plain: Any) -> None:
        self._plain = plain

    async def __aenter__(self) -> "_AtOnce":
        self._plain.__enter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._plain.__exit__(*error)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._plain, name)

        async def call(*args: Any, **options: Any) -> Any:
            return method(*args, **options)

        setattr(self, name, call)
        return call


def _run_at_once(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it has waited")


async def _do(flavour: str, call: dict[str, Any]) -> dict[str, float]:
    import azure.servicebus
    import azure.servicebus.aio

    half = azure.servicebus if flavour == "sync" else azure.servicebus.aio
    wrap = _AtOnce if flavour == "sync" else lambda client: client
    work, sends, options = WORKS[call["work"]]
    client = half.ServiceBusClient.from_connection_string(call["connection_string"])
    get = client.get_queue_sender if sends else client.get_queue_receiver
    async with wrap(client), wrap(get(QUEUE, **options)) as link:
        began, cpu = time.perf_counter(), time.process_time()
        await work(link, call["count"])
        return {"wall": time.perf_counter() - began, "cpu": time.process_time() - cpu}


def main() -> None:
    """Do what is asked for, until nothing more is."""
    flavour = sys.argv[1]
    run: Callable[[Any], Any] = _run_at_once if flavour == "sync" else asyncio.run
    for line in sys.stdin:
        print(json.dumps(run(_do(flavour, json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
