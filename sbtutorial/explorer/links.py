"""The SDK's clients, kept open: to open a link takes it half a second, to close one as well.

Two kinds of links are kept, senders and receivers that only peek; they take no message. A receiver
that takes messages is opened for one purpose and closed after it: left open, it would go on taking.
One thread at a time uses a link; each link has a connection of its own.

A connection string that says `Authentication=DefaultAzureCredential` has no key: the credential of
`azure.identity` goes with the host, as the SDK wants it. It is made once, as it keeps its tokens.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from threading import Lock, RLock, Thread
from typing import TYPE_CHECKING, Any

from sbtutorial.connection_string import parse_connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.explorer.places import Kind, Part, Place
from sbtutorial.explorer.refusals import refusals

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusClient, ServiceBusReceiver, ServiceBusSender
    from azure.servicebus.management import ServiceBusAdministrationClient

CLIENT_NAME = "explorer"
_RETRIES: Any = {"retry_total": 1, "retry_backoff_factor": 0.2}


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
    """

    def __init__(self, connection_string: str) -> None:
        self._connection_string = connection_string
        self._lock = Lock()
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._client: ServiceBusClient | None = None
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
                self._administration = open_admin(self._connection_string)
            yield self._administration

    @contextmanager
    def sender(self, place: Place) -> "Iterator[ServiceBusSender]":
        """A sender to a queue or a topic; one that breaks is opened again the next time.

        Raises:
            TutorialError: The service refuses.
        """
        with self._use("sender", place.target, self._new_sender) as sender:
            yield sender

    @contextmanager
    def browser(self, place: Place, session: str | None = None) -> "Iterator[ServiceBusReceiver]":
        """A receiver that only peeks; with a session, it holds that until this ends.

        Raises:
            TutorialError: The service refuses.
        """
        if session is not None:
            with self.receiver(place, session=session) as receiver:
                yield receiver
            return
        with self._use("browser", place, self._new_receiver) as receiver:
            yield receiver

    @contextmanager
    def receiver(
        self, place: Place, *, session: str | None = None, **options: Any
    ) -> "Iterator[ServiceBusReceiver]":
        """A receiver that takes messages, closed at the end.

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
    ) -> "ServiceBusReceiver":
        """A receiver that the caller closes."""
        return self._new_receiver(place, **({"session_id": session} if session else {}), **options)

    def sessions(self, place: Place) -> list[str]:
        """The ids of the sessions that have messages or a state.

        Raises:
            TutorialError: The service refuses.
        """
        with refusals():
            if place.kind is Kind.SUBSCRIPTION:
                return list(
                    self._sdk().list_subscription_sessions(place.entity, place.subscription)
                )
            return list(self._sdk().list_queue_sessions(place.entity))

    def forget(self, place: Place) -> None:
        """Let go of what is open to an entity: it has been deleted, or was made anew."""
        with self._lock:
            keys = [key for key in self._kept if _is_of(key[1], place)]
            kept = [self._kept.pop(key) for key in keys]
        _close_behind(kept)

    def close(self) -> None:
        """Close all of them, in the background."""
        with self._lock:
            kept = list(self._kept.values())
            self._kept.clear()
            self._client = None
        _close_behind(kept)

    @contextmanager
    def _use(self, what: str, place: Place, opened: Callable[[Place], Any]) -> Iterator[Any]:
        key = (what, str(place))
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
        with kept.lock:
            try:
                with refusals():
                    kept.link = kept.link or opened(place)
                    yield kept.link
            except Exception:
                self._drop(key, kept)
                raise

    def _drop(self, key: tuple[str, str], kept: "_Kept") -> None:
        with self._lock:
            if self._kept.get(key) is kept:
                del self._kept[key]
        _close_behind([kept])

    def _new_sender(self, place: Place) -> "ServiceBusSender":
        client = self._sdk()
        if place.kind is Kind.QUEUE:
            return client.get_queue_sender(place.entity, client_identifier=CLIENT_NAME)
        return client.get_topic_sender(place.entity, client_identifier=CLIENT_NAME)

    def _new_receiver(self, place: Place, **options: Any) -> "ServiceBusReceiver":
        if place.part is not Part.LIVE:
            options["sub_queue"] = place.part.value
        options.setdefault("client_identifier", CLIENT_NAME)
        client = self._sdk()
        if place.kind is Kind.SUBSCRIPTION:
            return client.get_subscription_receiver(place.entity, place.subscription, **options)
        return client.get_queue_receiver(place.entity, **options)

    def _sdk(self) -> "ServiceBusClient":
        with self._lock:
            if self._client is None:
                self._client = open_client(self._connection_string, **_RETRIES)
            return self._client


class _Kept:
    """A link, opened when it is first used, and who uses it now."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.link: Any = None


def _is_of(path: str, place: Place) -> bool:
    name = place.name.lower()
    return path.lower() == name or path.lower().startswith(name + "/")


def _close_behind(kept: list[_Kept]) -> None:
    """Close links while others go on: each takes the SDK half a second."""

    def close() -> None:
        for one in kept:
            with suppress(Exception):
                one.link.close()

    if any(one.link is not None for one in kept):
        Thread(target=close, name="sbtutorial explorer closes", daemon=True).start()
