"""The administration client on the whole broker; `tests/admin/test_sdk.py` has the details."""

from datetime import timedelta

import pytest
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

from tests.sdk.conftest import Bench


async def test_a_queue_is_made_used_changed_and_deleted(bench: Bench) -> None:
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


async def test_the_namespace_says_what_it_is(bench: Bench) -> None:
    async with bench.administration() as administration:
        namespace = await administration.get_namespace_properties()
    assert (namespace.name, namespace.messaging_sku) == ("tutorial", "Standard")
