"""Azure, or Microsoft's emulator, as a lab's service: the same, as far as the SDK goes.

Time cannot be moved there, so advancing is waiting; a lock's holder cannot be asked for, so the
snapshot says less; what happened is not told. The SDK is imported when a method runs, never before.
"""

import socket
import time
from collections import Counter
from contextlib import nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sbtutorial.connection_string import (
    VARIABLE,
    ConnectionString,
    ConnectionStringError,
    parse_connection_string,
)
from sbtutorial.errors import TutorialError
from sbtutorial.lab.service import Mode
from sbtutorial.snapshot import (
    DEAD,
    DEFERRED,
    READY_OR_LOCKED,
    SCHEDULED,
    MessageSnapshot,
    QueueSnapshot,
)
from sbtutorial.text import text_of
from sbtutorial.trace import Event

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusReceivedMessage
    from azure.servicebus.management import QueueRuntimeProperties

_REACH_SECONDS = 2.0
_EMULATOR_PORT = 5672
_SHOWN_COUNT = 20


class AzureService:
    """A namespace that is not ours; see `lab.service.Service`."""

    tells_events = False

    def __init__(self, connection: ConnectionString) -> None:
        self.connection_string = connection.text
        self.mode = Mode.EMULATOR if connection.is_emulator else Mode.AZURE
        host = connection.host
        self.namespace = host if connection.is_emulator else host.partition(".")[0]

    def fresh_queue(self, name: str, **options: Any) -> None:
        """Have an empty queue, created by the SDK."""
        from sbtutorial.lab.fresh_queue import make_fresh_queue

        make_fresh_queue(self.connection_string, name, options)

    def snapshot(self, queue: str) -> QueueSnapshot:
        """A queue as peeking shows it."""
        return peeked(self.connection_string, queue)

    def advance(self, seconds: float) -> None:
        """Let time pass the slow way, by waiting."""
        wait(seconds)

    def reset(self) -> None:
        """Delete nothing, and say so."""
        print(f"lab.reset() is for the offline broker: nothing was deleted on {self._where}.")

    def shrink(self, queue: str, megabytes: int) -> None:
        """Change nothing, and say so."""
        print(f"lab.shrink() is for the offline broker: {queue} keeps its size on {self._where}.")

    def events(self, queue: str | None = None, after: int = 0) -> list[Event]:
        """Tell none, and say so."""
        print(f"lab.events() is for the offline broker: {self._where} keeps no such record.")
        return []

    def now(self) -> float:
        """The wall clock: nothing is ever ahead of it."""
        return time.time()

    @property
    def _where(self) -> str:
        return "Azure" if self.mode is Mode.AZURE else "the emulator"


def read_variable(text: str) -> ConnectionString:
    """What SBTUTORIAL_CONNECTION_STRING says, when the lessons can use it.

    Raises:
        TutorialError: They cannot; the text names the part and what to do.
    """
    try:
        connection = parse_connection_string(text)
        _require_namespace(connection)
    except ConnectionStringError as error:
        raise TutorialError(f"{VARIABLE} cannot be used. {error}") from None
    return connection


def _require_namespace(connection: ConnectionString) -> None:
    """The SDK takes these strings as well, and fails much later, with other words."""
    if connection.entity_path is not None:
        raise ConnectionStringError(
            f"It is for '{connection.entity_path}' alone (EntityPath), and the lessons make queues "
            "of their own: take the connection string of the namespace."
        )
    if not connection.is_emulator and _is_this_computer(connection.host):
        raise ConnectionStringError(
            f"Its Endpoint, {connection.host}, is this computer, and the SDK must be told so: "
            "add ;UseDevelopmentEmulator=true at the end."
        )


def _is_this_computer(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def describe(connection: ConnectionString) -> str:
    """One line that says what answers where none of our brokers is.

    Raises:
        TutorialError: Nothing usable does.
    """
    if connection.is_emulator:
        if not answers(connection):
            raise nothing_there(connection)
        return f"emulator: Service Bus emulator at {_place(connection)}"
    return describe_azure(connection)


def describe_azure(connection: ConnectionString) -> str:
    """The namespace's own word for itself, which proves that name and key are right.

    Raises:
        TutorialError: Names the part of the connection string that is wrong.
    """
    from azure.core.exceptions import AzureError, ClientAuthenticationError
    from azure.servicebus.management import ServiceBusAdministrationClient

    client = ServiceBusAdministrationClient.from_connection_string(connection.text)
    try:
        with client:
            properties = client.get_namespace_properties(
                retry_total=0, connection_timeout=_REACH_SECONDS, read_timeout=_REACH_SECONDS
            )
    except ClientAuthenticationError:
        raise TutorialError(
            f"{connection.host} refuses the key of {VARIABLE}: "
            f"SharedAccessKey is wrong, or the policy '{connection.key_name}' "
            "(SharedAccessKeyName) lacks the right to Manage. Copy the string again from the "
            "Azure portal, Shared access policies."
        ) from None
    except AzureError as error:
        raise TutorialError(
            f"Nothing usable answers at {connection.host}, the Endpoint of "
            f"{VARIABLE} ({type(error).__name__}): check the name of the "
            "namespace and the network, or unset the variable to work offline."
        ) from None
    return f'azure: Service Bus namespace "{properties.name}", {properties.messaging_sku} tier'


def answers(connection: ConnectionString) -> bool:
    """Whether anything accepts connections where the emulator would be."""
    address = connection.host, connection.port or _EMULATOR_PORT
    try:
        socket.create_connection(address, timeout=_REACH_SECONDS).close()
    except OSError:
        return False
    return True


def nothing_there(connection: ConnectionString) -> TutorialError:
    """What to tell when nothing does."""
    return TutorialError(
        f"Nothing answers at {_place(connection)}, the Endpoint of {VARIABLE}: "
        "start the emulator, correct the address, or unset the variable to work with the offline "
        "broker."
    )


def _place(connection: ConnectionString) -> str:
    return f"{connection.host}:{connection.port or _EMULATOR_PORT}"


def wait(seconds: float) -> None:
    """Let time pass the slow way, with a progress bar where `tqdm` is installed."""
    print(f"Time cannot be moved here, so this waits {seconds:.0f} s.")
    end, shown_seconds = time.monotonic() + seconds, 0.0
    with _progress_bar(seconds) as bar:
        while (left := end - time.monotonic()) > 0:
            bar.update(seconds - left - shown_seconds)
            shown_seconds = seconds - left
            time.sleep(min(left, 1.0))
        bar.update(seconds - shown_seconds)


def _progress_bar(seconds: float) -> Any:
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:  # it comes with the extra `lab`
        return _NoBar()
    return tqdm(total=seconds, unit="s", bar_format="{l_bar}{bar}| {remaining} left")


class _NoBar(nullcontext["_NoBar"]):
    def __enter__(self) -> "_NoBar":
        return self

    def update(self, _seconds: float) -> None:
        pass


def peeked(connection_string: str, queue: str) -> QueueSnapshot:
    """A queue as peeking shows it: from outside, ready and locked messages look the same."""
    from azure.servicebus import ServiceBusClient, ServiceBusSubQueue
    from azure.servicebus.management import ServiceBusAdministrationClient

    with ServiceBusAdministrationClient.from_connection_string(connection_string) as admin:
        properties = admin.get_queue_runtime_properties(queue)
    with ServiceBusClient.from_connection_string(connection_string) as client:
        with client.get_queue_receiver(queue) as receiver:
            live = receiver.peek_messages(max_message_count=_SHOWN_COUNT)
        with client.get_queue_receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
            dead = receiver.peek_messages(max_message_count=_SHOWN_COUNT)
    now = time.time()
    messages = [_describe(message, _STATES[message.state.name], now) for message in live]
    messages += [_describe(message, DEAD, now) for message in dead]
    return QueueSnapshot(queue, now, _counts(properties, messages), tuple(messages))


_STATES = {"ACTIVE": READY_OR_LOCKED, "DEFERRED": DEFERRED, "SCHEDULED": SCHEDULED}


def _counts(
    properties: "QueueRuntimeProperties", messages: list[MessageSnapshot]
) -> dict[str, int]:
    """Azure counts everything but what is deferred, and counts late: never less than is seen."""
    counts = {
        READY_OR_LOCKED: properties.active_message_count or 0,
        DEFERRED: 0,
        SCHEDULED: properties.scheduled_message_count or 0,
        DEAD: properties.dead_letter_message_count or 0,
    }
    seen = Counter(message.state for message in messages)
    return {state: max(count, seen[state]) for state, count in counts.items()}


def _describe(message: "ServiceBusReceivedMessage", state: str, now: float) -> MessageSnapshot:
    scheduled_at = _seconds(message.scheduled_enqueue_time_utc) if state == SCHEDULED else None
    return MessageSnapshot(
        sequence_number=message.sequence_number or 0,
        state=state,
        text=_text(message),
        message_id=_text_or_none(message.message_id),
        session_id=_text_or_none(message.session_id),
        delivery_count=message.delivery_count or 0,
        scheduled_at=scheduled_at,
        scheduled_seconds=None if scheduled_at is None else max(scheduled_at - now, 0.0),
        expires_at=_seconds(message.expires_at_utc),
        dead_letter_reason=_text_or_none(message.dead_letter_reason),
    )


def _seconds(instant: datetime | None) -> float | None:
    return None if instant is None else instant.timestamp()


def _text_or_none(value: object) -> str | None:
    return None if value is None else text_of(value)


def _text(message: "ServiceBusReceivedMessage") -> str | None:
    body = message.body
    if isinstance(body, str):
        return body
    try:
        return b"".join(body).decode()
    except (TypeError, ValueError):
        return None
