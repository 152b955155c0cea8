"""Automatic deletion."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import MessagingEntityNotFoundError, ServiceBusAuthenticationError

from tests.sdk.conftest import SHORT_SECONDS, Bench
from tests.sdk.test_receive import take
from tests.sdk.test_schedule import in_an_hour

pytestmark = pytest.mark.feature("Auto-delete on idle")

IDLE_SECONDS = 300
IDLE = timedelta(seconds=IDLE_SECONDS)  # the shortest that there is
NEARLY = IDLE_SECONDS - 10

Use = Callable[[Bench, Any], Awaitable[None]]


async def is_gone(read: Awaitable[Any]) -> bool:
    try:
        await read
    except ResourceNotFoundError:
        return True
    return False


# -- Queues -----------------------------------------------------------------------------------


async def test_a_queue_that_nobody_uses_is_deleted(bench: Bench) -> None:
    async with bench.administration() as administration:
        await administration.create_queue("brief", auto_delete_on_idle=IDLE)
        bench.broker.advance(NEARLY)
        assert (await administration.get_queue("brief")).auto_delete_on_idle == IDLE
        bench.broker.advance(20)  # looking at its properties is no use
        with pytest.raises(ResourceNotFoundError):
            await administration.get_queue("brief")
        names = [queue.name async for queue in administration.list_queues()]
        assert names == ["orders"]
    async with bench.client(retry_total=0) as client:
        with pytest.raises(ServiceBusAuthenticationError):
            async with client.get_queue_receiver("brief"):
                pass


async def send(bench: Bench, _: Any) -> None:
    await bench.send("x", queue="brief")


async def receive(bench: Bench, _: Any) -> None:
    async with bench.receiver("brief") as receiver:
        await receiver.receive_messages(max_wait_time=SHORT_SECONDS)


async def peek(bench: Bench, _: Any) -> None:
    async with bench.receiver("brief") as receiver:
        await receiver.peek_messages()


async def update(_: Bench, administration: Any) -> None:
    queue = await administration.get_queue("brief")
    await administration.update_queue(queue, max_delivery_count=7)


@pytest.mark.parametrize("use", [send, receive, peek, update])
async def test_use_keeps_a_queue_for_as_long_again(bench: Bench, use: Use) -> None:
    """Sending, receiving, peeking or updating keeps a queue for as long again."""
    async with bench.administration() as administration:
        await administration.create_queue("brief", auto_delete_on_idle=IDLE)
        bench.broker.advance(NEARLY)
        await use(bench, administration)
        bench.broker.advance(NEARLY)
        assert not await is_gone(administration.get_queue("brief"))
        bench.broker.advance(20)
        assert await is_gone(administration.get_queue("brief"))


async def test_a_queue_stays_while_a_receiver_is_there_and_as_long_after_it(bench: Bench) -> None:
    """A queue stays while a receiver is there, and for its time after that."""
    async with bench.administration() as administration:
        await administration.create_queue("brief", auto_delete_on_idle=IDLE)
        async with bench.receiver("brief") as receiver:
            bench.broker.advance(10 * IDLE_SECONDS + NEARLY)
            await bench.send("x", queue="brief")
            assert str(await take(receiver)) == "x"
            bench.broker.advance(2 * IDLE_SECONDS + NEARLY)
        bench.broker.advance(NEARLY)
        assert not await is_gone(administration.get_queue("brief"))
        bench.broker.advance(20)
        assert await is_gone(administration.get_queue("brief"))


async def test_a_queue_waits_for_its_scheduled_messages(bench: Bench) -> None:
    """A queue with scheduled messages stays."""
    async with bench.administration() as administration:
        await administration.create_queue("brief", auto_delete_on_idle=IDLE)
        async with bench.sender("brief") as sender:
            await sender.schedule_messages(ServiceBusMessage("x"), in_an_hour())
        bench.broker.advance(3500)
        assert not await is_gone(administration.get_queue("brief"))
        bench.broker.advance(101 + IDLE_SECONDS)
        assert await is_gone(administration.get_queue("brief"))


async def test_an_open_sender_does_not_keep_a_queue_and_is_told(bench: Bench) -> None:
    """An open sender does not keep a queue, and is told that it is gone."""
    async with bench.administration() as administration:
        await administration.create_queue("brief", auto_delete_on_idle=IDLE)
    async with bench.client(retry_total=0) as client, client.get_queue_sender("brief") as sender:
        await sender.send_messages(ServiceBusMessage("x"))
        bench.broker.advance(IDLE_SECONDS + 1)
        with pytest.raises(MessagingEntityNotFoundError, match="'brief'"):
            await sender.send_messages(ServiceBusMessage("x"))


async def test_a_queue_that_forwards_is_never_idle(bench: Bench) -> None:
    """A queue that forwards is never idle, whatever was asked for; likewise for dead letters."""
    async with bench.administration() as administration:
        for setting in ("forward_to", "forward_dead_lettered_messages_to"):
            options = {setting: "orders", "auto_delete_on_idle": IDLE}
            queue = await administration.create_queue(setting, **options)
            assert queue.auto_delete_on_idle > timedelta(days=10_000_000)
        # An update may end what forwards dead letters only.
        await administration.update_queue(queue, auto_delete_on_idle=IDLE)
        assert (await administration.get_queue(queue.name)).auto_delete_on_idle == IDLE
        bench.broker.advance(10 * IDLE_SECONDS)
        assert await is_gone(administration.get_queue(queue.name))
        queue = await administration.get_queue("forward_to")
        await administration.update_queue(queue, auto_delete_on_idle=IDLE)
        queue = await administration.get_queue("forward_to")
        assert queue.auto_delete_on_idle > timedelta(days=10_000_000)


async def test_a_longer_time_holds_from_the_update_on(bench: Bench) -> None:
    """A longer time counts from the update on."""
    async with bench.administration() as administration:
        queue = await administration.create_queue("brief", auto_delete_on_idle=IDLE)
        await administration.update_queue(queue, auto_delete_on_idle=3 * IDLE)
        bench.broker.advance(2 * IDLE_SECONDS)
        assert not await is_gone(administration.get_queue("brief"))
        bench.broker.advance(IDLE_SECONDS + 1)
        assert await is_gone(administration.get_queue("brief"))


# -- Topics and subscriptions -----------------------------------------------------------------


async def test_a_topic_that_nobody_uses_is_deleted_with_its_subscriptions(bench: Bench) -> None:
    async with bench.administration() as administration:
        await administration.create_topic("news", auto_delete_on_idle=IDLE)
        await administration.create_subscription("news", "sport")
        bench.broker.advance(NEARLY)
        async with bench.publisher("news") as sender:
            await sender.send_messages(ServiceBusMessage("goal"))
        bench.broker.advance(NEARLY)
        assert not await is_gone(administration.get_topic("news"))
        bench.broker.advance(20)
        assert await is_gone(administration.get_topic("news"))
        assert await is_gone(administration.get_subscription("news", "sport"))


async def test_a_subscription_that_nobody_reads_is_deleted_though_copies_come(
    bench: Bench,
) -> None:
    """A subscription that nobody reads is deleted, though copies come."""
    async with bench.administration() as administration:
        await administration.create_topic("news")
        await administration.create_subscription("news", "sport", auto_delete_on_idle=IDLE)
        await administration.create_subscription("news", "all")
        bench.broker.advance(NEARLY)
        async with bench.publisher("news") as sender:
            await sender.send_messages(ServiceBusMessage("goal"))
        bench.broker.advance(20)
        assert await is_gone(administration.get_subscription("news", "sport"))
        assert not await is_gone(administration.get_subscription("news", "all"))
    async with bench.subscriber("news", "all") as receiver:
        assert str(await take(receiver)) == "goal"


async def read_subscription(bench: Bench, _: Any) -> None:
    async with bench.subscriber("news", "sport") as receiver:
        await receiver.peek_messages()


async def add_rule(_: Bench, administration: Any) -> None:
    await administration.create_rule("news", "sport", "one more")


@pytest.mark.parametrize("use", [read_subscription, add_rule])
async def test_use_keeps_a_subscription_for_as_long_again(bench: Bench, use: Use) -> None:
    """Peeking or a new rule keeps a subscription for as long again."""
    async with bench.administration() as administration:
        await administration.create_topic("news")
        await administration.create_subscription("news", "sport", auto_delete_on_idle=IDLE)
        bench.broker.advance(NEARLY)
        await use(bench, administration)
        bench.broker.advance(NEARLY)
        assert not await is_gone(administration.get_subscription("news", "sport"))
        bench.broker.advance(20)
        assert await is_gone(administration.get_subscription("news", "sport"))
