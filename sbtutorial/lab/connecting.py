"""`connect()`: which Service Bus a lab works with, and one line that says so.

It is the broker on this machine, found or started; or what a variable names: Azure, Microsoft's
emulator, or a broker of ours that runs elsewhere. The variables, the first one that is set:
SBTUTORIAL_CONNECTION_STRING, SERVICEBUS_CONNECTION_STRING (whose name other programs share), and
SERVICEBUS_FULLY_QUALIFIED_NAMESPACE, a host for whom `DefaultAzureCredential` proves who asks.
"""

import os
from collections.abc import Iterator
from typing import Any, Literal

from sbtutorial.connection_string import (
    IDENTITY,
    VARIABLE,
    ConnectionString,
    chosen,
    parse_connection_string,
)
from sbtutorial.errors import TutorialError
from sbtutorial.folders import DEFAULT_NAMESPACE, told
from sbtutorial.hosting.background import DEFAULT_TIER, How, ensure
from sbtutorial.hosting.client_settings import prepare_clients
from sbtutorial.hosting.control_client import BrokerGone, ControlClient
from sbtutorial.lab import elsewhere
from sbtutorial.lab.lab import Lab
from sbtutorial.lab.names import prefix
from sbtutorial.lab.offline import OfflineService
from sbtutorial.lab.progress import working
from sbtutorial.lab.service import Service
from sbtutorial.setup.sdk import require_sdk
from sbtutorial.text import wrapped

Tier = Literal["Standard", "Premium"]

_DETECTION_SECONDS = 2.0


def connect(namespace: str = DEFAULT_NAMESPACE, *, tier: Tier = DEFAULT_TIER) -> Lab:
    """Get a Service Bus to work with, and one printed line that says which.

    Unless a variable names another one, that is the broker on this machine: the one that runs, or
    a new one. With a variable it is what that names, and the arguments count for nothing.

    Args:
        namespace: Which of the brokers on this machine; each has its own queues.
        tier: "Standard" or "Premium", for a broker that has to be started.

    Raises:
        TutorialError: No broker can be had, or the SDK is not installed; the text says why and
            what to do.
    """
    with told("connect() cannot do its work"):
        require_sdk()
        found = chosen(os.environ)
        lab = _connect_elsewhere(*found) if found else _connect_offline(namespace, tier)
        elsewhere.connected(lab.service)
        return lab


def attach(connection_string: str) -> Lab:
    """The lab of a program that was given its connection string; prints nothing.

    Raises:
        ConnectionStringError: The string is no connection string of Service Bus.
        TutorialError: It is our broker's, with a wrong key; or nothing answers there.
    """
    connection = parse_connection_string(connection_string)
    service = _service(connection, _status(connection))
    elsewhere.connected(service)
    return Lab(service)


def _connect_offline(namespace: str, tier: str) -> Lab:
    with working("starting the broker"):
        broker = ensure(namespace, tier=tier)
    if broker.how is How.SILENT:
        raise TutorialError(broker.notice)
    print(_introduce("on this machine", broker.record.namespace))
    if broker.notice:
        print(broker.notice)
    _prepare_clients()
    return Lab(OfflineService(broker.connection_string, broker.record.namespace))


def _connect_elsewhere(variable: str, text: str) -> Lab:
    from sbtutorial.lab import azure

    connection = azure.read_variable(text, variable)
    try:
        status = _status(connection)
    except BrokerGone:
        raise azure.nothing_there(connection, variable) from None
    except TutorialError as refusal:
        raise TutorialError(f"{variable} cannot be used. {refusal}") from None
    service = _service(connection, status)
    if status:
        print(_introduce(f"at {connection.host}:{connection.port}", status["namespace"]))
        _prepare_clients()
    else:
        print(azure.describe(connection, variable))
        for line in _what_differs(variable, connection, service.whole_name("orders")):
            print(wrapped(line))
    return Lab(service)


def _what_differs(variable: str, connection: ConnectionString, orders: str) -> Iterator[str]:
    """What to know before the first cell runs there."""
    from sbtutorial.lab import azure

    if variable != VARIABLE:
        yield f"{variable} says so."
    if connection.uses_identity:
        yield (
            "There is no key in it: where a cell says Client.from_connection_string("
            f'lab.connection_string), Client("{connection.host}", {IDENTITY}()) is run.'
        )
    if orders != "orders":
        yield (
            f'Your names begin with "{orders.removesuffix("orders")}": where a cell says "orders", '
            f'"{orders}" is meant.'
        )
    yield azure.EVIDENCE


def _service(connection: ConnectionString, status: dict[str, Any] | None) -> Service:
    if status:
        return OfflineService(connection.text, status["namespace"])
    from sbtutorial.lab.azure import AzureService

    return AzureService(connection, prefix())


def _introduce(where: str, namespace: str) -> str:
    return f'offline: Service Bus broker {where}, namespace "{namespace}"'


def _status(connection: ConnectionString) -> dict[str, Any] | None:
    """What our broker says of itself; None when it is Azure or the emulator that is there.

    Raises:
        TutorialError: One is there and refuses the key; `BrokerGone`: nothing is there.
    """
    if not connection.is_emulator:
        return None
    try:
        return ControlClient(connection.text, timeout_seconds=_DETECTION_SECONDS).status()
    except BrokerGone:
        from sbtutorial.lab import azure

        if azure.answers(connection):
            return None
        raise


def _prepare_clients() -> None:
    """Have the SDK's clients in this process, and its children's, reach a broker of ours."""
    if not prepare_clients():
        print(
            "aiohttp was imported before connect(), so azure.servicebus.aio.management cannot "
            "reach the broker: to use it, restart the kernel and run connect() first."
        )
