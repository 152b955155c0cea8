"""What only this broker can do, to see or to test what on Azure takes time, luck or an accident."""

from datetime import timedelta
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import (
    MessageLockLostError,
    MessagingEntityDisabledError,
    ServiceBusQuotaExceededError,
)

from sbtutorial.admin.config.making import apply_config
from sbtutorial.admin.config.reading import read_config
from sbtutorial.broker.limits import EMULATOR
from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.server.broker_server import BrokerServer
from tests.sdk.conftest import Bench
from tests.sdk.flavours import Flavour

pytestmark = pytest.mark.differs("Only here")


async def test_time_passes_at_once_when_it_is_told_to(bench: Bench) -> None:
    """`advance` makes time pass at once: locks run out, and messages become older."""
    await bench.send("coffee")
    async with bench.receiver() as receiver:
        (message,) = await receiver.receive_messages(max_wait_time=5)
        bench.broker.advance(31)
        with pytest.raises(MessageLockLostError):
            await receiver.complete_message(message)
        (older,) = await receiver.peek_messages(sequence_number=1)
    ago = message.enqueued_time_utc - older.enqueued_time_utc
    assert abs(ago - timedelta(seconds=31)) < timedelta(milliseconds=2)


async def test_a_refusal_can_be_ordered(bench: Bench) -> None:
    """`faults.plan` orders any refusal, as often as wanted, to see what a program makes of it."""
    fault = "com.microsoft:entity-disabled"
    bench.broker.call(lambda broker: broker.faults.plan("send", fault, times=2))
    async with bench.client(retry_total=0) as client, client.get_queue_sender("orders") as sender:
        for _ in range(2):
            with pytest.raises(MessagingEntityDisabledError):
                await sender.send_messages(ServiceBusMessage("coffee"))
        await sender.send_messages(ServiceBusMessage("coffee"))
    assert bench.counts().total == 1


async def test_everything_that_happens_to_a_message_can_be_looked_up(bench: Bench) -> None:
    """Everything that happened to a message can be looked up, in its order."""
    await bench.send("coffee")
    async with bench.receiver() as receiver:
        (message,) = await receiver.receive_messages(max_wait_time=5)
        await receiver.abandon_message(message)
    assert bench.what_happened() == ["queue_created", "sent", "locked", "abandoned"]


async def test_a_namespace_is_emptied_by_one_call(bench: Bench) -> None:
    """`reset` empties a namespace at once, for everybody who is connected."""
    async with bench.administration() as administration:
        assert [one.name async for one in administration.list_queues()] == ["orders"]
        bench.broker.call(lambda broker: broker.reset())
        assert [one.name async for one in administration.list_queues()] == []


async def test_a_queue_can_be_made_smaller_than_any_tier_has(bench: Bench) -> None:
    """A queue can be given less room than any tier allows, to meet its quota soon."""

    def shrink(broker: BrokerServer) -> None:
        with broker.reactor.turn() as now:
            broker.namespace.shrink(broker.namespace.directory.queue("orders"), 1, now=now)

    bench.broker.call(shrink)
    async with bench.sender() as sender:
        for _ in range(4):
            await sender.send_messages(ServiceBusMessage(b"." * 250_000))
        with pytest.raises(ServiceBusQuotaExceededError):
            await sender.send_messages(ServiceBusMessage(b"." * 250_000))


async def test_the_limits_may_be_those_of_microsofts_emulator(
    certificates_folder: Path, flavour: Flavour, ca_pem: Path
) -> None:
    with ThreadedBroker(limits=EMULATOR, certificates_folder=certificates_folder) as broker:
        client = flavour.administration(broker.connection_string, connection_verify=str(ca_pem))
        async with client as administration:
            await administration.create_queue("q", max_delivery_count=10)
            with pytest.raises(HttpResponseError, match="max_delivery_count is 11"):
                await administration.create_queue("r", max_delivery_count=11)


CONFIG = """{"UserConfig": {"Namespaces": [{"Name": "sbemulatorns", "Queues": [
    {"Name": "letters", "Properties": {"LockDuration": "PT20S", "MaxDeliveryCount": 3}}]}]}}"""


async def test_a_namespace_begins_with_the_config_of_microsofts_emulator(bench: Bench) -> None:
    """A namespace begins with what a `config.json` of Microsoft's emulator asks for."""

    def furnish(broker: BrokerServer) -> None:
        with broker.reactor.turn() as now:
            apply_config(read_config(CONFIG), broker.namespace, now=now)

    bench.broker.call(furnish)
    async with bench.administration() as administration:
        queue = await administration.get_queue("letters")
    assert (queue.lock_duration, queue.max_delivery_count) == (timedelta(seconds=20), 3)
