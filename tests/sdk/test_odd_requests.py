"""What no lesson does: the SDK is told in words, and the message is where it was."""

import asyncio
from datetime import timedelta

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusSubQueue
from azure.servicebus.amqp import AmqpAnnotatedMessage, AmqpMessageProperties
from azure.servicebus.exceptions import MessageSizeExceededError, ServiceBusError

from sbtutorial.broker.rules.filters.actions import parse_action
from sbtutorial.broker.rules.filters.sql import parse_filter
from sbtutorial.broker.rules.rule import Rule
from tests.sdk.conftest import Bench
from tests.sdk.test_topics import DEAD_LETTERS, publish, read, subscribe

pytestmark = pytest.mark.feature("Limits")


async def test_a_batch_has_4500_messages_at_most(bench: Bench) -> None:
    """A batch has 4,500 messages at most, however small they are."""
    async with bench.sender() as sender:
        for count in (4500, 4501):
            batch = await sender.create_message_batch()
            for _ in range(count):
                batch.add_message(AmqpAnnotatedMessage(data_body=b"x"))
            if count == 4500:
                await sender.send_messages(batch)
                continue
            with pytest.raises(MessageSizeExceededError, match="more than 4500 messages"):
                await sender.send_messages(batch)
    assert bench.counts().active == 4500


async def test_reason_that_is_no_text_is_shown_as_one(bench: Bench) -> None:
    await bench.send("x")
    async with bench.receiver() as receiver:
        (message,) = await receiver.receive_messages(max_wait_time=20)
        await receiver.dead_letter_message(message, reason=b"bytes", error_description=b"\xff")
    async with bench.receiver(sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
        (dead,) = await receiver.receive_messages(max_wait_time=20)
        assert dead.dead_letter_reason == "bytes"
        await receiver.complete_message(dead)


async def test_reason_that_is_too_long_is_refused_and_the_message_stays_locked(
    bench: Bench,
) -> None:
    await bench.send("x")
    async with bench.receiver() as receiver:
        (message,) = await receiver.receive_messages(max_wait_time=20)
        with pytest.raises(ServiceBusError, match="32 KB"):
            await receiver.dead_letter_message(message, reason="x" * 40_000)
        await receiver.complete_message(message)
    assert bench.counts().total == 0


@pytest.mark.parametrize("ends_ms", [2**63 - 1, 253_402_300_799_999])
async def test_message_that_expires_at_the_end_of_time_lives_for_ever(
    bench: Bench, ends_ms: int
) -> None:
    odd = AmqpAnnotatedMessage(
        data_body=b"x",
        properties=AmqpMessageProperties(
            message_id="odd", creation_time=0, absolute_expiry_time=ends_ms
        ),
    )
    async with bench.sender() as sender:
        await sender.send_messages(odd)
        await sender.send_messages(ServiceBusMessage("fine"))
    bench.broker.advance(timedelta(days=36_500).total_seconds())
    async with bench.receiver() as receiver:
        (peeked, _) = await receiver.peek_messages(max_message_count=2)
        assert peeked.message_id == "odd"
    assert await bench.drain() == ["x", "fine"]


async def test_an_action_converts_a_text_to_the_type_of_the_property(bench: Bench) -> None:
    action = parse_action("SET level = '5'; SET open = 'true'; SET note = 'x'")
    subscribe(bench, "marked", Rule("mark", parse_filter("1=1"), action))
    properties = {"level": 1, "open": False}
    await publish(
        bench,
        ServiceBusMessage("a", application_properties=properties),
        ServiceBusMessage("b", application_properties={"level": True}),
    )
    (marked,), (dead,) = await asyncio.gather(
        read(bench, "marked"), read(bench, "marked", DEAD_LETTERS)
    )
    assert marked.application_properties == {
        b"level": 5,
        b"open": True,
        b"note": b"x",
        b"RuleName": b"mark",
    }
    assert "SET cannot change True to '5'" in dead.dead_letter_error_description
