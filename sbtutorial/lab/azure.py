"""What a lab does on Azure and on Microsoft's emulator: the same, as far as the SDK goes.

Time cannot be moved there, so advancing is waiting; a lock's holder cannot be asked for, so the
picture says less. The SDK is imported when a function runs, never before.
"""

import socket
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from sbtutorial.connection_string import (
    ConnectionString,
    ConnectionStringError,
    parse_connection_string,
)
from sbtutorial.errors import TutorialError

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusReceivedMessage
    from azure.servicebus.management import QueueRuntimeProperties

_REACH_SECONDS = 2.0
_EMULATOR_PORT = 5672
_BAR_CHARS = 30
_SHOWN_COUNT = 20


def read_variable(text: str) -> ConnectionString:
    """What SBTUTORIAL_CONNECTION_STRING says, when the lessons can use it.

    Raises:
        TutorialError: They cannot; the text names the part and what to do.
    """
    try:
        connection = parse_connection_string(text)
        _require_namespace(connection)
    except ConnectionStringError as error:
        raise TutorialError(f"SBTUTORIAL_CONNECTION_STRING cannot be used. {error}") from None
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
            f"{connection.host} refuses the key of SBTUTORIAL_CONNECTION_STRING: "
            f"SharedAccessKey is wrong, or the policy '{connection.key_name}' "
            "(SharedAccessKeyName) lacks the right to Manage. Copy the string again from the "
            "Azure portal, Shared access policies."
        ) from None
    except AzureError as error:
        raise TutorialError(
            f"Nothing usable answers at {connection.host}, the Endpoint of "
            f"SBTUTORIAL_CONNECTION_STRING ({type(error).__name__}): check the name of the "
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
        f"Nothing answers at {_place(connection)}, the Endpoint of SBTUTORIAL_CONNECTION_STRING: "
        "start the emulator, correct the address, or unset the variable to work with the offline "
        "broker."
    )


def _place(connection: ConnectionString) -> str:
    return f"{connection.host}:{connection.port or _EMULATOR_PORT}"


def wait(seconds: float) -> None:
    """Let time pass the slow way, with a progress bar in text."""
    print(f"Time cannot be moved here, so this waits {seconds:.0f} s.")
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        done = round(_BAR_CHARS * (1 - left / seconds))
        bar = "█" * done + "░" * (_BAR_CHARS - done)
        print(f"\r{bar} {left:4.0f} s left", end="", flush=True)
        time.sleep(min(left, 1.0))
    print(f"\r{'█' * _BAR_CHARS} {'done':11}")


def snapshot(connection_string: str, queue: str) -> dict[str, Any]:
    """A queue as peeking shows it: from outside, ready and locked messages look the same."""
    from azure.servicebus import ServiceBusClient, ServiceBusSubQueue
    from azure.servicebus.management import ServiceBusAdministrationClient

    with ServiceBusAdministrationClient.from_connection_string(connection_string) as admin:
        counts = admin.get_queue_runtime_properties(queue)
    with ServiceBusClient.from_connection_string(connection_string) as client:
        with client.get_queue_receiver(queue) as receiver:
            live = receiver.peek_messages(max_message_count=_SHOWN_COUNT)
        with client.get_queue_receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
            dead = receiver.peek_messages(max_message_count=_SHOWN_COUNT)
    messages = [_describe(message, _STATES[message.state.name]) for message in live]
    messages += [_describe(message, "dead") for message in dead]
    return {"name": queue, "counts": _counts(counts, messages), "messages": messages}


_STATES = {"ACTIVE": "ready or locked", "DEFERRED": "deferred", "SCHEDULED": "scheduled"}


def _counts(properties: "QueueRuntimeProperties", messages: list[dict[str, Any]]) -> dict[str, int]:
    """Azure counts everything but what is deferred, and counts late: never less than is seen."""
    counts = {
        "ready or locked": properties.active_message_count or 0,
        "deferred": 0,
        "scheduled": properties.scheduled_message_count or 0,
        "dead": properties.dead_letter_message_count or 0,
    }
    seen = Counter(message["state"] for message in messages)
    return {state: max(count, seen[state]) for state, count in counts.items()}


def _describe(message: "ServiceBusReceivedMessage", state: str) -> dict[str, Any]:
    scheduled_at = message.scheduled_enqueue_time_utc if state == "scheduled" else None
    return {
        "sequence_number": message.sequence_number,
        "text": _text(message),
        "state": state,
        "delivery_count": message.delivery_count or 0,
        "locked_by": None,
        "holder_attached": False,
        "lock_seconds_left": None,
        "scheduled_seconds": scheduled_at and max(scheduled_at.timestamp() - time.time(), 0.0),
        "dead_letter_reason": message.dead_letter_reason,
    }


def _text(message: "ServiceBusReceivedMessage") -> str | None:
    body = message.body
    if isinstance(body, str):
        return body
    try:
        return b"".join(body).decode()
    except (TypeError, ValueError):
        return None
