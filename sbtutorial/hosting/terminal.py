"""The broker in a terminal: `sbtutorial serve`, for programs that are no notebooks.

It keeps the same record as a background broker, so `connect()`, `status` and `stop` find it.
"""

import asyncio
import errno
import os
import shlex
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from sbtutorial.broker.limits import TIERS
from sbtutorial.connection_string import (
    ConnectionStringError,
    connection_string,
    parse_connection_string,
)
from sbtutorial.errors import TutorialError
from sbtutorial.folders import HOST, SERVED_NAMESPACE, runtime_folder, told
from sbtutorial.hosting.claim import Claim
from sbtutorial.hosting.run import host
from sbtutorial.hosting.runtime_files import BrokerRecord, RuntimeFiles
from sbtutorial.hosting.storage import Identity, Kept, Storage, kept
from sbtutorial.server import certificates
from sbtutorial.server.listener import AMQPS_PORT
from sbtutorial.server.local_broker import KEY_NAME, LocalBroker
from sbtutorial.server.network import is_loopback

_LEAVING_SECONDS = 0.5  # for one of the same name that is about to be gone


@dataclass(frozen=True)
class Settings:
    """What can be chosen about a broker in a terminal.

    Attributes:
        namespace: Its name; None for the first of "local", "local-2", … that no broker has.
        port: Where it listens; 0 for a free port.
        also: Further ports, each with all that the first one speaks; 0 for a free one.
        tier: "standard", "premium" or "emulator": whose limits it keeps.
        key: Its shared access key; None for a random one.
        config: A file in the format of Microsoft's emulator, with the entities to begin with.
        accept_bearer_tokens: Let every bearer token open everything; see `LocalBroker`.
        storage: What outlives it.
        host: Where it listens: any other address than loopback's opens it to the network.
    """

    namespace: str | None = None
    port: int = 0
    also: Sequence[int] = ()
    tier: str = "standard"
    key: str | None = None
    config: Path | None = None
    accept_bearer_tokens: bool = False
    storage: Storage = Storage.DISK
    host: str = HOST


def serve(settings: Settings) -> None:
    """Run a broker here until Ctrl-C, a signal or `sbtutorial stop`; prints how to reach it.

    Raises:
        TutorialError: A port, the key or the file cannot be used, or a broker of this name lives
            already.
    """
    if settings.key is not None:
        _require_usable(settings.key)
    files, claim = _named(settings.namespace)
    with claim:
        _serve_as(files, settings)
    print("\nStopped.")


def _named(namespace: str | None) -> tuple[RuntimeFiles, Claim]:
    """The files of a name that no other broker has, and the claim on it."""
    folder = runtime_folder()
    if namespace is not None:
        files = RuntimeFiles(folder, namespace)
        if claim := files.claim(_LEAVING_SECONDS):
            return files, claim
        raise TutorialError(
            f"A broker of the namespace '{namespace}' runs already (process {files.holder()}): end "
            f"it with `sbtutorial stop --namespace {namespace}`, or choose another --namespace, or "
            "none."
        )
    for number in count(1):
        files = RuntimeFiles(folder, SERVED_NAMESPACE + (f"-{number}" if number > 1 else ""))
        if claim := files.claim():
            return files, claim
    raise AssertionError("numbers do not end")


def _serve_as(files: RuntimeFiles, settings: Settings) -> None:
    with kept(files.namespace, settings.storage, _report_progress) as file:
        asyncio.run(_serve(files, settings, file))


async def _serve(files: RuntimeFiles, settings: Settings, file: Kept | None) -> None:
    before = file.identity if file else None
    broker = LocalBroker(
        namespace=files.namespace,
        key=settings.key or (before.key if before else None),
        limits=TIERS[settings.tier.capitalize()],
        certificates_folder=files.folder / "certificates",
        accept_bearer_tokens=settings.accept_bearer_tokens,
        store=file.store() if file else None,
    )
    try:
        if settings.config is not None:
            _furnish(broker, settings.config)
        own, *further = await _listen(broker, settings, before)
        if file is not None:
            file.keep(Identity(broker.key, own))
    except TutorialError:
        await broker.stop()
        raise
    introduce = partial(_introduce, further, file)
    if not is_loopback(settings.host):
        introduce = partial(_introduce_to_network, broker, further, file)
    await host(broker, files, own, introduce)


async def _listen(broker: LocalBroker, settings: Settings, before: Identity | None) -> list[int]:
    """Listen on every port; returns them. The first is that of before unless one was chosen."""
    address = settings.host
    start = broker.start if is_loopback(address) else broker.open_to_network
    ports: list[int] = []
    if not settings.port and before is not None and before.port not in settings.also:
        try:
            ports.append(await start(address, before.port))
        except OSError:
            if settings.key is None:  # who listens there may have been told what it opens
                broker.change_key()
    for wanted in settings.also if ports else (settings.port, *settings.also):
        option = "--also" if ports else "--port"
        if wanted in ports:
            raise TutorialError(f"Port {wanted} is named twice: leave one of them out.")
        try:
            own = broker.listen_also(wanted) if ports else start(address, wanted)
            ports.append(await own)
        except socket.gaierror:
            raise TutorialError(f"--host {address} is no address of any computer.") from None
        except (OSError, OverflowError) as error:
            raise TutorialError(_refused(option, wanted, error)) from None
    return ports


def _refused(option: str, port: int, error: Exception) -> str:
    if isinstance(error, OverflowError):
        reason = "ports are numbers from 1 to 65535. Choose"
    elif isinstance(error, PermissionError):
        reason = "the system refuses it to you, as most do with those below 1024. Choose"
    elif isinstance(error, OSError) and error.errno == errno.EADDRNOTAVAIL:
        return "This computer has no such address: choose another --host, or 0.0.0.0 for all."
    elif isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        reason = "another program listens there. End that program, choose"
    else:
        reason = f"{error}. Choose"
    remedy = "or leave it out for a free one" if option == "--port" else "or leave it out"
    return f"Port {port} cannot be had: {reason} another {option}, {remedy}."


def _furnish(broker: LocalBroker, path: Path) -> None:
    """Make what a file asks for, before anybody can connect; unless there is something already."""
    if [*broker.namespace.directory]:
        print(f"The namespace has queues or topics from before, so {path} was not applied.")
        return
    from sbtutorial.admin.config import apply_config, read_config
    from sbtutorial.admin.config_values import ConfigError

    try:
        config = read_config(path.read_text(encoding="utf-8-sig"))
        apply_config(config, broker.namespace, now=broker.clock.now())
    except (OSError, UnicodeDecodeError) as error:
        raise TutorialError(f"{path} cannot be read: {error}.") from None
    except ConfigError as refusal:
        raise TutorialError(f"{path}: {refusal}") from None


def _require_usable(key: str) -> None:
    """A key is good if it can be read again from the connection string that it stands in."""
    try:
        read = parse_connection_string(connection_string(HOST, 1, KEY_NAME, key)).key
    except ConnectionStringError:
        read = None
    if read != key or not key.isprintable():
        raise TutorialError(
            "The --key cannot be used, for it has to stand in a connection string: give it at "
            "least one character, no semicolon, no line break, no blank at its ends and no < > "
            "around it."
        )


def _report_progress(read: int, total: int) -> None:
    print(f"Reading what was kept: {read:,} of {total:,} messages.", flush=True)


def _introduce(
    further: Sequence[int], file: Kept | None, record: BrokerRecord, _stop: Callable[[], None]
) -> None:
    where = _listed([record.port, *further])
    print(f'Service Bus broker, namespace "{record.namespace}", {record.tier} tier, on {where}.')
    print(_about_trust())
    what = f"; what it holds stays in {file.path}" if file else " and what it holds"
    print(f"Ctrl-C ends it{what}. Clients on this computer connect with:\n")
    print(record.connection_string, flush=True)


def _about_trust() -> str:
    """Where its certificate lies, and the variables with which other programs trust it."""
    own = certificates.default_folder()
    with told(f"The folder of the broker's certificate, {own}, cannot be written"):
        made = certificates.ensure(own)
        variables = certificates.variables(made)
    quote = str if os.name == "nt" else shlex.quote
    settings = "\n".join(f"{name}={quote(value)}" for name, value in variables.items())
    return (
        f"Administration speaks HTTPS only. Its certificate is signed by {made.ca_pem}; programs "
        f"trust it, beside all that they trust now, with these variables:\n\n{settings}\n"
    )


def _introduce_to_network(
    broker: LocalBroker,
    further: Sequence[int],
    file: Kept | None,
    record: BrokerRecord,
    stop: Callable[[], None],
) -> None:
    """Say also what it means to be open to the network, and how others connect."""
    _introduce(further, file, record, stop)
    own, ports = broker.network_certificates(), [record.port, *further]
    port = AMQPS_PORT if AMQPS_PORT in ports else record.port
    others = connection_string(own.identities[0], port, record.key_name, record.key)
    print(
        f"""
It is open to the network, on {broker.host}. That means: whoever can reach this computer can try to
connect. They get nowhere without the key, and must speak TLS; but the key opens everything, and
nothing here stands against somebody who floods it. Use it among people you trust, never on the
Internet. On another computer, a client connects with

{others.replace("UseDevelopmentEmulator=true;", "")}

and trusts this file: copy it there, and name it in `connection_verify` of ServiceBusClient, or in
the variables SSL_CERT_FILE and REQUESTS_CA_BUNDLE:

{own.ca_pem}""",
        flush=True,
    )
    if AMQPS_PORT not in ports:
        print(
            f"\nMost clients look for TLS on port {AMQPS_PORT} whatever the string says: start it "
            f"with --port {AMQPS_PORT}, or --also {AMQPS_PORT}.",
            flush=True,
        )


def _listed(ports: Sequence[int]) -> str:
    *others, last = map(str, ports)
    return f"ports {', '.join(others)} and {last}" if others else f"port {last}"
