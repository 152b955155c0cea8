"""Renewing locks."""

import asyncio
import threading
from datetime import timedelta
from typing import Any

import pytest
from azure.servicebus import AutoLockRenewer
from azure.servicebus.aio import AutoLockRenewer as AioAutoLockRenewer

from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.server.broker_server import BrokerServer
from tests.sdk.conftest import Bench
from tests.sdk.flavours import Sync

pytestmark = pytest.mark.feature("Locks")


def next_time(broker: ThreadedBroker, what: str) -> threading.Event:
    """Set when the broker next reports something of this kind."""
    happened = threading.Event()

    def note(event: Any) -> None:
        if event.what == what:
            happened.set()

    def subscribe(broker: BrokerServer) -> None:
        broker.trace.subscribe(note)

    broker.call(subscribe)
    return happened


async def test_the_sdks_renewer_keeps_a_lock_alive(bench: Bench) -> None:
    """`AutoLockRenewer` keeps the lock of a message."""
    bench.make_queue("slow", lock_duration=timedelta(seconds=10))
    await bench.send("roast", queue="slow")
    renewed = next_time(bench.broker, "lock_renewed")
    async with bench.receiver("slow") as receiver:
        (message,) = await receiver.receive_messages(max_wait_time=5)
        is_sync = isinstance(bench.flavour, Sync)
        renewer = AutoLockRenewer() if is_sync else AioAutoLockRenewer()
        renewer.register(
            receiver.plain if is_sync else receiver, message, max_lock_renewal_duration=60
        )
        assert await asyncio.to_thread(renewed.wait, 20)
        bench.broker.advance(8)
        await receiver.complete_message(message)
        if is_sync:
            renewer.close()
        else:
            await renewer.close()
    assert bench.counts("slow").total == 0
