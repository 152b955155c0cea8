"""`sbtutorial export`: a broker's queues and topics as a file."""

import argparse
import sys

from sbtutorial.commands import parsers, running
from sbtutorial.errors import TutorialError


def add(commands: parsers.Commands) -> None:
    """Add its parser."""
    own = parsers.add(
        commands,
        "export",
        _run,
        help="print the broker's queues and topics as a file for `serve --config`",
        epilog="Exit code 0 if it is printed; 1 if no broker answers, or several do.",
        examples=[
            "sbtutorial export --namespace shop > shop.json",
            "sbtutorial export --emulator > Config.json",
        ],
        extras=None,
    )
    own.add_argument("--namespace", help="the broker's name (the one that runs)")
    own.add_argument(
        "--emulator",
        action="store_true",
        help="write it so that Microsoft's emulator takes it, and say what had to be changed",
    )


def _run(options: argparse.Namespace) -> int:
    brokers = running.answering(options.namespace)
    # As errors: what is printed may be on its way into a file.
    if not brokers:
        silent = " ".join(running.silent(options.namespace))
        raise TutorialError(silent or running.missing(options.namespace))
    if len(brokers) > 1:
        names = ", ".join(broker.record.namespace for broker in brokers)
        raise TutorialError(f"Several brokers run ({names}): choose one with --namespace.")
    text = brokers[0].control.config()
    if options.emulator:
        text = _for_emulator(text)
    print(text, end="")
    return 0


def _for_emulator(text: str) -> str:
    from sbtutorial.admin.config.emulator import written_for_emulator
    from sbtutorial.admin.config.reading import read_config

    text, changes = written_for_emulator(read_config(text))
    for change in changes:
        print(f"sbtutorial: for Microsoft's emulator: {change}", file=sys.stderr)
    return text
