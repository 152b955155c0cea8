"""`sbtutorial status`: which brokers run, for people and for programs."""

import argparse
from typing import TYPE_CHECKING

from sbtutorial.commands import running
from sbtutorial.commands.parsers import Commands, add_any_namespace

if TYPE_CHECKING:
    from sbtutorial.hosting.background import Broker


def add(commands: Commands) -> None:
    """Add its parser."""
    own = add_any_namespace(
        commands,
        "status",
        _run,
        help="say which brokers run, and where",
        epilog="Exit code 0 if a broker runs and all that run answer, else 1.",
        examples=["sbtutorial status", "sbtutorial status --json --namespace shop"],
    )
    own.add_argument(
        "--json", action="store_true", help="for programs, with each broker's connection string"
    )


def _run(options: argparse.Namespace) -> int:
    import time

    from sbtutorial.hosting.broker_status import describe

    if options.json:
        return _as_json(options.namespace)

    def say(broker: "Broker") -> None:
        print(describe(broker.control.status(), broker.record.port, time.time()))

    answering, silent = running.each(options.namespace, say)
    return 0 if answering and not silent else 1


def _as_json(namespace: str | None) -> int:
    import json

    brokers, silent = running.answering(namespace), running.silent(namespace)
    told = [
        {
            **broker.control.status(),
            "port": broker.record.port,
            "connection_string": broker.connection_string,
        }
        for broker in brokers
    ]
    print(json.dumps({"brokers": told, "silent": silent}, indent=2))
    return 0 if brokers and not silent else 1
