"""The administration client: queues, the namespace, and lists of everything."""

import inspect
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import azure.servicebus.aio.management
import azure.servicebus.management
import pytest
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.servicebus.management import (
    AccessRights,
    AuthorizationRule,
    EntityStatus,
    QueueProperties,
)

from sbtutorial.broker.descriptions import (
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.limits import PREMIUM
from sbtutorial.broker.rules.filters.boolean import TrueFilter
from sbtutorial.broker.rules.rule import Rule
from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.server.broker_server import BrokerServer
from tests.sdk.conftest import Bench

pytestmark = pytest.mark.feature("Administration: queues and the namespace")

MADE_AT = datetime(2024, 1, 1, tzinfo=UTC)
AUTHORIZATION_RULE = AuthorizationRule(
    type="SharedAccessAuthorizationRule",
    claim_type="SharedAccessKey",
    claim_value="None",
    rights=[AccessRights.MANAGE, AccessRights.SEND, AccessRights.LISTEN],
    created_at_utc=MADE_AT,
    modified_at_utc=MADE_AT,
    key_name="mine",
    primary_key="cHJpbWFyeQ==",
    secondary_key="c2Vjb25kYXJ5",
)
# Every property of a queue at a value that is not its default, but for `enable_express`, which
# goes with no detection of duplicates.
CHOSEN: dict[str, Any] = {
    "auto_delete_on_idle": timedelta(minutes=7),
    "dead_lettering_on_message_expiration": True,
    "default_message_time_to_live": timedelta(minutes=11),
    "duplicate_detection_history_time_window": timedelta(minutes=12),
    "enable_batched_operations": False,
    "enable_partitioning": True,
    "lock_duration": timedelta(seconds=13),
    "max_delivery_count": 14,
    "max_size_in_megabytes": 3072,
    "requires_duplicate_detection": True,
    "requires_session": True,
    "user_metadata": "<müll> & mehr",
    "max_message_size_in_kilobytes": 256,
}
MANY = 130
# .NET's TimeSpan.MaxValue.
FOR_EVER = timedelta(days=10_675_199, hours=2, minutes=48, seconds=5, microseconds=477_581)


def plain(properties: Any) -> dict[str, Any]:
    """Its properties, in values that can be compared."""
    found = dict(properties.items())
    rules = found.get("authorization_rules")
    return {**found, "authorization_rules": [vars(rule) for rule in rules or []]}


@pytest.mark.feature("The whole of the SDK")
@pytest.mark.client("Python", "asyncio")
def test_every_method_of_both_clients_is_used_in_these_tests() -> None:
    """Every public method of the administration clients is used by one of these tests."""
    here = Path(__file__).parent
    source = "".join(path.read_text("utf-8") for path in here.glob("test_administration*.py"))
    kinds = (azure.servicebus.management, azure.servicebus.aio.management)
    for kind in (module.ServiceBusAdministrationClient for module in kinds):
        methods = {name for name, _ in inspect.getmembers(kind, callable) if name[0] != "_"}
        unused = {name for name in methods if f".{name}(" not in source}
        assert unused == {"from_connection_string"}  # tests/sdk/flavours.py uses it


# -- Queues -----------------------------------------------------------------------------------


async def test_a_queue_is_made_used_changed_and_deleted(bench: Bench) -> None:
    """A queue is created, used, updated and deleted."""
    async with bench.administration() as administration:
        made = await administration.create_queue(
            "parcels", max_size_in_megabytes=5120, default_message_time_to_live=timedelta(minutes=1)
        )
        assert made.max_size_in_megabytes == 5120
        with pytest.raises(ResourceExistsError):
            await administration.create_queue("parcels")
        await bench.send("book", queue="parcels")
        counts = await administration.get_queue_runtime_properties("parcels")
        assert (counts.active_message_count, counts.total_message_count) == (1, 1)
        assert counts.size_in_bytes > len("book")
        made.max_delivery_count = 3
        await administration.update_queue(made)
        assert (await administration.get_queue("parcels")).max_delivery_count == 3
        names = [queue.name async for queue in administration.list_queues()]
        assert names == ["orders", "parcels"]
        await administration.delete_queue("parcels")
        with pytest.raises(ResourceNotFoundError):
            await administration.get_queue("parcels")


async def test_every_property_of_a_queue_is_stored_and_returned(bench: Bench) -> None:
    async with bench.administration() as administration:
        made = await administration.create_queue(
            "a/b-_.c",
            authorization_rules=[AUTHORIZATION_RULE],
            forward_to="orders",
            forward_dead_lettered_messages_to="orders",
            **CHOSEN,
        )
        got = await administration.get_queue("A/B-_.C")
        (listed, _) = [queue async for queue in administration.list_queues()]
    address = f"sb://{bench.broker.connection_string.split('/')[2].split(';')[0]}/orders"
    expected = {
        **CHOSEN,
        "auto_delete_on_idle": FOR_EVER,  # as what forwards is never idle
        "max_size_in_megabytes": 16 * 3072,  # of all partitions together
        "authorization_rules": [vars(AUTHORIZATION_RULE)],
        "status": EntityStatus.ACTIVE,
        "availability_status": "Available",
        "enable_express": False,
        "forward_to": address,
        "forward_dead_lettered_messages_to": address,
    }
    properties = inspect.signature(QueueProperties).parameters.keys()
    assert properties == {"name", *expected}
    assert plain(made) == plain(listed) == {"name": "a/b-_.c", **expected}
    assert plain(got) == {"name": "A/B-_.C", **expected}


async def test_every_property_of_a_queue_that_may_change_is_updated(bench: Bench) -> None:
    changes: dict[str, Any] = {
        "auto_delete_on_idle": timedelta(minutes=10),
        "dead_lettering_on_message_expiration": True,
        "default_message_time_to_live": timedelta(minutes=11),
        "duplicate_detection_history_time_window": timedelta(minutes=12),
        "enable_batched_operations": False,
        "enable_express": True,
        "lock_duration": timedelta(seconds=18),
        "max_delivery_count": 15,
        "max_size_in_megabytes": 2048,
        "status": EntityStatus.SEND_DISABLED,
        "user_metadata": "other",
    }
    async with bench.administration() as administration:
        queue = await administration.create_queue("q")
        for name, value in changes.items():
            setattr(queue, name, value)
        await administration.update_queue(queue)
        after = await administration.get_queue("q")
        assert {name: getattr(after, name) for name in changes} == changes
        # As keywords, and back to nothing.
        await administration.update_queue(after, forward_to="q", user_metadata=None)
        after = await administration.get_queue("q")
        assert after.forward_to.endswith("/q")  # Azure, too, lets a queue forward to itself
        assert after.user_metadata is None
        await administration.update_queue(dict(after.items()), forward_to=None)
        assert (await administration.get_queue("q")).forward_to is None


async def test_authorization_rules_are_stored_with_keys_and_replaced(bench: Bench) -> None:
    async with bench.administration() as administration:
        rule = AuthorizationRule(key_name="reader", rights=[AccessRights.LISTEN])
        queue = await administration.create_queue("q", authorization_rules=[rule])
        (made,) = queue.authorization_rules
        assert (made.key_name, made.rights) == ("reader", [AccessRights.LISTEN])
        assert len({made.primary_key, made.secondary_key, None}) == 3
        assert abs(made.created_at_utc - datetime.now(UTC)) < timedelta(minutes=5)
        queue.authorization_rules = [AUTHORIZATION_RULE]
        await administration.update_queue(queue)
        (after,) = (await administration.get_queue("q")).authorization_rules
        assert vars(after) == vars(AUTHORIZATION_RULE)
        await administration.update_queue(queue, authorization_rules=[])
        assert not (await administration.get_queue("q")).authorization_rules


async def test_the_runtime_properties_of_a_queue_count_what_it_holds(bench: Bench) -> None:
    await bench.send("a", "b")
    soon = datetime.now(UTC) + timedelta(hours=1)
    await bench.send("c", scheduled_enqueue_time_utc=soon)
    async with bench.receiver() as receiver:
        (first,) = await receiver.receive_messages(1, max_wait_time=5)
        await receiver.dead_letter_message(first)
    async with bench.administration() as administration:
        runtime = await administration.get_queue_runtime_properties("orders")
        (listed,) = [one async for one in administration.list_queues_runtime_properties()]
        unused = await administration.create_queue("unused")
        assert (
            await administration.get_queue_runtime_properties("unused")
        ).accessed_at_utc.year == 1
    assert unused.name == "unused"
    for found in (runtime, listed):
        assert found.name == "orders"
        assert found.active_message_count == 1
        assert found.dead_letter_message_count == 1
        assert found.scheduled_message_count == 1
        assert found.transfer_message_count == found.transfer_dead_letter_message_count == 0
        assert found.total_message_count == 3
        assert found.size_in_bytes > 3
        assert found.created_at_utc <= found.updated_at_utc <= found.accessed_at_utc


# -- Lists ------------------------------------------------------------------------------------


async def test_every_list_goes_on_over_its_pages(bench: Bench) -> None:
    """Queues, topics, subscriptions and rules are listed over several pages."""
    names = [f"e{number:03}" for number in range(MANY)]

    def make(broker: BrokerServer) -> None:
        with broker.reactor.turn() as now:
            namespace = broker.namespace
            namespace.create("topic", TopicDescription(), now=now)
            for name in names:
                namespace.create(f"queue{name}", QueueDescription(), now=now)
                namespace.create(f"topic{name}", TopicDescription(), now=now)
                description = SubscriptionDescription()
                namespace.create(f"topic/Subscriptions/{name}", description, now=now)
                namespace.create_rule(
                    namespace.directory.subscription("topic", "e000"),
                    Rule(name, TrueFilter()),
                    now=now,
                )

    bench.broker.call(make)
    queues, topics = ["orders", *(f"queue{name}" for name in names)], [f"topic{n}" for n in names]
    async with bench.administration() as administration:
        lists = {
            "queues": (administration.list_queues(), queues),
            "queues' counters": (administration.list_queues_runtime_properties(), queues),
            "topics": (administration.list_topics(), ["topic", *topics]),
            "topics' counters": (
                administration.list_topics_runtime_properties(),
                ["topic", *topics],
            ),
            "subscriptions": (administration.list_subscriptions("topic"), names),
            "subscriptions' counters": (
                administration.list_subscriptions_runtime_properties("topic"),
                names,
            ),
            "rules": (administration.list_rules("topic", "e000"), ["$Default", *names]),
        }
        for listed, expected in lists.values():
            assert [one.name async for one in listed] == expected
        part = administration.list_queues(start_index=100, max_page_size=7)
        assert [one.name async for one in part] == queues[100:]


async def test_a_list_of_nothing_is_empty(bench: Bench) -> None:
    async with bench.administration() as administration:
        await administration.delete_queue("orders")
        assert [one async for one in administration.list_queues()] == []
        assert [one async for one in administration.list_topics()] == []
        await administration.create_topic("t")
        assert [one async for one in administration.list_subscriptions("t")] == []
        await administration.create_subscription("t", "s")
        await administration.delete_rule("t", "s", "$Default")
        assert [one async for one in administration.list_rules("t", "s")] == []


# -- The namespace ----------------------------------------------------------------------------


async def test_the_namespace_tells_its_name_and_its_tier(bench: Bench) -> None:
    async with bench.administration() as administration:
        namespace = await administration.get_namespace_properties()
    assert (namespace.name, namespace.messaging_sku) == ("tutorial", "Standard")
    started_at = bench.broker.call(lambda broker: broker.started_at)
    assert abs(namespace.created_at_utc.timestamp() - started_at) < 0.001
    assert namespace.modified_at_utc == namespace.created_at_utc
    assert namespace.messaging_units is None


async def test_a_premium_namespace_has_units_and_large_messages(
    certificates_folder: Path, ca_pem: Path, flavour: Any
) -> None:
    """A Premium namespace has a messaging unit, and entities for large messages."""
    with ThreadedBroker(limits=PREMIUM, certificates_folder=certificates_folder) as broker:
        client = flavour.administration(broker.connection_string, connection_verify=str(ca_pem))
        async with client as administration:
            namespace = await administration.get_namespace_properties()
            assert (namespace.messaging_sku, namespace.messaging_units) == ("Premium", 1)
            queue = await administration.create_queue("q", max_message_size_in_kilobytes=102_400)
            topic = await administration.create_topic("t", max_message_size_in_kilobytes=1024)
            assert queue.max_message_size_in_kilobytes == 102_400
            assert topic.max_message_size_in_kilobytes == 1024
            assert (await administration.create_queue("r")).max_message_size_in_kilobytes == 1024


async def test_an_administration_client_can_be_closed(bench: Bench) -> None:
    administration = bench.administration()
    assert (await administration.get_queue("orders")).name == "orders"
    await administration.close()
