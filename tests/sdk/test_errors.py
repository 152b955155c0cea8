"""Errors: every condition and status that Azure may answer with, as the SDK's own exception."""

import asyncio
from typing import Any

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import (
    MessageLockLostError,
    MessageNotFoundError,
    MessageSizeExceededError,
    MessagingEntityAlreadyExistsError,
    MessagingEntityDisabledError,
    MessagingEntityNotFoundError,
    OperationTimeoutError,
    ServiceBusAuthorizationError,
    ServiceBusConnectionError,
    ServiceBusError,
    ServiceBusQuotaExceededError,
    ServiceBusServerBusyError,
    SessionCannotBeLockedError,
    SessionLockLostError,
)

from tests.sdk.conftest import Bench

pytestmark = pytest.mark.feature("Errors")

# The SDK's own table, `_ERROR_CODE_TO_ERROR_MAPPING`, and what it makes of the rest.
EXCEPTIONS: dict[str, type[Exception]] = {
    "amqp:link:message-size-exceeded": MessageSizeExceededError,
    "amqp:resource-limit-exceeded": ServiceBusQuotaExceededError,
    "amqp:unauthorized-access": ServiceBusAuthorizationError,
    "amqp:not-found": MessagingEntityNotFoundError,
    "amqp:not-implemented": ServiceBusError,
    "amqp:not-allowed": ServiceBusError,
    "amqp:internal-error": ServiceBusError,
    "amqp:link:detach-forced": ServiceBusConnectionError,
    "com.microsoft:auth-failed": ServiceBusAuthorizationError,
    "com.microsoft:message-lock-lost": MessageLockLostError,
    "com.microsoft:message-not-found": MessageNotFoundError,
    "com.microsoft:entity-disabled": MessagingEntityDisabledError,
    "com.microsoft:entity-already-exists": MessagingEntityAlreadyExistsError,
    "com.microsoft:server-busy": ServiceBusServerBusyError,
    "com.microsoft:session-cannot-be-locked": SessionCannotBeLockedError,
    "com.microsoft:session-lock-lost": SessionLockLostError,
    "com.microsoft:timeout": OperationTimeoutError,
    "com.microsoft:argument-error": ServiceBusError,
    "com.microsoft:argument-out-of-range": ServiceBusError,
    "com.microsoft:precondition-failed": ServiceBusError,
    "com.microsoft:operation-cancelled": ServiceBusError,
    "com.microsoft:container-close": ServiceBusError,
}
STATUSES: dict[int, type[Exception]] = {
    400: HttpResponseError,
    401: ClientAuthenticationError,
    403: HttpResponseError,
    404: ResourceNotFoundError,
    409: ResourceExistsError,
    500: HttpResponseError,
    503: HttpResponseError,
}


def order(bench: Bench, occasion: str, condition: str = "", **options: Any) -> None:
    bench.broker.call(lambda broker: broker.faults.plan(occasion, condition, **options))


def own_queue(bench: Bench, condition: str) -> str:
    """A queue for one condition, so that all of them can be tried at the same time."""
    name = condition.replace(":", "-")
    bench.make_queue(name)
    return name


async def test_a_refused_message_raises_what_its_condition_says(bench: Bench) -> None:
    """Each AMQP condition that can refuse a message raises the SDK's exception for it."""

    async def refuse(condition: str) -> None:
        queue = own_queue(bench, condition)
        order(bench, "send", condition, text="Not this one.", path=queue)
        async with bench.sender(queue) as sender:
            with pytest.raises(EXCEPTIONS[condition], match=r"Not this one\.") as caught:
                await sender.send_messages(ServiceBusMessage("x"))
            assert type(caught.value) is EXCEPTIONS[condition]
            await sender.send_messages(ServiceBusMessage("the next one"))
        assert bench.counts(queue).total == 1

    bench.client_options["retry_total"] = 0
    await asyncio.gather(*map(refuse, EXCEPTIONS))


async def test_a_refused_request_raises_what_its_condition_says(bench: Bench) -> None:
    """Each AMQP condition that can refuse a management call raises the SDK's exception for it."""

    async def refuse(condition: str) -> None:
        queue = own_queue(bench, condition)
        order(bench, "request", condition, text="Not now.", path=queue)
        async with bench.receiver(queue) as receiver:
            with pytest.raises(EXCEPTIONS[condition], match=r"Not now\."):
                await receiver.peek_messages()
            assert await receiver.peek_messages() == []

    bench.client_options["retry_total"] = 0
    await asyncio.gather(*map(refuse, EXCEPTIONS))


@pytest.mark.parametrize("condition", ["amqp:link:detach-forced", ""])
async def test_a_link_that_is_detached_raises_a_connection_error(
    bench: Bench, condition: str
) -> None:
    order(bench, "detach", condition, path="orders")
    async with bench.client(retry_total=0) as client:
        with pytest.raises(ServiceBusConnectionError):
            async with client.get_queue_sender("orders") as sender:
                await sender.send_messages(ServiceBusMessage("x"))


async def test_a_closed_connection_raises_a_connection_error_and_the_next_one_works(
    bench: Bench,
) -> None:
    order(bench, "connect", "amqp:connection:forced")
    async with bench.client(retry_total=0) as client:
        with pytest.raises(ServiceBusConnectionError):
            async with client.get_queue_sender("orders") as sender:
                await sender.send_messages(ServiceBusMessage("x"))
        async with client.get_queue_sender("orders") as sender:
            await sender.send_messages(ServiceBusMessage("x"))
    assert bench.counts().total == 1


async def test_a_fault_that_passes_is_retried_by_the_sdk_and_not_noticed(bench: Bench) -> None:
    order(bench, "send", "amqp:internal-error", times=2)
    async with (
        bench.client(retry_backoff_factor=0.01) as client,
        client.get_queue_sender("orders") as sender,
    ):
        await sender.send_messages(ServiceBusMessage("x"))
    assert bench.counts().total == 1


async def test_a_refused_settlement_leaves_the_message_locked(bench: Bench) -> None:
    await bench.send("x")
    async with (
        bench.client(retry_total=0) as client,
        client.get_queue_receiver("orders") as receiver,
    ):
        (message,) = await receiver.receive_messages(max_wait_time=5)
        order(bench, "settle", "com.microsoft:message-lock-lost")
        with pytest.raises(MessageLockLostError):
            await receiver.complete_message(message)
        assert bench.counts().locked == 1


@pytest.mark.parametrize("status", STATUSES)
async def test_a_refused_http_request_raises_what_its_status_says(
    bench: Bench, status: int
) -> None:
    """Each HTTP status that can refuse an administration call raises the SDK's exception for it."""
    order(bench, "http", status_code=status, text="SubCode=40000. Not today.")
    async with bench.administration() as administration:
        with pytest.raises(STATUSES[status]) as caught:
            await administration.create_queue("letters", retry_total=0)
        assert caught.value.status_code == status
        await administration.create_queue("letters")
