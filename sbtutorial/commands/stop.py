"""`sbtutorial stop`: the end of brokers that run."""

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
        "stop",
        _run,
        help="end the brokers",
        epilog="Exit code 0 if none runs any more, 1 if one does not answer.",
        examples=["sbtutorial stop", "sbtutorial stop --namespace shop"],
    )


def _run(options: argparse.Namespace) -> int:
    _, silent = running.each(options.namespace, _stop)
    return 1 if silent else 0


def _stop(broker: "Broker") -> None:
    keeps = broker.control.status().get("keeps", False)
    broker.control.shutdown()
    queues = "what it holds stays for the next one" if keeps else "its queues are gone"
    print(f"The broker of '{broker.record.namespace}' is stopped, and {queues}.")
