"""The real administration clients, sync and aio, over real TLS and HTTP."""

from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import fromstring

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.servicebus.management import (
    AccessRights,
    AuthorizationRule,
    EntityStatus,
    ServiceBusAdministrationClient,
)

from sbtutorial.admin.atom import local_name
from sbtutorial.admin.queue_xml import QUEUE
from sbtutorial.broker.message import Message

pytestmark = pytest.mark.sdk


def test_new_queue_has_azures_defaults(administration):
    queue = administration.create_queue("orders")
    assert queue.name == "orders"
    assert queue.lock_duration == timedelta(minutes=1)
    assert queue.max_size_in_megabytes == 1024
    assert queue.max_delivery_count == 10
    assert queue.status == EntityStatus.ACTIVE
    assert queue.default_message_time_to_live > timedelta(days=10_000_000)
    assert queue.auto_delete_on_idle > timedelta(days=10_000_000)
    assert queue.duplicate_detection_history_time_window == timedelta(minutes=10)
    assert queue.enable_batched_operations is True
    assert queue.requires_session is queue.requires_duplicate_detection is False
    assert queue.forward_to is queue.user_metadata is None
    assert queue.availability_status == "Available"
    assert queue.max_message_size_in_kilobytes == 256


CHOSEN = {
    "lock_duration": timedelta(seconds=13),
    "max_size_in_megabytes": 5120,
    "requires_duplicate_detection": True,
    "default_message_time_to_live": timedelta(minutes=11),
    "dead_lettering_on_message_expiration": True,
    "duplicate_detection_history_time_window": timedelta(minutes=12),
    "max_delivery_count": 14,
    "enable_batched_operations": False,
    "auto_delete_on_idle": timedelta(minutes=7),
    "user_metadata": "<müll> & mehr",
    "max_message_size_in_kilobytes": 256,
}


def test_chosen_properties_come_back(administration):
    administration.create_queue("a/b-_.c", **CHOSEN)
    queue = administration.get_queue("A/B-_.C")
    assert {name: getattr(queue, name) for name in CHOSEN} == CHOSEN


def test_iso_durations_as_text_are_taken(administration):
    queue = administration.create_queue("q", lock_duration="PT13S", auto_delete_on_idle="P1D")
    assert queue.lock_duration == timedelta(seconds=13)
    assert queue.auto_delete_on_idle == timedelta(days=1)


def test_clients_write_their_elements_in_the_order_of_the_table(administration, server):
    queue = administration.create_queue("q", **CHOSEN)
    administration.update_queue(queue)
    order = [field.element for field in QUEUE.fields]
    for request in server.requests:
        (description,) = fromstring(request.body)[0]
        names = [local_name(element) for element in description]
        assert names == sorted(names, key=order.index)
        assert len(names) >= len(CHOSEN)


def test_authorization_rules_come_back_with_their_keys(administration):
    made_at = datetime(2024, 1, 1, tzinfo=UTC)
    rule = AuthorizationRule(
        type="SharedAccessAuthorizationRule",
        claim_type="SharedAccessKey",
        claim_value="None",
        rights=[AccessRights.MANAGE, AccessRights.SEND, AccessRights.LISTEN],
        created_at_utc=made_at,
        modified_at_utc=made_at,
        key_name="mine",
        primary_key="cHJpbWFyeQ==",
        secondary_key="c2Vjb25kYXJ5",
    )
    administration.create_queue("q", authorization_rules=[rule])
    (found,) = administration.get_queue("q").authorization_rules
    assert vars(found) == vars(rule)
    administration.update_queue(administration.get_queue("q"), authorization_rules=[])
    assert not administration.get_queue("q").authorization_rules


def test_update_changes_what_was_changed_and_keeps_the_rest(administration):
    queue = administration.create_queue("q", user_metadata="m", max_delivery_count=4)
    queue.lock_duration = timedelta(seconds=30)
    queue.status = EntityStatus.SEND_DISABLED
    administration.update_queue(queue)
    after = administration.get_queue("q")
    assert after.lock_duration == timedelta(seconds=30)
    assert after.status == EntityStatus.SEND_DISABLED
    assert (after.user_metadata, after.max_delivery_count) == ("m", 4)
    assert after.default_message_time_to_live > timedelta(days=10_000_000)
    after.user_metadata = None
    administration.update_queue(after)
    assert administration.get_queue("q").user_metadata is None


def test_partitioned_queue_can_be_updated(administration):
    queue = administration.create_queue("q", enable_partitioning=True, max_size_in_megabytes=3072)
    assert queue.max_size_in_megabytes == 16 * 3072
    queue.max_delivery_count = 3
    administration.update_queue(queue)
    assert administration.get_queue("q").max_size_in_megabytes == 16 * 3072


def test_runtime_properties_tell_what_is_there(administration, server):
    administration.create_queue("q")
    queue = server.namespace.directory.queue("q")
    queue.ingress.send([Message(content=b"", size_bytes=10, header_bytes=0)], now=1704067200.0)
    runtime = administration.get_queue_runtime_properties("q")
    assert runtime.name == "q"
    assert (runtime.active_message_count, runtime.total_message_count) == (1, 1)
    assert runtime.dead_letter_message_count == runtime.scheduled_message_count == 0
    assert runtime.transfer_message_count == runtime.transfer_dead_letter_message_count == 0
    assert runtime.size_in_bytes == queue.size_bytes
    assert runtime.accessed_at_utc == datetime(2024, 1, 1, tzinfo=UTC)
    assert runtime.created_at_utc == runtime.updated_at_utc > datetime(2024, 1, 1, tzinfo=UTC)


def test_queue_that_was_never_used_was_accessed_in_the_year_one(administration):
    administration.create_queue("q")
    assert administration.get_queue_runtime_properties("q").accessed_at_utc.year == 1


def test_250_queues_are_listed_in_three_pages(administration, server):
    names = [f"q{number:03}" for number in range(250)]
    for name in names:
        administration.create_queue(name)
    server.requests.clear()
    assert [queue.name for queue in administration.list_queues()] == names
    assert len(server.requests) == 3
    assert [one.name for one in administration.list_queues_runtime_properties()] == names


def test_nothing_is_listed_where_nothing_is(administration):
    assert list(administration.list_queues()) == []
    assert list(administration.list_topics()) == []


def test_namespace_properties(administration):
    properties = administration.get_namespace_properties()
    assert properties.name == "tutorial"
    assert properties.messaging_sku == "Standard"


def test_missing_queue_is_not_found(administration):
    for call in (
        administration.get_queue,
        administration.get_queue_runtime_properties,
        administration.delete_queue,
        administration.get_topic,
    ):
        with pytest.raises(ResourceNotFoundError):
            call("missing")
    with pytest.raises(ResourceNotFoundError):
        administration.get_subscription("topic", "subscription")
    with pytest.raises(ResourceNotFoundError):
        list(administration.list_subscriptions("topic"))


def test_deleted_queue_is_gone(administration):
    administration.create_queue("q")
    administration.delete_queue("q")
    with pytest.raises(ResourceNotFoundError):
        administration.get_queue("q")


def test_second_queue_of_a_name_exists_already(administration):
    administration.create_queue("q")
    with pytest.raises(ResourceExistsError):
        administration.create_queue("Q")


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"lock_duration": timedelta(days=25)}, "lock_duration is 25 days"),
        ({"max_size_in_megabytes": 5}, "max_size_in_megabytes is 5"),
        ({"max_message_size_in_kilobytes": 1024}, "max_message_size_in_kilobytes is 1024"),
        ({"enable_express": True, "requires_duplicate_detection": True}, "DelayedPersistence"),
        ({"user_metadata": "x" * 1025}, "user_metadata has 1025 characters"),
    ],
)
def test_what_azure_refuses_is_refused_with_the_reason_as_message(administration, chosen, words):
    with pytest.raises(HttpResponseError) as refusal:
        administration.create_queue("q", **chosen)
    assert refusal.value.status_code == 400
    assert words in refusal.value.message
    assert refusal.value.message.startswith("SubCode=40000. ")


def test_old_versions_of_the_api_have_no_message_size(server):
    with ServiceBusAdministrationClient.from_connection_string(
        server.connection_string(), api_version="2017-04"
    ) as client:
        queue = client.create_queue("q")
        assert queue.max_message_size_in_kilobytes is None
        client.update_queue(queue)
        with pytest.raises(HttpResponseError, match="2021-05"):
            client.create_queue("r", max_message_size_in_kilobytes=256)


def test_premium_queue_takes_its_own_message_size(premium_server):
    with ServiceBusAdministrationClient.from_connection_string(
        premium_server.connection_string()
    ) as client:
        assert client.create_queue("q").max_message_size_in_kilobytes == 1024
        queue = client.create_queue("r", max_message_size_in_kilobytes=102_400)
        assert queue.max_message_size_in_kilobytes == 102_400
        with pytest.raises(HttpResponseError, match="1024 to 102400"):
            client.create_queue("s", max_message_size_in_kilobytes=1023)


@pytest.mark.parametrize(
    ("key_name", "key", "words"),
    [
        ("RootManageSharedAccessKey", "wrong", "is not this broker's"),
        ("ListenOnly", "", "Manage claim is required"),
    ],
)
def test_wrong_keys_are_refused_in_words(server, key_name, key, words):
    with (
        ServiceBusAdministrationClient.from_connection_string(
            server.connection_string(key_name, key)
        ) as client,
        pytest.raises(ClientAuthenticationError) as refusal,
    ):
        client.create_queue("q")
    assert words in refusal.value.response.text()


async def test_aio_client_does_all_of_it(server, trusted):
    from azure.servicebus.aio.management import ServiceBusAdministrationClient as AioClient

    async with AioClient.from_connection_string(
        server.connection_string(), connection_verify=str(trusted)
    ) as client:
        queue = await client.create_queue("a/b", **CHOSEN)
        assert {name: getattr(queue, name) for name in CHOSEN} == CHOSEN
        await client.update_queue(queue, max_delivery_count=3)
        assert (await client.get_queue("a/b")).max_delivery_count == 3
        runtime = await client.get_queue_runtime_properties("a/b")
        assert runtime.total_message_count == 0
        for number in range(3):
            await client.create_queue(f"q{number:03}")
        names = [one.name async for one in client.list_queues()]
        assert names == ["a/b", *(f"q{number:03}" for number in range(3))]
        with pytest.raises(ResourceExistsError):
            await client.create_queue("A/B")
        await client.delete_queue("a/b")
        with pytest.raises(ResourceNotFoundError):
            await client.get_queue("a/b")
        assert (await client.get_namespace_properties()).name == "tutorial"
