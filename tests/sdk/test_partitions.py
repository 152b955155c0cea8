"""Partitioned queues and topics: what they refuse for its partition key.

Source: Azure Service Bus, "Partitioned queues and topics", use of partition keys;
Azure/azure-service-bus#103, azure-sdk-for-python#21955 and #36333, azure-docs#30242.
"""

from typing import Any

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.amqp import AmqpAnnotatedMessage, AmqpMessageProperties
from azure.servicebus.exceptions import ServiceBusError

from tests.sdk.conftest import Bench
from tests.sdk.test_schedule import in_an_hour

pytestmark = pytest.mark.feature("Duplicate detection")

BATCH_REFUSED = "Batching brokered messages with distinct SessionId, PartitionKey, or MessageId"
NEEDS_KEY = "must have either PartitionKey or MessageId set"


def message(body: str, **fields: Any) -> ServiceBusMessage:
    return ServiceBusMessage(body, **fields)


@pytest.fixture
async def wide(bench: Bench) -> Bench:
    """With a partitioned queue that detects duplicates, `wide`, and a topic of that kind."""
    async with bench.administration() as administration:
        options = {"enable_partitioning": True, "requires_duplicate_detection": True}
        await administration.create_queue("wide", **options)
        await administration.create_topic("broad", **options)
        await administration.create_queue("plain", enable_partitioning=True)
        await administration.create_queue("tables", requires_session=True, **options)
    bench.client_options["retry_total"] = 0
    return bench


async def refusal(bench: Bench, queue: str, what: Any) -> str:
    """Why it is refused; empty if it is taken."""
    async with bench.sender(queue) as sender:
        try:
            await sender.send_messages(what)
        except ServiceBusError as refused:
            assert type(refused) is ServiceBusError
            return str(refused)
    return ""


async def test_a_partitioned_queue_that_detects_duplicates_refuses_a_batch_of_several_ids(
    wide: Bench,
) -> None:
    """Where it is partitioned, a batch of several message ids is refused.

    Source: Azure/azure-sdk-for-python#21955, with the sentence and its condition.
    """
    two = [message("a", message_id="1"), message("b", message_id="2")]
    assert BATCH_REFUSED in await refusal(wide, "wide", two)
    assert wide.counts("wide").total == 0
    for one in two:
        assert await refusal(wide, "wide", one) == ""
    assert wide.counts("wide").active == 2


async def test_a_batch_of_one_key_is_taken(wide: Bench) -> None:
    """A batch of one message id, one partition key or one session id is taken there."""
    same_id = [message("a", message_id="1"), message("b", message_id="1")]
    assert await refusal(wide, "wide", same_id) == ""
    assert wide.counts("wide").active == 1
    same_key = [message("a", message_id=str(n), partition_key="k") for n in range(2)]
    assert await refusal(wide, "wide", same_key) == ""
    other_key = [message("a", message_id="3", partition_key=key) for key in "kl"]
    assert BATCH_REFUSED in await refusal(wide, "wide", other_key)
    same_session = [message("a", message_id=str(n), session_id="7") for n in range(2)]
    assert await refusal(wide, "tables", same_session) == ""
    other_session = [message("a", message_id="3", session_id=key) for key in "78"]
    assert BATCH_REFUSED in await refusal(wide, "tables", other_session)


async def test_a_message_without_id_and_key_is_refused_there(wide: Bench) -> None:
    """There a message with neither a message id nor a partition key is refused."""
    bare = AmqpAnnotatedMessage(data_body=b"a")
    assert NEEDS_KEY in await refusal(wide, "wide", bare)
    assert wide.counts("wide").total == 0
    with_id = AmqpAnnotatedMessage(data_body=b"b", properties=AmqpMessageProperties(message_id="1"))
    with_key = AmqpAnnotatedMessage(data_body=b"c", annotations={"x-opt-partition-key": "k"})
    for kept in (with_id, with_key):
        assert await refusal(wide, "wide", kept) == ""
    assert wide.counts("wide").active == 2
    assert await refusal(wide, "orders", bare) == ""
    assert await refusal(wide, "plain", bare) == ""


async def test_scheduled_messages_and_topics_have_the_same_rule(wide: Bench) -> None:
    """Several message ids are refused where they are scheduled, and at topics, as well."""
    two = [message("a", message_id="1"), message("b", message_id="2")]
    async with wide.client(retry_total=0) as client:
        async with client.get_queue_sender("wide") as sender:
            with pytest.raises(ServiceBusError, match=BATCH_REFUSED):
                await sender.schedule_messages(two, in_an_hour())
            assert await sender.schedule_messages(two[0], in_an_hour()) == [1]
        async with client.get_topic_sender("broad") as sender:
            with pytest.raises(ServiceBusError, match=BATCH_REFUSED):
                await sender.send_messages(two)
            await sender.send_messages(two[0])


@pytest.mark.feature("Sending and message properties")
async def test_a_partitioned_queue_refuses_a_batch_of_several_keys(wide: Bench) -> None:
    """A partitioned queue refuses a batch of several partition keys, and takes one without any.

    Source: Azure/amqpnetlite#120, with the sentence; azure-sdk-for-net, TROUBLESHOOTING.md.
    """
    several = [message("a", partition_key=key) for key in "kl"]
    refused = await refusal(wide, "plain", several)
    assert "distinct SessionId or PartitionKey is not supported for an entity with part" in refused
    assert await refusal(wide, "plain", [message("a"), message("b")]) == ""
    assert await refusal(wide, "plain", several[0]) == ""
    assert await refusal(wide, "orders", several) == ""
    assert wide.counts("plain").active == 3
