"""Scheduled messages."""

from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import MessageNotFoundError

from tests.sdk.conftest import Bench

pytestmark = pytest.mark.feature("Scheduled and deferred messages")


def in_an_hour() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


async def test_a_scheduled_message_arrives_at_its_time_with_a_new_sequence_number(
    bench: Bench,
) -> None:
    async with bench.sender() as sender:
        numbers = await sender.schedule_messages(ServiceBusMessage("breakfast"), in_an_hour())
    assert numbers == [1]
    assert await bench.drain() == []
    bench.broker.advance(3601)
    async with bench.receiver() as receiver:
        (message,) = await receiver.receive_messages(max_wait_time=5)
        assert message.sequence_number == 2
        assert str(message) == "breakfast"
        assert message.scheduled_enqueue_time_utc is not None
        await receiver.complete_message(message)


async def test_many_messages_are_scheduled_at_once_and_cancelled_all_or_none(bench: Bench) -> None:
    """Many messages are scheduled at once, and cancelled all or none."""
    messages = [ServiceBusMessage(str(number)) for number in range(3)]
    async with bench.client(retry_total=0) as client, client.get_queue_sender("orders") as sender:
        numbers = await sender.schedule_messages(messages, in_an_hour())
        with pytest.raises(MessageNotFoundError):
            await sender.cancel_scheduled_messages([*numbers, 99])
        assert bench.counts().scheduled == 3
        await sender.cancel_scheduled_messages(numbers)
    assert bench.counts().total == 0


async def test_a_message_sent_with_a_time_of_its_own_waits_for_it(bench: Bench) -> None:
    """A message that is sent with `scheduled_enqueue_time_utc` waits for that time."""
    await bench.send("later", scheduled_enqueue_time_utc=in_an_hour())
    assert bench.counts().scheduled == 1
    bench.broker.advance(3601)
    assert await bench.drain() == ["later"]


async def test_a_waiting_receiver_gets_a_scheduled_message_when_its_time_comes(
    bench: Bench,
) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    await bench.send("soon", scheduled_enqueue_time_utc=soon)
    async with bench.receiver() as receiver:
        (message,) = await receiver.receive_messages(max_wait_time=10)
        assert message.enqueued_time_utc >= soon.replace(microsecond=0)
        await receiver.complete_message(message)
