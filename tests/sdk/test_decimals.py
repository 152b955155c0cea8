"""Decimal properties, there and back."""

from decimal import Decimal
from typing import Any

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusReceiveMode
from azure.servicebus.amqp import AmqpAnnotatedMessage
from azure.servicebus.exceptions import ServiceBusError

from sbtutorial.broker.rules.filters.actions import parse_action
from sbtutorial.broker.rules.filters.sql import parse_filter
from sbtutorial.broker.rules.rule import Rule
from tests.sdk.conftest import PATIENCE_SECONDS, Bench
from tests.sdk.test_receive import take
from tests.sdk.test_topics import subscribe

pytestmark = pytest.mark.feature("Sending and message properties")

PRICES = {"price": Decimal("12.50"), "debt": Decimal("-0.001"), "none": Decimal(0)}
MODES = [ServiceBusReceiveMode.PEEK_LOCK, ServiceBusReceiveMode.RECEIVE_AND_DELETE]
both_modes = pytest.mark.parametrize("mode", MODES, ids=["peek-lock", "receive-and-delete"])


def read(properties: Any) -> dict[str, Any]:
    return {key.decode(): value for key, value in properties.items()}


@both_modes
async def test_a_decimal_property_comes_back(bench: Bench, mode: ServiceBusReceiveMode) -> None:
    """A Decimal among the application properties comes back, as Azure writes it."""
    await bench.send("tea", application_properties={"text": "t", **PRICES})
    async with bench.receiver(receive_mode=mode) as receiver:
        (peeked,) = await receiver.peek_messages()
        assert read(peeked.application_properties) == {"text": b"t", **PRICES}
        message = await take(receiver)
        assert read(message.application_properties) == {"text": b"t", **PRICES}
        if mode is ServiceBusReceiveMode.PEEK_LOCK:
            await receiver.dead_letter_message(message)


async def test_a_decimal_comes_back_in_annotations_batches_and_schedules(bench: Bench) -> None:
    """A Decimal comes back from annotations, a batch, a schedule and a deferred message."""
    raw = AmqpAnnotatedMessage(data_body=b"tea", annotations=dict(PRICES))
    async with bench.sender() as sender:
        await sender.send_messages([ServiceBusMessage("a", application_properties=dict(PRICES))])
        await sender.send_messages(raw)
    async with bench.receiver() as receiver:
        first = await take(receiver)
        assert read(first.application_properties) == PRICES
        await receiver.defer_message(first)
        (first,) = await receiver.receive_deferred_messages([first.sequence_number])
        assert read(first.application_properties) == PRICES
        second = (await take(receiver)).raw_amqp_message.annotations
        assert {name: second[name.encode()] for name in PRICES} == PRICES


@both_modes
async def test_a_decimal_passes_a_topic_and_its_rule(
    bench: Bench, mode: ServiceBusReceiveMode
) -> None:
    """A rule compares a Decimal, and its copy keeps it."""
    action = parse_action("SET seen = price")
    subscribe(bench, "dear", Rule("dear", parse_filter("price > 12.4"), action))
    subscribe(bench, "cheap", Rule("cheap", parse_filter("price < 12.4")))
    async with bench.publisher("news") as sender:
        await sender.send_messages(ServiceBusMessage("x", application_properties=dict(PRICES)))
    async with bench.subscriber("news", "dear", receive_mode=mode) as receiver:
        (message,) = await receiver.receive_messages(max_wait_time=PATIENCE_SECONDS)
        seen = {"seen": Decimal("12.50"), "RuleName": b"dear"}
        assert read(message.application_properties) == {**PRICES, **seen}
    async with bench.subscriber("news", "cheap") as receiver:
        assert await receiver.peek_messages() == []


async def test_a_decimal_that_nobody_could_read_is_refused(bench: Bench) -> None:
    """A Decimal with more digits than Service Bus carries is refused when it is sent."""
    with pytest.raises(ServiceBusError, match="too many digits"):
        await bench.send("tea", application_properties={"price": Decimal("1E+200")})
    assert bench.counts().total == 0
