"""Dead letters that are to go on to a queue that is full: they wait, and go when there is room.

Source: Azure/azure-service-bus#666, answered by the service's team.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusReceiveMode, ServiceBusSubQueue
from azure.servicebus.management import EntityStatus

from sbtutorial.server.broker_server import BrokerServer
from tests.sdk.conftest import PATIENCE_SECONDS, Bench
from tests.sdk.side_by_side import side_by_side
from tests.sdk.test_receive import take

pytestmark = pytest.mark.feature("Forwarding")

DELETE = ServiceBusReceiveMode.RECEIVE_AND_DELETE
LARGE = 200_000  # five of these fill a queue of 1 MB


@pytest.fixture
async def full(bench: Bench) -> Bench:
    """With `bar`, whose dead letters go to `morgue`, and that is full with "a" to "e"."""
    bench.make_queue("morgue")
    bench.make_queue("bar", forward_dead_lettered_messages_to="morgue", max_delivery_count=1)
    shrink(bench, "morgue")
    await fill(bench, "abcde")
    return bench


def shrink(bench: Bench, queue: str) -> None:
    """Let a queue hold 1 MB."""

    def act(broker: BrokerServer) -> None:
        with broker.reactor.turn() as now:
            broker.namespace.shrink(broker.namespace.directory.queue(queue), 1, now=now)

    bench.broker.call(act)


async def fill(bench: Bench, names: str, **properties: Any) -> None:
    async with bench.sender("morgue") as sender:
        for name in names:
            await sender.send_messages(ServiceBusMessage(name * LARGE, **properties))


async def bury(bench: Bench, names: str, size: int = LARGE) -> None:
    """Dead-letter messages of `bar`, each by a delivery that fails."""
    async with side_by_side(bench.sender("bar"), bench.receiver("bar")) as (sender, receiver):
        for name in names:
            await sender.send_messages(ServiceBusMessage(name * size))
            await receiver.abandon_message(await take(receiver))


@asynccontextmanager
async def morgue(bench: Bench, **options: Any) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Takes the next message out of `morgue`: its name."""
    async with bench.receiver("morgue", receive_mode=DELETE, **options) as receiver:

        async def next_name() -> str:
            (message,) = await receiver.receive_messages(1, max_wait_time=PATIENCE_SECONDS)
            return str(message)[0]

        yield next_name


async def names(bench: Bench, count: int) -> str:
    async with morgue(bench) as next_name:
        return "".join([await next_name() for _ in range(count)])


async def test_dead_letters_wait_while_their_target_is_full_and_go_in_order(full: Bench) -> None:
    """Dead letters whose target is full wait, and go in their order when there is room."""
    await bury(full, "fgh")
    assert (full.counts("bar").dead_letter, full.counts("morgue").active) == (3, 5)
    async with morgue(full) as next_name:
        assert await next_name() == "a"
    await bury(full, "i")  # not ahead of those that wait
    assert await names(full, 8) == "bcdefghi"
    assert (full.counts("bar").total, full.counts("morgue").total) == (0, 0)


async def test_what_would_fit_does_not_overtake_what_waits(full: Bench) -> None:
    """A small dead letter does not overtake a large one that waits."""
    await bury(full, "F")
    await bury(full, "g", size=10)
    assert (full.counts("bar").dead_letter, full.counts("morgue").active) == (2, 5)
    assert await names(full, 7) == "abcdeFg"


async def complete(bench: Bench) -> None:
    async with bench.receiver("morgue") as receiver:
        await receiver.complete_message(await take(receiver))


async def complete_a_dead_letter(bench: Bench) -> None:
    async with bench.receiver("morgue") as receiver:
        await receiver.dead_letter_message(await take(receiver))
    assert bench.counts("bar").dead_letter == 1  # it takes as much room where it is now
    dead = {"sub_queue": ServiceBusSubQueue.DEAD_LETTER}
    async with bench.receiver("morgue", receive_mode=DELETE, **dead) as receiver:
        await take(receiver)


async def enlarge(bench: Bench) -> None:
    async with bench.administration() as administration:
        queue = await administration.get_queue("morgue")
        await administration.update_queue(queue, max_size_in_megabytes=1024)


async def delete_and_create(bench: Bench) -> None:
    async with bench.administration() as administration:
        await administration.delete_queue("morgue")
        await administration.create_queue("Morgue")


@pytest.mark.parametrize(
    "make_room", [complete, complete_a_dead_letter, enlarge, delete_and_create]
)
async def test_room_is_made_in_many_ways(full: Bench, make_room: Any) -> None:
    """Room is made by settling, by receiving dead letters, and by changes to the queue."""
    await bury(full, "f")
    assert full.counts("bar").dead_letter == 1
    await make_room(full)
    there = full.counts("morgue").active
    taken = await names(full, there)
    assert taken[-1] == "f"
    assert full.counts("bar").total == 0


async def test_room_is_made_when_messages_expire(full: Bench) -> None:
    async with morgue(full) as next_name:
        assert await next_name() == "a"
    await fill(full, "f", time_to_live=timedelta(minutes=1))
    await bury(full, "g")
    assert full.counts("bar").dead_letter == 1
    full.broker.advance(61)
    assert await names(full, 5) == "bcdeg"


@pytest.mark.parametrize("status", [EntityStatus.DISABLED, EntityStatus.SEND_DISABLED])
async def test_dead_letters_wait_while_their_target_takes_none(
    bench: Bench, status: EntityStatus
) -> None:
    """Dead letters wait for a target that is Disabled or SendDisabled until it is Active."""
    bench.make_queue("morgue")
    bench.make_queue("bar", forward_dead_lettered_messages_to="morgue", max_delivery_count=1)
    async with bench.administration() as administration:
        target = await administration.get_queue("morgue")
        await administration.update_queue(target, status=status)
        await bury(bench, "ab")
        assert bench.counts("bar").dead_letter == 2
        await administration.update_queue(target, status=EntityStatus.ACTIVE)
    assert await names(bench, 2) == "ab"


async def test_dead_letters_of_a_subscription_wait_too(full: Bench) -> None:
    """Dead letters of a subscription wait as those of a queue do."""
    async with full.administration() as administration:
        await administration.create_topic("news")
        await administration.create_subscription(
            "news", "sport", forward_dead_lettered_messages_to="morgue", max_delivery_count=1
        )
    links = (full.publisher("news"), full.subscriber("news", "sport"))
    async with side_by_side(*links) as (sender, receiver):
        await sender.send_messages(ServiceBusMessage("f" * LARGE))
        await receiver.abandon_message(await take(receiver))
    await bury(full, "g")
    async with full.administration() as administration:
        counts = await administration.get_subscription_runtime_properties("news", "sport")
    assert counts.dead_letter_message_count == 1
    assert await names(full, 7) == "abcdefg"


async def test_a_queue_that_stops_forwarding_keeps_its_dead_letters(full: Bench) -> None:
    """Dead letters that wait can be received when the forwarding is ended."""
    await bury(full, "f")
    async with full.administration() as administration:
        bar = await administration.get_queue("bar")
        bar.forward_dead_lettered_messages_to = None
        await administration.update_queue(bar)
    dead = {"sub_queue": ServiceBusSubQueue.DEAD_LETTER}
    async with full.receiver("bar", receive_mode=DELETE, **dead) as receiver:
        assert str(await take(receiver))[0] == "f"
    assert await names(full, 5) == "abcde"
