"""The broker in a terminal: `sbtutorial serve`, for programs that are no notebooks.

It keeps the same record as a background broker, so `connect()`, `status` and `stop` find it.
"""

import asyncio
import errno
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
from sbtutorial.folders import HOST, SERVED_NAMESPACE, runtime_folder
from sbtutorial.hosting.claim import Claim
from sbtutorial.hosting.run import host
from sbtutorial.hosting.runtime_files import BrokerRecord, RuntimeFiles
from sbtutorial.server.local_broker import KEY_NAME, LocalBroker

_LEAVING_SECONDS = 0.5  # for one of the same name that is about to be gone


@dataclass(frozen=True)
class Settings:
    """What can be chosen about a broker in a terminal.

    Attributes:
        namespace: Its name; None for the first of "local", "local-2", … that no broker has.
        port: Where it listens, on loopback; 0 for a free port.
        also: Further ports, each with all that the first one speaks; 0 for a free one.
        tier: "standard", "premium" or "emulator": whose limits it keeps.
        key: Its shared access key; None for a random one.
        config: A file in the format of Microsoft's emulator, with the entities to begin with.
        accept_bearer_tokens: Let every bearer token open everything; see `LocalBroker`.
    """

    namespace: str | None = None
    port: int = 0
    also: Sequence[int] = ()
    tier: str = "standard"
    key: str | None = None
    config: Path | None = None
    accept_bearer_tokens: bool = False


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
    broker = LocalBroker(
        namespace=files.namespace,
        key=settings.key,
        limits=TIERS[settings.tier.capitalize()],
        certificates_folder=files.folder / "certificates",
        accept_bearer_tokens=settings.accept_bearer_tokens,
    )
    if settings.config is not None:
        _furnish(broker, settings.config)
    asyncio.run(_serve(broker, files, settings.port, settings.also))


async def _serve(broker: LocalBroker, files: RuntimeFiles, port: int, also: Sequence[int]) -> None:
    try:
        own, *further = await _listen(broker, port, also)
    except TutorialError:
        await broker.stop()
        raise
    await host(broker, files, own, partial(_introduce, further))


async def _listen(broker: LocalBroker, port: int, also: Sequence[int]) -> list[int]:
    """Listen on every port; returns them."""
    ports: list[int] = []
    for wanted in (port, *also):
        option = "--also" if ports else "--port"
        if wanted in ports:
            raise TutorialError(f"Port {wanted} is named twice: leave one of them out.")
        try:
            own = broker.listen_also(wanted) if ports else broker.start(HOST, wanted)
            ports.append(await own)
        except (OSError, OverflowError) as error:
            raise TutorialError(_refused(option, wanted, error)) from None
    return ports


def _refused(option: str, port: int, error: Exception) -> str:
    if isinstance(error, OverflowError):
        reason = "ports are numbers from 1 to 65535. Choose"
    elif isinstance(error, PermissionError):
        reason = "the system refuses it to you, as most do with those below 1024. Choose"
    elif isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        reason = "another program listens there. End that program, choose"
    else:
        reason = f"{error}. Choose"
    remedy = "or leave it out for a free one" if option == "--port" else "or leave it out"
    return f"Port {port} cannot be had: {reason} another {option}, {remedy}."


def _furnish(broker: LocalBroker, path: Path) -> None:
    """Make what a file asks for, before anybody can connect."""
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


def _introduce(further: Sequence[int], record: BrokerRecord, _stop: Callable[[], None]) -> None:
    where = _listed([record.port, *further])
    print(f'Service Bus broker, namespace "{record.namespace}", {record.tier} tier, on {where}.')
    print("Ctrl-C ends it and what it holds. Clients on this computer connect with:\n")
    print(record.connection_string, flush=True)


def _listed(ports: Sequence[int]) -> str:
    *others, last = map(str, ports)
    return f"ports {', '.join(others)} and {last}" if others else f"port {last}"
