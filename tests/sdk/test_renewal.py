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


# The SDK's renewer renews when 10 s are left, and at half the time where a lock is shorter: with
# this one after 5 s, and a busy computer has 10 more before it is lost.
LOCK_SECONDS = 15
RENEWED_LOCK = timedelta(seconds=LOCK_SECONDS)
BEYOND_THE_FIRST_LOCK_SECONDS = LOCK_SECONDS - 4  # with the 5 that passed; the renewed one holds
# And this one after 2 s: for who waits for the renewal only.
SOON_RENEWED_LOCK = timedelta(seconds=12)


def next_time(broker: ThreadedBroker, what: str, *entities: str) -> threading.Event:
    """Set when the broker next reports something of this kind; where named, of each of these."""
    happened, missing = threading.Event(), set(entities)

    def note(event: Any) -> None:
        if event.what == what:
            missing.discard(event.entity)
            if not missing:
                happened.set()

    def subscribe(broker: BrokerServer) -> None:
        broker.trace.subscribe(note)

    broker.call(subscribe)
    return happened


async def test_the_sdks_renewer_keeps_a_lock_alive(bench: Bench) -> None:
    """`AutoLockRenewer` keeps the lock of a message."""
    bench.make_queue("slow", lock_duration=RENEWED_LOCK)
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
        bench.broker.advance(BEYOND_THE_FIRST_LOCK_SECONDS)
        await receiver.complete_message(message)
        if is_sync:
            renewer.close()
        else:
            await renewer.close()
    assert bench.counts("slow").total == 0
