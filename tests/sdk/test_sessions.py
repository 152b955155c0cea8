"""Message sessions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.servicebus import (
    NEXT_AVAILABLE_SESSION,
    AutoLockRenewer,
    ServiceBusMessage,
    ServiceBusReceiveMode,
    ServiceBusSubQueue,
)
from azure.servicebus.aio import AutoLockRenewer as AioAutoLockRenewer
from azure.servicebus.exceptions import (
    MessageNotFoundError,
    MessageSizeExceededError,
    OperationTimeoutError,
    ServiceBusError,
    SessionCannotBeLockedError,
    SessionLockLostError,
)

from sbtutorial.broker.descriptions import SubscriptionDescription, TopicDescription
from sbtutorial.server.broker_server import BrokerServer
from tests.sdk.conftest import PATIENCE_SECONDS, SHORT_SECONDS, Bench
from tests.sdk.flavours import Sync
from tests.sdk.test_receive import take
from tests.sdk.test_renewal import BEYOND_THE_FIRST_LOCK_SECONDS, RENEWED_LOCK, next_time

pytestmark = pytest.mark.feature("Message sessions")

NEXT = NEXT_AVAILABLE_SESSION
LOCK_SECONDS = 30


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """With a queue of sessions, `tables`."""
    bench.make_queue("tables", requires_session=True)
    return bench


@asynccontextmanager
async def session(bench: Bench, session_id: Any, **options: Any) -> AsyncIterator[Any]:
    """A receiver that holds a session of `tables`, and that does not try again when refused."""
    async with (
        bench.client(retry_total=0) as client,
        client.get_queue_receiver("tables", session_id=session_id, **options) as receiver,
    ):
        yield receiver


async def send(bench: Bench, *messages: str) -> None:
    """Each message as `session-id body`, all in one go."""
    parts = [message.split(" ") for message in messages]
    async with bench.sender("tables") as sender:
        await sender.send_messages([ServiceBusMessage(body, session_id=i) for i, body in parts])


async def bodies(receiver: Any, count: int) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        messages = await receiver.receive_messages(
            count - len(found), max_wait_time=PATIENCE_SECONDS
        )
        assert messages, f"only {found} came"
        found += map(str, messages)
    return found


async def test_a_session_is_accepted_by_its_id_and_read_in_order(bench: Bench) -> None:
    await send(bench, "7 soup", "8 cake", "7 salad")
    async with session(bench, "7") as receiver:
        assert receiver.session.session_id == "7"
        left = receiver.session.locked_until_utc - datetime.now(UTC)
        assert timedelta(seconds=LOCK_SECONDS - 10) < left <= timedelta(seconds=LOCK_SECONDS)
        for expected in ("soup", "salad"):
            message = await take(receiver)
            assert (str(message), message.session_id) == (expected, "7")
            await receiver.complete_message(message)
        assert await receiver.receive_messages(max_wait_time=SHORT_SECONDS) == []
    assert bench.counts("tables").total == 1


async def test_the_empty_id_is_a_session_of_its_own(bench: Bench) -> None:
    await send(bench, "7 soup", " salad")
    async with session(bench, "") as receiver:
        assert str(await take(receiver)) == "salad"


@pytest.mark.differs("Otherwise than on Azure")
async def test_the_next_session_is_the_one_that_has_waited_longest(bench: Bench) -> None:
    """The next available session is always the one whose first message has waited longest."""
    await send(bench, "b soup", "a salad")
    async with session(bench, NEXT) as first, session(bench, NEXT) as second:
        assert (first.session.session_id, second.session.session_id) == ("b", "a")
        assert [str(await take(receiver)) for receiver in (first, second)] == ["soup", "salad"]


async def test_a_receiver_that_waits_for_a_session_gets_it_when_a_message_comes(
    bench: Bench,
) -> None:
    async def serve() -> tuple[str, str]:
        async with session(bench, NEXT, max_wait_time=30) as receiver:
            return receiver.session.session_id, str(await take(receiver))

    waiting = asyncio.create_task(serve())
    await send(bench, "7 soup")
    assert await waiting == ("7", "soup")


async def test_waiting_for_the_next_session_times_out(bench: Bench) -> None:
    with pytest.raises(OperationTimeoutError):
        async with session(bench, NEXT, max_wait_time=SHORT_SECONDS):
            pass


async def test_a_session_that_is_held_cannot_be_accepted(bench: Bench) -> None:
    async with session(bench, "7"):
        with pytest.raises(SessionCannotBeLockedError, match="'7'"):
            async with session(bench, "7"):
                pass


async def test_of_receivers_that_race_for_one_session_exactly_one_gets_it(
    bench: Bench,
) -> None:
    everybody_tried = asyncio.Event()
    refused = 0

    async def race() -> str:
        nonlocal refused
        try:
            async with session(bench, "7"):
                await everybody_tried.wait()
                return "held"
        except SessionCannotBeLockedError:
            refused += 1
            if refused == 3:
                everybody_tried.set()
            return "refused"

    outcomes = await asyncio.gather(*(race() for _ in range(4)))
    assert sorted(outcomes) == ["held", "refused", "refused", "refused"]


async def test_plain_receivers_and_sessions_do_not_mix(bench: Bench) -> None:
    """Where sessions are required a message must have one; receivers must have one there only."""
    with pytest.raises(ServiceBusError, match="requires sessions"):
        async with bench.client(retry_total=0) as client, client.get_queue_receiver("tables"):
            pass
    with pytest.raises(ServiceBusError, match="does not require sessions"):
        async with (
            bench.client(retry_total=0) as client,
            client.get_queue_receiver("orders", session_id="7"),
        ):
            pass
    with pytest.raises(ServiceBusError, match="SessionId was not set"):
        await bench.send("soup", queue="tables")


async def test_receivers_share_several_sessions_and_each_keeps_its_order(bench: Bench) -> None:
    await send(bench, *(f"{number} {body}" for body in ("first", "second") for number in range(3)))
    seen: list[tuple[str, str]] = []

    async def serve() -> None:
        while len(seen) < 6:
            with suppress(OperationTimeoutError):
                async with session(bench, NEXT, max_wait_time=SHORT_SECONDS) as receiver:
                    for _ in range(2):
                        message = await take(receiver)
                        seen.append((message.session_id, str(message)))
                        await receiver.complete_message(message)

    await asyncio.gather(serve(), serve())
    for number in range(3):
        ours = [body for session_id, body in seen if session_id == str(number)]
        assert ours == ["first", "second"]
    assert bench.counts("tables").total == 0


async def test_receive_and_delete_works_in_a_session(bench: Bench) -> None:
    await send(bench, "7 soup", "7 salad")
    async with session(
        bench, "7", receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE
    ) as receiver:
        assert await bodies(receiver, 2) == ["soup", "salad"]
    assert bench.counts("tables").total == 0


async def test_a_session_lock_that_has_run_out_can_neither_settle_nor_be_renewed(
    bench: Bench,
) -> None:
    await send(bench, "7 soup")
    async with session(bench, "7") as receiver:
        message = await take(receiver)
        bench.broker.advance(LOCK_SECONDS + 1)
        with pytest.raises(SessionLockLostError):
            await receiver.complete_message(message)
        with pytest.raises(SessionLockLostError):
            await receiver.session.renew_lock()
    async with session(bench, "7") as receiver:
        again = await take(receiver)
        assert (str(again), again.delivery_count) == ("soup", 1)


async def test_a_receiver_that_waits_in_a_session_is_told_that_its_lock_is_lost(
    bench: Bench,
) -> None:
    await send(bench, "7 soup")
    async with session(bench, "7") as receiver:
        await take(receiver)
        waiting = asyncio.create_task(receiver.receive_messages(max_wait_time=20))
        bench.broker.advance(LOCK_SECONDS + 1)
        with pytest.raises(SessionLockLostError):
            await waiting


async def test_a_wait_as_long_as_the_lock_of_its_session_ends_quietly(bench: Bench) -> None:
    """A wait that is as long as the lock of its session ends without an error.

    Source: live tests of azure-sdk-for-python, test_sessions_async.py,
    `..._receive_handler_receiveanddelete`.
    """

    async def wait(mode: ServiceBusReceiveMode) -> list[str]:
        options: dict[str, Any] = {"session_id": mode.value, "receive_mode": mode}
        await bench.send("soup", queue="brief", session_id=mode.value)
        got = []
        async with bench.receiver("brief", max_wait_time=5, **options) as receiver:
            async for message in receiver:
                got.append(str(message))
                if mode is ServiceBusReceiveMode.PEEK_LOCK:
                    await receiver.complete_message(message)
        return got

    bench.make_queue("brief", requires_session=True, lock_duration=timedelta(seconds=5))
    assert await asyncio.gather(*map(wait, ServiceBusReceiveMode)) == [["soup"], ["soup"]]


async def test_a_session_is_free_when_its_lock_is_over_though_its_receiver_is_there(
    bench: Bench,
) -> None:
    """A session whose lock is over goes to another receiver at once."""
    await send(bench, "7 soup")
    async with session(bench, "7") as late:
        message = await take(late)
        bench.broker.advance(LOCK_SECONDS)
        async with session(bench, "7") as relief:
            with pytest.raises(SessionLockLostError):
                await late.complete_message(message)
            again = await take(relief)
            assert (str(again), again.delivery_count) == ("soup", 1)
            await relief.complete_message(again)


async def test_closing_frees_the_session_at_once_and_counts_nothing(bench: Bench) -> None:
    """Closing the receiver frees its session at once; no delivery is counted."""
    await send(bench, "7 soup", "7 salad")
    async with session(bench, "7", prefetch_count=10) as receiver:
        await take(receiver)
    async with session(bench, NEXT, max_wait_time=5) as receiver:
        messages = await receiver.receive_messages(2, max_wait_time=5)
        assert {message.delivery_count for message in messages} == {0}
    assert bench.counts("tables").active == 2


async def test_a_receiver_whose_connection_breaks_frees_its_session_at_once(bench: Bench) -> None:
    def break_all(broker: BrokerServer) -> None:
        for connection in list(broker.listener.open):
            connection.abort()

    await send(bench, "7 soup")
    await bench.senders_closed()
    async with session(bench, "7") as dying:
        await take(dying)
        freed = next_time(bench.broker, "session_unlocked")
        bench.broker.call(break_all)
        assert await asyncio.to_thread(freed.wait, 10)
        async with session(bench, "7") as relief:
            message = await take(relief)
            assert (str(message), message.delivery_count) == ("soup", 0)
            await relief.complete_message(message)


async def test_a_renewed_session_lock_holds_for_its_whole_duration_again(bench: Bench) -> None:
    await send(bench, "7 soup")
    async with session(bench, "7") as receiver:
        message = await take(receiver)
        bench.broker.advance(LOCK_SECONDS - 5)
        until = await receiver.session.renew_lock()
        assert until > datetime.now(UTC) + timedelta(seconds=LOCK_SECONDS - 10)
        bench.broker.advance(LOCK_SECONDS - 5)
        await receiver.complete_message(message)
        with pytest.raises(TypeError):
            await receiver.renew_message_lock(message)
    assert bench.counts("tables").total == 0


async def test_the_sdks_renewer_keeps_a_session_alive(bench: Bench) -> None:
    """`AutoLockRenewer` keeps the lock of a session."""
    bench.make_queue("slow", requires_session=True, lock_duration=RENEWED_LOCK)
    await bench.send("roast", queue="slow", session_id="7")
    renewed = next_time(bench.broker, "session_lock_renewed")
    is_sync = isinstance(bench.flavour, Sync)
    renewer = AutoLockRenewer() if is_sync else AioAutoLockRenewer()
    async with bench.receiver("slow", session_id="7") as receiver:
        (message,) = await receiver.receive_messages(max_wait_time=5)
        renewer.register(
            *(
                (receiver.plain, receiver.plain.session)
                if is_sync
                else (receiver, receiver.session)
            ),
            max_lock_renewal_duration=60,
        )
        assert await asyncio.to_thread(renewed.wait, 20)
        bench.broker.advance(BEYOND_THE_FIRST_LOCK_SECONDS)
        await receiver.complete_message(message)
    if is_sync:
        renewer.close()
    else:
        await renewer.close()
    assert bench.counts("slow").total == 0


async def test_the_state_of_a_session_stays_until_it_is_cleared(bench: Bench) -> None:
    async with session(bench, "7") as receiver:
        assert await receiver.session.get_state() is None
        await receiver.session.set_state("two guests")
        assert await receiver.session.get_state() == b"two guests"
    async with session(bench, "7") as receiver:
        assert await receiver.session.get_state() == b"two guests"
        await receiver.session.set_state(b"\x00\xff")
        assert await receiver.session.get_state() == b"\x00\xff"
        await receiver.session.set_state(None)
        assert await receiver.session.get_state() is None
        with pytest.raises(MessageSizeExceededError):
            await receiver.session.set_state(b"x" * (256 * 1024 + 1))


async def test_a_deferred_message_waits_in_its_session(bench: Bench) -> None:
    await send(bench, "7 soup")
    async with session(bench, "7") as receiver:
        message = await take(receiver)
        await receiver.defer_message(message)
    async with session(bench, "8") as stranger:
        with pytest.raises(MessageNotFoundError):
            await stranger.receive_deferred_messages(message.sequence_number)
    async with session(bench, "7") as receiver:
        (again,) = await receiver.receive_deferred_messages(message.sequence_number)
        assert (str(again), again.session_id) == ("soup", "7")
        await receiver.complete_message(again)
    assert bench.counts("tables").total == 0


async def test_abandoned_and_dead_lettered_messages_leave_or_return(bench: Bench) -> None:
    """Abandoned messages return to their session, and dead-lettered ones leave it."""
    await send(bench, "7 soup", "7 salad")
    async with session(bench, "7") as receiver:
        await receiver.abandon_message(await take(receiver))
        again = await take(receiver)
        assert (str(again), again.delivery_count) == ("soup", 1)
        await receiver.dead_letter_message(again, reason="Cold")
        assert str(await take(receiver)) == "salad"
    async with bench.receiver("tables", sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
        dead = await take(receiver)
        assert (str(dead), dead.session_id, dead.dead_letter_reason) == ("soup", "7", "Cold")
        await receiver.complete_message(dead)
    assert bench.counts("tables").total == 1


async def test_peeking_in_a_session_sees_its_messages_only(bench: Bench) -> None:
    await send(bench, "7 soup", "8 cake", "7 salad")
    async with session(bench, "7") as receiver:
        assert [str(message) for message in await receiver.peek_messages(10)] == ["soup", "salad"]


async def test_a_scheduled_message_joins_its_session_when_its_time_comes(bench: Bench) -> None:
    later = datetime.now(UTC) + timedelta(seconds=60)
    async with bench.sender("tables") as sender:
        await sender.schedule_messages(ServiceBusMessage("soup", session_id="7"), later)
        with pytest.raises(ServiceBusError, match="SessionId was not set"):
            await sender.schedule_messages(ServiceBusMessage("lost"), later)
    async with session(bench, "7") as receiver:
        assert await receiver.receive_messages(max_wait_time=SHORT_SECONDS) == []
    bench.broker.advance(61)
    async with session(bench, NEXT, max_wait_time=5) as receiver:
        assert str(await take(receiver)) == "soup"


async def test_sessions_are_listed_over_several_pages(bench: Bench) -> None:
    async with bench.sender("tables") as sender:
        batch = [ServiceBusMessage("x", session_id=f"{number:03}") for number in range(200)]
        await sender.send_messages(batch)
    async with bench.client() as client:
        listed = [found async for found in client.list_queue_sessions("tables")]
    assert listed == [f"{number:03}" for number in range(200)]


async def test_sessions_are_listed_by_when_their_state_was_last_set(bench: Bench) -> None:
    async with session(bench, "early") as receiver:
        await receiver.session.set_state(b"x")
    await send(bench, "without soup")
    async with bench.client() as client:
        listed = [found async for found in client.list_queue_sessions("tables")]
        assert listed == ["early", "without"]
        for ago, expected in ((timedelta(minutes=1), ["early"]), (-timedelta(minutes=1), [])):
            since = datetime.now(UTC) - ago
            found = client.list_queue_sessions("tables", state_updated_after=since)
            assert [session_id async for session_id in found] == expected
        with pytest.raises(ServiceBusError, match="does not require sessions"):
            assert [found async for found in client.list_queue_sessions("orders")]


async def test_a_subscription_may_have_sessions(bench: Bench) -> None:
    def make(broker: BrokerServer) -> None:
        with broker.reactor.turn() as now:
            namespace = broker.namespace
            namespace.create("news", TopicDescription(), now=now)
            description = SubscriptionDescription(requires_session=True)
            namespace.create("news/Subscriptions/sport", description, now=now)

    bench.broker.call(make)
    async with bench.client(retry_total=0) as client:
        async with client.get_topic_sender("news") as sender:
            await sender.send_messages(ServiceBusMessage("goal", session_id="7"))
            await sender.send_messages(ServiceBusMessage("lost"))
        found = client.list_subscription_sessions("news", "sport")
        assert [session_id async for session_id in found] == ["7"]
        subscription = {"topic_name": "news", "subscription_name": "sport"}
        async with client.get_subscription_receiver(**subscription, session_id=NEXT) as receiver:
            message = await take(receiver)
            assert (str(message), receiver.session.session_id) == ("goal", "7")
            await receiver.session.set_state(b"1:0")
            await receiver.complete_message(message)
        async with client.get_subscription_receiver(
            **subscription, sub_queue=ServiceBusSubQueue.DEAD_LETTER
        ) as receiver:
            assert "ession" in (await take(receiver)).dead_letter_reason


async def test_a_queue_with_sessions_is_made_by_the_administration_client(bench: Bench) -> None:
    async with bench.administration() as administration:
        made = await administration.create_queue("rooms", requires_session=True)
        assert made.requires_session is True
    await bench.send("towels", queue="rooms", session_id="12")
    async with bench.receiver("rooms", session_id="12") as receiver:
        assert str(await take(receiver)) == "towels"
