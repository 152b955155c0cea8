"""The administration client: what is refused, as which exception, in which words."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.servicebus.management import (
    AccessRights,
    AuthorizationRule,
    CorrelationRuleFilter,
    EntityStatus,
)

from sbtutorial.broker.limits import STANDARD
from sbtutorial.connection_string import connection_string
from sbtutorial.hosting.thread import ThreadedBroker
from tests.sdk.conftest import Bench
from tests.sdk.flavours import Flavour

pytestmark = pytest.mark.feature("Administration: refusals")

Refused = Callable[[Any], Any]


def with_key(bench: Bench, key_name: str, key: str) -> str:
    """The broker's connection string, with another key."""
    host, port = bench.broker.connection_string.split("/")[2].split(";")[0].split(":")
    return connection_string(host, int(port), key_name, key)


async def make_topic(administration: Any) -> None:
    await administration.create_topic("t")
    await administration.create_subscription("t", "s")


# -- 404 and 409 ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.get_queue("x"),
        lambda client: client.get_queue_runtime_properties("x"),
        lambda client: client.delete_queue("x"),
        lambda client: client.get_topic("x"),
        lambda client: client.get_topic_runtime_properties("x"),
        lambda client: client.delete_topic("x"),
        lambda client: client.get_subscription("t", "x"),
        lambda client: client.get_subscription("x", "s"),
        lambda client: client.get_subscription("orders", "s"),
        lambda client: client.get_subscription_runtime_properties("t", "x"),
        lambda client: client.delete_subscription("t", "x"),
        lambda client: client.delete_subscription("x", "s"),
        lambda client: client.create_subscription("x", "s"),
        lambda client: client.get_rule("t", "s", "x"),
    ],
)
async def test_an_entity_that_does_not_exist_is_not_found(bench: Bench, call: Refused) -> None:
    async with bench.administration() as administration:
        await make_topic(administration)
        with pytest.raises(ResourceNotFoundError):
            await call(administration)


async def test_an_entity_that_does_not_exist_can_be_neither_updated_nor_listed(
    bench: Bench,
) -> None:
    async with bench.administration() as administration:
        await make_topic(administration)
        queue = await administration.get_queue("orders")
        topic = await administration.get_topic("t")
        subscription = await administration.get_subscription("t", "s")
        for found in (queue, topic, subscription):
            found.name = "x"
        for call in (
            administration.update_queue(queue),
            administration.update_topic(topic),
            administration.update_subscription("t", subscription),
            administration.update_subscription("x", subscription),
        ):
            with pytest.raises(ResourceNotFoundError):
                await call
        for listed in (
            administration.list_subscriptions("x"),
            administration.list_subscriptions_runtime_properties("orders"),
            administration.list_rules("t", "x"),
        ):
            with pytest.raises(ResourceNotFoundError):
                assert [one async for one in listed]


async def test_a_queue_and_a_topic_cannot_have_the_same_name(bench: Bench) -> None:
    async with bench.administration() as administration:
        await make_topic(administration)
        for create, name in (
            (administration.create_queue, "T"),
            (administration.create_topic, "Orders"),
        ):
            with pytest.raises(ResourceExistsError) as refusal:
                await create(name)
            assert "SubCode=40900." in refusal.value.response.text()
        topic = await administration.get_topic("t")
        topic.name = "orders"
        with pytest.raises(ResourceExistsError) as refusal:
            await administration.update_topic(topic)
        assert "'orders' is a queue" in refusal.value.response.text()


# -- 400 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "chosen", "words"),
    [
        ("queue", "-q", {}, "'-q' cannot name a queue"),
        ("queue", "q" * 261, {}, "261 characters"),
        ("queue", "$q", {}, "names nothing"),
        ("queue", "q", {"lock_duration": timedelta(days=25)}, "lock_duration is 25 days"),
        ("queue", "q", {"lock_duration": timedelta(seconds=4)}, "lock_duration is 4 seconds"),
        ("queue", "q", {"lock_duration": "PT4S"}, "lock_duration is 4 seconds"),
        ("queue", "q", {"max_delivery_count": 0}, "max_delivery_count is 0"),
        ("queue", "q", {"max_size_in_megabytes": 5}, "max_size_in_megabytes is 5"),
        ("queue", "q", {"max_message_size_in_kilobytes": 1024}, "max_message_size_in_kilobytes"),
        ("queue", "q", {"auto_delete_on_idle": timedelta(minutes=4)}, "auto_delete_on_idle is 4 m"),
        ("queue", "q", {"user_metadata": "x" * 1025}, "user_metadata has 1025 characters"),
        ("queue", "q", {"forward_to": "x"}, "could not be found"),
        ("queue", "q", {"forward_dead_lettered_messages_to": "t/Subscriptions/s"}, "send to 't'"),
        (
            "queue",
            "q",
            {"enable_express": True, "requires_duplicate_detection": True},
            "Both DelayedPersistence property and RequiresDuplicateDetection property cannot be "
            "enabled together.",
        ),
        (
            "queue",
            "q",
            {"authorization_rules": [AuthorizationRule(key_name="k", rights=["Manage"])]},
            "gives Manage, which includes Send and Listen",
        ),
        ("topic", "-", {}, "'-' cannot name a topic"),
        ("topic", "x", {"default_message_time_to_live": timedelta(0)}, "default_message_time_to"),
        (
            "topic",
            "x",
            {"duplicate_detection_history_time_window": timedelta(days=25)},
            "duplicate_detection_history_time_window is 25 days",
        ),
        ("topic", "x", {"max_message_size_in_kilobytes": 1}, "max_message_size_in_kilobytes is 1"),
        ("subscription", "a b", {}, "'a b' cannot name a subscription"),
        ("subscription", "s" * 51, {}, "51 characters"),
        ("subscription", "x", {"lock_duration": timedelta(minutes=6)}, "lock_duration is 6 min"),
        ("subscription", "x", {"max_delivery_count": -1}, "max_delivery_count is -1"),
        ("subscription", "x", {"forward_to": "x"}, "forward_to is 'sb://"),
        ("subscription", "x", {"forward_to": "t", "requires_session": True}, "cannot forward."),
    ],
)
async def test_names_and_properties_that_azure_refuses_are_refused_with_the_reason(
    bench: Bench, kind: str, name: str, chosen: dict[str, Any], words: str
) -> None:
    async with bench.administration() as administration:
        await make_topic(administration)
        create = getattr(administration, f"create_{kind}")
        where = ("t", name) if kind == "subscription" else (name,)
        with pytest.raises(HttpResponseError) as refusal:
            await create(*where, **chosen)
        assert refusal.value.status_code == 400
        assert refusal.value.message.startswith("SubCode=40000. ")
        assert words in refusal.value.message
        assert [one.name async for one in administration.list_queues()] == ["orders"]
        assert [one.name async for one in administration.list_topics()] == ["t"]
        assert [one.name async for one in administration.list_subscriptions("t")] == ["s"]


@pytest.mark.parametrize("path", ["t/$DeadLetterQueue", "orders/$deadletterqueue"])
async def test_a_dead_letter_queue_has_no_properties_of_its_own(bench: Bench, path: str) -> None:
    async with bench.administration() as administration:
        await make_topic(administration)
        for get in (administration.get_queue, administration.get_topic):
            with pytest.raises(HttpResponseError, match=r"HTTP verb \(GET\) is not") as refusal:
                await get(path)
            assert refusal.value.status_code == 400
            with pytest.raises(ResourceNotFoundError):
                await get("x/" + path.partition("/")[2])


async def test_what_is_fixed_at_creation_cannot_be_changed(bench: Bench) -> None:
    """What is fixed when an entity is created cannot be updated."""
    async with bench.administration() as administration:
        await make_topic(administration)
        queue = await administration.get_queue("orders")
        topic = await administration.get_topic("t")
        subscription = await administration.get_subscription("t", "s")
        for call, name in (
            (administration.update_queue(queue, requires_session=True), "requires_session"),
            (administration.update_queue(queue, enable_partitioning=True), "enable_partitioning"),
            (
                administration.update_topic(topic, requires_duplicate_detection=True),
                "requires_duplicate_detection",
            ),
            (
                administration.update_subscription("t", subscription, requires_session=True),
                "requires_session",
            ),
        ):
            with pytest.raises(HttpResponseError) as refusal:
                await call
            assert refusal.value.status_code == 400
            assert f"{name} is False and cannot be changed to True" in refusal.value.message


async def test_old_versions_of_the_api_refuse_what_they_do_not_know(bench: Bench) -> None:
    async with bench.administration(api_version="2017-04") as administration:
        for create in (administration.create_queue, administration.create_topic):
            with pytest.raises(HttpResponseError, match="needs api-version 2021-05"):
                await create("x", max_message_size_in_kilobytes=256)
    async with bench.administration(api_version="2030-01") as administration:
        with pytest.raises(HttpResponseError, match="api-version is '2030-01'"):
            await administration.get_queue("orders")


@pytest.mark.parametrize("option", [{"start_index": -1}, {"max_page_size": -1}])
async def test_negative_bounds_of_a_list_are_refused(bench: Bench, option: dict[str, int]) -> None:
    async with bench.administration() as administration:
        with pytest.raises(HttpResponseError, match="is '-1'; it must be 0 or a whole number"):
            assert [one async for one in administration.list_queues(**option)]


# -- 401 and 403 ------------------------------------------------------------------------------


async def test_a_wrong_key_administers_nothing(bench: Bench) -> None:
    wrong = bench.broker.connection_string.replace("SharedAccessKey=", "SharedAccessKey=x")
    async with bench.administration(wrong) as administration:
        with pytest.raises(ClientAuthenticationError) as refusal:
            await administration.get_queue("orders")
    assert "SubCode=40100. InvalidSignature" in refusal.value.response.text()


async def test_the_keys_of_a_topic_administer_it_as_far_as_their_rights_go(bench: Bench) -> None:
    rules = [
        AuthorizationRule(key_name="all", rights=[right.value for right in AccessRights]),
        AuthorizationRule(key_name="reader", rights=[AccessRights.LISTEN]),
    ]
    async with bench.administration() as administration:
        topic = await administration.create_topic("t", authorization_rules=rules)
        await administration.create_subscription("t", "s")
    keys = {rule.key_name: rule.primary_key for rule in topic.authorization_rules}
    async with bench.administration(with_key(bench, "all", keys["all"])) as administration:
        await administration.create_subscription("t", "made")
        listed = administration.list_subscriptions("t")
        assert [one.name async for one in listed] == ["made", "s"]
        await administration.create_rule("t", "made", "r")
        await administration.delete_subscription("t", "made")
        for call in (
            administration.get_queue("orders"),
            administration.create_queue("q"),
            administration.get_namespace_properties(),
        ):
            with pytest.raises(ClientAuthenticationError):
                await call
    connection = with_key(bench, "reader", keys["reader"])
    async with bench.administration(connection) as administration:
        assert [one.name async for one in administration.list_rules("t", "s")] == ["$Default"]
        assert (await administration.get_rule("t", "s", "$Default")).name == "$Default"
        for call in (
            administration.get_topic("t"),
            administration.get_subscription("t", "s"),
            administration.create_rule("t", "s", "r"),
            administration.delete_rule("t", "s", "$Default"),
        ):
            with pytest.raises(ClientAuthenticationError) as refusal:
                await call
            assert "Manage claim is required" in refusal.value.response.text()


@pytest.mark.parametrize(
    ("header", "setting"),
    [
        ("ServiceBusSupplementaryAuthorization", "forward_to"),
        ("ServiceBusDlqSupplementaryAuthorization", "forward_dead_lettered_messages_to"),
    ],
)
async def test_forwarding_takes_a_key_that_may_send_to_the_target(
    bench: Bench, header: str, setting: str
) -> None:
    """Who sets a target of forwarding needs a key that may send there."""
    rule = AuthorizationRule(key_name="all", rights=[right.value for right in AccessRights])
    async with bench.administration() as administration:
        queue = await administration.create_queue("q", authorization_rules=[rule])
        await administration.update_queue(queue, **{setting: "orders"})
        assert getattr(await administration.get_queue("q"), setting).endswith("/orders")
    (made,) = queue.authorization_rules
    async with bench.administration(with_key(bench, "all", made.primary_key)) as administration:
        await administration.update_queue(queue, **{setting: "q"})
        with pytest.raises(ClientAuthenticationError) as refusal:
            await administration.update_queue(queue, **{setting: "orders"})
        assert f"of {header}: InvalidSignature" in refusal.value.response.text()
        assert getattr(await administration.get_queue("q"), setting).endswith("/q")


@pytest.mark.feature("Limits")
async def test_a_full_namespace_refuses_with_403(
    certificates_folder: Path, ca_pem: Path, flavour: Flavour
) -> None:
    """A namespace that has all the entities of its tier refuses more."""
    limits = replace(STANDARD, max_entities=1, max_subscriptions=1, max_correlation_filters=0)
    with ThreadedBroker(limits=limits, certificates_folder=certificates_folder) as broker:
        client = flavour.administration(broker.connection_string, connection_verify=str(ca_pem))
        async with client as administration:
            await make_topic(administration)
            mine = CorrelationRuleFilter(label="mine")
            for call in (
                administration.create_queue("q"),
                administration.create_subscription("t", "more"),
                administration.create_rule("t", "s", "r", filter=mine),
            ):
                with pytest.raises(HttpResponseError) as refusal:
                    await call
                assert refusal.value.status_code == 403
                assert refusal.value.message.startswith("SubCode=40300. ")


# -- 412 --------------------------------------------------------------------------------------


async def test_an_update_for_an_earlier_state_is_refused(bench: Bench) -> None:
    """An update for an earlier state of a queue is refused by its ETag."""
    async with bench.administration() as administration:
        queue = await administration.get_queue("orders")
        queue.status = EntityStatus.DISABLED
        with pytest.raises(ResourceModifiedError) as refusal:
            await administration.create_queue(
                "orders", etag='"of old"', match_condition=MatchConditions.IfNotModified
            )
        assert "SubCode=41200. The entity has changed" in refusal.value.response.text()
        assert (await administration.get_queue("orders")).status == EntityStatus.ACTIVE
        await administration.update_queue(queue)
        assert (await administration.get_queue("orders")).status == EntityStatus.DISABLED
