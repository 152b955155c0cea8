"""Renewing locks with the SDK's AutoLockRenewer."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from azure.servicebus import NEXT_AVAILABLE_SESSION, AutoLockRenewer
from azure.servicebus.aio import AutoLockRenewer as AioAutoLockRenewer
from azure.servicebus.exceptions import (
    AutoLockRenewFailed,
    AutoLockRenewTimeout,
    MessageAlreadySettled,
    MessageLockLostError,
    ServiceBusError,
    SessionLockLostError,
)

from tests.sdk.conftest import Bench
from tests.sdk.flavours import Sync
from tests.sdk.side_by_side import side_by_side
from tests.sdk.test_receive import take
from tests.sdk.test_renewal import (
    BEYOND_THE_FIRST_LOCK_SECONDS,
    LOCK_SECONDS,
    RENEWED_LOCK,
    SOON_RENEWED_LOCK,
    next_time,
)

pytestmark = pytest.mark.feature("Locks")

SHORTEST_LOCK = timedelta(seconds=5)


class Failures:
    """What a renewer has reported."""

    def __init__(self, bench: Bench) -> None:
        self.came = threading.Event()
        self.renewable: Any = None
        self.error: Exception | None = None
        self.callback: Callable[..., Any] = (
            self._note if isinstance(bench.flavour, Sync) else self._note_later
        )

    def _note(self, renewable: Any, error: Exception | None) -> None:
        self.renewable, self.error = renewable, error
        self.came.set()

    async def _note_later(self, renewable: Any, error: Exception | None) -> None:
        self._note(renewable, error)

    async def wait(self) -> None:
        assert await asyncio.to_thread(self.came.wait, 20)


@asynccontextmanager
async def renewing(bench: Bench, **options: Any) -> AsyncIterator[Any]:
    if isinstance(bench.flavour, Sync):
        with AutoLockRenewer(**options) as renewer:
            yield renewer
    else:
        async with AioAutoLockRenewer(**options) as renewer:
            yield renewer


def plain(receiver: Any) -> Any:
    """The SDK's own object: the renewer takes no other."""
    return getattr(receiver, "plain", receiver)


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """With short locks: on `slow` and `brief`, on the sessions of `tables`, `others` and `soon`."""
    bench.make_queue("slow", lock_duration=SOON_RENEWED_LOCK)
    for name in ("tables", "others"):
        bench.make_queue(name, lock_duration=RENEWED_LOCK, requires_session=True)
    bench.make_queue("brief", lock_duration=SHORTEST_LOCK)
    bench.make_queue("soon", lock_duration=SOON_RENEWED_LOCK, requires_session=True)
    return bench


async def test_a_receiver_registers_each_message_with_its_renewer(bench: Bench) -> None:
    """A receiver made with `auto_lock_renewer` registers its messages by itself."""
    await bench.send("roast", "soup", queue="slow")
    renewed = next_time(bench.broker, "lock_renewed")
    async with (
        renewing(bench) as renewer,
        bench.receiver("slow", auto_lock_renewer=renewer) as receiver,
    ):
        messages = [await take(receiver), await take(receiver)]
        assert await asyncio.to_thread(renewed.wait, 20)
        for message in messages:
            assert message.auto_renew_error is None
            await receiver.complete_message(message)
    assert bench.counts("slow").total == 0


async def test_a_receiver_registers_its_session_with_its_renewer(bench: Bench) -> None:
    """A receiver made with `auto_lock_renewer` registers its session by itself."""
    await bench.send("roast", queue="tables", session_id="7")
    await bench.send("roast", queue="others", session_id="8")
    renewed = next_time(bench.broker, "session_lock_renewed", "tables", "others")
    async with (
        renewing(bench) as renewer,
        side_by_side(
            bench.receiver("tables", session_id="7", auto_lock_renewer=renewer),
            bench.receiver("others", session_id=NEXT_AVAILABLE_SESSION, auto_lock_renewer=renewer),
        ) as receivers,
    ):
        messages = [await take(receiver) for receiver in receivers]
        assert await asyncio.to_thread(renewed.wait, 20)
        bench.broker.advance(BEYOND_THE_FIRST_LOCK_SECONDS)
        for receiver, message in zip(receivers, messages, strict=True):
            await receiver.complete_message(message)
    assert bench.counts("tables").total == bench.counts("others").total == 0


async def test_who_asked_is_told_of_a_message_whose_lock_was_lost(bench: Bench) -> None:
    """`on_lock_renew_failure` is told of a message whose lock was lost."""
    await bench.send("roast", queue="slow")
    failures = Failures(bench)
    async with (
        renewing(bench, on_lock_renew_failure=failures.callback) as renewer,
        bench.receiver("slow") as receiver,
    ):
        message = await take(receiver)
        bench.broker.advance(LOCK_SECONDS + 1)
        renewer.register(plain(receiver), message)
        await failures.wait()
        assert failures.renewable is message
        assert isinstance(failures.error, AutoLockRenewFailed)
        assert isinstance(message.auto_renew_error, AutoLockRenewFailed)
        with pytest.raises(MessageLockLostError):
            await receiver.complete_message(message)


async def test_who_asked_is_told_of_a_session_whose_lock_was_lost(bench: Bench) -> None:
    """`on_lock_renew_failure` is told of a session whose lock was lost."""
    await bench.send("roast", queue="soon", session_id="7")
    failures = Failures(bench)
    async with renewing(bench) as renewer, bench.receiver("soon", session_id="7") as receiver:
        message = await take(receiver)
        bench.broker.advance(LOCK_SECONDS + 1)
        held = plain(receiver.session)
        renewer.register(plain(receiver), held, on_lock_renew_failure=failures.callback)
        await failures.wait()
        assert failures.renewable is held
        assert isinstance(held.auto_renew_error, AutoLockRenewFailed)
        with pytest.raises(SessionLockLostError):
            await receiver.complete_message(message)


async def test_a_renewer_stops_after_its_time_and_the_lock_runs_out(bench: Bench) -> None:
    """After `max_lock_renewal_duration` the lock runs out."""
    await bench.send("roast", queue="brief")
    ran_out = next_time(bench.broker, "lock_expired")
    async with (
        renewing(bench, max_lock_renewal_duration=0.2) as renewer,
        bench.receiver("brief") as receiver,
    ):
        message = await take(receiver)
        renewer.register(plain(receiver), message)
        assert await asyncio.to_thread(ran_out.wait, 20)
        assert isinstance(message.auto_renew_error, AutoLockRenewTimeout)


async def test_the_time_of_one_registration_goes_before_the_renewers_own(bench: Bench) -> None:
    """The duration of one registration goes before that of its `AutoLockRenewer`."""
    await bench.send("roast", queue="slow")
    renewed = next_time(bench.broker, "lock_renewed")
    async with (
        renewing(bench, max_lock_renewal_duration=0.2) as renewer,
        bench.receiver("slow") as receiver,
    ):
        message = await take(receiver)
        renewer.register(plain(receiver), message, max_lock_renewal_duration=60)
        assert await asyncio.to_thread(renewed.wait, 20)
        await receiver.complete_message(message)
    assert message.auto_renew_error is None


async def test_a_renewer_may_be_given_its_threads(bench: Bench) -> None:
    """The synchronous `AutoLockRenewer` may be given its threads; the other one needs none."""
    if not isinstance(bench.flavour, Sync):
        with pytest.raises(TypeError):
            AioAutoLockRenewer(executor=None)  # it needs none
        return
    await bench.send("roast", queue="slow")
    for options in ({"executor": ThreadPoolExecutor(2)}, {"max_workers": 2}):
        renewed = next_time(bench.broker, "lock_renewed")
        renewer = AutoLockRenewer(**options)
        async with bench.receiver("slow") as receiver:
            message = await take(receiver)
            renewer.register(plain(receiver), message)
            assert await asyncio.to_thread(renewed.wait, 20)
            await receiver.abandon_message(message)
        renewer.close(wait=True)
        with pytest.raises(ServiceBusError, match="already been shutdown"):
            renewer.register(plain(receiver), message)


async def test_what_is_settled_is_renewed_and_settled_no_more(bench: Bench) -> None:
    """A message that is settled is neither renewed nor settled again."""
    await bench.send("roast", queue="slow")
    async with bench.receiver("slow") as receiver:
        message = await take(receiver)
        await receiver.complete_message(message)
        for again in (receiver.renew_message_lock, receiver.complete_message):
            with pytest.raises((MessageAlreadySettled, ValueError)):
                await again(message)
