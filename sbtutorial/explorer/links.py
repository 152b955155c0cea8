"""The SDK's clients of one namespace, and the links that they open.

What is kept open for the next time, and what may be done again on a new link, is in `keeping`.
Each link of the SDK has a connection of its own.

A connection string that says `Authentication=DefaultAzureCredential` has no key: the credential of
`azure.identity` goes with the host, as the SDK wants it. It is made once, as it keeps its tokens.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any

from sbtutorial.connection_string import parse_connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.explorer.keeping.kept_links import KeptLinks, Key
from sbtutorial.explorer.keeping.lent_links import LentReceiver, LentSender, entered
from sbtutorial.explorer.places import Kind, Part, Place
from sbtutorial.explorer.refusals import refusals

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusClient
    from azure.servicebus.management import ServiceBusAdministrationClient

CLIENT_NAME = "explorer"
# How often a client tries again, and how soon, by what it does: with more, the SDK sends again what
# may have been taken; with later, it takes five seconds to say that a broker is gone, not one.
_RETRIES: dict[str, Any] = {
    "administers": {"retry_backoff_factor": 0.2},
    "receives": {"retry_total": 1, "retry_backoff_factor": 0.2},
    "sends": {"retry_total": 0},
}


def open_client(connection_string: str, **options: Any) -> "ServiceBusClient":
    """A client for messages; options are those of the SDK.

    Raises:
        TutorialError: azure-identity is wanted and not installed.
    """
    from azure.servicebus import ServiceBusClient

    client: ServiceBusClient = open_any(ServiceBusClient, connection_string, **options)
    return client


def open_admin(connection_string: str, **options: Any) -> "ServiceBusAdministrationClient":
    """A client for queues and their settings; options are those of the SDK.

    Raises:
        TutorialError: azure-identity is wanted and not installed.
    """
    from azure.servicebus.management import ServiceBusAdministrationClient

    from sbtutorial.hosting.client_transport import transport

    whole = {"transport": transport(), **options}
    admin: ServiceBusAdministrationClient = open_any(
        ServiceBusAdministrationClient, connection_string, **whole
    )
    return admin


def open_any(kind: Any, connection_string: str, **options: Any) -> Any:
    """A client of that class of the SDK: of messages or of queues, sync or aio."""
    if "Authentication=" not in connection_string:
        return kind.from_connection_string(connection_string, **options)
    host = parse_connection_string(connection_string).host
    who = credential()
    return kind(host, _Awaited(who) if ".aio" in kind.__module__ else who, **options)


@cache
def credential() -> Any:
    """The credential of whoever is signed in; the same one for all.

    Raises:
        TutorialError: azure-identity is not installed.
    """
    try:
        identity: Any = import_module("azure.identity")
    except ImportError:
        raise TutorialError(
            "DefaultAzureCredential is in a package of its own: run %pip install azure-identity "
            "in a cell, restart the kernel, and connect again."
        ) from None
    return identity.DefaultAzureCredential()


class _Awaited:
    """The same for asyncio's clients: those of azure-identity would belong to one event loop."""

    def __init__(self, credential: Any) -> None:
        self._credential = credential

    async def get_token(self, *scopes: str, **options: Any) -> Any:
        return self._credential.get_token(*scopes, **options)

    async def close(self) -> None:
        """The one credential stays open."""


class Links:
    """Everything that is open to one namespace.

    Args:
        connection_string: As the SDK takes it.
        kept: Those that are kept open.
    """

    def __init__(self, connection_string: str, kept: KeptLinks | None = None) -> None:
        self._connection_string = connection_string
        self._kept = KeptLinks() if kept is None else kept
        self._lock = Lock()
        self._clients: dict[str, ServiceBusClient] = {}
        self._administration: ServiceBusAdministrationClient | None = None
        self._administration_lock = RLock()

    @contextmanager
    def administration(self) -> "Iterator[ServiceBusAdministrationClient]":
        """The administration client; its refusals are sentences.

        Raises:
            TutorialError: The service refuses.
        """
        with self._administration_lock, refusals():
            if self._administration is None:
                self._administration = open_admin(
                    self._connection_string, **_RETRIES["administers"]
                )
            yield self._administration

    @contextmanager
    def sender(self, place: Place) -> Iterator[LentSender]:
        """A sender to a queue or a topic.

        Raises:
            TutorialError: The service refuses.
        """
        key = Key("sender", str(place.target))

        def opened() -> Any:
            return entered(lambda: self._new_sender(place.target))

        with refusals(), LentSender(opened, self._kept, key) as sender:
            yield sender

    @contextmanager
    def receiver(
        self, place: Place, *, session: str | None = None, **options: Any
    ) -> Iterator[LentReceiver]:
        """A receiver; with a session, it holds that until this ends.

        Args:
            place: A queue, a subscription, or its dead letters.
            session: The session to hold.
            options: What the SDK's receiver takes beside these.

        Raises:
            TutorialError: The service refuses.
        """
        with refusals(), self.open_receiver(place, session=session, **options) as receiver:
            yield receiver

    def open_receiver(
        self, place: Place, *, session: str | None = None, **options: Any
    ) -> LentReceiver:
        """A receiver that the caller closes; its refusals are the SDK's."""
        if session:
            options["session_id"] = session
        key = None if options else Key("receiver", str(place))

        def opened() -> Any:
            return self._new_receiver(place, **options).__enter__()

        return LentReceiver(opened, self._kept, key)

    def sessions(self, place: Place) -> list[str]:
        """The ids of the sessions that have messages or a state.

        Raises:
            TutorialError: The service refuses.
        """
        client = self._client("receives")
        with refusals():
            if place.kind is Kind.SUBSCRIPTION:
                return list(client.list_subscription_sessions(place.entity, place.subscription))
            return list(client.list_queue_sessions(place.entity))

    def forget(self, place: Place) -> None:
        """Let go of what is open to an entity: it has been deleted, or was made anew."""
        self._kept.forget(lambda key: _is_of(key.path, place))

    def close(self) -> None:
        """Close all of them, in the background."""
        self._kept.forget(lambda key: True)

    def _new_sender(self, place: Place) -> Any:
        client = self._client("sends")
        if place.kind is Kind.QUEUE:
            return client.get_queue_sender(place.entity, client_identifier=CLIENT_NAME)
        return client.get_topic_sender(place.entity, client_identifier=CLIENT_NAME)

    def _new_receiver(self, place: Place, **options: Any) -> Any:
        if place.part is not Part.LIVE:
            options["sub_queue"] = place.part.value
        options.setdefault("client_identifier", CLIENT_NAME)
        client = self._client("receives")
        if place.kind is Kind.SUBSCRIPTION:
            return client.get_subscription_receiver(place.entity, place.subscription, **options)
        return client.get_queue_receiver(place.entity, **options)

    def _client(self, what: str) -> "ServiceBusClient":
        with self._lock:
            if what not in self._clients:
                self._clients[what] = open_client(self._connection_string, **_RETRIES[what])
            return self._clients[what]


def _is_of(path: str, place: Place) -> bool:
    name = place.name.lower()
    return path.lower() == name or path.lower().startswith(name + "/")
