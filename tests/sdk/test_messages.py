"""What messages carry."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusMessageState, ServiceBusReceivedMessage
from azure.servicebus.amqp import (
    AmqpAnnotatedMessage,
    AmqpMessageBodyType,
    AmqpMessageHeader,
    AmqpMessageProperties,
)
from azure.servicebus.exceptions import ServiceBusError

from tests.sdk.conftest import Bench
from tests.sdk.side_by_side import side_by_side
from tests.sdk.test_receive import take

pytestmark = pytest.mark.feature("Sending and message properties")

BODIES: list[dict[str, Any]] = [
    {"data_body": [b"a", b"b"]},
    {"value_body": {b"order": 7, b"sugar": None}},
    {"sequence_body": [[1, 2], [b"three"]]},
]
CREATED = datetime(2024, 5, 6, tzinfo=UTC)


async def send(bench: Bench, message: Any) -> None:
    async with bench.sender() as sender:
        await sender.send_messages(message)


async def receive_raw(bench: Bench) -> AmqpAnnotatedMessage:
    async with bench.receiver() as receiver:
        message = await take(receiver)
        await receiver.complete_message(message)
        return message.raw_amqp_message


def milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


# -- AMQP's own message -----------------------------------------------------------------------


async def test_every_property_of_amqp_comes_back(bench: Bench) -> None:
    """The fields of AMQP's properties section arrive."""
    chosen: dict[str, Any] = {
        "message_id": "m-1",
        "user_id": b"me",
        "to": b"kitchen",
        "subject": b"greeting",
        "reply_to": b"desk",
        "correlation_id": b"c-1",
        "content_type": b"text/plain",
        "content_encoding": b"gzip",
        "group_id": b"s-1",
        "group_sequence": 3,
        "reply_to_group_id": b"s-2",
    }
    properties = AmqpMessageProperties(creation_time=milliseconds(CREATED), **chosen)
    await send(bench, AmqpAnnotatedMessage(data_body=b"x", properties=properties))
    got = (await receive_raw(bench)).properties
    assert got is not None
    assert {name: getattr(got, name) for name in chosen} == {**chosen, "message_id": b"m-1"}
    assert got.creation_time == milliseconds(CREATED)  # it has no end, so nobody overwrites it


async def test_an_id_keeps_its_type(bench: Bench) -> None:
    """A message id or correlation id of another type than text keeps it."""
    ids = {"text": b"text", uuid.UUID(int=7): uuid.UUID(int=7), b"bytes": b"bytes"}
    async with side_by_side(bench.sender(), bench.receiver()) as (sender, receiver):
        for sent, got_as in ids.items():
            properties = AmqpMessageProperties(message_id=sent, correlation_id=sent)
            message = AmqpAnnotatedMessage(data_body=b"x", properties=properties)
            await sender.send_messages(message)
            got = (await take(receiver)).raw_amqp_message.properties
            assert (got.message_id, got.correlation_id) == (got_as, got_as)


async def test_the_header_comes_back_with_the_brokers_count(bench: Bench) -> None:
    """The AMQP header arrives, with the broker's delivery count."""
    header = AmqpMessageHeader(
        durable=True, priority=7, time_to_live=90_000, first_acquirer=True, delivery_count=5
    )
    await send(bench, AmqpAnnotatedMessage(data_body=b"x", header=header))
    got = await receive_raw(bench)
    assert got.header is not None
    assert (got.header.durable, got.header.priority) == (True, 7)
    assert got.header.time_to_live == 90_000
    assert got.header.delivery_count == 0  # the sender's count is no business of the broker
    assert got.properties is not None
    lifetime = got.properties.absolute_expiry_time - got.properties.creation_time
    assert lifetime == 90_000


async def test_an_end_in_the_properties_counts_where_the_header_has_none(bench: Bench) -> None:
    """`absolute_expiry_time` ends a message whose header has no time to live."""
    now = milliseconds(datetime.now(UTC))
    properties = AmqpMessageProperties(creation_time=now, absolute_expiry_time=now + 60_000)
    two = [AmqpAnnotatedMessage(data_body=b"x", properties=properties) for _ in range(2)]
    await send(bench, two)
    async with bench.receiver() as receiver:
        got = await take(receiver)
        assert got.expires_at_utc - got.enqueued_time_utc == timedelta(minutes=1)
        await receiver.complete_message(got)
    bench.broker.advance(61)
    assert await bench.drain() == []


async def test_annotations_of_every_place_come_back(bench: Bench) -> None:
    """Message annotations, delivery annotations and footers arrive."""
    await send(
        bench,
        AmqpAnnotatedMessage(
            data_body=b"x",
            application_properties={"sugar": 2},
            annotations={"mine": 1, "x-opt-partition-key": "p-1"},
            delivery_annotations={"road": "long"},
            footer={"end": "of it"},
        ),
    )
    got = await receive_raw(bench)
    assert got.application_properties == {b"sugar": 2}
    assert got.annotations is not None
    assert got.annotations[b"mine"] == 1
    assert got.annotations[b"x-opt-partition-key"] == b"p-1"
    assert got.delivery_annotations is not None
    assert got.delivery_annotations[b"road"] == b"long"
    assert got.footer == {b"end": b"of it"}


def body_of(message: Any) -> Any:
    raw = getattr(message, "raw_amqp_message", message)
    return raw.body if raw.body_type is AmqpMessageBodyType.VALUE else list(raw.body)


async def test_peeked_deferred_and_dead_letters_keep_the_kind_of_their_body(
    bench: Bench,
) -> None:
    """Peeked, deferred and dead-lettered messages keep the kind of their body."""
    links = (bench.sender(), bench.receiver(), bench.receiver(sub_queue="deadletter"))
    async with side_by_side(*links) as (sender, receiver, dead_letters):
        for body in BODIES:
            sent = AmqpAnnotatedMessage(**body)
            await sender.send_messages(sent)
            (peeked,) = await receiver.peek_messages()
            message = await take(receiver)
            await receiver.defer_message(message)
            (deferred,) = await receiver.receive_deferred_messages(message.sequence_number)
            await receiver.dead_letter_message(deferred)
            dead = await take(dead_letters)
            for got in (peeked, message, deferred, dead):
                assert got.body_type is got.raw_amqp_message.body_type is sent.body_type
                assert body_of(got) == body_of(sent)


async def test_amqps_own_messages_go_in_batches_and_schedules_too(bench: Bench) -> None:
    """`AmqpAnnotatedMessage` goes in batches, lists and schedules, too."""
    async with side_by_side(bench.sender(), bench.receiver()) as (sender, receiver):
        for body in BODIES:
            sent = AmqpAnnotatedMessage(**body)
            batch = await sender.create_message_batch()
            batch.add_message(sent)
            batch.add_message(ServiceBusMessage("plain"))
            await sender.send_messages(batch)
            await sender.send_messages([sent, ServiceBusMessage("plain")])
            in_a_minute = datetime.now(UTC) + timedelta(minutes=1)
            await sender.schedule_messages([sent], in_a_minute)
            bench.broker.advance(61)
            got = [await take(receiver) for _ in range(5)]
            assert [body_of(got[index]) for index in (0, 2, 4)] == [body_of(sent)] * 3
            assert [str(got[index]) for index in (1, 3)] == ["plain"] * 2
            for message in got:
                await receiver.complete_message(message)


# -- The message of Service Bus ---------------------------------------------------------------


async def test_a_message_shows_its_amqp_form_before_and_after(bench: Bench) -> None:
    """`raw_amqp_message` of what is sent can be changed, and arrives so."""
    sent = ServiceBusMessage("x", subject="greeting", session_id="7", partition_key="7")
    assert sent.raw_amqp_message.properties is not None
    assert sent.raw_amqp_message.properties.group_id == "7"
    sent.raw_amqp_message.header = AmqpMessageHeader(priority=3)
    await send(bench, sent)
    got = await receive_raw(bench)
    assert (got.header.priority, got.properties.subject) == (3, b"greeting")  # type: ignore[union-attr]
    assert got.annotations[b"x-opt-partition-key"] == b"7"  # type: ignore[index]


async def test_properties_may_be_set_one_by_one(bench: Bench) -> None:
    """The properties of a message may be set one by one."""
    sent = ServiceBusMessage(b"x")
    chosen: dict[str, Any] = {
        "message_id": "m-1",
        "correlation_id": "c-1",
        "subject": "greeting",
        "to": "kitchen",
        "reply_to": "desk",
        "reply_to_session_id": "s-2",
        "session_id": "s-1",
        "partition_key": "s-1",
        "content_type": "text/plain",
        "time_to_live": timedelta(seconds=60),
    }
    for name, value in chosen.items():
        setattr(sent, name, value)
    sent.application_properties = {"sugar": 2}
    await send(bench, sent)
    async with bench.receiver() as receiver:
        got = await take(receiver)
    assert {name: getattr(got, name) for name in chosen} == chosen
    assert (got.application_properties, got.body_type) == (
        {b"sugar": 2},
        AmqpMessageBodyType.DATA,
    )


async def test_what_the_broker_says_of_a_message_is_there(bench: Bench) -> None:
    """A received message tells its number, times, state, lock and delivery count."""
    before = datetime.now(UTC).replace(microsecond=0)
    await bench.send("x", time_to_live=timedelta(minutes=1))
    async with bench.receiver() as receiver:
        got = await take(receiver)
    assert (got.sequence_number, got.delivery_count) == (1, 0)
    assert got.state is ServiceBusMessageState.ACTIVE
    assert before <= got.enqueued_time_utc <= datetime.now(UTC)
    assert got.expires_at_utc == got.enqueued_time_utc + timedelta(minutes=1)
    assert got.enqueued_time_utc < got.locked_until_utc
    assert uuid.UUID(str(got.lock_token)) == got.lock_token
    for name in ("enqueued_sequence_number", "dead_letter_source", "dead_letter_reason"):
        assert getattr(got, name) is None
    assert got.dead_letter_error_description is None
    assert got.scheduled_enqueue_time_utc is None


async def test_a_received_message_can_be_sent_on_and_begins_anew(bench: Bench) -> None:
    """A received message can be sent on, and begins anew."""
    bench.make_queue("kitchen")
    await bench.send("first", queue="kitchen")
    await bench.send("tea", subject="hot", time_to_live=timedelta(minutes=5))
    async with bench.receiver() as receiver:
        await receiver.abandon_message(await take(receiver))
        message = await take(receiver)
        async with bench.sender("kitchen") as sender:
            await sender.send_messages(message)
        await receiver.complete_message(message)
    async with bench.receiver("kitchen") as receiver:
        await receiver.complete_message(await take(receiver))
        again = await take(receiver)
    assert (str(again), again.subject, again.message_id) == ("tea", "hot", message.message_id)
    assert (again.sequence_number, again.delivery_count) == (2, 0)
    assert again.lock_token != message.lock_token


async def test_bytes_of_a_delivery_can_be_read_without_a_receiver(bench: Bench) -> None:
    """`ServiceBusReceivedMessage.from_bytes` reads the bytes of a delivery."""
    # What an Azure Function does with the bytes that it is given.
    await send(bench, ServiceBusMessage("tea", message_id="7", subject="hot"))

    def bytes_of_the_next(broker: Any) -> bytes:
        from sbtutorial.gateway.wire.message import encode_message

        with broker.reactor.turn() as now:
            message = broker.namespace.directory.queue("orders").main.peek_lock_next(
                now=now, who=""
            )
            return encode_message(message, to_wire=broker.clock.to_wire)

    got = ServiceBusReceivedMessage.from_bytes(bench.broker.call(bytes_of_the_next))
    assert (str(got), got.message_id, got.subject, got.sequence_number) == ("tea", "7", "hot", 1)
    assert got.enqueued_time_utc is not None


# -- Partition keys ---------------------------------------------------------------------------


async def test_a_partition_key_that_differs_from_the_session_is_refused(bench: Bench) -> None:
    with pytest.raises(ValueError, match="partition_key"):  # by the SDK, of its own message
        ServiceBusMessage("x", session_id="7", partition_key="8")
    differing = AmqpAnnotatedMessage(
        data_body=b"x",
        properties=AmqpMessageProperties(group_id="7"),
        annotations={"x-opt-partition-key": "8"},
    )
    with pytest.raises(ServiceBusError, match="partition_key '8' differs from session_id '7'"):
        await send(bench, differing)
    assert bench.counts().total == 0


@pytest.mark.feature("Limits")
async def test_ids_have_128_characters_at_most(bench: Bench) -> None:
    """A message id, session id or partition key has 128 characters at most."""
    too_long = "i" * 129
    raw: dict[str, dict[str, Any]] = {  # in AMQP's words, of which the SDK refuses none
        "message_id": {"properties": AmqpMessageProperties(message_id=too_long)},
        "session_id": {"properties": AmqpMessageProperties(group_id=too_long)},
        "partition_key": {"annotations": {"x-opt-partition-key": too_long}},
    }
    bench.client_options["retry_total"] = 0
    async with bench.sender() as sender:
        for name, refused in raw.items():
            with pytest.raises(ValueError, match="128"):
                ServiceBusMessage("x", **{name: too_long})
            await sender.send_messages(ServiceBusMessage("x", **{name: too_long[1:]}))
            with pytest.raises(ServiceBusError, match=f"{name} has 129 characters"):
                await sender.send_messages(AmqpAnnotatedMessage(data_body=b"x", **refused))
    assert bench.counts().total == len(raw)
