"""The administration client: topics and subscriptions."""

import inspect
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.servicebus import ServiceBusMessage
from azure.servicebus.management import (
    CorrelationRuleFilter,
    EntityStatus,
    SubscriptionProperties,
    TopicProperties,
)

from tests.sdk.conftest import Bench
from tests.sdk.test_administration import AUTHORIZATION_RULE, FOR_EVER, plain

pytestmark = pytest.mark.feature("Administration: topics and subscriptions")

_EVERYWHERE: dict[str, Any] = {
    "auto_delete_on_idle": timedelta(minutes=7),
    "default_message_time_to_live": timedelta(minutes=11),
    "enable_batched_operations": False,
    "user_metadata": "<müll> & mehr",
}
# Every property at a value that is not its default, but for `enable_express`, which goes with no
# detection of duplicates.
OF_TOPIC: dict[str, Any] = {
    **_EVERYWHERE,
    "duplicate_detection_history_time_window": timedelta(minutes=12),
    "enable_partitioning": True,
    "max_message_size_in_kilobytes": 256,
    "max_size_in_megabytes": 3072,
    "requires_duplicate_detection": True,
    "support_ordering": False,
}
OF_SUBSCRIPTION: dict[str, Any] = {
    **_EVERYWHERE,
    "dead_lettering_on_filter_evaluation_exceptions": False,
    "dead_lettering_on_message_expiration": True,
    "lock_duration": timedelta(seconds=13),
    "max_delivery_count": 14,
    "requires_session": True,
}
ALWAYS = {"status": EntityStatus.ACTIVE, "availability_status": "Available"}


def address_of(bench: Bench, name: str) -> str:
    return f"sb://{bench.broker.connection_string.split('/')[2].split(';')[0]}/{name}"


async def publish(bench: Bench, topic: str, *messages: ServiceBusMessage) -> None:
    async with bench.client() as client, client.get_topic_sender(topic) as sender:
        await sender.send_messages(list(messages))


# -- Topics -----------------------------------------------------------------------------------


async def test_a_topic_is_made_found_changed_and_deleted(bench: Bench) -> None:
    """A topic is created, found, updated and deleted."""
    async with bench.administration() as administration:
        assert (await administration.create_topic("News")).name == "News"
        with pytest.raises(ResourceExistsError):
            await administration.create_topic("news")
        topic = await administration.get_topic("news")
        topic.status = EntityStatus.SEND_DISABLED
        await administration.update_topic(topic)
        (listed,) = [one async for one in administration.list_topics()]
        assert (listed.name, listed.status) == ("News", EntityStatus.SEND_DISABLED)
        await administration.delete_topic("NEWS")
        for missing in (administration.get_topic, administration.delete_topic):
            with pytest.raises(ResourceNotFoundError):
                await missing("news")


async def test_every_property_of_a_topic_is_stored_and_returned(bench: Bench) -> None:
    async with bench.administration() as administration:
        made = await administration.create_topic(
            "a/b", authorization_rules=[AUTHORIZATION_RULE], **OF_TOPIC
        )
        got = await administration.get_topic("a/b")
        (listed,) = [one async for one in administration.list_topics()]
    expected = {
        **OF_TOPIC,
        **ALWAYS,
        "name": "a/b",
        "max_size_in_megabytes": 16 * 3072,  # of all partitions together
        "authorization_rules": [vars(AUTHORIZATION_RULE)],
        "enable_express": False,
        "filtering_messages_before_publishing": False,  # the SDK takes it, and never sends it
        "size_in_bytes": 0,
    }
    assert inspect.signature(TopicProperties).parameters.keys() == expected.keys()
    assert plain(made) == plain(got) == plain(listed) == expected


async def test_a_new_topic_has_azures_defaults(bench: Bench) -> None:
    async with bench.administration() as administration:
        topic = await administration.create_topic("t", enable_express=True)
    assert topic.default_message_time_to_live > timedelta(days=10_000_000)
    assert topic.auto_delete_on_idle > timedelta(days=10_000_000)
    assert topic.max_size_in_megabytes == 1024
    assert topic.duplicate_detection_history_time_window == timedelta(minutes=10)
    assert topic.support_ordering is topic.enable_batched_operations is topic.enable_express is True
    assert topic.requires_duplicate_detection is topic.enable_partitioning is False
    assert topic.filtering_messages_before_publishing is False
    assert topic.user_metadata is None
    assert not topic.authorization_rules


async def test_every_property_of_a_topic_that_may_change_is_updated(bench: Bench) -> None:
    changes: dict[str, Any] = {
        "auto_delete_on_idle": timedelta(minutes=10),
        "default_message_time_to_live": timedelta(minutes=11),
        "duplicate_detection_history_time_window": timedelta(minutes=12),
        "enable_batched_operations": False,
        "enable_express": True,
        "max_size_in_megabytes": 2048,
        "status": EntityStatus.DISABLED,
        "support_ordering": False,
        "user_metadata": "other",
    }
    async with bench.administration() as administration:
        topic = await administration.create_topic("t")
        for name, value in changes.items():
            setattr(topic, name, value)
        await administration.update_topic(topic)
        after = await administration.get_topic("t")
        assert {name: getattr(after, name) for name in changes} == changes
        await administration.update_topic(dict(after.items()), user_metadata=None)
        assert (await administration.get_topic("t")).user_metadata is None


async def test_the_runtime_properties_of_a_topic_count_what_it_holds(bench: Bench) -> None:
    async with bench.administration() as administration:
        await administration.create_topic("t")
        for name in ("one", "two"):
            await administration.create_subscription("t", name)
        only_x = CorrelationRuleFilter(label="x")
        await administration.create_rule("t", "two", "x", filter=only_x)
        soon = datetime.now(UTC) + timedelta(hours=1)
        later = ServiceBusMessage("later", scheduled_enqueue_time_utc=soon)
        await publish(bench, "t", ServiceBusMessage("now"), later)
        runtime = await administration.get_topic_runtime_properties("t")
        (listed,) = [one async for one in administration.list_topics_runtime_properties()]
    for found in (runtime, listed):
        assert found.name == "t"
        assert found.subscription_count == 2
        assert (found.sql_filter_count, found.correlation_filter_count) == (2, 1)
        assert found.scheduled_message_count == 1
        assert found.size_in_bytes > 2 * len("now") + len("later")
        assert found.created_at_utc <= found.updated_at_utc <= found.accessed_at_utc


@pytest.mark.parametrize("version", ["2021-05", "2017-04"])
async def test_earlier_versions_of_the_api_have_no_filter_counts(
    bench: Bench, version: str
) -> None:
    """The API's versions 2017-04 and 2021-05 are answered without what came after them."""
    client = bench.administration(api_version=version)
    async with client as administration:
        topic = await administration.create_topic("t")
        await administration.create_subscription("t", "s")
        runtime = await administration.get_topic_runtime_properties("t")
        assert runtime.subscription_count == 1
        assert runtime.sql_filter_count is runtime.correlation_filter_count is None
        assert (topic.max_message_size_in_kilobytes is None) is (version == "2017-04")
        await administration.update_topic(topic, user_metadata="m")
        assert (await administration.get_topic("t")).user_metadata == "m"


# -- Subscriptions ----------------------------------------------------------------------------


async def test_a_subscription_is_made_used_changed_and_deleted(bench: Bench) -> None:
    """A subscription is created, used, updated and deleted."""
    async with bench.administration() as administration:
        await administration.create_topic("a/b")
        made = await administration.create_subscription("a/b", "s")
        assert made.name == "s"
        with pytest.raises(ResourceExistsError):
            await administration.create_subscription("A/B", "S")
        await publish(bench, "a/b", ServiceBusMessage("x"))
        counts = await administration.get_subscription_runtime_properties("a/b", "s")
        assert counts.total_message_count == 1
        made.max_delivery_count = 3
        await administration.update_subscription("a/b", made)
        assert (await administration.get_subscription("a/b", "S")).max_delivery_count == 3
        names = [one.name async for one in administration.list_subscriptions("a/b")]
        assert names == ["s"]
        await administration.delete_subscription("a/b", "s")
        for missing in (administration.get_subscription, administration.delete_subscription):
            with pytest.raises(ResourceNotFoundError):
                await missing("a/b", "s")


async def test_every_property_of_a_subscription_is_stored_and_returned(bench: Bench) -> None:
    async with bench.administration() as administration:
        await administration.create_topic("t")
        made = await administration.create_subscription(
            "t",
            "s",
            forward_dead_lettered_messages_to="orders",
            **OF_SUBSCRIPTION,
        )
        got = await administration.get_subscription("t", "s")
        (listed,) = [one async for one in administration.list_subscriptions("t")]
    expected = {
        **OF_SUBSCRIPTION,
        **ALWAYS,
        "name": "s",
        "auto_delete_on_idle": FOR_EVER,  # as what forwards is never idle
        "forward_to": None,  # goes with no sessions
        "forward_dead_lettered_messages_to": address_of(bench, "orders"),
    }
    assert inspect.signature(SubscriptionProperties).parameters.keys() == expected.keys()
    assert dict(made.items()) == dict(got.items()) == dict(listed.items()) == expected


async def test_a_new_subscription_has_azures_defaults(bench: Bench) -> None:
    async with bench.administration() as administration:
        await administration.create_topic("t")
        found = await administration.create_subscription("t", "s")
    assert found.lock_duration == timedelta(minutes=1)
    assert found.max_delivery_count == 10
    assert found.default_message_time_to_live > timedelta(days=10_000_000)
    assert found.auto_delete_on_idle > timedelta(days=10_000_000)
    assert found.dead_lettering_on_filter_evaluation_exceptions is True
    assert found.enable_batched_operations is True
    assert found.requires_session is found.dead_lettering_on_message_expiration is False
    assert found.forward_to is found.forward_dead_lettered_messages_to is None
    assert found.user_metadata is None


async def test_every_property_of_a_subscription_that_may_change_is_updated(bench: Bench) -> None:
    changes: dict[str, Any] = {
        "auto_delete_on_idle": timedelta(minutes=10),
        "dead_lettering_on_filter_evaluation_exceptions": False,
        "dead_lettering_on_message_expiration": True,
        "default_message_time_to_live": timedelta(minutes=11),
        "enable_batched_operations": False,
        "lock_duration": timedelta(seconds=18),
        "max_delivery_count": 15,
        "status": EntityStatus.RECEIVE_DISABLED,
        "user_metadata": "other",
    }
    async with bench.administration() as administration:
        await administration.create_topic("t")
        subscription = await administration.create_subscription("t", "s")
        for name, value in changes.items():
            setattr(subscription, name, value)
        await administration.update_subscription("t", subscription)
        after = await administration.get_subscription("t", "s")
        assert {name: getattr(after, name) for name in changes} == changes
        targets = {"forward_to": "orders", "forward_dead_lettered_messages_to": "t"}
        await administration.update_subscription("t", after, **targets)
        after = await administration.get_subscription("t", "s")
        assert after.forward_to == address_of(bench, "orders")
        assert after.forward_dead_lettered_messages_to == address_of(bench, "t")
        nothing = dict.fromkeys(targets, None)
        await administration.update_subscription("t", dict(after.items()), **nothing)
        after = await administration.get_subscription("t", "s")
        assert after.forward_to is after.forward_dead_lettered_messages_to is None


async def test_the_runtime_properties_of_a_subscription_count_what_it_holds(bench: Bench) -> None:
    async with bench.administration() as administration:
        await administration.create_topic("t")
        await administration.create_subscription("t", "s")
        await publish(bench, "t", ServiceBusMessage("a"), ServiceBusMessage("b"))
        async with (
            bench.client() as client,
            client.get_subscription_receiver("t", "s") as receiver,
        ):
            (first,) = await receiver.receive_messages(1, max_wait_time=5)
            await receiver.dead_letter_message(first)
        runtime = await administration.get_subscription_runtime_properties("t", "s")
        lists = administration.list_subscriptions_runtime_properties("t")
        (listed,) = [one async for one in lists]
    for found in (runtime, listed):
        assert found.name == "s"
        assert (found.active_message_count, found.dead_letter_message_count) == (1, 1)
        assert found.total_message_count == 2
        assert found.transfer_message_count == found.transfer_dead_letter_message_count == 0
        assert found.created_at_utc <= found.updated_at_utc <= found.accessed_at_utc


async def test_the_subscriptions_of_a_deleted_topic_are_gone(bench: Bench) -> None:
    async with bench.administration() as administration:
        await administration.create_topic("t")
        await administration.create_subscription("t", "s")
        await administration.delete_topic("t")
        await administration.create_topic("t")
        assert [one async for one in administration.list_subscriptions("t")] == []
