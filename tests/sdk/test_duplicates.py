"""Duplicate detection."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.amqp import AmqpAnnotatedMessage
from azure.servicebus.exceptions import MessageNotFoundError

from tests.sdk.conftest import Bench
from tests.sdk.side_by_side import side_by_side
from tests.sdk.test_receive import take

pytestmark = pytest.mark.feature("Duplicate detection")

WINDOW = timedelta(minutes=2)
DETECTING: dict[str, Any] = {
    "requires_duplicate_detection": True,
    "duplicate_detection_history_time_window": WINDOW,
}


@pytest.fixture
async def once(bench: Bench) -> None:
    async with bench.administration() as administration:
        await administration.create_queue("once", **DETECTING)


def order(body: str, message_id: str = "7") -> ServiceBusMessage:
    return ServiceBusMessage(body, message_id=message_id)


async def test_the_window_counts_from_the_first_message_and_then_begins_anew(
    bench: Bench, once: None
) -> None:
    """The window counts from the first message, and begins anew after it."""
    async with bench.sender("once") as sender:
        await sender.send_messages(order("first"))
        bench.broker.advance(100)
        await sender.send_messages(order("again"))
        bench.broker.advance(21)  # since "first"; since "again" less than the window
        await sender.send_messages(order("new"))
        await sender.send_messages(order("again"))
    assert await bench.drain("once") == ["first", "new"]


async def test_what_became_of_the_first_message_plays_no_part(bench: Bench, once: None) -> None:
    """A repeated id is dropped, though the first message is gone."""
    async with bench.sender("once") as sender:
        await sender.send_messages(order("first"))
        assert await bench.drain("once") == ["first"]
        await sender.send_messages(order("again"))
        await sender.send_messages(order("other", "8"))
    assert await bench.drain("once") == ["other"]


async def test_the_window_can_be_changed_at_any_time(bench: Bench, once: None) -> None:
    await bench.send("first", queue="once", message_id="7")
    async with bench.administration() as administration:
        queue = await administration.get_queue("once")
        await administration.update_queue(
            queue, duplicate_detection_history_time_window=timedelta(seconds=20)
        )
    bench.broker.advance(21)
    await bench.send("new", queue="once", message_id="7")
    assert await bench.drain("once") == ["first", "new"]


async def test_of_one_batch_the_first_of_an_id_is_taken(bench: Bench, once: None) -> None:
    """Of one batch the first message of an id is taken."""
    async with bench.sender("once") as sender:
        batch = await sender.create_message_batch()
        for body, message_id in (("a", "7"), ("b", "8"), ("c", "7")):
            batch.add_message(order(body, message_id))
        await sender.send_messages(batch)
        await sender.send_messages(batch)
    assert await bench.drain("once") == ["a", "b"]


async def test_a_message_without_an_id_is_no_duplicate(bench: Bench, once: None) -> None:
    async with bench.sender("once") as sender:
        for _ in range(2):
            await sender.send_messages(AmqpAnnotatedMessage(data_body=b"x"))
    assert await bench.drain("once") == ["x", "x"]


async def test_scheduled_messages_take_part_from_the_moment_that_they_are_scheduled(
    bench: Bench, once: None
) -> None:
    """Scheduled messages count from when they are scheduled; a dropped one has its own number."""
    in_a_minute = datetime.now(UTC) + timedelta(minutes=1)
    async with bench.sender("once") as sender:
        await sender.schedule_messages(order("scheduled"), in_a_minute)
        await sender.send_messages(order("sent after it"))
        (nobodys,) = await sender.schedule_messages(order("scheduled again"), in_a_minute)
        with pytest.raises(MessageNotFoundError):  # and not the first one's
            await sender.cancel_scheduled_messages(nobodys)
        await sender.send_messages(order("sent", "8"))
        await sender.schedule_messages(order("scheduled after it", "8"), in_a_minute)
    counts = bench.counts("once")
    assert (counts.scheduled, counts.active) == (1, 1)
    bench.broker.advance(61)
    assert await bench.drain("once") == ["sent", "scheduled"]


async def test_a_cancelled_message_is_remembered(bench: Bench, once: None) -> None:
    """The id of a scheduled message that was cancelled is remembered."""
    in_a_minute = datetime.now(UTC) + timedelta(minutes=1)
    async with bench.sender("once") as sender:
        numbers = await sender.schedule_messages(order("scheduled"), in_a_minute)
        await sender.cancel_scheduled_messages(numbers)
        await sender.send_messages(order("sent after it"))
    assert await bench.drain("once") == []


async def test_a_topic_hands_out_no_duplicates(bench: Bench) -> None:
    async with bench.administration() as administration:
        await administration.create_topic("news", **DETECTING)
        for name in ("one", "two"):
            await administration.create_subscription("news", name)
    async with bench.publisher("news") as sender:
        await sender.send_messages(order("goal"))
        await sender.send_messages([order("goal again"), order("foul", "8")])
        bench.broker.advance(121)
        await sender.send_messages(order("goal much later"))
    links = (bench.subscriber("news", name) for name in ("one", "two"))
    async with side_by_side(*links) as receivers:
        for receiver in receivers:
            got = [str(await take(receiver)) for _ in range(3)]
            assert got == ["goal", "foul", "goal much later"]
