"""Limits of each tier."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from azure.core.exceptions import HttpResponseError
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import (
    MessageSizeExceededError,
    ServiceBusConnectionError,
    ServiceBusError,
    ServiceBusQuotaExceededError,
)

from sbtutorial.broker.descriptions import (
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.limits import EMULATOR, KIB, PREMIUM, STANDARD, Limits
from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.server.broker_server import BrokerServer
from tests.sdk.conftest import Bench
from tests.sdk.flavours import Flavour
from tests.sdk.side_by_side import side_by_side

pytestmark = pytest.mark.feature("Limits")


class Tier(NamedTuple):
    """Microsoft's figures, written down once more.

    Attributes:
        sizes_in_megabytes: The smallest and the largest size of a queue.
        refused_size: One that the tier does not have.
    """

    limits: Limits
    message_kilobytes: int
    entities: int
    sizes_in_megabytes: tuple[int, int]
    refused_size: int


TIERS = [
    Tier(STANDARD, 256, 10_000, (1024, 5120), 6144),
    Tier(PREMIUM, 1024, 1000, (1024, 81_920), 512),
    Tier(EMULATOR, 256, 50, (100, 1024), 2048),
]
STANDARD_TIER = TIERS[0]
every_tier = pytest.mark.parametrize("tier", TIERS, ids=lambda tier: tier.limits.name)


@pytest.fixture
def tier() -> Tier:
    return STANDARD_TIER


@pytest.fixture
async def bench(
    tier: Tier, certificates_folder: Path, flavour: Flavour, ca_pem: Path
) -> AsyncIterator[Bench]:
    """In a namespace of the tier."""
    with ThreadedBroker(limits=tier.limits, certificates_folder=certificates_folder) as broker:
        bench = Bench(broker, flavour, ca_pem)
        bench.make_queue(default_message_time_to_live=timedelta(hours=1))
        yield bench
        await bench.senders_closed()


def crowd(bench: Bench, *, queues: int = 0, subscriptions: int = 0) -> None:
    """So many entities of each kind, in one go."""

    def make(broker: BrokerServer) -> None:
        namespace = broker.namespace
        hour = timedelta(hours=1)
        with broker.reactor.turn() as now:
            for number in range(queues):
                queue = QueueDescription(default_message_time_to_live=hour)
                namespace.create(f"q{number}", queue, now=now)
            if subscriptions:
                topic = TopicDescription(default_message_time_to_live=hour)
                namespace.create("news", topic, now=now)
            for number in range(subscriptions):
                one = SubscriptionDescription(default_message_time_to_live=hour)
                namespace.create(f"news/Subscriptions/s{number}", one, now=now)

    bench.broker.call(make)


# -- Messages ---------------------------------------------------------------------------------


@every_tier
async def test_the_largest_message_of_a_tier_is_taken_and_no_larger_one(
    bench: Bench, tier: Tier
) -> None:
    """Standard and Microsoft's emulator take messages of 256 KB, Premium of 1 MB, not more."""
    most = tier.message_kilobytes * KIB
    async with bench.sender() as sender:
        await sender.send_messages(ServiceBusMessage(b"x" * (most - 200)))
        with pytest.raises(MessageSizeExceededError, match=f"{tier.message_kilobytes} KB"):
            await sender.send_messages(ServiceBusMessage(b"x" * most))
    assert bench.counts().total == 1


@every_tier
async def test_a_batch_is_as_large_as_a_message_of_its_tier(bench: Bench, tier: Tier) -> None:
    """A batch may be as large as a message of its tier."""
    most = tier.message_kilobytes * KIB
    async with bench.sender() as sender:
        batch = await sender.create_message_batch()
        assert batch.max_size_in_bytes == most
        with pytest.raises(MessageSizeExceededError):
            while True:
                batch.add_message(ServiceBusMessage(b"x" * 50_000))
        assert most - 51_000 < batch.size_in_bytes <= most
        await sender.send_messages(batch)
        with pytest.raises(ValueError, match=str(most)):
            await sender.create_message_batch(max_size_in_bytes=most + 1)
        small = await sender.create_message_batch(max_size_in_bytes=1000)
        with pytest.raises(MessageSizeExceededError):
            small.add_message(ServiceBusMessage(b"x" * 1000))
    assert bench.counts().total == len(batch)


@pytest.mark.parametrize("tier", [TIERS[1]], ids=["Premium"])
async def test_an_entity_of_the_premium_tier_may_take_larger_messages(
    bench: Bench, tier: Tier
) -> None:
    """A queue or a topic of Premium may take larger messages, as its property says."""
    async with bench.administration() as administration:
        await administration.create_queue("large", max_message_size_in_kilobytes=3 * KIB)
        await administration.create_topic("news", max_message_size_in_kilobytes=2 * KIB)
        await administration.create_subscription("news", "all")
        for kilobytes in (1023, 102_401):
            with pytest.raises(HttpResponseError, match="1024 to 102400"):
                await administration.create_queue("q", max_message_size_in_kilobytes=kilobytes)
    body = b"x" * 2_500_000
    async with bench.sender("large") as sender:
        await sender.send_messages(ServiceBusMessage(body))
    async with bench.receiver("large") as receiver:
        (message,) = await receiver.receive_messages(max_wait_time=20)
        assert b"".join(message.body) == body
    async with bench.publisher("news") as sender:
        with pytest.raises(MessageSizeExceededError, match="2048 KB"):
            await sender.send_messages(ServiceBusMessage(body))
        await sender.send_messages(ServiceBusMessage(body[:2_000_000]))
    async with bench.subscriber("news", "all") as receiver:
        (message,) = await receiver.receive_messages(max_wait_time=20)
        assert len(b"".join(message.body)) == 2_000_000


async def test_one_property_has_32_kb_at_most(bench: Bench) -> None:
    """One application property has 32 KB at most."""

    def message(length: int) -> ServiceBusMessage:
        return ServiceBusMessage(str(length), application_properties={"long": "x" * length})

    async with bench.sender() as sender:
        await sender.send_messages(message(32_000))
        with pytest.raises(MessageSizeExceededError, match="property 'long'"):
            await sender.send_messages(message(33_000))
    assert await bench.drain() == ["32000"]


# -- Entities ---------------------------------------------------------------------------------


@every_tier
async def test_each_tier_has_its_own_sizes_of_a_queue(bench: Bench, tier: Tier) -> None:
    """Each tier has its own sizes of a queue."""
    async with bench.administration() as administration:
        for number, size in enumerate(tier.sizes_in_megabytes):
            await administration.create_queue(f"q{number}", max_size_in_megabytes=size)
        with pytest.raises(HttpResponseError, match=f"in the {tier.limits.name} tier"):
            await administration.create_queue("q", max_size_in_megabytes=tier.refused_size)


@pytest.mark.parametrize("tier", [TIERS[2]], ids=["Emulator"])
async def test_the_emulator_has_fifty_entities_and_fifty_subscriptions_of_a_topic(
    bench: Bench, tier: Tier
) -> None:
    """The tier of Microsoft's emulator has 50 entities, and 50 subscriptions of a topic."""
    crowd(bench, queues=47, subscriptions=49)
    async with bench.administration() as administration:
        await administration.create_topic("the-fiftieth")
        await administration.create_subscription("news", "the-fiftieth")
        for call in (
            administration.create_queue("one-too-many"),
            administration.create_topic("one-too-many"),
            administration.create_subscription("news", "one-too-many"),
        ):
            with pytest.raises(HttpResponseError, match="50") as refusal:
                await call
            assert refusal.value.status_code == 403


@every_tier
async def test_each_tier_has_its_own_number_of_entities(bench: Bench, tier: Tier) -> None:
    crowd(bench, queues=tier.entities - 2)
    async with bench.administration() as administration:
        await administration.create_queue("the-last")
        with pytest.raises(HttpResponseError, match=str(tier.entities)) as refusal:
            await administration.create_queue("one-too-many")
        assert refusal.value.status_code == 403
        if tier is not STANDARD_TIER:  # whose hundred pages are for the night
            listed = administration.list_queues(max_page_size=100)
            assert len([queue.name async for queue in listed]) == tier.entities


@pytest.mark.overnight
@pytest.mark.parametrize("tier", [STANDARD_TIER], ids=["Standard"])
async def test_all_entities_of_a_namespace_are_listed(bench: Bench, tier: Tier) -> None:
    """All ten thousand entities of a Standard namespace are listed, over a hundred pages."""
    crowd(bench, queues=tier.entities - 1)
    async with bench.administration() as administration:
        listed = administration.list_queues(max_page_size=100)
        assert len([queue.name async for queue in listed]) == tier.entities


@pytest.mark.parametrize("tier", [TIERS[2]], ids=["Emulator"])
@pytest.mark.parametrize(
    "chosen",
    [
        {"default_message_time_to_live": timedelta(hours=2)},
        {"max_delivery_count": 11},
        {"duplicate_detection_history_time_window": timedelta(minutes=6)},
        {"enable_partitioning": True},
        {"max_message_size_in_kilobytes": 1024},
    ],
    ids=lambda chosen: next(iter(chosen)),
)
async def test_what_the_emulator_does_not_have_is_refused(
    bench: Bench, tier: Tier, chosen: dict[str, Any]
) -> None:
    """The tier of Microsoft's emulator refuses what that does not have."""
    async with bench.administration() as administration:
        with pytest.raises(HttpResponseError, match=next(iter(chosen))) as refusal:
            await administration.create_queue("q", **chosen)
        assert refusal.value.status_code == 400


@pytest.mark.parametrize("tier", [TIERS[2]], ids=["Emulator"])
async def test_the_emulator_has_ten_connections(bench: Bench, tier: Tier) -> None:
    """The tier of Microsoft's emulator has ten connections."""
    client = bench.client(retry_total=0)
    ten = [client.get_queue_sender("orders") for _ in range(10)]
    async with client, side_by_side(*ten):
        refused = (ServiceBusQuotaExceededError, ServiceBusConnectionError, ServiceBusError)
        with pytest.raises(refused, match="ConnectionsQuotaExceeded"):
            async with client.get_queue_receiver("orders"):
                pass
    async with bench.receiver() as receiver:  # there is room again
        assert await receiver.peek_messages() == []
