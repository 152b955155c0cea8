"""Forwarding."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.servicebus import ServiceBusMessage, ServiceBusSubQueue
from azure.servicebus.exceptions import ServiceBusError
from azure.servicebus.management import EntityStatus, SqlRuleAction, SqlRuleFilter

from sbtutorial.broker.message import Message
from sbtutorial.server.broker_server import BrokerServer
from tests.sdk.conftest import Bench
from tests.sdk.side_by_side import side_by_side
from tests.sdk.test_receive import take
from tests.sdk.test_schedule import in_an_hour

pytestmark = pytest.mark.feature("Forwarding")

DEAD_LETTER = ServiceBusSubQueue.DEAD_LETTER


async def chain(administration: Any, *names: str) -> None:
    """Queues that forward each to the next one; the last is there already."""
    for name, target in reversed(list(pairwise(names))):
        await administration.create_queue(name, forward_to=target)


async def dead_letters(bench: Bench, queue: str, count: int) -> list[Any]:
    """That many from the dead-letter queue, and no more are there."""
    assert bench.counts(queue).dead_letter == count
    async with bench.receiver(queue, sub_queue=DEAD_LETTER) as receiver:
        found = [await take(receiver) for _ in range(count)]
        for message in found:
            await receiver.complete_message(message)
        return found


async def test_a_queue_forwards_to_a_queue_what_comes_and_what_waited(bench: Bench) -> None:
    """A queue forwards to another what comes, and what was there when forwarding was set."""
    await bench.send("water")
    async with bench.administration() as administration:
        inbox = await administration.create_queue("inbox")
        await bench.send("tea", queue="inbox", message_id="7", application_properties={"sugar": 2})
        await administration.update_queue(inbox, forward_to="orders")
        assert (await administration.get_queue("inbox")).forward_to.endswith("/orders")
    await bench.send("coffee", queue="inbox")
    assert bench.counts("inbox").total == 0
    async with bench.receiver() as receiver:
        assert str(await take(receiver)) == "water"
        tea = await take(receiver)
        assert (str(tea), tea.message_id) == ("tea", "7")
        assert tea.application_properties == {b"sugar": 2}
        assert (tea.sequence_number, tea.enqueued_sequence_number) == (2, 1)
        assert str(await take(receiver)) == "coffee"


async def test_a_queue_that_forwards_no_more_keeps_what_comes(bench: Bench) -> None:
    """A queue whose forwarding was cleared keeps what comes."""
    async with bench.administration() as administration:
        inbox = await administration.create_queue("inbox", forward_to="orders")
        inbox.forward_to = None
        await administration.update_queue(inbox)
    await bench.send("tea", queue="inbox")
    assert await bench.drain("inbox") == ["tea"]


async def test_a_waiting_receiver_gets_what_is_forwarded_at_once(bench: Bench) -> None:
    """A waiting receiver gets at once what is forwarded over several queues."""
    async with bench.administration() as administration:
        await chain(administration, "a", "b", "orders")
    async with bench.receiver() as receiver:
        assert await receiver.receive_messages(max_wait_time=0.1) == []
        await bench.send("tea", queue="a")
        assert str(await take(receiver)) == "tea"


async def test_a_queue_forwards_to_a_topic_and_a_subscription_to_a_queue(bench: Bench) -> None:
    async with bench.administration() as administration:
        await administration.create_topic("news")
        await administration.create_subscription("news", "copies", forward_to="orders")
        await administration.create_subscription("news", "own")
        await administration.create_queue("inbox", forward_to="news")
    await bench.send("rain", queue="inbox")
    async with bench.subscriber("news", "own") as receiver:
        assert str(await take(receiver)) == "rain"
    assert await bench.drain() == ["rain"]
    async with bench.administration() as administration:
        held = await administration.get_subscription_runtime_properties("news", "copies")
        assert held.total_message_count == 0


async def test_a_subscription_forwards_what_its_rules_have_made_of_a_message(
    bench: Bench,
) -> None:
    async with bench.administration() as administration:
        await administration.create_topic("news")
        await administration.create_subscription("news", "copies", forward_to="orders")
        await administration.delete_rule("news", "copies", "$Default")
        await administration.create_rule(
            "news",
            "copies",
            "urgent",
            filter=SqlRuleFilter("sys.Label = 'rain'"),
            action=SqlRuleAction("SET level = 7"),
        )
    async with bench.publisher("news") as sender:
        await sender.send_messages([ServiceBusMessage(i, subject=i) for i in ("sun", "rain")])
    async with bench.receiver() as receiver:
        message = await take(receiver)
    assert (str(message), bench.counts().total) == ("rain", 1)
    assert message.application_properties == {b"level": 7, b"RuleName": b"urgent"}


async def test_a_time_that_a_rule_has_set_is_one_to_wait_for_where_the_message_goes(
    bench: Bench,
) -> None:
    """An action's ScheduledEnqueueTimeUtc counts where the subscription forwards to, only there."""
    later = in_an_hour().replace(microsecond=0)
    async with bench.administration() as administration:
        await administration.create_topic("news")
        action = SqlRuleAction(f"SET sys.ScheduledEnqueueTimeUtc = '{later:%Y-%m-%dT%H:%M:%SZ}'")
        for name, target in {"copies": "orders", "own": None}.items():
            await administration.create_subscription("news", name, forward_to=target)
            await administration.delete_rule("news", name, "$Default")
            await administration.create_rule("news", name, "late", action=action)
    async with bench.publisher("news") as sender:
        await sender.send_messages(ServiceBusMessage("rain"))
    async with bench.subscriber("news", "own") as receiver:
        assert str(await take(receiver)) == "rain"
    assert (bench.counts().scheduled, bench.counts().active) == (1, 0)
    async with bench.receiver() as receiver:
        (peeked,) = await receiver.peek_messages()
        assert peeked.scheduled_enqueue_time_utc == later
    bench.broker.advance(3601)
    assert await bench.drain() == ["rain"]


async def test_a_scheduled_message_goes_on_when_its_time_has_come(bench: Bench) -> None:
    """A message that is sent with a scheduled enqueue time is forwarded when that has come."""
    async with bench.administration() as administration:
        await chain(administration, "inbox", "orders")
    await bench.send("lunch", queue="inbox", scheduled_enqueue_time_utc=in_an_hour())
    assert (bench.counts("inbox").scheduled, bench.counts().total) == (1, 0)
    bench.broker.advance(3601)
    assert await bench.drain() == ["lunch"]


async def test_nothing_is_scheduled_at_a_queue_that_forwards(bench: Bench) -> None:
    """`schedule_messages` at a queue that forwards is refused."""
    async with bench.administration() as administration:
        await chain(administration, "inbox", "orders")
    async with bench.client(retry_total=0) as client, client.get_queue_sender("inbox") as sender:
        with pytest.raises(ServiceBusError, match="with auto-forwarding enabled") as refused:
            await sender.schedule_messages(ServiceBusMessage("lunch"), in_an_hour())
    assert type(refused.value) is ServiceBusError
    assert bench.counts("inbox").total == 0


async def test_dead_letters_are_forwarded_with_their_reason_and_source(bench: Bench) -> None:
    """Dead letters of queues and subscriptions are forwarded, with reason and source."""
    async with bench.administration() as administration:
        await administration.create_queue("morgue")
        await administration.create_queue("bar", forward_dead_lettered_messages_to="morgue")
        await administration.create_topic("news")
        await administration.create_subscription(
            "news", "sport", forward_dead_lettered_messages_to="morgue"
        )
    async with side_by_side(
        bench.sender("bar"),
        bench.publisher("news"),
        bench.receiver("bar"),
        bench.subscriber("news", "sport"),
    ) as (sender, publisher, receiver, subscriber):
        await sender.send_messages(ServiceBusMessage("tea"))
        await publisher.send_messages(ServiceBusMessage("goal"))
        await receiver.dead_letter_message(await take(receiver), reason="cold")
        await subscriber.dead_letter_message(await take(subscriber), reason="old")
    async with bench.receiver("morgue") as receiver:
        for source, reason in (("bar", "cold"), ("news/Subscriptions/sport", "old")):
            dead = await take(receiver)
            assert (dead.dead_letter_source, dead.dead_letter_reason) == (source, reason)
    assert bench.counts("bar").total == 0


async def test_the_fifth_hop_is_one_too_many(bench: Bench) -> None:
    """A message is forwarded four times; before the fifth it is dead-lettered."""
    async with bench.administration() as administration:
        await chain(administration, "q0", "q1", "q2", "q3", "q4", "orders")
    await asyncio.gather(bench.send("four hops", queue="q1"), bench.send("five hops", queue="q0"))
    arrived, (dead,) = await asyncio.gather(bench.drain(), dead_letters(bench, "q4", 1))
    assert arrived == ["four hops"]
    assert (str(dead), dead.dead_letter_reason) == ("five hops", "MaxTransferHopCountExceeded")
    assert "forwarded 4 times" in dead.dead_letter_error_description


async def test_a_queue_that_forwards_to_itself_ends_in_its_dead_letter_queue(bench: Bench) -> None:
    """What a queue forwards to itself ends in its dead-letter queue."""
    async with bench.administration() as administration:
        queue = await administration.get_queue("orders")
        await administration.update_queue(queue, forward_to="orders")
    await bench.send("tea")
    (dead,) = await dead_letters(bench, "orders", 1)
    assert dead.dead_letter_reason == "MaxTransferHopCountExceeded"


@pytest.mark.parametrize("status", [EntityStatus.DISABLED, EntityStatus.SEND_DISABLED])
async def test_what_a_closed_link_of_the_chain_refuses_is_dead_lettered_before_it(
    bench: Bench, status: EntityStatus
) -> None:
    """What goes to a target that is Disabled or SendDisabled is dead-lettered."""
    async with bench.administration() as administration:
        await chain(administration, "a", "b", "orders")
        middle = await administration.get_queue("b")
        await administration.update_queue(middle, status=status)
        await bench.send("tea", queue="a")
        await administration.update_queue(middle, status=EntityStatus.ACTIVE)
    await bench.send("coffee", queue="a")
    arrived, (dead,) = await asyncio.gather(bench.drain(), dead_letters(bench, "a", 1))
    assert arrived == ["coffee"]
    assert (str(dead), dead.dead_letter_source) == ("tea", "a")
    assert "'b' is" in dead.dead_letter_error_description


async def test_a_link_of_the_chain_that_gives_nothing_out_keeps_it_for_later(bench: Bench) -> None:
    """A forwarding queue that is ReceiveDisabled keeps what comes, and forwards it when Active."""
    async with bench.administration() as administration:
        await chain(administration, "a", "b", "orders")
        middle = await administration.get_queue("b")
        await administration.update_queue(middle, status=EntityStatus.RECEIVE_DISABLED)
        await bench.send("tea", queue="a")
        assert (bench.counts("b").active, bench.counts().active) == (1, 0)
        await administration.update_queue(middle, status=EntityStatus.ACTIVE)
    assert await bench.drain() == ["tea"]


async def test_what_goes_to_a_deleted_target_is_dead_lettered(bench: Bench) -> None:
    async with bench.administration() as administration:
        await chain(administration, "a", "b", "orders")
        await administration.delete_queue("b")
    await bench.send("tea", queue="a")
    (dead,) = await dead_letters(bench, "a", 1)
    assert "'b' could not be found" in dead.dead_letter_error_description


async def test_what_goes_to_a_full_target_is_dead_lettered(bench: Bench) -> None:
    def shrink(broker: BrokerServer) -> None:
        with broker.reactor.turn() as now:
            broker.namespace.shrink(broker.namespace.directory.queue("orders"), 1, now=now)

    bench.broker.call(shrink)
    async with bench.administration() as administration:
        await chain(administration, "a", "orders")
    await bench.send(*5 * ["x" * 250_000], queue="a")
    assert bench.counts().active == 4
    (dead,) = await dead_letters(bench, "a", 1)
    assert "maximum entity size" in dead.dead_letter_error_description


async def test_what_has_no_session_is_dead_lettered_before_a_queue_of_sessions(
    bench: Bench,
) -> None:
    """What has no session id and goes to a queue with sessions is dead-lettered."""
    async with bench.administration() as administration:
        await administration.create_queue("tables", requires_session=True)
        await chain(administration, "a", "tables")
    await asyncio.gather(
        bench.send("soup", queue="a", session_id="7"), bench.send("lost", queue="a")
    )
    async with bench.receiver("tables", session_id="7") as receiver:
        assert str(await take(receiver)) == "soup"
    (dead,) = await dead_letters(bench, "a", 1)
    assert dead.dead_letter_reason == "Session id is null."


async def test_the_target_drops_duplicates(bench: Bench) -> None:
    """A target that detects duplicates drops them."""
    async with bench.administration() as administration:
        await administration.create_queue("once", requires_duplicate_detection=True)
        await chain(administration, "a", "once")
    await bench.send("tea", "tea", queue="a", message_id="7")
    assert await bench.drain("once") == ["tea"]
    assert bench.counts("a").total == 0


@pytest.mark.parametrize("setting", ["forward_to", "forward_dead_lettered_messages_to"])
async def test_a_target_must_be_there(bench: Bench, setting: str) -> None:
    """A target that does not exist cannot be set."""
    async with bench.administration() as administration:
        queue = await administration.get_queue("orders")
        with pytest.raises(HttpResponseError, match="'nowhere' could not be found") as refusal:
            await administration.update_queue(queue, **{setting: "nowhere"})
        assert refusal.value.status_code == 400


async def test_what_was_sent_by_way_of_a_queue_and_refused_is_in_its_transfer_dead_letter_queue(
    bench: Bench,
) -> None:
    """The transfer dead-letter queue is counted, peeked and received from."""
    # This SDK sends nothing by way of another queue; the broker is given what another SDK sent.
    await bench.send("tea")

    def pass_on(broker: BrokerServer) -> None:
        with broker.reactor.turn() as now:
            namespace = broker.namespace
            (sent,) = namespace.directory.queue("orders").main.messages.peek(1, 1)
            message: Message = sent.copy()
            via = namespace.directory.queue("orders").transfer_to("nowhere")
            via.send([message], now=now)

    bench.broker.call(pass_on)
    async with bench.administration() as administration:
        counts = await administration.get_queue_runtime_properties("orders")
        assert counts.transfer_dead_letter_message_count == 1
    async with bench.receiver(sub_queue=ServiceBusSubQueue.TRANSFER_DEAD_LETTER) as receiver:
        (peeked,) = await receiver.peek_messages()
        dead = await take(receiver)
        assert str(dead) == str(peeked) == "tea"
        assert "'nowhere' could not be found" in dead.dead_letter_error_description
        await receiver.complete_message(dead)
    assert bench.counts().transfer_dead_letter == 0
    assert await bench.drain() == ["tea"]
