"""`sbtutorial serve`: a broker in a terminal, for programs that are no notebooks."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sbtutorial.commands import parsers
from sbtutorial.errors import TutorialError
from sbtutorial.folders import HOST, SERVED_NAMESPACE

if TYPE_CHECKING:
    from sbtutorial.admin.config.model import Config


def add(commands: parsers.Commands) -> None:
    """Add its parser."""
    own = parsers.add(
        commands,
        "serve",
        _run,
        help="run a broker in this window and print its connection string",
        epilog="Every port takes AMQP, plain, in TLS and over WebSocket, and administration. "
        "Microsoft's emulator has two ports: --port 5672 --also 5300. Programs that know nothing "
        "of UseDevelopmentEmulator look for AMQP in TLS on 5671, for WebSocket and administration "
        "on 443: --also 5671 443.\n"
        'A script waits for the line that begins with "Ready", for the message "ready" in JSON, or '
        "for an answer of http://127.0.0.1:PORT/health.",
        examples=[
            "sbtutorial serve",
            "sbtutorial serve --namespace shop --config shop.json --memory",
            "sbtutorial serve --emulator --persist ./bus",
            "sbtutorial serve --port 5671 --host 0.0.0.0 --known-as bus --ca-file ca.pem",
        ],
    )
    own.add_argument(
        "--namespace",
        help=f"the broker's name ({SERVED_NAMESPACE}; {SERVED_NAMESPACE}-2, … for further ones)",
    )
    own.add_argument(
        "--emulator",
        action="store_true",
        help="be laid out as Microsoft's emulator is: ports 5672 and 5300, its limits, its "
        "namespace's name, and the connection string that everybody knows; other options go first",
    )
    _add_places(own)
    _add_access(own)
    own.add_argument(
        "--tier",
        choices=("standard", "premium", "emulator"),
        help="whose limits it keeps (standard)",
    )
    own.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="queues and topics to begin with: a config.json of Microsoft's emulator, or what the "
        "Explorer exports",
    )
    _add_keeping(own)
    _add_telling(own)


def _add_places(own: argparse.ArgumentParser) -> None:
    own.add_argument(
        "--host",
        metavar="ADDRESS",
        help=f"where it listens ({HOST}, for this computer only; ::1 and localhost are that, too); "
        "any other address, or 0.0.0.0 for all, opens it to the network, where it speaks TLS only",
    )
    own.add_argument("--port", type=int, help="where it listens (a free port)")
    own.add_argument(
        "--also",
        type=int,
        nargs="+",
        action="extend",
        metavar="PORT",
        help="further ports where it listens",
    )
    own.add_argument(
        "--known-as",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME",
        help="further names that clients call it by, which its certificate then has",
    )
    own.add_argument(
        "--ca-file",
        type=Path,
        metavar="FILE",
        help="write there whom its clients must trust, for those in other places",
    )


def _add_access(own: argparse.ArgumentParser) -> None:
    own.add_argument(
        "--key", help="its SharedAccessKey (a random one, that it keeps with what it holds)"
    )
    own.add_argument(
        "--allow-plain",
        action="store_true",
        help="let other computers do without TLS, as Microsoft's emulator does: others can read "
        "what they send, and what they sign with",
    )
    own.add_argument(
        "--accept-bearer-tokens",
        action="store_true",
        help="let every token of Microsoft Entra ID in, unseen, for DefaultAzureCredential",
    )


def _add_keeping(own: argparse.ArgumentParser) -> None:
    own.add_argument(
        "--persist",
        type=Path,
        metavar="FOLDER",
        help="keep what it holds there (in your data folder)",
    )
    keeping = own.add_mutually_exclusive_group()
    keeping.add_argument(
        "--memory",
        dest="storage",
        action="store_const",
        const="memory",
        default="disk",
        help="keep nothing: what it holds ends with it",
    )
    keeping.add_argument(
        "--synced",
        dest="storage",
        action="store_const",
        const="synced",
        help="have each commit wait for the disk, so that it survives a loss of power",
    )


def _add_telling(own: argparse.ArgumentParser) -> None:
    own.add_argument(
        "--log-format",
        choices=("text", "json"),
        default="text",
        help="write for people (text), or an object of JSON on each line",
    )
    own.add_argument(
        "--verbose", action="store_true", help="say who connects, who leaves, and whose TLS fails"
    )


def _run(options: argparse.Namespace) -> int:
    from sbtutorial.hosting import terminal
    from sbtutorial.hosting.log_format import LogFormat, json_line, say
    from sbtutorial.hosting.storage import Storage

    storage = Storage(options.storage)
    if options.persist is not None and storage is Storage.MEMORY:
        raise TutorialError(
            "--memory keeps nothing, and --persist keeps it: leave one of them out."
        )
    chosen = _laid_out(options)
    settings = terminal.Settings(
        **chosen,
        config=options.config,
        read_config=lambda text: _read(text, chosen["tier"]),
        accept_bearer_tokens=options.accept_bearer_tokens,
        storage=storage,
        folder=options.persist,
        takes_plain=options.allow_plain,
        known_as=tuple(options.known_as),
        ca_file=options.ca_file,
        log_format=LogFormat(options.log_format),
        is_verbose=options.verbose,
    )
    try:
        terminal.serve(settings)
    except TutorialError as error:
        if settings.log_format is LogFormat.TEXT:
            raise
        say(json_line(str(error), {}, "ERROR"), sys.stderr)
        return 1
    return 0


def _laid_out(options: argparse.Namespace) -> dict[str, Any]:
    """Places, name, tier and key: as they were chosen, or else as the layout has them."""
    layout: dict[str, Any] = {"namespace": None, "host": HOST, "tier": "standard", "key": None}
    layout |= {"port": 0, "also": []}
    if options.emulator:
        from sbtutorial.admin.config.emulator import NAMESPACE
        from sbtutorial.hosting.introduction import EMULATOR_KEY, EMULATOR_PORTS

        port, administration = EMULATOR_PORTS
        layout |= {"namespace": NAMESPACE, "host": "localhost", "tier": "emulator"}
        layout |= {"key": EMULATOR_KEY, "port": port, "also": [administration]}
    given = {name: getattr(options, name) for name in layout}
    return layout | {name: value for name, value in given.items() if value is not None}


def _read(text: str, tier: str) -> "Config":
    from sbtutorial.broker.limits import TIERS
    from sbtutorial.explorer.entity_files import read_entities

    return read_entities(text, lambda: TIERS[tier.capitalize()])
