"""`sbtutorial reset`: brokers without queues, as new."""

import argparse
from typing import TYPE_CHECKING

from sbtutorial.commands import running
from sbtutorial.commands.parsers import Commands, add_any_namespace

if TYPE_CHECKING:
    from sbtutorial.hosting.background import Broker


def add(commands: Commands) -> None:
    """Add its parser."""
    add_any_namespace(
        commands,
        "reset",
        _run,
        help="delete every queue of the brokers",
        epilog="Exit code 0 if none that runs has queues any more, 1 if one does not answer.",
        examples=["sbtutorial reset --namespace shop"],
    )


def _run(options: argparse.Namespace) -> int:
    _, silent = running.each(options.namespace, _reset)
    return 1 if silent else 0


def _reset(broker: "Broker") -> None:
    broker.control.reset()
    print(f"The broker of '{broker.record.namespace}' is as new: it has no queues.")
