"""Peeking."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusMessage, ServiceBusSubQueue

from tests.sdk.conftest import Bench
from tests.sdk.test_receive import take

pytestmark = pytest.mark.feature("Peeking")

DEAD_LETTER = ServiceBusSubQueue.DEAD_LETTER


def seen(messages: list[Any]) -> list[tuple[int, str]]:
    return [(message.sequence_number, str(message)) for message in messages]


async def test_peeking_goes_on_where_it_stopped(bench: Bench) -> None:
    await bench.send(*"abcde")
    async with bench.receiver() as receiver:
        assert seen(await receiver.peek_messages(2)) == [(1, "a"), (2, "b")]
        assert seen(await receiver.peek_messages(2)) == [(3, "c"), (4, "d")]
        assert seen(await receiver.peek_messages(2)) == [(5, "e")]
        assert await receiver.peek_messages(2) == []
        assert seen(await receiver.peek_messages(2, sequence_number=2)) == [(2, "b"), (3, "c")]


async def test_peeking_begins_at_the_next_number_that_is_there(bench: Bench) -> None:
    """Peeking from a sequence number begins at the next message that is there."""
    await bench.send(*"abc")
    async with bench.receiver() as receiver:
        for _ in range(2):
            await receiver.complete_message(await take(receiver))
        assert seen(await receiver.peek_messages(10, sequence_number=1)) == [(3, "c")]
        assert await receiver.peek_messages(10, sequence_number=4) == []


async def test_one_peek_gives_250_messages_at_most(bench: Bench) -> None:
    """One peek gives 250 messages at most, and the next one goes on from there."""
    async with bench.sender() as sender:
        for _ in range(3):
            await sender.send_messages([ServiceBusMessage("x")] * 100)
    async with bench.receiver() as receiver:
        assert [len(await receiver.peek_messages(300)) for _ in range(3)] == [250, 50, 0]
        numbers = [
            one.sequence_number for one in await receiver.peek_messages(999, sequence_number=41)
        ]
        assert numbers == list(range(41, 291))


async def test_a_peeked_message_has_no_lock(bench: Bench) -> None:
    await bench.send("a")
    async with bench.receiver() as receiver:
        (peeked,) = await receiver.peek_messages(timeout=10)
        assert (peeked.lock_token, peeked.locked_until_utc) == (None, None)
        with pytest.raises(ValueError):
            await receiver.complete_message(peeked)
        assert (await take(receiver)).delivery_count == 0


async def test_dead_letters_can_be_peeked_and_deferred(bench: Bench) -> None:
    """Dead letters are peeked, deferred and received."""
    await bench.send(*"abc")
    async with bench.receiver() as receiver:
        for _ in range(3):
            await receiver.dead_letter_message(await take(receiver), reason="cold")
        assert await receiver.peek_messages(10) == []
    async with bench.receiver(sub_queue=DEAD_LETTER) as receiver:
        peeked = await receiver.peek_messages(10, sequence_number=2)
        assert [str(message) for message in peeked] == ["b", "c"]
        assert {message.dead_letter_reason for message in peeked} == {"cold"}
        first = await take(receiver)
        await receiver.defer_message(first)
        (again,) = await receiver.receive_deferred_messages([first.sequence_number])
        await receiver.complete_message(again)
    assert bench.counts().dead_letter == 2


async def test_peeking_in_a_session_begins_at_a_number_too(bench: Bench) -> None:
    """Peeking in a session goes on where it stopped, or from a sequence number."""
    bench.make_queue("tables", requires_session=True)
    async with bench.sender("tables") as sender:
        for body, table in (("soup", "7"), ("cake", "8"), ("salad", "7"), ("tea", "7")):
            await sender.send_messages(ServiceBusMessage(body, session_id=table))
    for session_id in ("7", NEXT_AVAILABLE_SESSION):
        async with bench.receiver("tables", session_id=session_id) as receiver:
            assert seen(await receiver.peek_messages(1)) == [(1, "soup")]
            assert seen(await receiver.peek_messages(5)) == [(3, "salad"), (4, "tea")]
            peeked = await receiver.peek_messages(5, sequence_number=2)
            assert {message.session_id for message in peeked} == {"7"}


async def test_dead_letters_of_sessions_are_peeked_without_one(bench: Bench) -> None:
    """Dead letters of sessions are peeked without a session."""
    bench.make_queue("tables", requires_session=True)
    await bench.send("soup", queue="tables", session_id="7")
    async with bench.receiver("tables", session_id="7") as receiver:
        await receiver.dead_letter_message(await take(receiver))
    async with bench.receiver("tables", sub_queue=DEAD_LETTER) as receiver:
        (dead,) = await receiver.peek_messages()
        assert (str(dead), dead.session_id) == ("soup", "7")


async def test_a_subscription_shows_its_own_messages_and_none_that_are_scheduled(
    bench: Bench,
) -> None:
    """Peeking at a subscription shows its messages, and none that are scheduled to the topic."""
    async with bench.administration() as administration:
        await administration.create_topic("news")
        await administration.create_subscription("news", "all")
    async with bench.publisher("news") as sender:
        await sender.send_messages([ServiceBusMessage("rain"), ServiceBusMessage("sun")])
        in_an_hour = datetime.now(UTC) + timedelta(hours=1)
        await sender.schedule_messages(ServiceBusMessage("snow"), in_an_hour)
    async with bench.subscriber("news", "all") as receiver:
        assert [str(message) for message in await receiver.peek_messages(10)] == ["rain", "sun"]
        message = await take(receiver)
        await receiver.defer_message(message)
        states = [one.state.name for one in await receiver.peek_messages(10, sequence_number=1)]
        assert states == ["DEFERRED", "ACTIVE"]
        await receiver.dead_letter_message(await take(receiver))
        (deferred,) = await receiver.receive_deferred_messages(message.sequence_number, timeout=10)
        await receiver.complete_message(deferred)
        assert await receiver.peek_messages(10, sequence_number=1) == []
    async with bench.subscriber("news", "all", sub_queue=DEAD_LETTER) as receiver:
        assert [str(message) for message in await receiver.peek_messages()] == ["sun"]
