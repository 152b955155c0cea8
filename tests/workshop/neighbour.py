"""Every way into a namespace, tried with one's own key: at home, where all lead in, and next door.

Who shares a machine finds the neighbour's port, and knows how everybody's queue is called. The
certificate is not trusted next door either; so administration is tried without looking at it, too.
"""

import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from azure.servicebus.exceptions import ServiceBusError
from azure.servicebus.management import ServiceBusAdministrationClient

from sbtutorial.connection_string import ConnectionString, connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.hosting.control_client import ControlClient

_NO_RETRY = {"retry_total": 0}


def tried(
    own: ConnectionString, other: ConnectionString, queue: str, home: Path | None
) -> dict[str, Any]:
    """Which ways led in.

    Args:
        own: Of one's own broker.
        other: Of the neighbour's; its key is not used.
        queue: A queue that both have.
        home: The neighbour's folder, when another user of the system has it; else None.

    Returns:
        "at home" and "next door": the names of the ways that led in; "files" of the neighbour's
        that could be opened or listed.
    """
    assert own.port and other.port and own.key_name and own.key
    ports = {"at home": own.port, "next door": other.port}
    strings = {
        place: connection_string(own.host, port, own.key_name, own.key)
        for place, port in ports.items()
    }
    found: dict[str, Any] = {
        place: [name for name, way in WAYS.items() if _leads_in(way, string, queue)]
        for place, string in strings.items()
    }
    return {**found, "files": [str(path) for path in _opened(home)] if home else []}


def _leads_in(way: Callable[[str, str], Any], string: str, queue: str) -> bool:
    try:
        way(string, queue)
    except (ServiceBusError, AzureError, TutorialError):
        return False
    return True


def _send(string: str, queue: str) -> None:
    with (
        ServiceBusClient.from_connection_string(string, **_NO_RETRY) as client,
        client.get_queue_sender("scratch") as sender,
    ):
        sender.send_messages(ServiceBusMessage("not mine"))


def _peek(string: str, queue: str) -> None:
    with (
        ServiceBusClient.from_connection_string(string, **_NO_RETRY) as client,
        client.get_queue_receiver(queue) as receiver,
    ):
        receiver.peek_messages()


def _administer(string: str, queue: str, **options: Any) -> None:
    with ServiceBusAdministrationClient.from_connection_string(
        string, **_NO_RETRY, **options
    ) as administration:
        administration.get_queue(queue)


def _administer_unseen(string: str, queue: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that nobody looked at the certificate is the point
        _administer(string, queue, connection_verify=False)


def _call(string: str, _queue: str) -> None:
    ControlClient(string).status()


WAYS: dict[str, Callable[[str, str], None]] = {
    "send": _send,
    "peek": _peek,
    "administration": _administer,
    "administration, any certificate": _administer_unseen,
    "the lab's calls": _call,
}


def _opened(folder: Path) -> list[Path]:
    """What of a folder, and under it, opens for this user."""
    opened = []
    with suppress(PermissionError):
        for path in folder.iterdir():
            opened += [path, *(_opened(path) if path.is_dir() else ())]
    for path in (folder / "broker" / "tutorial.json", folder / "broker" / "tutorial.alive"):
        with suppress(PermissionError), path.open("rb"):
            opened.append(path)
    return opened
