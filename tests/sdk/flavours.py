"""One test for both halves of the SDK: a test is written once, as if for asyncio.

The synchronous clients are put behind the same awaitable face, each call on a worker thread. Only
the face is ours; the clients are the SDK's own, untouched.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import azure.servicebus
import azure.servicebus.aio
import azure.servicebus.aio.management
import azure.servicebus.management

_END = object()
# What the asyncio clients, too, answer at once.
_PLAIN = {
    "get_queue_sender",
    "get_queue_receiver",
    "get_topic_sender",
    "get_subscription_receiver",
    "list_queue_sessions",
    "list_subscription_sessions",
    "list_queues",
    "list_queues_runtime_properties",
    "list_rules",
    "list_subscriptions",
    "list_subscriptions_runtime_properties",
    "list_topics",
    "list_topics_runtime_properties",
}


class Awaitable:
    """A synchronous client whose methods can be awaited."""

    def __init__(self, client: Any) -> None:
        self.plain = client

    async def __aenter__(self) -> "Awaitable":
        await asyncio.to_thread(self.plain.__enter__)
        return self

    async def __aexit__(self, *error: object) -> None:
        await asyncio.to_thread(self.plain.__exit__, *error)

    async def __aiter__(self) -> AsyncIterator[Any]:
        items = iter(self.plain)
        while (item := await asyncio.to_thread(next, items, _END)) is not _END:
            yield item

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.plain, name)
        if name in _PLAIN:
            return lambda *args, **options: Awaitable(method(*args, **options))
        if name == "session":
            return Awaitable(method)
        if not callable(method):
            return method

        async def call(*args: Any, **options: Any) -> Any:
            return await asyncio.to_thread(method, *args, **options)

        return call


class Sync:
    """The synchronous clients."""

    def client(self, connection_string: str, **options: Any) -> Any:
        made = azure.servicebus.ServiceBusClient.from_connection_string(
            connection_string, **options
        )
        return Awaitable(made)

    def administration(self, connection_string: str, **options: Any) -> Any:
        kind = azure.servicebus.management.ServiceBusAdministrationClient
        return Awaitable(kind.from_connection_string(connection_string, **options))

    def client_with(self, credential: Any, host: str, **options: Any) -> Any:
        return Awaitable(azure.servicebus.ServiceBusClient(host, credential, **options))

    def administration_with(self, credential: Any, host: str, **options: Any) -> Any:
        kind = azure.servicebus.management.ServiceBusAdministrationClient
        return Awaitable(kind(host, credential, **options))


class Aio:
    """The asyncio clients."""

    def client(self, connection_string: str, **options: Any) -> Any:
        return azure.servicebus.aio.ServiceBusClient.from_connection_string(
            connection_string, **options
        )

    def administration(self, connection_string: str, **options: Any) -> Any:
        kind = azure.servicebus.aio.management.ServiceBusAdministrationClient
        return kind.from_connection_string(connection_string, **options)

    def client_with(self, credential: Any, host: str, **options: Any) -> Any:
        return azure.servicebus.aio.ServiceBusClient(host, credential, **options)

    def administration_with(self, credential: Any, host: str, **options: Any) -> Any:
        kind = azure.servicebus.aio.management.ServiceBusAdministrationClient
        return kind(host, credential, **options)


Flavour = Sync | Aio
