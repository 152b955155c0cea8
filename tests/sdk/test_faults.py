"""Faults on purpose, as the real SDK meets them; each is asked for as `lab.faults` asks for it."""

import asyncio
import time
from pathlib import Path

import pytest
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import (
    MessageLockLostError,
    MessageSizeExceededError,
    MessagingEntityDisabledError,
    MessagingEntityNotFoundError,
    OperationTimeoutError,
    ServiceBusAuthorizationError,
    ServiceBusError,
    ServiceBusQuotaExceededError,
    ServiceBusServerBusyError,
)

from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.lab.refusals import REFUSALS
from sbtutorial.server.broker_server import BrokerServer
from tests.sdk.conftest import Bench
from tests.sdk.side_by_side import side_by_side
from tests.sdk.test_receive import take
from tests.sdk.test_schedule import in_an_hour
from tests.sdk.test_transports import WAYS, client

pytestmark = pytest.mark.differs("Only here")

# Whoever tries again does it soon.
SOON = {"retry_total": 3, "retry_backoff_factor": 0.01, "retry_backoff_max": 0.05}


@pytest.fixture
def control(bench: Bench) -> ControlClient:
    return ControlClient(bench.broker.connection_string)


def faults_told(bench: Bench) -> list[str]:
    def told(broker: BrokerServer) -> list[str]:
        return [event.detail for event in broker.trace.after(0) if event.what == "fault"]

    return bench.broker.call(told)


# -- Done, and not told ---------------------------------------------------------------------------


async def test_a_send_that_is_kept_and_not_acknowledged_is_sent_twice(
    bench: Bench, control: ControlClient
) -> None:
    """A send can be kept and its acknowledgement lost: the SDK sends again, and there are two."""
    control.plan_fault("sent", path="orders")
    async with bench.client(**SOON) as client, client.get_queue_sender("orders") as sender:
        await sender.send_messages(ServiceBusMessage("coffee", message_id="7"))
    assert control.faults() == ()
    assert await bench.drain() == ["coffee", "coffee"]
    assert faults_told(bench) == ["acknowledgement of a send dropped"]


async def test_a_client_that_does_not_try_again_does_not_know_that_its_message_is_there(
    bench: Bench, control: ControlClient
) -> None:
    """Without another try, a client does not know that its message was kept."""
    control.plan_fault("sent", path="orders")
    async with bench.client(retry_total=0) as client, client.get_queue_sender("orders") as sender:
        with pytest.raises(ServiceBusError):
            await sender.send_messages(ServiceBusMessage("coffee"))
    assert bench.counts().active == 1


async def test_duplicate_detection_drops_what_is_sent_again(
    bench: Bench, control: ControlClient
) -> None:
    """Duplicate detection drops what is sent again after a lost acknowledgement."""
    bench.make_queue("once", requires_duplicate_detection=True)
    control.plan_fault("sent", path="once")
    async with bench.client(**SOON) as client, client.get_queue_sender("once") as sender:
        await sender.send_messages(ServiceBusMessage("coffee", message_id="7"))
    assert bench.counts("once").active == 1
    assert "duplicate_dropped" in bench.what_happened()


async def test_a_batch_that_is_kept_and_not_acknowledged_is_sent_twice(
    bench: Bench, control: ControlClient
) -> None:
    """A batch whose acknowledgement is lost is there twice."""
    control.plan_fault("sent", path="orders")
    async with bench.client(**SOON) as client, client.get_queue_sender("orders") as sender:
        await sender.send_messages([ServiceBusMessage(f"{number}") for number in range(100)])
    assert bench.counts().active == 200


async def test_a_settlement_that_is_done_and_not_acknowledged_looks_failed(
    bench: Bench, control: ControlClient
) -> None:
    """A settlement can be done and its acknowledgement lost: the SDK finds the lock lost."""
    await bench.send("coffee", "tea")
    async with bench.client(**SOON) as client, client.get_queue_receiver("orders") as receiver:
        message = await take(receiver)
        control.plan_fault("settled", path="orders")
        with pytest.raises(MessageLockLostError):
            await receiver.complete_message(message)
        await receiver.complete_message(await take(receiver))
    assert bench.counts().total == 0
    assert [what for what in bench.what_happened() if what in ("completed", "fault")] == [
        "completed",
        "fault",
        "completed",
    ]


async def test_a_request_that_is_done_and_not_answered_counts_too(
    bench: Bench, control: ControlClient
) -> None:
    """The answer to a request can be lost, too: a message is scheduled twice, or settled untold."""
    await bench.send("coffee")
    async with bench.client(**SOON) as client, client.get_queue_receiver("orders") as receiver:
        message = await take(receiver)
        await receiver.defer_message(message)
        (deferred,) = await receiver.receive_deferred_messages(message.sequence_number)
        control.plan_fault("settled", path="orders")
        with pytest.raises(MessageLockLostError):
            await receiver.complete_message(deferred)
    assert bench.counts().total == 0
    control.plan_fault("sent", path="orders")
    async with bench.client(**SOON) as client, client.get_queue_sender("orders") as sender:
        await sender.schedule_messages(ServiceBusMessage("later"), in_an_hour())
    assert bench.counts().scheduled == 2
    assert faults_told(bench) == [
        "acknowledgement of a settlement dropped",
        "acknowledgement of a send dropped",
    ]


async def test_topics_and_sessions_can_leave_their_clients_untold(
    bench: Bench, control: ControlClient
) -> None:
    """Topics lose acknowledgements as queues do, and so do the receivers of sessions."""
    async with bench.administration() as administration:
        await administration.create_topic("news")
        await administration.create_subscription("news", "sport")
    control.plan_fault("sent", path="news")
    async with bench.client(**SOON) as client, client.get_topic_sender("news") as sender:
        await sender.send_messages(ServiceBusMessage("goal"))
    assert bench.what_happened().count("copied") == 2

    bench.make_queue("tables", requires_session=True)
    await bench.send("more", queue="tables", session_id="7")
    async with bench.receiver("tables", session_id="7") as receiver:
        message = await take(receiver)
        control.plan_fault("settled", path="tables")
        with pytest.raises(ServiceBusError):
            await receiver.complete_message(message)
    assert bench.counts("tables").total == 0


# -- Connections that are cut ---------------------------------------------------------------------


async def test_a_receiver_whose_connection_is_cut_connects_again(
    bench: Bench, control: ControlClient
) -> None:
    """Connections can be cut, of all or of one client by its name: the SDK connects again."""
    bench.client_options.update(SOON)
    links = (bench.sender(), bench.receiver(client_identifier="cashier"))
    async with side_by_side(*links) as (sender, receiver):
        await sender.send_messages(ServiceBusMessage("coffee"))
        await receiver.complete_message(await take(receiver))
        assert control.cut_connections("cashier") == 1
        assert control.status()["connections"] == 1  # the sender; who asks does not count
        await sender.send_messages(ServiceBusMessage("tea"))
        await receiver.complete_message(await take(receiver))
    assert bench.counts().total == 0
    assert faults_told(bench) == ["connection cut"]


async def test_a_lock_outlives_the_connection_that_is_cut(
    bench: Bench, control: ControlClient
) -> None:
    """A lock outlives a connection that is cut."""
    await bench.send("coffee")
    await bench.senders_closed()
    async with bench.client(**SOON) as client, client.get_queue_receiver("orders") as receiver:
        message = await take(receiver)
        assert control.cut_connections() == 1
        await receiver.complete_message(message)
    assert bench.counts().total == 0


async def test_a_client_that_waits_while_it_is_cut_off_goes_on_waiting(
    bench: Bench, control: ControlClient
) -> None:
    """A receiver that waits while its connection is cut goes on waiting."""
    async with (
        bench.client(**SOON) as client,
        client.get_queue_receiver("orders", client_identifier="cashier") as receiver,
    ):
        waiting = asyncio.create_task(receiver.receive_messages(max_wait_time=10))
        await asyncio.to_thread(control.cut_connections, "cashier")
        await bench.send("coffee")
        assert [str(message) for message in await waiting] == ["coffee"]


# -- Sends that are refused -----------------------------------------------------------------------

EXCEPTIONS = {
    "server busy": ServiceBusServerBusyError,
    "quota exceeded": ServiceBusQuotaExceededError,
    "entity disabled": MessagingEntityDisabledError,
    "entity not found": MessagingEntityNotFoundError,
    "unauthorized": ServiceBusAuthorizationError,
    "message too large": MessageSizeExceededError,
    "timeout": OperationTimeoutError,
    "internal error": ServiceBusError,
}


async def test_each_refusal_is_an_exception_of_its_own(
    bench: Bench, control: ControlClient
) -> None:
    """Sends can be refused by name: the SDK raises what it raises for Azure's refusal."""
    async with bench.client(retry_total=0) as client, client.get_queue_sender("orders") as sender:
        for name, refusal in REFUSALS.items():
            control.plan_fault("send", **refusal._asdict(), path="orders")
            with pytest.raises(EXCEPTIONS[name]) as refused:
                await sender.send_messages(ServiceBusMessage("coffee"))
            assert type(refused.value) is EXCEPTIONS[name]
            assert refusal.text in str(refused.value)
        await sender.send_messages(ServiceBusMessage("tea"))
    assert bench.counts().total == 1


async def test_a_busy_server_is_asked_again(bench: Bench, control: ControlClient) -> None:
    """A send that is refused because the server is busy is tried again by the SDK."""
    control.plan_fault("send", **REFUSALS["server busy"]._asdict(), times=2)
    async with bench.client(**SOON) as client, client.get_queue_sender("orders") as sender:
        await sender.send_messages(ServiceBusMessage("coffee"))
    assert await bench.drain() == ["coffee"]
    assert faults_told(bench) == 2 * ["send refused: com.microsoft:server-busy"]


# -- Answers that are late, and outages -----------------------------------------------------------


async def test_a_late_answer_is_waited_for_or_not(bench: Bench, control: ControlClient) -> None:
    """Every answer can come late: a call waits for it, or times out though it was done."""
    async with bench.client(retry_total=0) as client, client.get_queue_sender("orders") as sender:
        control.delay(0.3)
        begun_at = time.monotonic()
        await sender.send_messages(ServiceBusMessage("coffee"))
        assert time.monotonic() - begun_at >= 0.3
        control.delay(60)
        with pytest.raises(OperationTimeoutError):
            await sender.send_messages(ServiceBusMessage("tea"), timeout=0.5)
        assert bench.counts().active == 2
        control.delay(0)


async def test_a_reset_brings_late_answers_at_once(bench: Bench, control: ControlClient) -> None:
    """A reset ends every fault: what was held back arrives."""
    async with bench.client(**SOON) as client, client.get_queue_receiver("orders") as receiver:
        control.delay(60)
        peeking = asyncio.create_task(receiver.peek_messages())
        done, _ = await asyncio.wait([peeking], timeout=0.3)
        assert not done
        await asyncio.to_thread(control.delay, 0)
        assert await peeking == []
        control.plan_fault("send", times=9)
        await asyncio.to_thread(control.reset)
    bench.make_queue()
    await bench.send("coffee")
    assert await bench.drain() == ["coffee"]


async def test_administration_is_late_too(bench: Bench, control: ControlClient) -> None:
    """Answers to administration come late, too."""
    async with bench.administration() as administration:
        await administration.get_queue("orders")
        control.delay(0.3)
        begun_at = time.monotonic()
        await administration.get_queue("orders")
        assert time.monotonic() - begun_at >= 0.3


async def test_an_outage_is_over_for_whoever_tries_for_long_enough(
    bench: Bench, control: ControlClient
) -> None:
    """An outage cuts and refuses everybody; the SDK's retries bring a program over it, or not."""
    patient = {"retry_total": 200, "retry_backoff_factor": 0.1, "retry_backoff_max": 0.2}
    async with (
        bench.client(**patient) as client,
        bench.client(retry_total=0) as hasty,
        side_by_side(client.get_queue_sender("orders"), hasty.get_queue_sender("orders")) as (
            sender,
            impatient,
        ),
    ):
        control.outage(4)
        with pytest.raises(ServiceBusError):
            await impatient.send_messages(ServiceBusMessage("lost"))
        await sender.send_messages(ServiceBusMessage("coffee"))
        assert control.faults() == ()
    assert bench.counts().active == 1
    told = faults_told(bench)
    assert told[:3] == ["outage of 4 s", *2 * ["connection cut: outage"]]
    # None, where trying took so long that the outage was over.
    assert set(told[3:]) <= {"connection refused: outage"}


async def test_locks_and_messages_outlive_an_outage(bench: Bench, control: ControlClient) -> None:
    """A lock outlives an outage, which a reset would end; `advance` does not."""
    await bench.send("coffee")
    await bench.senders_closed()
    patient = {"retry_total": 50, "retry_backoff_factor": 0.1, "retry_backoff_max": 0.2}
    async with bench.client(**patient) as client, client.get_queue_receiver("orders") as receiver:
        message = await take(receiver)
        control.outage(1)
        control.advance(20)
        assert [fault.kind for fault in control.faults()] == ["outage"]
        await receiver.complete_message(message)
    assert bench.counts().total == 0


async def test_administration_finds_nobody_in_an_outage(
    bench: Bench, control: ControlClient
) -> None:
    """In an outage administration is answered by nobody, and again when it is over."""
    async with bench.administration(retry_total=0) as administration:
        control.outage(600)
        with pytest.raises((ServiceRequestError, ServiceResponseError)):
            await administration.get_queue("orders")
        control.reset()
        bench.make_queue()
        await administration.get_queue("orders")


@pytest.mark.parametrize("way", ["ws", "amqps", "wss"])
async def test_faults_reach_clients_whichever_way_they_come(
    bench: Bench, control: ControlClient, ca_pem: Path, way: str
) -> None:
    """Faults reach clients in TLS and over WebSocket as they do others."""
    async with (
        client(bench, WAYS[way], ca_pem, **SOON) as through,
        through.get_queue_sender("orders") as sender,
    ):
        control.plan_fault("sent", path="orders")
        await sender.send_messages(ServiceBusMessage("coffee"))
        assert bench.counts().active == 2
        assert control.cut_connections("a sender") == 1
        await sender.send_messages(ServiceBusMessage("tea"))
        assert bench.counts().active == 3
        control.outage(0.5)
        with pytest.raises(ServiceBusError):
            await sender.send_messages(ServiceBusMessage("lost"), timeout=0.4)
    assert bench.counts().active == 3
