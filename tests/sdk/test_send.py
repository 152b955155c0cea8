"""Sending."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.amqp import AmqpAnnotatedMessage, AmqpMessageBodyType, AmqpMessageProperties
from azure.servicebus.exceptions import (
    MessageSizeExceededError,
    MessagingEntityDisabledError,
    ServiceBusAuthenticationError,
    ServiceBusQuotaExceededError,
)

from sbtutorial.broker.descriptions import EntityStatus
from tests.sdk.conftest import SHORT_SECONDS, Bench, reason_for

pytestmark = pytest.mark.feature("Sending and message properties")

FIELDS = [
    "message_id",
    "correlation_id",
    "subject",
    "to",
    "reply_to",
    "reply_to_session_id",
    "content_type",
    "partition_key",
    "time_to_live",
]


async def receive_one(bench: Bench, queue: str = "orders"):
    async with bench.receiver(queue) as receiver:
        (message,) = await receiver.receive_messages(max_wait_time=5)
        await receiver.complete_message(message)
        return message


async def test_a_message_is_sent_received_and_completed(bench: Bench) -> None:
    """A message is sent, received and completed."""
    await bench.send("coffee")
    message = await receive_one(bench)
    assert str(message) == "coffee"
    assert message.sequence_number == 1
    assert message.delivery_count == 0
    assert bench.counts().total == 0


async def test_a_list_of_messages_is_stored_in_its_order(bench: Bench) -> None:
    async with bench.sender() as sender:
        await sender.send_messages([ServiceBusMessage(str(number)) for number in range(50)])
    assert await bench.drain() == [str(number) for number in range(50)]


async def test_a_full_batch_says_so_and_arrives_whole(bench: Bench) -> None:
    async with bench.sender() as sender:
        batch = await sender.create_message_batch()
        count = 0
        with pytest.raises(MessageSizeExceededError):
            while True:
                batch.add_message(ServiceBusMessage(b"x" * 10_000))
                count += 1
        assert count == 26  # of 10 kB in 256 KiB
        await sender.send_messages(batch)
    assert bench.counts().active == count


@pytest.mark.feature("Sending and message properties")
async def test_a_message_arrives_with_its_properties(bench: Bench) -> None:
    sent = ServiceBusMessage(
        b"\x00\xff",
        application_properties={
            "text": "naïve",
            "number": 7,
            "large": 2**31 - 1,
            "fraction": 0.5,
            "yes": True,
            "id": uuid.UUID(int=5),
            "bytes": b"\x01",
        },
        message_id="m-1",
        correlation_id="c-1",
        subject="greeting",
        to="kitchen",
        reply_to="desk",
        reply_to_session_id="s-2",
        content_type="text/plain",
        partition_key="p-1",
        time_to_live=timedelta(seconds=60),
    )
    async with bench.sender() as sender:
        await sender.send_messages(sent)
    got = await receive_one(bench)
    assert b"".join(got.body) == b"\x00\xff"
    assert got.application_properties == {
        b"text": "naïve".encode(),
        b"number": 7,
        b"large": 2**31 - 1,
        b"fraction": 0.5,
        b"yes": True,
        b"id": uuid.UUID(int=5),
        b"bytes": b"\x01",
    }
    for name in [
        "message_id",
        "correlation_id",
        "subject",
        "to",
        "reply_to",
        "reply_to_session_id",
        "content_type",
        "partition_key",
        "time_to_live",
    ]:
        assert getattr(got, name) == getattr(sent, name), name
    assert got.expires_at_utc - got.enqueued_time_utc == timedelta(seconds=60)
    assert abs(got.enqueued_time_utc - datetime.now(UTC)) < timedelta(seconds=60)


@pytest.mark.feature("Sending and message properties")
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (AmqpMessageBodyType.DATA, {"data_body": [b"a", b"b"]}),
        (AmqpMessageBodyType.VALUE, {"value_body": {"order": 7, "sugar": None}}),
        (AmqpMessageBodyType.SEQUENCE, {"sequence_body": [[1, 2], ["three"]]}),
    ],
)
async def test_every_kind_of_body_arrives_with_annotations_and_footer(
    bench: Bench, kind: AmqpMessageBodyType, body: dict[str, object]
) -> None:
    sent = AmqpAnnotatedMessage(
        **body,
        properties=AmqpMessageProperties(message_id="m-1", user_id=b"me", group_sequence=3),
        annotations={"mine": 1, "x-opt-sequence-number": 99},
        delivery_annotations={"road": "long"},
        footer={"end": "of it"},
    )
    async with bench.sender() as sender:
        await sender.send_messages(sent)
    got = (await receive_one(bench)).raw_amqp_message
    assert got.body_type is kind
    got_body = list(got.body) if kind is not AmqpMessageBodyType.VALUE else got.body
    assert (
        got_body
        == {
            AmqpMessageBodyType.DATA: [b"a", b"b"],
            AmqpMessageBodyType.VALUE: {b"order": 7, b"sugar": None},
            AmqpMessageBodyType.SEQUENCE: [[1, 2], [b"three"]],
        }[kind]
    )
    assert got.properties.user_id == b"me"
    assert got.properties.group_sequence == 3
    assert got.annotations[b"mine"] == 1
    assert got.annotations[b"x-opt-sequence-number"] == 1  # the broker's, not the sender's
    assert got.delivery_annotations[b"road"] == b"long"
    assert got.footer == {b"end": b"of it"}


async def test_a_message_of_many_frames_arrives_whole(bench: Bench) -> None:
    body = bytes(range(256)) * 980
    async with bench.sender() as sender:
        await sender.send_messages(ServiceBusMessage(body))
    assert b"".join((await receive_one(bench)).body) == body


@pytest.mark.feature("Limits")
async def test_a_message_that_is_too_large_is_refused(bench: Bench) -> None:
    async with bench.sender() as sender:
        with pytest.raises(MessageSizeExceededError, match="256 KB"):
            await sender.send_messages(ServiceBusMessage(b"x" * 256 * 1024))
        await sender.send_messages(ServiceBusMessage("small"))
    assert await bench.drain() == ["small"]


@pytest.mark.feature("Limits")
async def test_a_header_that_is_too_large_is_refused(bench: Bench) -> None:
    """A message whose properties are too large together is refused."""
    many = {f"property {number}": "x" * 1000 for number in range(70)}
    async with bench.sender() as sender:
        with pytest.raises(MessageSizeExceededError, match="header"):
            await sender.send_messages(ServiceBusMessage("x", application_properties=many))


@pytest.mark.feature("Limits")
async def test_a_full_queue_refuses_messages(bench: Bench) -> None:
    def fill(broker) -> None:
        broker.namespace.directory.queue("orders").ingress.max_size_bytes = 100_000

    bench.broker.call(fill)
    async with bench.sender() as sender:
        await sender.send_messages(ServiceBusMessage(b"x" * 90_000))
        with pytest.raises(ServiceBusQuotaExceededError, match="maximum entity size"):
            await sender.send_messages(ServiceBusMessage(b"x" * 20_000))
    assert bench.counts().active == 1


@pytest.mark.feature("Errors")
async def test_sending_to_a_queue_that_does_not_exist_is_refused(bench: Bench) -> None:
    async with bench.client(retry_total=0) as client:
        with pytest.raises(ServiceBusAuthenticationError) as failure:
            async with client.get_queue_sender("orderz") as sender:
                await sender.send_messages(ServiceBusMessage("x"))
    assert "The messaging entity 'orderz' could not be found" in reason_for(failure)


@pytest.mark.feature("Entity status")
async def test_a_queue_that_is_disabled_for_sending_refuses_messages(bench: Bench) -> None:
    bench.make_queue("closed", status=EntityStatus.SEND_DISABLED)
    async with bench.client(retry_total=0) as client:
        with pytest.raises(MessagingEntityDisabledError, match="SendDisabled"):
            async with client.get_queue_sender("closed") as sender:
                await sender.send_messages(ServiceBusMessage("x"))


@pytest.mark.feature("Duplicate detection")
async def test_a_repeated_message_id_is_dropped_while_the_window_lasts(
    bench: Bench,
) -> None:
    bench.make_queue("once", requires_duplicate_detection=True)
    async with bench.sender("once") as sender:
        for body in ("first", "again"):
            await sender.send_messages(ServiceBusMessage(body, message_id="m"))
        assert await bench.drain("once") == ["first"]
        bench.broker.advance(601)
        await sender.send_messages(ServiceBusMessage("much later", message_id="m"))
    assert await bench.drain("once") == ["much later"]


@pytest.mark.feature("Receiving and settling")
async def test_receiving_from_an_empty_queue_ends_with_nothing(bench: Bench) -> None:
    async with bench.receiver() as receiver:
        assert await receiver.receive_messages(max_wait_time=SHORT_SECONDS) == []
