"""`connect()`: which Service Bus a lab works with, and one line that says so.

It is the broker on this machine, found or started; or, with SBTUTORIAL_CONNECTION_STRING set, what
that names: Azure, Microsoft's emulator, or a broker of ours that runs elsewhere.
"""

import os
from collections.abc import MutableMapping
from typing import Any

from sbtutorial.connection_string import VARIABLE, ConnectionString, parse_connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.folders import DEFAULT_NAMESPACE, HOST, told
from sbtutorial.hosting.background import DEFAULT_TIER, How, ensure
from sbtutorial.hosting.control_client import BrokerGone, ControlClient
from sbtutorial.lab.lab import Lab
from sbtutorial.lab.offline import OfflineService
from sbtutorial.lab.service import Service

_DETECTION_SECONDS = 2.0
_PROXIES = {"http_proxy", "https_proxy", "all_proxy"}
_THIS_COMPUTER = (HOST, "localhost")


def connect(namespace: str = DEFAULT_NAMESPACE, *, tier: str = DEFAULT_TIER) -> Lab:
    """Get a Service Bus to work with, and one printed line that says which.

    Without SBTUTORIAL_CONNECTION_STRING that is the broker on this machine: the one that runs, or
    a new one. With it, it is what the string names, and the arguments count for nothing.

    Args:
        namespace: Which of the brokers on this machine; each has its own queues.
        tier: "Standard" or "Premium", for a broker that has to be started.

    Raises:
        TutorialError: No broker can be had; the text says why and what to do.
    """
    with told("connect() cannot do its work"):
        if text := os.environ.get(VARIABLE):
            return _connect_elsewhere(text)
        return _connect_offline(namespace, tier)


def attach(connection_string: str) -> Lab:
    """The lab of a program that was given its connection string; prints nothing.

    Raises:
        ConnectionStringError: The string is no connection string of Service Bus.
        TutorialError: It is our broker's, with a wrong key; or nothing answers there.
    """
    connection = parse_connection_string(connection_string)
    return Lab(_service(connection, _status(connection)))


def _connect_offline(namespace: str, tier: str) -> Lab:
    broker = ensure(namespace, tier=tier)
    if broker.how is How.SILENT:
        raise TutorialError(broker.notice)
    print(_introduce("on this machine", broker.record.namespace))
    if broker.notice:
        print(broker.notice)
    _prepare_clients()
    return Lab(OfflineService(broker.connection_string, broker.record.namespace))


def _connect_elsewhere(text: str) -> Lab:
    from sbtutorial.lab import azure

    connection = azure.read_variable(text)
    try:
        status = _status(connection)
    except BrokerGone:
        raise azure.nothing_there(connection) from None
    except TutorialError as refusal:
        raise TutorialError(f"{VARIABLE} cannot be used. {refusal}") from None
    if status:
        print(_introduce(f"at {connection.host}:{connection.port}", status["namespace"]))
        _prepare_clients()
    else:
        print(azure.describe(connection))
    return Lab(_service(connection, status))


def _service(connection: ConnectionString, status: dict[str, Any] | None) -> Service:
    if status:
        return OfflineService(connection.text, status["namespace"])
    from sbtutorial.lab.azure import AzureService

    return AzureService(connection)


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
    _keep_proxies_out(os.environ)
    _trust_certificate()


def _keep_proxies_out(environ: MutableMapping[str, str]) -> None:
    """Have the SDK call this computer directly, whatever proxy it is to use for others."""
    if not any(name.lower() in _PROXIES and value for name, value in environ.items()):
        return
    exempt = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    missing = [name for name in _THIS_COMPUTER if name not in exempt.split(",")]
    if exempt.strip() != "*" and missing:
        everything = ",".join([*filter(None, [exempt]), *missing])
        environ.update(NO_PROXY=everything, no_proxy=everything)


def _trust_certificate() -> None:
    from sbtutorial.server import certificates

    folder = certificates.default_folder()
    with told(f"The folder of the broker's certificate, {folder}, cannot be written"):
        trust = certificates.trust(certificates.ensure(folder))
    if trust.is_late_for_aiohttp:
        print(
            "aiohttp was imported before connect(), so azure.servicebus.aio.management cannot "
            "reach the broker: to use it, restart the kernel and run connect() first."
        )
