"""`sbtutorial serve`: a broker in a terminal, for programs that are no notebooks."""

import argparse
from pathlib import Path

from sbtutorial.commands import parsers
from sbtutorial.folders import HOST, SERVED_NAMESPACE


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
        "on 443: --also 5671 443.",
        examples=[
            "sbtutorial serve",
            "sbtutorial serve --namespace shop --config shop.json --memory",
        ],
    )
    _add_places(own)
    own.add_argument(
        "--key", help="its SharedAccessKey (a random one, that it keeps with what it holds)"
    )
    own.add_argument(
        "--namespace",
        help=f"the broker's name ({SERVED_NAMESPACE}; {SERVED_NAMESPACE}-2, … for further ones)",
    )
    own.add_argument(
        "--tier",
        choices=("standard", "premium", "emulator"),
        default="standard",
        help="whose limits it keeps (standard)",
    )
    own.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="queues and topics to begin with, in the format of Microsoft's emulator",
    )
    _add_keeping(own)
    own.add_argument(
        "--accept-bearer-tokens",
        action="store_true",
        help="let every token of Microsoft Entra ID in, unseen, for DefaultAzureCredential",
    )


def _add_places(own: argparse.ArgumentParser) -> None:
    own.add_argument(
        "--host",
        default=HOST,
        metavar="ADDRESS",
        help=f"where it listens ({HOST}, for this computer only); any other address, or 0.0.0.0 "
        "for all, opens it to the network, where it speaks TLS only",
    )
    own.add_argument("--port", type=int, default=0, help="where it listens (a free port)")
    own.add_argument(
        "--also",
        type=int,
        nargs="+",
        action="extend",
        default=[],
        metavar="PORT",
        help="further ports where it listens",
    )


def _add_keeping(own: argparse.ArgumentParser) -> None:
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


def _run(options: argparse.Namespace) -> int:
    from sbtutorial.hosting import terminal
    from sbtutorial.hosting.storage import Storage

    terminal.serve(
        terminal.Settings(
            namespace=options.namespace,
            host=options.host,
            port=options.port,
            also=options.also,
            tier=options.tier,
            key=options.key,
            config=options.config,
            accept_bearer_tokens=options.accept_bearer_tokens,
            storage=Storage(options.storage),
        )
    )
    return 0
