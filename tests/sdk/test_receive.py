"""Receiving."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusReceiveMode, ServiceBusSubQueue
from azure.servicebus.exceptions import (
    MessageLockLostError,
    MessagingEntityNotFoundError,
    ServiceBusError,
)

from sbtutorial.server.broker_server import BrokerServer
from tests.sdk.conftest import PATIENCE_SECONDS, SHORT_SECONDS, TO_THE_END_SECONDS, Bench

pytestmark = pytest.mark.feature("Receiving and settling")

DELETE = ServiceBusReceiveMode.RECEIVE_AND_DELETE


async def take(receiver):
    (message,) = await receiver.receive_messages(max_wait_time=PATIENCE_SECONDS)
    return message


async def test_receive_and_delete_removes_a_message_at_once(bench: Bench) -> None:
    await bench.send("coffee", "tea")
    async with bench.receiver(receive_mode=DELETE) as receiver:
        message = await take(receiver)
        assert str(message) == "coffee"
        assert message.lock_token is None
        assert message.locked_until_utc is None
    assert bench.counts().total == 1


async def test_receive_and_delete_brings_empty_delivery_annotations(bench: Bench) -> None:
    await bench.send("coffee")
    async with bench.receiver(receive_mode=DELETE) as receiver:
        (peeked,) = await receiver.peek_messages()
        assert peeked.raw_amqp_message.delivery_annotations is None
        assert (await take(receiver)).raw_amqp_message.delivery_annotations == {}


async def test_peek_lock_hides_a_message_until_it_is_completed(bench: Bench) -> None:
    await bench.send("coffee")
    async with bench.receiver() as first, bench.receiver() as second:
        message = await take(first)
        assert await second.receive_messages(max_wait_time=SHORT_SECONDS) == []
        await first.complete_message(message)
    assert bench.counts().total == 0


async def test_iterating_over_a_receiver_ends_when_nothing_more_comes(bench: Bench) -> None:
    await bench.send("coffee", "tea", "cake")
    served = []
    async with bench.receiver(max_wait_time=TO_THE_END_SECONDS) as receiver:
        async for message in receiver:
            served.append(str(message))
            await receiver.complete_message(message)
    assert served == ["coffee", "tea", "cake"]


async def test_a_waiting_receiver_gets_a_message_the_moment_it_is_sent(bench: Bench) -> None:
    async with bench.receiver() as receiver:
        waiting = asyncio.create_task(receiver.receive_messages(max_wait_time=30))
        await bench.send("coffee")
        (message,) = await waiting
        await receiver.complete_message(message)


async def test_an_abandoned_message_returns_with_a_higher_delivery_count(
    bench: Bench,
) -> None:
    await bench.send("coffee", "tea")
    async with bench.receiver() as receiver:
        await receiver.abandon_message(await take(receiver))
        again = await take(receiver)
        assert (str(again), again.delivery_count) == ("coffee", 1)
        await receiver.complete_message(again)


@pytest.mark.feature("Dead letters")
async def test_the_tenth_failed_delivery_moves_a_message_to_the_dead_letter_queue(
    bench: Bench,
) -> None:
    await bench.send("coffee")
    async with bench.receiver() as receiver:
        for _ in range(10):
            await receiver.abandon_message(await take(receiver))
    async with bench.receiver(sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
        dead = await take(receiver)
        assert dead.dead_letter_reason == "MaxDeliveryCountExceeded"
        assert dead.delivery_count == 10
        assert dead.dead_letter_source == "orders"
        await receiver.complete_message(dead)
    assert bench.counts().total == 0


@pytest.mark.feature("Dead letters")
async def test_a_dead_lettered_message_carries_its_reason_and_its_own_properties(
    bench: Bench,
) -> None:
    await bench.send("coffee", application_properties={"sugar": "two"})
    async with bench.receiver() as receiver:
        await receiver.dead_letter_message(
            await take(receiver), reason="NoCup", error_description="There is no clean cup."
        )
    async with bench.receiver(sub_queue="deadletter") as receiver:
        dead = await take(receiver)
        assert dead.dead_letter_reason == "NoCup"
        assert dead.dead_letter_error_description == "There is no clean cup."
        assert dead.application_properties == {
            b"sugar": b"two",
            b"DeadLetterReason": b"NoCup",
            b"DeadLetterErrorDescription": b"There is no clean cup.",
        }
        await receiver.complete_message(dead)


@pytest.mark.feature("Dead letters")
async def test_dead_lettering_needs_no_reason_and_happens_once(bench: Bench) -> None:
    """Dead-lettering needs no reason, and is refused where messages are dead letters already."""
    await bench.send("coffee")
    async with bench.receiver() as receiver:
        await receiver.dead_letter_message(await take(receiver))
    async with bench.receiver(sub_queue="deadletter") as receiver:
        dead = await take(receiver)
        assert dead.dead_letter_reason is None
        with pytest.raises(ServiceBusError, match="dead-lettered already"):
            await receiver.dead_letter_message(dead)


@pytest.mark.feature("Scheduled and deferred messages")
async def test_a_deferred_message_is_received_by_its_sequence_number_only(bench: Bench) -> None:
    await bench.send("coffee", "tea")
    async with bench.receiver() as receiver:
        message = await take(receiver)
        await receiver.defer_message(message)
        other = await take(receiver)
        assert str(other) == "tea"
        await receiver.complete_message(other)
        (deferred,) = await receiver.receive_deferred_messages(message.sequence_number)
        assert str(deferred) == "coffee"
        assert deferred.state.name == "DEFERRED"
        assert deferred.delivery_count == 1  # the deferral
        await receiver.complete_message(deferred)
        with pytest.raises(ServiceBusError, match="1"):
            await receiver.receive_deferred_messages(message.sequence_number)
    assert bench.counts().total == 0


@pytest.mark.feature("Scheduled and deferred messages")
async def test_deferred_messages_are_settled_in_every_way(bench: Bench) -> None:
    await bench.send("a", "b", "c", "d")
    async with bench.receiver() as receiver:
        numbers = []
        for _ in range(4):
            message = await take(receiver)
            numbers.append(message.sequence_number)
            await receiver.defer_message(message)
        a, b, c, d = await receiver.receive_deferred_messages(numbers)
        await receiver.complete_message(a)
        await receiver.abandon_message(b)
        await receiver.dead_letter_message(c, reason="Why not")
        await receiver.defer_message(d)
        (b,) = await receiver.receive_deferred_messages(b.sequence_number)
        assert b.delivery_count == 2
    counts = bench.counts()
    assert (counts.deferred, counts.dead_letter) == (2, 1)
    async with bench.receiver(receive_mode=DELETE) as receiver:
        (d,) = await receiver.receive_deferred_messages(d.sequence_number)
    assert bench.counts().deferred == 1


@pytest.mark.feature("Locks")
async def test_a_lock_that_has_run_out_can_neither_settle_nor_be_renewed(bench: Bench) -> None:
    await bench.send("coffee")
    async with bench.receiver() as receiver:
        message = await take(receiver)
        bench.broker.advance(31)
        for settle in (
            receiver.complete_message,
            receiver.abandon_message,
            receiver.dead_letter_message,
            receiver.defer_message,
            receiver.renew_message_lock,
        ):
            with pytest.raises(MessageLockLostError):
                await settle(message)
        again = await take(receiver)
        assert again.delivery_count == 1
        await receiver.complete_message(again)


@pytest.mark.feature("Locks")
async def test_a_renewed_lock_holds_for_its_whole_duration_again(bench: Bench) -> None:
    await bench.send("coffee")
    async with bench.receiver() as receiver:
        message = await take(receiver)
        before = message.locked_until_utc
        bench.broker.advance(20)
        after = await receiver.renew_message_lock(message)
        assert after >= before
        assert message.locked_until_utc == after
        bench.broker.advance(20)
        await receiver.complete_message(message)
    assert bench.counts().total == 0


@pytest.mark.feature("Locks")
async def test_a_lock_outlives_the_receiver_that_took_it(bench: Bench) -> None:
    await bench.send("coffee")
    async with bench.receiver() as receiver:
        message = await take(receiver)
    async with bench.receiver() as other:
        assert await other.receive_messages(max_wait_time=SHORT_SECONDS) == []
        await other.complete_message(message)  # by its token, over the management link
    assert bench.counts().total == 0


@pytest.mark.feature("Prefetching")
async def test_a_closing_receiver_gives_back_what_it_prefetched_uncounted(bench: Bench) -> None:
    """A receiver that closes gives back what it prefetched; no delivery is counted."""
    await bench.send(*(str(number) for number in range(10)))
    async with bench.receiver(prefetch_count=10) as receiver:
        first = await take(receiver)
        await receiver.complete_message(first)
    async with bench.receiver() as receiver:
        rest = await receiver.receive_messages(10, max_wait_time=5)
        assert [str(message) for message in rest] == [str(number) for number in range(1, 10)]
        assert {message.delivery_count for message in rest} == {0}


@pytest.mark.feature("Peeking")
async def test_peeking_shows_messages_in_every_state_and_takes_none(bench: Bench) -> None:
    await bench.send("locked", "deferred", "ready")
    async with bench.receiver() as receiver:
        await take(receiver)
        await receiver.defer_message(await take(receiver))
        async with bench.sender() as sender:
            later = ServiceBusMessage("scheduled")
            await sender.schedule_messages(later, datetime.now(UTC) + timedelta(hours=1))
        peeked = await receiver.peek_messages(10, sequence_number=1)
        assert [(str(message), message.state.name) for message in peeked] == [
            ("locked", "ACTIVE"),
            ("deferred", "DEFERRED"),
            ("ready", "ACTIVE"),
            ("scheduled", "SCHEDULED"),
        ]
        assert [str(m) for m in await receiver.peek_messages(1, sequence_number=3)] == ["ready"]
        assert await receiver.peek_messages(1, sequence_number=99) == []
    counts = bench.counts()
    assert (counts.active, counts.deferred, counts.scheduled) == (2, 1, 1)


@pytest.mark.feature("Time to live")
async def test_an_expired_message_is_dropped_or_dead_lettered(bench: Bench) -> None:
    bench.make_queue("kept", dead_lettering_on_message_expiration=True)
    for queue in ("orders", "kept"):
        await bench.send("brief", queue=queue, time_to_live=timedelta(seconds=20))
    bench.broker.advance(21)
    assert await bench.drain() == []
    assert bench.counts("orders").total == 0
    async with bench.receiver("kept", sub_queue="deadletter") as receiver:
        dead = await take(receiver)
        assert dead.dead_letter_reason == "TTLExpiredException"


@pytest.mark.feature("Time to live")
async def test_the_time_to_live_of_a_queue_holds_for_every_message_in_it(bench: Bench) -> None:
    bench.make_queue("brief", default_message_time_to_live=timedelta(minutes=1))
    await bench.send("a", queue="brief")
    async with bench.receiver("brief") as receiver:
        (message,) = await receiver.peek_messages()
        assert message.time_to_live == timedelta(minutes=1)
    bench.broker.advance(61)
    assert await bench.drain("brief") == []


@pytest.mark.feature("Errors")
async def test_a_receiver_is_told_that_its_queue_was_deleted(bench: Bench) -> None:
    def delete(broker: BrokerServer) -> None:
        with broker.reactor.turn() as now:
            broker.namespace.delete(broker.namespace.directory.queue("orders"), now=now)

    client = bench.client(retry_total=0)
    async with client, client.get_queue_receiver("orders") as receiver:
        assert await receiver.receive_messages(max_wait_time=SHORT_SECONDS) == []
        bench.broker.call(delete)
        with pytest.raises((MessagingEntityNotFoundError, ServiceBusError), match="orders"):
            await receiver.receive_messages(max_wait_time=5)


@pytest.mark.feature("Errors")
async def test_whoever_looked_into_a_deleted_queue_does_not_look_into_a_new_one(
    bench: Bench,
) -> None:
    def make_anew(broker: BrokerServer) -> None:
        with broker.reactor.turn() as now:
            old = broker.namespace.directory.queue("orders")
            broker.namespace.delete(old, now=now)
            broker.namespace.create("orders", old.description, now=now)

    client = bench.client(retry_total=0)
    async with client, client.get_queue_receiver("orders") as receiver:
        assert await receiver.peek_messages() == []
        bench.broker.call(make_anew)
        await bench.send("a")
        with pytest.raises(MessagingEntityNotFoundError, match="deleted"):
            await receiver.peek_messages()
        assert [str(message) for message in await receiver.peek_messages()] == ["a"]


async def test_two_receivers_share_a_queue_and_no_message_goes_to_both(bench: Bench) -> None:
    await bench.send(*(str(number) for number in range(20)))
    seen: list[str] = []

    async def serve() -> None:
        async with bench.receiver(max_wait_time=TO_THE_END_SECONDS) as receiver:
            async for message in receiver:
                seen.append(str(message))
                await receiver.complete_message(message)

    await asyncio.gather(serve(), serve())
    assert sorted(seen, key=int) == [str(number) for number in range(20)]
