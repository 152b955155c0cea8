"""Retries, timeouts and closing."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import (
    OperationTimeoutError,
    ServiceBusCommunicationError,
    ServiceBusError,
)

from sbtutorial.server.broker_server import BrokerServer
from tests.sdk.conftest import Bench
from tests.sdk.test_receive import take
from tests.sdk.test_schedule import in_an_hour

pytestmark = pytest.mark.feature("Options of the clients")


# -- Trying again -----------------------------------------------------------------------------


async def test_a_client_tries_as_often_as_it_is_told(bench: Bench) -> None:
    """`retry_total`, `retry_mode` and `retry_backoff_max` are obeyed."""

    def refuse(queue: str, times: int) -> None:
        fault = {"times": times, "path": queue}
        bench.broker.call(lambda broker: broker.faults.plan("send", "amqp:internal-error", **fault))

    def still_planned(queue: str) -> list[str]:
        planned = bench.broker.call(lambda broker: broker.faults.planned)
        return [fault.path for fault in planned if fault.path == queue]

    async def send(mode: str) -> list[str]:
        bench.make_queue(mode)
        # A hundred seconds at a time, were it not for the most that it may be.
        impatient = {"retry_mode": mode, "retry_backoff_factor": 100, "retry_backoff_max": 0.01}
        async with (
            bench.client(retry_total=2, **impatient) as client,
            client.get_queue_sender(mode) as sender,
        ):
            refuse(mode, 3)
            with pytest.raises(ServiceBusError):
                await sender.send_messages(ServiceBusMessage("lost"))
            assert still_planned(mode) == []
            refuse(mode, 2)
            await sender.send_messages(ServiceBusMessage("kept"))
        return await bench.drain(mode)

    assert await asyncio.gather(send("fixed"), send("exponential")) == [["kept"], ["kept"]]


@pytest.mark.feature("Errors")
async def test_a_connection_that_finds_nothing_is_a_communication_error(bench: Bench) -> None:
    """A connection that is closed as not found raises `ServiceBusCommunicationError`."""
    bench.broker.call(lambda broker: broker.faults.plan("connect", "amqp:not-found"))
    async with bench.client(retry_total=0) as client:
        with pytest.raises(ServiceBusCommunicationError):
            async with client.get_queue_sender("orders"):
                pass
        async with client.get_queue_sender("orders") as sender:
            await sender.send_messages(ServiceBusMessage("x"))
    assert bench.counts().total == 1


@asynccontextmanager
async def silence(bench: Bench) -> AsyncIterator[None]:
    """A broker that answers nobody as long as this lasts."""
    over, begun = threading.Event(), threading.Event()

    def keep_quiet(_: BrokerServer) -> None:
        begun.set()
        over.wait(30)

    quiet = asyncio.create_task(asyncio.to_thread(bench.broker.call, keep_quiet))
    await asyncio.to_thread(begun.wait, 10)
    try:
        yield
    finally:
        over.set()
        await quiet


@pytest.mark.feature("Errors")
async def test_a_call_that_is_not_answered_times_out(bench: Bench) -> None:
    """A call that is not answered raises `OperationTimeoutError` after its `timeout`."""
    async with (
        bench.client(retry_total=0) as client,
        client.get_queue_sender("orders") as sender,
        client.get_queue_receiver("orders") as receiver,
    ):
        await receiver.peek_messages()
        async with silence(bench):
            with pytest.raises(OperationTimeoutError):
                await sender.send_messages(ServiceBusMessage("x"), timeout=0.5)
            with pytest.raises(OperationTimeoutError):
                await receiver.peek_messages(timeout=0.5)
        assert await receiver.peek_messages(sequence_number=99) == []


async def test_one_try_times_out_and_the_next_one_succeeds(bench: Bench) -> None:
    """With `try_timeout` one try times out, and a later one succeeds."""
    async with (
        bench.client(try_timeout=1, retry_total=10, retry_backoff_factor=0.01) as client,
        client.get_queue_receiver("orders") as receiver,
    ):
        await receiver.peek_messages()
        async with silence(bench):
            waiting = asyncio.create_task(receiver.peek_messages(sequence_number=99))
            done, _ = await asyncio.wait([waiting], timeout=1.5)
            assert not done
        assert await waiting == []


async def test_every_call_takes_a_timeout(bench: Bench) -> None:
    """Every call takes a `timeout`."""
    bench.make_queue("tables", requires_session=True)
    async with bench.sender() as sender:
        await sender.send_messages(ServiceBusMessage("x"), timeout=10)
        (number,) = await sender.schedule_messages(
            ServiceBusMessage("later"), in_an_hour(), timeout=10
        )
        await sender.cancel_scheduled_messages(number, timeout=10)
    async with bench.receiver() as receiver:
        assert len(await receiver.peek_messages(timeout=10)) == 1
        message = await take(receiver)
        await receiver.renew_message_lock(message, timeout=10)
        await receiver.defer_message(message)
        (again,) = await receiver.receive_deferred_messages(message.sequence_number, timeout=10)
        await receiver.complete_message(again)
    async with bench.receiver("tables", session_id="7") as receiver:
        await receiver.session.set_state("soup", timeout=10)
        assert await receiver.session.get_state(timeout=10) == b"soup"
        before = receiver.session.locked_until_utc
        assert await receiver.session.renew_lock(timeout=10) >= before
    async with bench.client() as client:
        listed = client.list_queue_sessions("tables", timeout=10)
        assert [session_id async for session_id in listed] == ["7"]
    assert bench.counts().total == 0


@pytest.mark.feature("Message sessions")
async def test_sessions_of_a_subscription_are_listed_by_their_state(bench: Bench) -> None:
    """Sessions of a subscription are listed by when their state was last set."""
    async with bench.administration() as administration:
        await administration.create_topic("news")
        await administration.create_subscription("news", "sport", requires_session=True)
    async with bench.subscriber("news", "sport", session_id="7") as receiver:
        await receiver.session.set_state("1:0")
    async with bench.client() as client:
        long_ago = in_an_hour() - timedelta(hours=2)
        for since, expected in ((long_ago, ["7"]), (in_an_hour(), [])):
            listed = client.list_subscription_sessions(
                "news", "sport", state_updated_after=since, timeout=10
            )
            assert [session_id async for session_id in listed] == expected


# -- Closing ----------------------------------------------------------------------------------


async def test_what_is_closed_answers_no_more(bench: Bench) -> None:
    """A sender or a receiver that is closed refuses every call."""
    client = bench.client()
    sender, receiver = client.get_queue_sender("orders"), client.get_queue_receiver("orders")
    await sender.send_messages(ServiceBusMessage("x"))  # opens by itself
    assert len(await receiver.peek_messages()) == 1
    for one, call in (
        (sender, lambda: sender.send_messages(ServiceBusMessage("y"))),
        (receiver, lambda: receiver.receive_messages(max_wait_time=1)),
    ):
        await one.close()
        with pytest.raises(ValueError, match="shutdown"):
            await call()
    await client.close()
    assert bench.counts().total == 1


async def test_a_closing_client_closes_what_it_has_opened(bench: Bench) -> None:
    """Closing a client closes its senders and receivers."""
    client = bench.client()
    receiver = client.get_queue_receiver("orders", prefetch_count=5)
    await bench.send("x")
    await take(receiver)
    await client.close()
    with pytest.raises(ValueError, match="shutdown"):
        await receiver.receive_messages(max_wait_time=1)
