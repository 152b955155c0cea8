"""The command line: arguments in, exit code out. What a command needs is imported when it runs.

A command first gets an environment that has its packages: this one, or `.venv`, in which the same
command line is then run again.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sbtutorial.errors import TutorialError

if TYPE_CHECKING:
    from sbtutorial.hosting.background import Broker
    from sbtutorial.hosting.control_client import ControlClient

_LESSON_URL = "/lab/tree/00_start_here.ipynb"
_OTHER_FOLDER = {"--ServerApp.root_dir", "--notebook-dir"}
_NAMESPACE = "tutorial"  # the one that `connect()` uses
_HELP = (["-h"], ["--help"])


class Command(NamedTuple):
    """One command of the line.

    Attributes:
        run: What it does; returns the exit code.
        help: Its line in the list of commands.
        extras: Those of the package that it needs; None if it makes do with what there is.
        options: Names of `_OPTIONS` that it takes.
        passes_on: Where its arguments go, if they are another program's.
        notes: What its own help says after the options.
    """

    run: Callable[[argparse.Namespace], int]
    help: str
    extras: tuple[str, ...] | None = ()
    options: tuple[str, ...] = ()
    passes_on: str = ""
    notes: str = ""


def main(argv: Sequence[str]) -> int:
    """Run one command line; returns the exit code. A failure is a sentence on standard error."""
    try:
        return _run(list(argv))
    except TutorialError as error:
        print(f"sbtutorial: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        from sbtutorial.setup.foreground import INTERRUPTED

        print("\nInterrupted; the same command goes on from here.", file=sys.stderr)
        return INTERRUPTED


def _run(argv: list[str]) -> int:
    options = _parse(argv)
    if options.command is None:
        _parser().print_help()
        return 0
    from sbtutorial.setup import bootstrap

    command = COMMANDS[options.command]
    python = _python_for(command)
    if bootstrap.is_this(python):
        return command.run(options)
    from sbtutorial.setup.foreground import run

    return run([python, "-m", "sbtutorial", *argv], environ=bootstrap.activated(python))


def _python_for(command: Command) -> Path:
    from sbtutorial.setup import bootstrap

    if command.extras is None:
        # Where lessons would run, as far as that is there.
        return bootstrap.ready_python("lab") or bootstrap.ready_python() or Path(sys.executable)
    return bootstrap.python_with(*command.extras)


# --- arguments ------------------------------------------------------------------------------------


def _parse(argv: list[str]) -> argparse.Namespace:
    command = COMMANDS.get(argv[0]) if argv else None
    if command and command.passes_on and argv[1:] not in _HELP:
        return argparse.Namespace(command=argv[0], arguments=argv[1:])
    return _parser().parse_args(argv)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "sbtutorial", description="Azure Service Bus queues, learned by doing."
    )
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")
    for name, command in COMMANDS.items():
        own = commands.add_parser(
            name,
            help=command.help,
            description=command.help,
            epilog=command.passes_on or command.notes or None,
            usage=f"sbtutorial {name} [ARGUMENT ...]" if command.passes_on else None,
        )
        for option in command.options:
            flag = "namespace" if option == _ANY_NAMESPACE else option
            own.add_argument(f"--{flag}", **_OPTIONS[option])
    return parser


# `--namespace` where it may be left out for all that run.
_ANY_NAMESPACE = "any namespace"
_OPTIONS: dict[str, dict[str, Any]] = {
    _ANY_NAMESPACE: {"help": "the broker's name (every one that runs)"},
    "namespace": {"default": _NAMESPACE, "help": f"the broker's name ({_NAMESPACE})"},
    "port": {"type": int, "default": 0, "help": "where it listens (a free port)"},
    "also": {
        "type": int,
        "nargs": "+",
        "action": "extend",
        "default": [],
        "metavar": "PORT",
        "help": "further ports where it listens",
    },
    "key": {
        "help": "its SharedAccessKey, so that settings survive a restart (a random one)",
    },
    "config": {
        "type": Path,
        "metavar": "FILE",
        "help": "queues and topics to begin with, in the format of Microsoft's emulator",
    },
    "accept-bearer-tokens": {
        "action": "store_true",
        "help": "let every token of Microsoft Entra ID in, unseen, for DefaultAzureCredential",
    },
    "tier": {
        "choices": ("standard", "premium", "emulator"),
        "default": "standard",
        "help": "whose limits it keeps (standard)",
    },
}


# --- commands -------------------------------------------------------------------------------------


def _lab(options: argparse.Namespace) -> int:
    from sbtutorial.setup.foreground import run
    from sbtutorial.setup.requirements import clone_folder

    clone = clone_folder()
    if clone is None:
        raise TutorialError(
            "It is installed without its lessons, which are notebooks: clone the repository and "
            "run `python -m sbtutorial lab` in the clone."
        )
    print("Opening JupyterLab; Ctrl-C in this window ends it.", file=sys.stderr, flush=True)
    first_lesson = _opening(clone / "notebooks", options.arguments)
    return run([sys.executable, "-m", "jupyterlab", *first_lesson, *options.arguments])


def _opening(lessons: Path, arguments: Sequence[str]) -> list[str]:
    """What has JupyterLab open the first lesson, as far as the arguments do not say otherwise."""
    given = {argument.partition("=")[0] for argument in arguments}
    if given & _OTHER_FOLDER or any(Path(argument).exists() for argument in arguments):
        return []
    # By its address, not as a file: so it is in the links that JupyterLab prints, too.
    ours = {"--ServerApp.root_dir": lessons, "--LabApp.default_url": _LESSON_URL}
    return [f"{name}={value}" for name, value in ours.items() if name not in given]


def _test(options: argparse.Namespace) -> int:
    from sbtutorial.commands import suite

    return suite.main(options.arguments)


def _serve(options: argparse.Namespace) -> int:
    from sbtutorial.hosting import terminal

    chosen = {field.name: getattr(options, field.name) for field in fields(terminal.Settings)}
    terminal.serve(terminal.Settings(**chosen))
    return 0


def _export(options: argparse.Namespace) -> int:
    from sbtutorial.hosting import background
    from sbtutorial.hosting.control_client import ControlClient

    broker = background.find(options.namespace)
    if broker is None:  # as an error: what is printed may be on its way into a file
        raise TutorialError(f"No broker of the namespace '{options.namespace}' is running.")
    print(ControlClient(broker.connection_string).config(), end="")
    return 0


def _status(options: argparse.Namespace) -> int:
    import time

    from sbtutorial.hosting.broker_status import describe

    brokers = _brokers(options.namespace)
    for broker in brokers:
        print(describe(_control(broker).status(), broker.record.port, time.time()))
    return 0 if brokers else 1


def _stop(options: argparse.Namespace) -> int:
    for broker in _brokers(options.namespace):
        _control(broker).shutdown()
        print(f"The broker of '{broker.record.namespace}' is stopped, and its queues are gone.")
    return 0


def _reset(options: argparse.Namespace) -> int:
    for broker in _brokers(options.namespace):
        _control(broker).reset()
        print(f"The broker of '{broker.record.namespace}' is as new: it has no queues.")
    return 0


def _control(broker: "Broker") -> "ControlClient":
    from sbtutorial.hosting.control_client import ControlClient

    return ControlClient(broker.connection_string)


def _brokers(namespace: str | None) -> "list[Broker]":
    """The broker of a namespace, or all that run; says so when there is none."""
    from sbtutorial.hosting import background

    if namespace is None:
        brokers = background.find_all()
        missing = "No broker is running."
    else:
        brokers = [broker for broker in [background.find(namespace)] if broker is not None]
        missing = f"No broker of the namespace '{namespace}' is running."
    if not brokers:
        print(missing)
    return brokers


def _doctor(_: argparse.Namespace) -> int:
    from sbtutorial.commands import doctor

    return doctor.main()


def _bench(options: argparse.Namespace) -> int:
    from sbtutorial.commands import bench

    return bench.main(options.arguments)


COMMANDS = {
    "lab": Command(
        _lab,
        "open the first lesson in JupyterLab, after installing what that takes",
        extras=("lab",),
        passes_on="Arguments go to JupyterLab: --no-browser, --port 9999, another notebook, ...",
    ),
    "test": Command(
        _test,
        "check everything: lint, types, tests and notebooks",
        extras=("lab", "test"),
        passes_on="Arguments go to pytest, which then runs alone: -k crash, tests/broker, ...",
    ),
    "serve": Command(
        _serve,
        "run a broker in this window and print its connection string",
        options=("port", "also", "key", "namespace", "tier", "config", "accept-bearer-tokens"),
        notes="Every port takes AMQP, plain, in TLS and over WebSocket, and administration. "
        "Microsoft's emulator has two ports: --port 5672 --also 5300. Programs that know nothing "
        "of UseDevelopmentEmulator look for AMQP in TLS on 5671, for WebSocket and administration "
        "on 443: --also 5671 443.",
    ),
    "export": Command(
        _export,
        "print the broker's queues and topics as a file for `serve --config`",
        options=("namespace",),
    ),
    "status": Command(_status, "say which brokers run, and where", options=(_ANY_NAMESPACE,)),
    "stop": Command(_stop, "end the brokers and what they hold", options=(_ANY_NAMESPACE,)),
    "reset": Command(_reset, "delete every queue of the brokers", options=(_ANY_NAMESPACE,)),
    "doctor": Command(_doctor, "look for what is wrong, and say what to do", extras=None),
    "bench": Command(
        _bench,
        "measure what the broker costs",
        extras=("test",),
        passes_on="Arguments choose parts and sizes: `sbtutorial bench --messages 500 ...`",
    ),
}
