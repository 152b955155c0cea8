"""Deferred messages: what a deferral counts, and what becomes of them when their time is over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusReceiveMode, ServiceBusSubQueue
from azure.servicebus.exceptions import MessageNotFoundError

from tests.sdk.conftest import Bench
from tests.sdk.side_by_side import side_by_side
from tests.sdk.test_receive import take

pytestmark = pytest.mark.feature("Scheduled and deferred messages")

DEAD_LETTER = ServiceBusSubQueue.DEAD_LETTER


@asynccontextmanager
async def receiving(bench: Bench, queue: str = "orders", **options: Any) -> AsyncIterator[Any]:
    """A receiver that asks once only."""
    async with (
        bench.client(retry_total=0) as client,
        client.get_queue_receiver(queue, **options) as receiver,
    ):
        yield receiver


async def defer(receiver: Any) -> int:
    """Set the next message aside; its number."""
    message = await take(receiver)
    await receiver.defer_message(message)
    return int(message.sequence_number)


async def ask(receiver: Any, number: int) -> Any:
    (message,) = await receiver.receive_deferred_messages(number)
    return message


async def reasons(bench: Bench, queue: str = "orders") -> list[tuple[str, int, str | None]]:
    """What is in the dead-letter queue: body, delivery count, and why."""
    async with bench.receiver(queue, sub_queue=DEAD_LETTER) as receiver:
        letters = await receiver.peek_messages(10)
    return [(str(one), one.delivery_count, one.dead_letter_reason) for one in letters]


# -- What is counted. Source: live tests of azure-sdk-for-js, deferredMessage.spec.ts ------------


@pytest.mark.parametrize("again", ["abandon_message", "defer_message"])
async def test_a_deferral_counts_as_a_delivery(bench: Bench, again: str) -> None:
    """A deferral counts as a delivery, and so does it to abandon or defer the message again."""
    await bench.send("coffee")
    async with bench.receiver() as receiver:
        number = await defer(receiver)
        message = await ask(receiver, number)
        assert message.delivery_count == 1
        await getattr(receiver, again)(message)
        (peeked,) = await receiver.peek_messages(1, sequence_number=number)
        assert (peeked.state.name, peeked.delivery_count) == ("DEFERRED", 2)
        assert (await ask(receiver, number)).delivery_count == 2


async def test_a_deferred_message_is_dead_lettered_with_the_count_that_it_has(
    bench: Bench,
) -> None:
    await bench.send("coffee")
    async with bench.receiver() as receiver:
        message = await ask(receiver, await defer(receiver))
        await receiver.dead_letter_message(message, reason="Cold")
    assert await reasons(bench) == [("coffee", 1, "Cold")]


async def test_a_deferral_too_many_dead_letters_the_message(bench: Bench) -> None:
    """Where a deferral is the last delivery that is allowed, the message is dead-lettered instead.

    Source: Azure/azure-service-bus#375.
    """
    bench.make_queue("once", max_delivery_count=1)
    bench.make_queue("twice", max_delivery_count=2)

    async def defer_once() -> None:
        await bench.send("coffee", queue="once")
        async with bench.receiver("once") as receiver:
            await defer(receiver)

    async def defer_and_abandon() -> None:
        await bench.send("coffee", queue="twice")
        async with bench.receiver("twice") as receiver:
            number = await defer(receiver)
            assert bench.counts("twice").deferred == 1
            await receiver.abandon_message(await ask(receiver, number))

    await asyncio.gather(defer_once(), defer_and_abandon())
    once, twice = await asyncio.gather(reasons(bench, "once"), reasons(bench, "twice"))
    assert once == [("coffee", 1, "MaxDeliveryCountExceeded")]
    assert twice == [("coffee", 2, "MaxDeliveryCountExceeded")]


async def test_a_lock_that_runs_out_on_a_deferred_message_counts_too(bench: Bench) -> None:
    """When the lock on a deferred message runs out, one delivery more is counted."""
    await bench.send("coffee")
    async with bench.receiver() as receiver:
        number = await defer(receiver)
        await ask(receiver, number)
        bench.broker.advance(31)
        assert (await ask(receiver, number)).delivery_count == 2


async def test_a_deferral_counts_in_sessions_subscriptions_and_by_token(bench: Bench) -> None:
    """It counts in sessions and subscriptions too, and when another receiver defers."""

    async def in_a_session() -> None:
        await bench.send("soup", queue="tables", session_id="7")
        async with bench.receiver("tables", session_id="7") as receiver:
            assert (await ask(receiver, await defer(receiver))).delivery_count == 1

    async def in_a_subscription() -> None:
        links = (bench.publisher("news"), bench.subscriber("news", "all"))
        async with side_by_side(*links) as (sender, receiver):
            await sender.send_messages(ServiceBusMessage("rain"))
            assert (await ask(receiver, await defer(receiver))).delivery_count == 1

    async def by_token() -> None:
        await bench.send("coffee")
        async with bench.receiver() as receiver:
            message = await take(receiver)
        async with bench.receiver() as other:
            await other.defer_message(message)  # over the management link
            assert (await ask(other, message.sequence_number)).delivery_count == 1

    bench.make_queue("tables", requires_session=True)
    async with bench.administration() as administration:
        await administration.create_topic("news")
        await administration.create_subscription("news", "all")
    await asyncio.gather(in_a_session(), in_a_subscription(), by_token())


async def test_no_delivery_of_a_dead_letter_is_counted(bench: Bench) -> None:
    """The delivery count of a dead letter stays, whether it is abandoned, deferred or let go.

    Source: live tests of azure-sdk-for-js, batchReceiver.spec.ts; Azure/azure-sdk-for-net#53437.
    """
    bench.make_queue("twice", max_delivery_count=2)
    await bench.send("coffee", queue="twice")
    async with bench.receiver("twice") as receiver:
        await receiver.abandon_message(await take(receiver))
        await receiver.dead_letter_message(await take(receiver))
    async with bench.receiver("twice", sub_queue=DEAD_LETTER) as receiver:
        for _ in range(3):
            letter = await take(receiver)
            assert letter.delivery_count == 1
            await receiver.abandon_message(letter)
        assert (await take(receiver)).delivery_count == 1
        bench.broker.advance(31)  # its lock runs out
        number = await defer(receiver)
        for settle in (receiver.abandon_message, receiver.defer_message):
            letter = await ask(receiver, number)
            assert letter.delivery_count == 1
            await settle(letter)
    assert bench.counts("twice").dead_letter == 1


# -- When its time is over. Source: Azure/azure-sdk-for-net#30252; "Dead-letter queues" -----------


async def test_a_deferred_message_whose_time_is_over_stays_until_it_is_asked_for(
    bench: Bench,
) -> None:
    """An expired deferred message stays until it is asked for, and is dead-lettered then."""
    bench.make_queue("brief", dead_lettering_on_message_expiration=True)
    await bench.send("milk", "tea", queue="brief", time_to_live=timedelta(minutes=1))
    await bench.send("salt", queue="brief")
    async with receiving(bench, "brief") as receiver:
        milk, tea, salt = [await defer(receiver) for _ in range(3)]
        bench.broker.advance(61)
        peeked = await receiver.peek_messages(10, sequence_number=1)
        assert [(str(one), one.state.name) for one in peeked] == [
            (body, "DEFERRED") for body in ("milk", "tea", "salt")
        ]
        counts = bench.counts("brief")
        assert (counts.deferred, counts.dead_letter) == (3, 0)
        with pytest.raises(MessageNotFoundError, match=f"had expired.*dead-lettered.* {milk}\\."):
            await receiver.receive_deferred_messages([salt, milk])
        counts = bench.counts("brief")
        assert (counts.deferred, counts.dead_letter, counts.locked) == (2, 1, 0)
        assert str(await ask(receiver, salt)) == "salt"
    assert await reasons(bench, "brief") == [("milk", 1, "TTLExpiredException")]
    async with receiving(
        bench, "brief", receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE
    ) as receiver:
        with pytest.raises(MessageNotFoundError, match="had expired"):
            await receiver.receive_deferred_messages(tea)
    assert bench.counts("brief").dead_letter == 2


async def test_where_what_expires_is_dropped_an_expired_deferred_message_is_when_asked_for(
    bench: Bench,
) -> None:
    """Where expired messages are dropped, a deferred one is when it is asked for."""
    bench.make_queue("brief", default_message_time_to_live=timedelta(minutes=1))
    await bench.send("milk", queue="brief")
    async with receiving(bench, "brief") as receiver:
        number = await defer(receiver)
        bench.broker.advance(61)
        assert bench.counts("brief").total == 1
        with pytest.raises(MessageNotFoundError, match="had expired"):
            await receiver.receive_deferred_messages(number)
        with pytest.raises(MessageNotFoundError, match="not there"):
            await receiver.receive_deferred_messages(number)
    assert bench.counts("brief").total == 0


async def test_a_deferred_message_that_expires_under_its_lock_can_be_settled(bench: Bench) -> None:
    """A deferred message that expires while it is locked can be settled, and stays if it is not."""
    await bench.send("milk", "tea", time_to_live=timedelta(seconds=20))
    async with receiving(bench) as receiver:
        milk, tea = [await defer(receiver) for _ in range(2)]
        first, second = await receiver.receive_deferred_messages([milk, tea])
        bench.broker.advance(21)
        await receiver.complete_message(first)
        await receiver.abandon_message(second)
        assert bench.counts().deferred == 1
        with pytest.raises(MessageNotFoundError, match="had expired"):
            await receiver.receive_deferred_messages(tea)


async def test_who_asks_in_another_session_ends_no_deferred_message(bench: Bench) -> None:
    """In a session an expired deferred message stays until its own session asks for it."""
    bench.make_queue("tables", requires_session=True, dead_lettering_on_message_expiration=True)
    await bench.send("soup", queue="tables", session_id="7", time_to_live=timedelta(seconds=20))
    async with receiving(bench, "tables", session_id="7") as receiver:
        number = await defer(receiver)
    bench.broker.advance(21)
    async with receiving(bench, "tables", session_id="8") as stranger:
        with pytest.raises(MessageNotFoundError):
            await stranger.receive_deferred_messages(number)
    assert bench.counts("tables").deferred == 1
    async with receiving(bench, "tables", session_id="7") as receiver:
        with pytest.raises(MessageNotFoundError, match="had expired"):
            await receiver.receive_deferred_messages(number)
    assert await reasons(bench, "tables") == [("soup", 1, "TTLExpiredException")]
