"""Prefetching."""

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusReceiveMode
from azure.servicebus.exceptions import MessageLockLostError, SessionLockLostError

from tests.sdk.conftest import Bench
from tests.sdk.test_receive import take

pytestmark = pytest.mark.feature("Prefetching")

MANY = [str(number) for number in range(10)]


async def fill(bench: Bench, queue: str = "orders", **properties: str) -> None:
    async with bench.sender(queue) as sender:
        await sender.send_messages([ServiceBusMessage(body, **properties) for body in MANY])


async def test_prefetched_messages_are_locked_though_nobody_has_asked_for_them(
    bench: Bench,
) -> None:
    """Prefetched messages are locked before they are asked for."""
    await fill(bench)
    async with bench.receiver(prefetch_count=10) as receiver:
        assert str(await take(receiver)) == "0"
        assert (bench.counts().locked, bench.counts().active) == (10, 10)
        async with bench.receiver() as other:
            assert await other.receive_messages(10, max_wait_time=0.5) == []


async def test_without_prefetching_only_what_was_asked_for_is_locked(bench: Bench) -> None:
    """Without prefetching only what was asked for is locked."""
    await fill(bench)
    async with bench.receiver(prefetch_count=0) as receiver:
        assert len(await receiver.receive_messages(3, max_wait_time=5)) == 3
        assert bench.counts().locked == 3


async def test_prefetched_messages_come_in_their_order_and_can_be_settled(bench: Bench) -> None:
    await fill(bench)
    async with bench.receiver(prefetch_count=4, max_wait_time=1) as receiver:
        served = []
        async for message in receiver:
            served.append(str(message))
            await receiver.complete_message(message)
            if len(served) == len(MANY):
                break
    assert served == MANY
    assert bench.counts().total == 0


async def test_a_lock_runs_down_while_its_message_waits_in_the_client(bench: Bench) -> None:
    await fill(bench)
    async with bench.receiver(prefetch_count=10) as receiver:
        await receiver.complete_message(await take(receiver))
        bench.broker.advance(31)
        stale = await take(receiver)
        assert (str(stale), stale.delivery_count) == ("1", 0)
        with pytest.raises(MessageLockLostError):
            await receiver.complete_message(stale)
    assert bench.counts().active == 9
    async with bench.receiver() as receiver:
        again = await take(receiver)
        assert (str(again), again.delivery_count) == ("1", 1)


async def test_a_prefetched_lock_can_be_renewed(bench: Bench) -> None:
    await fill(bench)
    async with bench.receiver(prefetch_count=10) as receiver:
        bench.broker.advance(20)
        message = await take(receiver)
        await receiver.renew_message_lock(message)
        bench.broker.advance(20)
        await receiver.complete_message(message)
    assert bench.counts().total == 9


async def test_receive_and_delete_with_prefetching_deletes_what_nobody_has_seen(
    bench: Bench,
) -> None:
    """Receive-and-delete with prefetching deletes what nobody has seen."""
    await fill(bench)
    mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
    async with bench.receiver(prefetch_count=10, receive_mode=mode) as receiver:
        assert str(await take(receiver)) == "0"
        assert bench.counts().total == 0


async def test_a_session_is_prefetched_and_lost_as_a_whole(bench: Bench) -> None:
    """A session is prefetched, and lost as a whole."""
    bench.make_queue("tables", requires_session=True)
    await fill(bench, "tables", session_id="7")
    async with bench.receiver("tables", session_id="7", prefetch_count=10) as receiver:
        await receiver.complete_message(await take(receiver))
        assert bench.counts("tables").locked == 9
        bench.broker.advance(31)
        with pytest.raises(SessionLockLostError):
            await receiver.complete_message(await take(receiver))
    async with bench.receiver("tables", session_id="7") as receiver:
        again = await take(receiver)
        assert (str(again), again.delivery_count) == ("1", 1)


async def test_a_subscription_is_prefetched_too(bench: Bench) -> None:
    async with bench.administration() as administration:
        await administration.create_topic("news")
        await administration.create_subscription("news", "all")
        async with bench.publisher("news") as sender:
            await sender.send_messages([ServiceBusMessage(body) for body in MANY])
        async with bench.subscriber("news", "all", prefetch_count=10) as receiver:
            await receiver.complete_message(await take(receiver))
        # The rest was given back when the receiver closed.
        counts = await administration.get_subscription_runtime_properties("news", "all")
        assert counts.active_message_count == 9
        async with bench.subscriber("news", "all") as receiver:
            assert (await take(receiver)).delivery_count == 0
