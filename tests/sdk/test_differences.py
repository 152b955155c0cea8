"""What this broker does otherwise than Azure, on purpose."""

from datetime import timedelta

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import MessageLockLostError, ServiceBusQuotaExceededError

from sbtutorial.server.threaded import ThreadedEmulator
from tests.sdk.conftest import Bench

pytestmark = pytest.mark.differs


async def test_time_passes_at_once_when_it_is_told_to(bench: Bench) -> None:
    await bench.send("coffee")
    async with bench.receiver() as receiver:
        (message,) = await receiver.receive_messages(max_wait_time=5)
        bench.broker.advance(31)
        with pytest.raises(MessageLockLostError):
            await receiver.complete_message(message)


async def test_an_expired_message_goes_when_it_is_due_though_nobody_looks(bench: Bench) -> None:
    await bench.send("coffee", time_to_live=timedelta(seconds=10))
    bench.broker.advance(11)
    assert bench.what_happened()[-1] == "expired"


async def test_counters_are_exact_at_once(bench: Bench) -> None:
    async with bench.administration() as administration:
        for count in (1, 2, 3):
            await bench.send("coffee")
            now = await administration.get_queue_runtime_properties("orders")
            assert now.active_message_count == count


async def test_a_queue_can_be_made_smaller_than_any_tier_has(bench: Bench) -> None:
    def shrink(emulator) -> None:
        with emulator.turns.turn() as now:
            emulator.namespace.shrink_queue("orders", 1, now=now)

    bench.broker.call(shrink)
    async with bench.sender() as sender:
        for _ in range(4):
            await sender.send_messages(ServiceBusMessage(b"." * 250_000))
        with pytest.raises(ServiceBusQuotaExceededError):
            await sender.send_messages(ServiceBusMessage(b"." * 250_000))


async def test_what_the_broker_holds_ends_with_its_process(bench: Bench) -> None:
    await bench.send("coffee")
    with ThreadedEmulator() as another:
        assert another.call(lambda emulator: emulator.namespace.queues()) == []


async def test_a_refusal_can_be_ordered(bench: Bench) -> None:
    bench.broker.call(lambda emulator: emulator.faults.plan("send", "amqp:internal-error"))
    async with (
        bench.client(retry_backoff_factor=0.01) as client,
        client.get_queue_sender("orders") as sender,
    ):
        await sender.send_messages(ServiceBusMessage("coffee"))
    assert bench.counts().total == 1


async def test_the_broker_answers_on_this_machine_only(bench: Bench) -> None:
    host = bench.broker.connection_string.partition("//")[2].partition(":")[0]
    assert host == "127.0.0.1"
