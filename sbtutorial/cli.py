"""The command line: arguments in, exit code out. What a command needs is imported when it runs.

A command first gets an environment that has its packages: this one, or `.venv`, in which the same
command line is then run again. Each command adds its own parser, which says what runs it and what
it needs.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sbtutorial.errors import TutorialError
from sbtutorial.folders import SERVED_NAMESPACE

if TYPE_CHECKING:
    from sbtutorial.hosting.background import Broker

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_LESSON_URL = "/lab/tree/00_start_here.ipynb"
_OTHER_FOLDER = {"--ServerApp.root_dir", "--notebook-dir"}
_HELP = (["-h"], ["--help"])


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
        parser().print_help()
        return 0
    from sbtutorial.setup import bootstrap

    python = _python_for(options.extras)
    if bootstrap.is_this(python):
        code: int = options.run(options)
        return code
    from sbtutorial.setup.foreground import run

    return run([python, "-m", "sbtutorial", *argv], environ=bootstrap.activated(python))


def _parse(argv: list[str]) -> argparse.Namespace:
    """Read the arguments; those of a command that passes them on are for the other program."""
    if argv and not argv[0].startswith("-") and argv[1:] not in _HELP:
        options = parser().parse_args(argv[:1])
        if options.passes_on:
            return argparse.Namespace(**{**vars(options), "arguments": argv[1:]})
    return parser().parse_args(argv)


def _python_for(extras: tuple[str, ...] | None) -> Path:
    from sbtutorial.setup import bootstrap

    if extras is None:
        # Where lessons would run, as far as that is there.
        return bootstrap.ready_python("lab") or bootstrap.ready_python() or Path(sys.executable)
    return bootstrap.python_with(*extras)


# --- the commands' parsers ------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The whole command line's."""
    whole = argparse.ArgumentParser(
        "sbtutorial", description="Azure Service Bus queues, learned by doing."
    )
    commands = whole.add_subparsers(title="commands", dest="command", metavar="COMMAND")
    for add in COMMANDS.values():
        add(commands)
    return whole


def _add_lab(commands: "Commands") -> None:
    _add_passing(
        commands,
        "lab",
        _lab,
        help="open the first lesson in JupyterLab, after installing what that takes",
        epilog="Arguments go to JupyterLab: --no-browser, --port 9999, another notebook, ...",
        extras=("lab",),
    )


def _add_test(commands: "Commands") -> None:
    _add_passing(
        commands,
        "test",
        _test,
        help="check everything: lint, types, tests and notebooks",
        epilog="Arguments go to pytest, which then runs alone: -k crash, tests/broker, ...",
        extras=("lab", "test"),
    )


def _add_serve(commands: "Commands") -> None:
    own = _add(
        commands,
        "serve",
        _serve,
        help="run a broker in this window and print its connection string",
        epilog="Every port takes AMQP, plain, in TLS and over WebSocket, and administration. "
        "Microsoft's emulator has two ports: --port 5672 --also 5300. Programs that know nothing "
        "of UseDevelopmentEmulator look for AMQP in TLS on 5671, for WebSocket and administration "
        "on 443: --also 5671 443.",
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
    own.add_argument(
        "--key", help="its SharedAccessKey, so that settings survive a restart (a random one)"
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
    own.add_argument(
        "--accept-bearer-tokens",
        action="store_true",
        help="let every token of Microsoft Entra ID in, unseen, for DefaultAzureCredential",
    )


def _add_export(commands: "Commands") -> None:
    own = _add(
        commands,
        "export",
        _export,
        help="print the broker's queues and topics as a file for `serve --config`",
    )
    own.add_argument("--namespace", help="the broker's name (the one that runs)")


def _add_status(commands: "Commands") -> None:
    _add_any_namespace(_add(commands, "status", _status, help="say which brokers run, and where"))


def _add_stop(commands: "Commands") -> None:
    _add_any_namespace(_add(commands, "stop", _stop, help="end the brokers and what they hold"))


def _add_reset(commands: "Commands") -> None:
    _add_any_namespace(_add(commands, "reset", _reset, help="delete every queue of the brokers"))


def _add_doctor(commands: "Commands") -> None:
    # Without packages of its own: it says which are missing.
    _add(
        commands, "doctor", _doctor, help="look for what is wrong, and say what to do", extras=None
    )


def _add_bench(commands: "Commands") -> None:
    _add_passing(
        commands,
        "bench",
        _bench,
        help="measure what the broker costs",
        epilog="Arguments choose parts and sizes: `sbtutorial bench --messages 500 ...`",
        extras=("test",),
    )


def _add(
    commands: "Commands",
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    help: str,
    extras: tuple[str, ...] | None = (),
    passes_on: bool = False,
    **more: Any,
) -> argparse.ArgumentParser:
    """Add a command's parser.

    Args:
        commands: All of them.
        name: Its name.
        run: What it does; returns the exit code.
        help: Its line in the list of commands.
        extras: Those of the package that it needs; None if it makes do with what there is.
        passes_on: Whether its arguments are another program's.
        more: What else the parser takes.
    """
    own = commands.add_parser(name, help=help, description=help, **more)
    own.set_defaults(run=run, extras=extras, passes_on=passes_on)
    return own


def _add_passing(
    commands: "Commands", name: str, run: Callable[[argparse.Namespace], int], **more: Any
) -> None:
    """Add the parser of a command whose arguments are another program's."""
    _add(commands, name, run, usage=f"sbtutorial {name} [ARGUMENT ...]", passes_on=True, **more)


def _add_any_namespace(own: argparse.ArgumentParser) -> None:
    own.add_argument("--namespace", help="the broker's name (every one that runs)")


# --- what they do ---------------------------------------------------------------------------------


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

    terminal.serve(
        terminal.Settings(
            namespace=options.namespace,
            port=options.port,
            also=options.also,
            tier=options.tier,
            key=options.key,
            config=options.config,
            accept_bearer_tokens=options.accept_bearer_tokens,
        )
    )
    return 0


def _export(options: argparse.Namespace) -> int:
    brokers = _running(options.namespace)
    # As errors: what is printed may be on its way into a file.
    if not brokers:
        raise TutorialError(" ".join(_silent(options.namespace)) or _missing(options.namespace))
    if len(brokers) > 1:
        names = ", ".join(broker.record.namespace for broker in brokers)
        raise TutorialError(f"Several brokers run ({names}): choose one with --namespace.")
    print(brokers[0].control.config(), end="")
    return 0


def _status(options: argparse.Namespace) -> int:
    import time

    from sbtutorial.hosting.broker_status import describe

    def say(broker: "Broker") -> None:
        print(describe(broker.control.status(), broker.record.port, time.time()))

    answering, silent = _each(options.namespace, say)
    return 0 if answering and not silent else 1


def _stop(options: argparse.Namespace) -> int:
    def stop(broker: "Broker") -> None:
        broker.control.shutdown()
        print(f"The broker of '{broker.record.namespace}' is stopped, and its queues are gone.")

    _, silent = _each(options.namespace, stop)
    return 1 if silent else 0


def _reset(options: argparse.Namespace) -> int:
    def reset(broker: "Broker") -> None:
        broker.control.reset()
        print(f"The broker of '{broker.record.namespace}' is as new: it has no queues.")

    _, silent = _each(options.namespace, reset)
    return 1 if silent else 0


def _each(namespace: str | None, act: Callable[["Broker"], None]) -> tuple[int, int]:
    """Act on the broker of a namespace, or on all; say which are silent, or that there is none.

    Returns:
        How many answer, and how many live and do not.
    """
    brokers = _running(namespace)
    for broker in brokers:
        act(broker)
    silent = _silent(namespace)
    for sentence in silent:
        print(sentence)
    if not brokers and not silent:
        print(_missing(namespace))
    return len(brokers), len(silent)


def _running(namespace: str | None) -> "list[Broker]":
    """The broker of a namespace, or all that run and answer."""
    from sbtutorial.hosting import background

    if namespace is None:
        return background.find_all()
    return [broker for broker in [background.find(namespace)] if broker is not None]


def _silent(namespace: str | None) -> list[str]:
    from sbtutorial.hosting import background

    return background.silent(namespace)


def _missing(namespace: str | None) -> str:
    if namespace is None:
        return "No broker is running."
    return f"No broker of the namespace '{namespace}' is running."


def _doctor(_: argparse.Namespace) -> int:
    from sbtutorial.commands import doctor

    return doctor.main()


def _bench(options: argparse.Namespace) -> int:
    from sbtutorial.commands import bench

    return bench.main(options.arguments)


COMMANDS: dict[str, Callable[["Commands"], None]] = {
    "lab": _add_lab,
    "test": _add_test,
    "serve": _add_serve,
    "export": _add_export,
    "status": _add_status,
    "stop": _add_stop,
    "reset": _add_reset,
    "doctor": _add_doctor,
    "bench": _add_bench,
}
