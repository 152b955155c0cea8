"""What this broker does otherwise than Azure, on purpose, or does not do."""

import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import (
    MessageLockLostError,
    MessageSizeExceededError,
)

from sbtutorial.broker.descriptions import QueueDescription
from sbtutorial.broker.limits import PREMIUM, TIERS
from sbtutorial.clock import ManualClock
from sbtutorial.connection_string import parse_connection_string
from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.server.broker_server import BrokerServer
from tests.sdk.conftest import Bench
from tests.sdk.flavours import Flavour
from tests.sdk.test_transports import port_of, tapped

not_here = pytest.mark.differs("Not here")
otherwise = pytest.mark.differs("Otherwise than on Azure")


@pytest.fixture
def administration_of(flavour: Flavour, ca_pem: Path) -> Callable[[ThreadedBroker], Any]:
    """Makes an administration client of a broker."""

    def make(broker: ThreadedBroker) -> Any:
        return flavour.administration(broker.connection_string, connection_verify=str(ca_pem))

    return make


def make_queues(broker: ThreadedBroker, *names: str, **properties: Any) -> None:
    def make(broker: BrokerServer) -> None:
        with broker.reactor.turn() as now:
            for name in names:
                broker.namespace.create(name, QueueDescription(**properties), now=now)

    broker.call(make)


# -- Not here ---------------------------------------------------------------------------------


@not_here
async def test_what_a_broker_in_memory_holds_ends_with_it(
    certificates_folder: Path, administration_of: Any
) -> None:
    """What a broker in memory holds, as tests have one, ends with it; others keep it on disk."""
    with ThreadedBroker(key="same", certificates_folder=certificates_folder) as broker:
        make_queues(broker, "orders")
        port = parse_connection_string(broker.connection_string).port
    assert port
    options = {"key": "same", "certificates_folder": certificates_folder}
    with ThreadedBroker(port=port, **options) as again:
        assert again.connection_string == broker.connection_string
        async with administration_of(again) as administration:
            assert [one.name async for one in administration.list_queues()] == []


@not_here
def test_the_broker_answers_on_this_machine_only(broker: ThreadedBroker) -> None:
    """The broker answers on this machine only, unless `serve --host` says otherwise."""
    address = parse_connection_string(broker.connection_string)
    assert address.host == "127.0.0.1"
    # Another address of this machine, where somebody who listens everywhere would answer.
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", address.port), timeout=1)


@not_here
async def test_there_is_no_basic_tier(certificates_folder: Path, administration_of: Any) -> None:
    """There is no Basic tier: a namespace is Standard or Premium."""
    tiers = set()
    for limits in TIERS.values():
        with ThreadedBroker(limits=limits, certificates_folder=certificates_folder) as broker:
            async with administration_of(broker) as administration:
                tiers.add((await administration.get_namespace_properties()).messaging_sku)
    assert tiers == {"Standard", "Premium"}


@not_here
async def test_nothing_is_throttled(flavour: Flavour) -> None:
    """Nothing is throttled: thousands of messages are taken within one instant."""
    count = 3000  # Standard on Azure gives a namespace credit for a thousand in a second
    with ThreadedBroker(clock=ManualClock()) as broker:
        make_queues(broker, "orders")
        client = flavour.client(broker.connection_string, retry_total=0)
        async with client, client.get_queue_sender("orders") as sender:
            for _ in range(3):
                await sender.send_messages([ServiceBusMessage("x")] * (count // 3))
        held = broker.call(
            lambda broker: broker.namespace.directory.queue("orders").receivable.counts()
        )
    assert held.active == count


@not_here
async def test_a_partitioned_queue_has_one_partition(bench: Bench) -> None:
    """A partitioned queue has a larger quota and no partitions: sequence numbers stay 1, 2, 3."""
    async with bench.administration() as administration:
        await administration.create_queue("wide", enable_partitioning=True)
    async with bench.sender("wide") as sender:
        for key in ("a", "b", "c"):
            await sender.send_messages(ServiceBusMessage(key, partition_key=key))
    async with bench.receiver("wide") as receiver:
        numbers = [one.sequence_number for one in await receiver.peek_messages(3)]
    assert numbers == [1, 2, 3]  # Azure's say in their highest 16 bits which partition it is


@not_here
async def test_partitioned_queues_are_counted_as_any_others(bench: Bench) -> None:
    """The quota of a hundred partitioned entities in a Standard namespace is not kept."""
    make_queues(bench.broker, *(f"q{number}" for number in range(100)), enable_partitioning=True)
    async with bench.administration() as administration:
        made = await administration.create_queue("one-more", enable_partitioning=True)
    assert made.enable_partitioning is True


@not_here
async def test_premium_takes_partitioned_queues(
    certificates_folder: Path, administration_of: Any
) -> None:
    """Premium takes partitioned queues, and does nothing about it."""
    with ThreadedBroker(limits=PREMIUM, certificates_folder=certificates_folder) as broker:
        async with administration_of(broker) as administration:
            made = await administration.create_queue("q", enable_partitioning=True)
    assert made.enable_partitioning is True
    assert made.max_size_in_megabytes == 1024


@not_here
async def test_a_receiver_that_does_nothing_stays_attached(bench: Bench) -> None:
    """A receiver that does nothing for an hour stays attached; Azure detaches it in 10 minutes."""

    def is_attached(broker: BrokerServer) -> bool:
        return broker.namespace.directory.queue("orders").is_awaited

    async with bench.receiver() as receiver:
        assert await receiver.peek_messages() == []
        bench.broker.advance(3600)
        assert bench.broker.call(is_attached)


# -- Otherwise than on Azure ------------------------------------------------------------------


@otherwise
async def test_a_client_may_connect_without_tls(bench: Bench) -> None:
    """The connection string makes the SDK connect without TLS; Azure takes TLS only."""
    async with tapped(port_of(bench)) as (tap, port):
        string = bench.broker.connection_string.replace(str(port_of(bench)), str(port))
        async with bench.flavour.client(string) as client, client.get_queue_sender("orders") as one:
            await one.send_messages(ServiceBusMessage("coffee"))
    assert [first[:4] for first in tap.first_bytes] == [b"AMQP"]
    assert bench.counts().active == 1


@otherwise
async def test_a_broker_in_memory_has_a_new_key_each_time(
    certificates_folder: Path, flavour: Flavour, ca_pem: Path
) -> None:
    """A broker in memory has a new key each time, unless it is given one; on disk it stays."""
    with ThreadedBroker(certificates_folder=certificates_folder) as broker:
        before = broker.connection_string
    port = parse_connection_string(before).port or 0
    with ThreadedBroker(port=port, certificates_folder=certificates_folder):
        async with flavour.administration(before, connection_verify=str(ca_pem)) as administration:
            with pytest.raises(ClientAuthenticationError):
                await administration.get_namespace_properties()


@otherwise
async def test_an_error_says_what_to_do_and_has_no_tracking_id(bench: Bench) -> None:
    """Error texts are often ours: they say what to do, and have no tracking id."""
    with pytest.raises(MessageSizeExceededError, match="Send less at a time") as refused:
        await bench.send("x" * 300_000)
    await bench.send("coffee")
    async with bench.receiver() as receiver:
        (message,) = await receiver.receive_messages(max_wait_time=5)
        bench.broker.advance(31)
        with pytest.raises(MessageLockLostError, match=r"Receive the message again\.") as lost:
            await receiver.complete_message(message)
    async with bench.administration() as administration:
        with pytest.raises(HttpResponseError, match="it may be 1 to 2147483647") as bad:
            await administration.create_queue("q", max_delivery_count=0)
    for failure in (refused, lost, bad):
        assert "tracking" not in str(failure.value).lower()


@otherwise
async def test_an_expired_message_goes_when_it_is_due_though_nobody_looks(bench: Bench) -> None:
    """A message that expires is gone at that instant, though nobody receives."""
    await bench.send("coffee", time_to_live=timedelta(seconds=10))
    bench.broker.advance(11)
    assert bench.what_happened()[-1] == "expired"
    assert bench.counts().total == 0


@otherwise
async def test_counters_are_exact_at_once(bench: Bench) -> None:
    """The counters of an entity are exact at once."""
    async with bench.administration() as administration:
        for count in (1, 2, 3):
            await bench.send("coffee")
            now = await administration.get_queue_runtime_properties("orders")
            assert now.active_message_count == count


@otherwise
async def test_a_dead_lettered_message_always_names_its_source(bench: Bench) -> None:
    """A dead-lettered message names its source; on Azure it does once it has been forwarded."""
    await bench.send("coffee")
    async with bench.receiver() as receiver:
        (message,) = await receiver.receive_messages(max_wait_time=5)
        await receiver.dead_letter_message(message)
    async with bench.receiver(sub_queue="deadletter") as receiver:
        (dead,) = await receiver.peek_messages()
    assert dead.dead_letter_source == "orders"
