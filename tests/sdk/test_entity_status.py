"""Entities that are disabled."""

from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusMessage
from azure.servicebus.exceptions import MessagingEntityDisabledError
from azure.servicebus.management import EntityStatus

from sbtutorial.server.broker_server import BrokerServer
from tests.sdk.conftest import PATIENCE_SECONDS, Bench
from tests.sdk.test_receive import take

pytestmark = pytest.mark.feature("Entity status")

ACTIVE, DISABLED = EntityStatus.ACTIVE, EntityStatus.DISABLED
SEND_DISABLED, RECEIVE_DISABLED = EntityStatus.SEND_DISABLED, EntityStatus.RECEIVE_DISABLED
no_sending = pytest.mark.parametrize("status", [DISABLED, SEND_DISABLED])
no_receiving = pytest.mark.parametrize("status", [DISABLED, RECEIVE_DISABLED])


async def set_queue(bench: Bench, status: EntityStatus, name: str = "orders") -> None:
    async with bench.administration() as administration:
        await administration.update_queue(await administration.get_queue(name), status=status)


async def set_topic(bench: Bench, status: EntityStatus) -> None:
    async with bench.administration() as administration:
        await administration.update_topic(await administration.get_topic("news"), status=status)


async def set_subscription(bench: Bench, status: EntityStatus) -> None:
    async with bench.administration() as administration:
        there = await administration.get_subscription("news", "sport")
        await administration.update_subscription("news", there, status=status)


@pytest.fixture
async def news(bench: Bench) -> None:
    async with bench.administration() as administration:
        await administration.create_topic("news")
        await administration.create_subscription("news", "sport")


async def send(sender: Any, body: str) -> None:
    await sender.send_messages(ServiceBusMessage(body))


# -- Queues -----------------------------------------------------------------------------------


@no_sending
async def test_a_queue_without_sending_refuses_open_senders_and_new_ones(
    bench: Bench, status: EntityStatus
) -> None:
    """A queue that is Disabled or SendDisabled refuses open senders and new ones."""
    async with (
        bench.client(retry_total=0) as client,
        client.get_queue_sender("orders") as sender,
    ):
        await send(sender, "before")
        await set_queue(bench, status)
        with pytest.raises(MessagingEntityDisabledError, match=status.value):
            await send(sender, "lost")
        with pytest.raises(MessagingEntityDisabledError, match=status.value):
            async with client.get_queue_sender("orders") as another:
                await send(another, "lost")
        await set_queue(bench, ACTIVE)
        await send(sender, "after")
    assert await bench.drain() == ["before", "after"]


async def test_a_queue_without_sending_gives_out_what_it_has(bench: Bench) -> None:
    """A queue that is SendDisabled gives out what it has."""
    await bench.send("coffee", "tea")
    async with bench.receiver() as receiver:
        coffee = await take(receiver)
        await set_queue(bench, SEND_DISABLED)
        await receiver.complete_message(coffee)
        assert str(await take(receiver)) == "tea"


@no_receiving
async def test_a_queue_without_receiving_sends_open_receivers_away_and_refuses_new_ones(
    bench: Bench, status: EntityStatus
) -> None:
    """A queue that is Disabled or ReceiveDisabled ends open receivers and refuses new ones."""
    await bench.send("coffee")
    async with (
        bench.client(retry_total=0) as client,
        client.get_queue_receiver("orders") as receiver,
    ):
        await receiver.peek_messages()
        await set_queue(bench, status)
        with pytest.raises(MessagingEntityDisabledError, match=status.value):
            await receiver.receive_messages(max_wait_time=5)
        with pytest.raises(MessagingEntityDisabledError, match=status.value):
            async with client.get_queue_receiver("orders") as another:
                await another.receive_messages(max_wait_time=5)
        await set_queue(bench, ACTIVE)
        assert str(await take(receiver)) == "coffee"


async def test_a_queue_without_receiving_takes_messages_and_keeps_them(bench: Bench) -> None:
    """A queue that is ReceiveDisabled takes messages and keeps them."""
    await set_queue(bench, RECEIVE_DISABLED)
    await bench.send("coffee")
    await set_queue(bench, ACTIVE)
    assert await bench.drain() == ["coffee"]


async def test_a_receiver_that_tries_again_survives_a_short_break(bench: Bench) -> None:
    """A receiver that tries again goes on when the queue is Active again."""
    await bench.send("coffee")
    async with (
        bench.client(retry_backoff_factor=0.1, retry_total=10) as client,
        client.get_queue_receiver("orders") as receiver,
    ):
        await receiver.peek_messages()
        await set_queue(bench, RECEIVE_DISABLED)
        await set_queue(bench, ACTIVE)
        assert str(await take(receiver)) == "coffee"


async def test_a_disabled_queue_of_sessions_gives_out_none_and_ends_the_one_that_is_held(
    bench: Bench,
) -> None:
    """A disabled queue gives out no sessions, and ends the receiver of one."""
    bench.make_queue("tables", requires_session=True)
    await bench.send("soup", queue="tables", session_id="7")
    async with bench.client(retry_total=0) as client:
        async with client.get_queue_receiver("tables", session_id="7") as receiver:
            assert str(await take(receiver)) == "soup"
            await set_queue(bench, DISABLED, "tables")
            with pytest.raises(MessagingEntityDisabledError):
                await receiver.receive_messages(max_wait_time=5)
        for session_id in ("7", NEXT_AVAILABLE_SESSION):
            with pytest.raises(MessagingEntityDisabledError):
                async with client.get_queue_receiver("tables", session_id=session_id):
                    pass
        await set_queue(bench, ACTIVE, "tables")
        async with client.get_queue_receiver("tables", session_id="7") as receiver:
            assert str(await take(receiver)) == "soup"


async def test_a_disabled_queue_can_be_administered_and_read_in_its_status(bench: Bench) -> None:
    """A queue is administered whatever its status."""
    async with bench.administration() as administration:
        queue = await administration.get_queue("orders")
        for status in EntityStatus:
            if status.name in ("ACTIVE", "DISABLED", "SEND_DISABLED", "RECEIVE_DISABLED"):
                await administration.update_queue(queue, status=status)
                assert (await administration.get_queue("orders")).status == status
        await administration.delete_queue("orders")


# -- Topics -----------------------------------------------------------------------------------


@no_sending
async def test_a_topic_without_sending_refuses_open_senders_and_new_ones(
    bench: Bench, news: None, status: EntityStatus
) -> None:
    """A topic that is Disabled or SendDisabled refuses senders, and its subscriptions are read."""
    async with bench.client(retry_total=0) as client, client.get_topic_sender("news") as sender:
        await send(sender, "before")
        await set_topic(bench, status)
        with pytest.raises(MessagingEntityDisabledError, match=status.value):
            await send(sender, "lost")
        with pytest.raises(MessagingEntityDisabledError, match=status.value):
            async with client.get_topic_sender("news") as another:
                await send(another, "lost")
        async with client.get_subscription_receiver("news", "sport") as receiver:
            assert str(await take(receiver)) == "before"
        await set_topic(bench, ACTIVE)
        await send(sender, "after")


@no_sending
async def test_a_scheduled_message_waits_until_its_topic_takes_messages_again(
    bench: Bench, news: None, status: EntityStatus
) -> None:
    """Messages whose time comes while their topic is Disabled or SendDisabled are held back."""
    soon = datetime.now(UTC) + timedelta(minutes=1)
    async with bench.publisher("news") as sender:
        await sender.schedule_messages([ServiceBusMessage("goal"), ServiceBusMessage("end")], soon)
    await set_topic(bench, status)
    bench.broker.advance(61)
    async with bench.administration() as administration:
        assert await held(administration) == (2, 0)
        await set_topic(bench, ACTIVE)
        handed_out(bench).wait(PATIENCE_SECONDS)
        assert await held(administration) == (0, 2)


def handed_out(bench: Bench) -> Event:
    """Set when the topic has handed out what it holds, which it does after it has answered."""

    def ask(broker: BrokerServer) -> Event:
        topic, done = broker.namespace.directory.topic("news"), Event()
        waiting = [*topic.scheduled.messages]
        if waiting:
            topic.ingress.schedule.when_there(waiting[-1], done.set)
        else:
            done.set()
        return done

    return bench.broker.call(ask)


async def held(administration: Any) -> tuple[int, int]:
    """Messages that wait in the topic, and in its subscription."""
    topic = await administration.get_topic_runtime_properties("news")
    sport = await administration.get_subscription_runtime_properties("news", "sport")
    return topic.scheduled_message_count, sport.active_message_count


async def test_nobody_receives_from_a_topic_so_that_cannot_be_disabled(
    bench: Bench, news: None
) -> None:
    """A topic cannot be ReceiveDisabled."""
    with pytest.raises(HttpResponseError, match="status is ReceiveDisabled") as refusal:
        await set_topic(bench, RECEIVE_DISABLED)
    assert refusal.value.status_code == 400


# -- Subscriptions ----------------------------------------------------------------------------


@no_receiving
async def test_a_subscription_without_receiving_gets_its_copies_and_keeps_them(
    bench: Bench, news: None, status: EntityStatus
) -> None:
    """A subscription that is Disabled or ReceiveDisabled refuses receivers and keeps messages."""
    async with (
        bench.client(retry_total=0) as client,
        client.get_subscription_receiver("news", "sport") as receiver,
    ):
        await receiver.peek_messages()
        await set_subscription(bench, status)
        with pytest.raises(MessagingEntityDisabledError, match=status.value):
            await receiver.receive_messages(max_wait_time=5)
        with pytest.raises(MessagingEntityDisabledError, match=status.value):
            async with client.get_subscription_receiver("news", "sport") as another:
                await another.receive_messages(max_wait_time=5)
        async with client.get_topic_sender("news") as sender:
            await send(sender, "goal")
        await set_subscription(bench, ACTIVE)
        assert str(await take(receiver)) == "goal"


async def test_nobody_sends_to_a_subscription_so_that_cannot_be_disabled(
    bench: Bench, news: None
) -> None:
    """A subscription cannot be SendDisabled."""
    with pytest.raises(HttpResponseError, match="status is SendDisabled") as refusal:
        await set_subscription(bench, SEND_DISABLED)
    assert refusal.value.status_code == 400
