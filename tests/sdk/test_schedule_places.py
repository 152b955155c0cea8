"""Scheduled messages."""

from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusMessage
from azure.servicebus.exceptions import MessageNotFoundError, OperationTimeoutError

from tests.sdk.conftest import Bench
from tests.sdk.test_receive import take
from tests.sdk.test_schedule import in_an_hour

pytestmark = pytest.mark.feature("Scheduled and deferred messages")


@pytest.fixture
async def news(bench: Bench) -> None:
    async with bench.administration() as administration:
        await administration.create_topic("news")
        await administration.create_subscription("news", "all")


async def test_a_topic_counts_its_scheduled_messages_and_hands_them_out_in_time(
    bench: Bench, news: None
) -> None:
    """A topic counts its scheduled messages, and hands them out when their time comes."""
    async with bench.publisher("news") as sender:
        numbers = await sender.schedule_messages(
            [ServiceBusMessage("rain"), ServiceBusMessage("sun")], in_an_hour()
        )
        sent = ServiceBusMessage("snow", scheduled_enqueue_time_utc=in_an_hour())
        await sender.send_messages(sent)
        await sender.cancel_scheduled_messages(numbers[0])
        async with bench.administration() as administration:
            counts = await administration.get_topic_runtime_properties("news")
            assert counts.scheduled_message_count == 2
            bench.broker.advance(3601)
            counts = await administration.get_topic_runtime_properties("news")
            assert counts.scheduled_message_count == 0
    async with bench.client(retry_total=0) as client, client.get_topic_sender("news") as sender:
        with pytest.raises(MessageNotFoundError):
            await sender.cancel_scheduled_messages(numbers[1])  # handed out by now
    async with bench.subscriber("news", "all") as receiver:
        got = [await take(receiver) for _ in range(2)]
    assert [str(message) for message in got] == ["sun", "snow"]
    assert all(message.scheduled_enqueue_time_utc is not None for message in got)


async def test_who_subscribes_before_the_time_comes_gets_the_message_too(
    bench: Bench, news: None
) -> None:
    """A subscription made before the time of a scheduled message receives it."""
    async with bench.publisher("news") as sender:
        await sender.schedule_messages(ServiceBusMessage("rain"), in_an_hour())
    async with bench.administration() as administration:
        await administration.create_subscription("news", "late")
    bench.broker.advance(3601)
    async with bench.subscriber("news", "late") as receiver:
        assert str(await take(receiver)) == "rain"


async def test_a_scheduled_message_of_a_session_makes_it_available_unless_cancelled(
    bench: Bench,
) -> None:
    """A scheduled message makes its session available when its time comes, unless cancelled."""
    bench.make_queue("tables", requires_session=True)
    async with bench.sender("tables") as sender:
        numbers = await sender.schedule_messages(
            [ServiceBusMessage(body, session_id=body) for body in ("soup", "salad")],
            in_an_hour(),
        )
        await sender.cancel_scheduled_messages([numbers[0]])
    bench.broker.advance(3601)
    async with bench.receiver("tables", session_id=NEXT_AVAILABLE_SESSION) as receiver:
        assert receiver.session.session_id == "salad"
        await receiver.complete_message(await take(receiver))
    async with bench.client(retry_total=0) as client:
        with pytest.raises(OperationTimeoutError):
            async with client.get_queue_receiver(
                "tables", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=0.5
            ):
                pass


async def test_a_time_that_is_past_is_now(bench: Bench) -> None:
    """A message that is scheduled for the past arrives at once."""
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    async with bench.sender() as sender:
        numbers = await sender.schedule_messages(ServiceBusMessage("late"), an_hour_ago)
        await sender.cancel_scheduled_messages([])  # nothing is asked of the broker
    assert numbers == [1]
    assert await bench.drain() == ["late"]


async def test_messages_of_one_batch_come_each_at_its_own_time(bench: Bench) -> None:
    """Messages of one batch arrive each at its own time."""
    async with bench.sender() as sender:
        batch = await sender.create_message_batch()
        for hours in (3, 0, 2):
            at = in_an_hour() + timedelta(hours=hours - 1) if hours else None
            batch.add_message(ServiceBusMessage(str(hours), scheduled_enqueue_time_utc=at))
        await sender.send_messages(batch)
    assert await bench.drain() == ["0"]
    bench.broker.advance(7201)
    assert await bench.drain() == ["2"]
    bench.broker.advance(3600)
    assert await bench.drain() == ["3"]


async def test_the_life_of_a_scheduled_message_begins_at_its_time(bench: Bench) -> None:
    """The time to live of a scheduled message begins at its scheduled time."""
    async with bench.sender() as sender:
        brief = ServiceBusMessage("brief", time_to_live=timedelta(minutes=1))
        await sender.schedule_messages(brief, in_an_hour())
    bench.broker.advance(3630)
    async with bench.receiver() as receiver:
        message = await take(receiver)
        assert message.expires_at_utc - message.enqueued_time_utc == timedelta(minutes=1)
