"""Topics, subscriptions and rules."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusSubQueue
from azure.servicebus.exceptions import ServiceBusAuthenticationError, ServiceBusError

from sbtutorial.broker.descriptions import SubscriptionDescription, TopicDescription
from sbtutorial.broker.rules.filters.actions import parse_action
from sbtutorial.broker.rules.filters.correlation import CorrelationFilter
from sbtutorial.broker.rules.filters.sql import parse_filter
from sbtutorial.broker.rules.rule import Rule
from sbtutorial.server.broker_server import BrokerServer
from tests.sdk.conftest import Bench

pytestmark = pytest.mark.feature("Topics, subscriptions and rules")

DEAD_LETTERS = "/$DeadLetterQueue"
SUB_QUEUES = {"": None, DEAD_LETTERS: ServiceBusSubQueue.DEAD_LETTER}


def subscribe(bench: Bench, name: str, rule: Rule | None = None, **properties: Any) -> None:
    def make(broker: BrokerServer) -> None:
        with broker.reactor.turn() as now:
            if not broker.namespace.directory.topics():
                broker.namespace.create("news", TopicDescription(), now=now)
            description = SubscriptionDescription(**properties)
            broker.namespace.create(f"news/Subscriptions/{name}", description, now=now, rule=rule)

    bench.broker.call(make)


async def publish(bench: Bench, *messages: ServiceBusMessage) -> None:
    async with bench.publisher("news") as sender:
        await sender.send_messages(list(messages))


async def read(bench: Bench, name: str, line: str = "") -> list[Any]:
    wait = bench.patience(f"news/Subscriptions/{name}{line}")
    async with (
        bench.client() as client,
        client.get_subscription_receiver("news", name, sub_queue=SUB_QUEUES[line]) as receiver,
    ):
        messages = await receiver.receive_messages(10, max_wait_time=wait)
        for message in messages:
            await receiver.complete_message(message)
        return messages


async def test_every_subscription_receives_its_copy(bench: Bench) -> None:
    subscribe(bench, "one")
    subscribe(bench, "two")
    await publish(bench, ServiceBusMessage("rain"), ServiceBusMessage("sun"))
    for messages in await asyncio.gather(read(bench, "one"), read(bench, "two")):
        assert [str(message) for message in messages] == ["rain", "sun"]


async def test_a_copy_says_which_sequence_number_the_topic_gave_it(bench: Bench) -> None:
    subscribe(bench, "one")
    await publish(bench, ServiceBusMessage("rain"))
    subscribe(bench, "two")
    await publish(bench, ServiceBusMessage("sun"))
    (copy,) = await read(bench, "two")
    assert (copy.sequence_number, copy.enqueued_sequence_number) == (1, 2)


async def test_a_sql_filter_takes_what_matches(bench: Bench) -> None:
    rule = Rule("cheap", parse_filter("price < 10 AND sys.Label = 'offer' AND city LIKE 'B%'"))
    subscribe(bench, "cheap", rule)
    await publish(
        bench,
        ServiceBusMessage(
            "a", subject="offer", application_properties={"price": 9, "city": "Bern"}
        ),
        ServiceBusMessage("b", subject="offer", application_properties={"price": 9, "city": "Rom"}),
        ServiceBusMessage("c", subject="news", application_properties={"price": 1, "city": "Bonn"}),
        ServiceBusMessage("d", subject="offer", application_properties={"price": 11.5}),
    )
    assert [str(message) for message in await read(bench, "cheap")] == ["a"]


async def test_a_correlation_filter_takes_what_is_equal(bench: Bench) -> None:
    rule = Rule("mine", CorrelationFilter(label="order", properties={"shop": "north", "n": 3}))
    subscribe(bench, "mine", rule)
    fields: dict[str, Any] = {"subject": "order"}
    await publish(
        bench,
        ServiceBusMessage("a", application_properties={"shop": "north", "n": 3}, **fields),
        ServiceBusMessage("b", application_properties={"shop": "North", "n": 3}, **fields),
        ServiceBusMessage("c", application_properties={"shop": "north"}, **fields),
    )
    assert [str(message) for message in await read(bench, "mine")] == ["a"]


async def test_an_action_changes_the_copy_of_its_subscription_and_no_other(bench: Bench) -> None:
    action = parse_action("SET sys.Label = 'urgent'; SET level = level + 1; REMOVE secret")
    subscribe(bench, "marked", Rule("mark", parse_filter("1=1"), action))
    subscribe(bench, "plain")
    message = ServiceBusMessage(
        "fire",
        subject="note",
        message_id="7",
        application_properties={"level": 1, "secret": "x", "place": "north"},
    )
    await publish(bench, message)
    (marked,), (plain,) = await asyncio.gather(read(bench, "marked"), read(bench, "plain"))
    assert (str(marked), marked.subject, marked.message_id) == ("fire", "urgent", "7")
    assert marked.application_properties == {
        b"level": 2,
        b"place": b"north",
        b"RuleName": b"mark",
    }
    assert plain.subject == "note"
    assert plain.application_properties == {b"level": 1, b"secret": b"x", b"place": b"north"}


async def test_failing_filter_dead_letters_with_its_reason(bench: Bench) -> None:
    """A message on which a filter fails is dead-lettered with the reason."""
    subscribe(bench, "odd", Rule("odd", parse_filter("amount / 0 = 1")))
    await publish(bench, ServiceBusMessage("x", application_properties={"amount": 5}))
    nothing, (dead,) = await asyncio.gather(read(bench, "odd"), read(bench, "odd", DEAD_LETTERS))
    assert nothing == []
    assert dead.dead_letter_reason == "FilterException"
    assert "zero" in dead.dead_letter_error_description


async def test_a_message_scheduled_to_a_topic_is_copied_when_its_time_comes(bench: Bench) -> None:
    subscribe(bench, "one")
    at = datetime.now(UTC) + timedelta(minutes=10)
    async with bench.publisher("news") as sender:
        keep, drop = await sender.schedule_messages(
            [ServiceBusMessage("keep"), ServiceBusMessage("drop")], at
        )
        await sender.cancel_scheduled_messages(drop)
        assert keep == 1
    assert await read(bench, "one") == []
    bench.broker.advance(601)
    assert [str(message) for message in await read(bench, "one")] == ["keep"]


async def test_every_subscription_has_a_dead_letter_queue_of_its_own(bench: Bench) -> None:
    subscribe(bench, "one")
    subscribe(bench, "two")
    await publish(bench, ServiceBusMessage("rain"))
    async with (
        bench.client() as client,
        client.get_subscription_receiver("news", "one") as receiver,
    ):
        (message,) = await receiver.receive_messages(max_wait_time=5)
        await receiver.dead_letter_message(message, reason="too wet")
    (dead,), nothing = await asyncio.gather(
        read(bench, "one", DEAD_LETTERS), read(bench, "two", DEAD_LETTERS)
    )
    assert (dead.dead_letter_reason, dead.dead_letter_source) == (
        "too wet",
        "news/Subscriptions/one",
    )
    assert nothing == []


async def test_peek_settle_and_defer_work_on_a_subscription(bench: Bench) -> None:
    """The messages of a subscription are peeked, deferred and completed."""
    subscribe(bench, "one")
    await publish(bench, ServiceBusMessage("rain"))
    async with (
        bench.client() as client,
        client.get_subscription_receiver("news", "one") as receiver,
    ):
        (seen,) = await receiver.peek_messages()
        (message,) = await receiver.receive_messages(max_wait_time=5)
        await receiver.defer_message(message)
        (again,) = await receiver.receive_deferred_messages(seen.sequence_number)
        await receiver.complete_message(again)
    assert await read(bench, "one") == []


async def test_topic_cannot_be_received_from_and_a_subscription_not_sent_to(bench: Bench) -> None:
    """Receiving from a topic and sending to a subscription are refused."""
    subscribe(bench, "one")
    async with bench.client(retry_total=0) as client:
        with pytest.raises(ServiceBusError, match="is a topic"):
            async with client.get_queue_receiver("news") as receiver:
                await receiver.receive_messages(max_wait_time=1)
        with pytest.raises(ServiceBusError, match="send to 'news' instead"):
            async with client.get_queue_sender("news/Subscriptions/one") as sender:
                await sender.send_messages(ServiceBusMessage("x"))
        with pytest.raises(ServiceBusAuthenticationError):
            async with client.get_subscription_receiver("news", "nobody") as receiver:
                await receiver.receive_messages(max_wait_time=1)


@pytest.mark.feature("Forwarding")
async def test_a_queue_forwards_at_once_and_refuses_receivers(bench: Bench) -> None:
    bench.make_queue("inbox", forward_to="orders")
    await bench.send("tea", queue="inbox")
    assert await bench.drain() == ["tea"]
    async with bench.client(retry_total=0) as client:
        with pytest.raises(ServiceBusError, match="forwards"):
            async with client.get_queue_receiver("inbox") as receiver:
                await receiver.receive_messages(max_wait_time=1)
