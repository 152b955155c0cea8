"""The broker in a terminal: `sbtutorial serve`, for programs that are no notebooks.

It keeps the same record as a background broker, so `connect()`, `status` and `stop` find it.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from sbtutorial.admin.config.making import apply_config
from sbtutorial.admin.config.model import Config
from sbtutorial.admin.config.reading import read_config
from sbtutorial.admin.config.values import ConfigError
from sbtutorial.broker.limits import TIERS
from sbtutorial.connection_string import (
    ConnectionStringError,
    connection_string,
    parse_connection_string,
)
from sbtutorial.errors import TutorialError
from sbtutorial.folders import HOST, SERVED_NAMESPACE, runtime_folder, told
from sbtutorial.hosting.claim import Claim
from sbtutorial.hosting.introduction import Introduction, Opening, introduce
from sbtutorial.hosting.listening import listen
from sbtutorial.hosting.log_format import LogFormat, json_line, logging_as, say
from sbtutorial.hosting.run import host
from sbtutorial.hosting.runtime_files import BrokerRecord, RuntimeFiles
from sbtutorial.hosting.storage import Identity, Kept, Storage, kept, kept_at
from sbtutorial.server import certificates
from sbtutorial.server.broker_server import KEY_NAME, BrokerServer
from sbtutorial.server.network import is_host_name, is_loopback

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
        config: A file with the entities to begin with.
        read_config: What understands it.
        accept_bearer_tokens: Let every bearer token open everything; see `BrokerServer`.
        storage: What outlives it.
        folder: Where that is kept; None for the user's data folder.
        host: Where it listens: any other address than loopback's opens it to the network.
        takes_plain: Whether other computers may do without TLS.
        known_as: Further names that clients call it by.
        ca_file: Where to write the authorities that its clients must trust, for all to read.
        log_format: How it writes.
        is_verbose: Whether it tells who connects and who leaves.
    """

    namespace: str | None = None
    port: int = 0
    also: Sequence[int] = ()
    tier: str = "standard"
    key: str | None = None
    config: Path | None = None
    read_config: Callable[[str], Config] = field(default=read_config, compare=False)
    accept_bearer_tokens: bool = False
    storage: Storage = Storage.DISK
    folder: Path | None = None
    host: str = HOST
    takes_plain: bool = False
    known_as: Sequence[str] = ()
    ca_file: Path | None = None
    log_format: LogFormat = LogFormat.TEXT
    is_verbose: bool = False


def serve(settings: Settings) -> None:
    """Run a broker here until Ctrl-C, a signal or `sbtutorial stop`; says how to reach it.

    Raises:
        TutorialError: A port, the key, a name or a file cannot be used, or a broker of this name
            lives already.
    """
    if settings.key is not None:
        _require_usable(settings.key)
    for name in settings.known_as:
        _require_host_name(name)
    with logging_as(settings.log_format, is_verbose=settings.is_verbose):
        files, claim = _named(settings.namespace)
        with claim, _kept(files.namespace, settings) as file:
            asyncio.run(_serve(files, settings, file))
    _say(settings, "\nStopped.", "stopped")


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


@contextmanager
def _kept(namespace: str, settings: Settings) -> Iterator[Kept | None]:
    """The file of a namespace, in the folder that was chosen for it or in the user's."""

    def report(read: int, total: int) -> None:
        text = f"Reading what was kept: {read:,} of {total:,} messages."
        _say(settings, text, "reading", read=read, total=total)

    if settings.folder is None:
        with kept(namespace, settings.storage, report) as file:
            yield file
        return
    folder = settings.folder.absolute()
    with told(f"The folder {folder} cannot be made"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with kept_at(folder / f"{namespace.lower()}.db", namespace, settings.storage, report) as file:
        yield file


async def _serve(files: RuntimeFiles, settings: Settings, file: Kept | None) -> None:
    before = file.identity if file else None
    broker = BrokerServer(
        namespace=files.namespace,
        key=settings.key or (before.key if before else None),
        limits=TIERS[settings.tier.capitalize()],
        certificates_folder=files.folder / "certificates",
        known_as=settings.known_as,
        takes_plain=settings.takes_plain,
        accept_bearer_tokens=settings.accept_bearer_tokens,
        store=file.store() if file else None,
    )
    try:
        _furnish(broker, settings)
        ports = await listen(
            broker,
            settings.host,
            settings.port,
            settings.also,
            before,
            has_chosen_key=settings.key is not None,
        )
        if file is not None:
            file.keep(Identity(broker.key, ports[0]))
        shown, opening = _certificates(broker, settings)
    except TutorialError:
        await broker.stop()
        raise

    def on_ready(record: BrokerRecord, _stop: Callable[[], None]) -> None:
        path, variables = file.path if file else None, certificates.variables(*shown)
        about = Introduction(record, ports, path, shown[0], variables, opening)
        introduce(settings.log_format, about)

    await host(broker, files, ports[0], on_ready)


def _furnish(broker: BrokerServer, settings: Settings) -> None:
    """Make what a file asks for, before anybody can connect; unless there is something already."""
    path = settings.config
    if path is None:
        return
    if [*broker.namespace.directory]:
        text = f"The namespace has queues or topics from before, so {path} was not applied."
        _say(settings, text, text)
        return
    try:
        config = settings.read_config(path.read_text(encoding="utf-8-sig"))
        apply_config(config, broker.namespace, now=broker.clock.now())
    except OSError as error:
        raise TutorialError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise TutorialError(f"{path} cannot be read: it is no text in UTF-8.") from None
    except (ConfigError, TutorialError) as refusal:
        raise TutorialError(f"{path}: {refusal}") from None


def _certificates(
    broker: BrokerServer, settings: Settings
) -> tuple[list[certificates.Certificates], Opening | None]:
    """What clients are shown, those on this computer first; and what others can reach."""
    folder, opening = certificates.default_folder(), None
    with told(f"The folder of the broker's certificate, {folder}, cannot be written"):
        shown = [certificates.ensure(folder)]
        if settings.known_as or not is_loopback(settings.host):
            shown.append(broker.named_certificates())
        if not is_loopback(settings.host):
            opening = Opening(settings.host, shown[-1], settings.takes_plain)
        authorities = b"\n".join(one.ca_pem.read_bytes() for one in shown)
    if settings.ca_file is not None:
        with told(f"{settings.ca_file} cannot be written"):
            settings.ca_file.write_bytes(authorities)
    return shown, opening


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


def _require_host_name(name: str) -> None:
    if not is_host_name(name):
        raise TutorialError(
            f"--known-as {name!r} cannot be used: a certificate is for a name of letters, digits "
            "and hyphens, with dots between, such as bus.example. One of other letters is written "
            "as xn--…."
        )


def _say(settings: Settings, text: str, message: str, **more: object) -> None:
    """Say one thing, for people or for programs."""
    say(json_line(message, more) if settings.log_format is LogFormat.JSON else text)
