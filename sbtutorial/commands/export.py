"""`sbtutorial export`: a broker's queues and topics as a file."""

import argparse

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
        examples=["sbtutorial export --namespace shop > shop.json"],
        extras=None,
    )
    own.add_argument("--namespace", help="the broker's name (the one that runs)")


def _run(options: argparse.Namespace) -> int:
    brokers = running.answering(options.namespace)
    # As errors: what is printed may be on its way into a file.
    if not brokers:
        silent = " ".join(running.silent(options.namespace))
        raise TutorialError(silent or running.missing(options.namespace))
    if len(brokers) > 1:
        names = ", ".join(broker.record.namespace for broker in brokers)
        raise TutorialError(f"Several brokers run ({names}): choose one with --namespace.")
    print(brokers[0].control.config(), end="")
    return 0
