"""The command line: arguments in, exit code out. What a command needs is imported when it runs.

A command first gets an environment that has its packages: this one, or `.venv`, in which the same
command line is then run again. Each command adds its own parser, which says what runs it and what
it needs.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sbtutorial.errors import TutorialError
from sbtutorial.folders import HOST, SERVED_NAMESPACE
from sbtutorial.version import __version__

if TYPE_CHECKING:
    from sbtutorial.hosting.background import Broker

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_FIRST_LESSON = "00_start_here.ipynb"
_OTHER_FOLDER = {"--ServerApp.root_dir", "--notebook-dir"}
_LATEST = "--latest"  # of the commands that pass their arguments on
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

    if options.latest:
        bootstrap.take_latest(*options.extras)
        argv = [argument for argument in argv if argument != _LATEST]
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
            arguments = [argument for argument in argv[1:] if argument != _LATEST]
            is_latest = len(arguments) < len(argv) - 1
            return argparse.Namespace(
                **{**vars(options), "arguments": arguments, "latest": is_latest}
            )
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
    whole.add_argument("--version", action="version", version=f"sbtutorial {__version__}")
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
        epilog="Lessons open as a copy of your own, my_lessons. `--fresh 03` brings lesson 03 in "
        "it back to its beginning, keeps yours under another name, and opens it. `--latest` leaves "
        "the versions of packages that are known to work for the newest, until .venv is deleted. "
        "Other arguments go to JupyterLab: --no-browser, --port 9999, another notebook, ...",
        extras=("lab",),
    )


def _add_test(commands: "Commands") -> None:
    _add_passing(
        commands,
        "test",
        _test,
        help="check everything: lint, types, tests and notebooks",
        epilog="`--fast` checks what says most in a minute, `--long` searches for a night. Other "
        "arguments go to pytest, which then runs alone: -k crash, tests/broker, ...",
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


def _add_export(commands: "Commands") -> None:
    own = _add(
        commands,
        "export",
        _export,
        help="print the broker's queues and topics as a file for `serve --config`",
        epilog="Exit code 0 if it is printed; 1 if no broker answers, or several do.",
        extras=None,
    )
    own.add_argument("--namespace", help="the broker's name (the one that runs)")


def _add_status(commands: "Commands") -> None:
    own = _add_any_namespace(
        commands,
        "status",
        _status,
        help="say which brokers run, and where",
        epilog="Exit code 0 if a broker runs and all that run answer, else 1.",
    )
    own.add_argument(
        "--json", action="store_true", help="for programs, with each broker's connection string"
    )


def _add_stop(commands: "Commands") -> None:
    _add_any_namespace(
        commands,
        "stop",
        _stop,
        help="end the brokers",
        epilog="Exit code 0 if none runs any more, 1 if one does not answer.",
    )


def _add_reset(commands: "Commands") -> None:
    _add_any_namespace(
        commands,
        "reset",
        _reset,
        help="delete every queue of the brokers",
        epilog="Exit code 0 if none that runs has queues any more, 1 if one does not answer.",
    )


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
        extras=("bench",),
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
    own.set_defaults(run=run, extras=extras, passes_on=passes_on, latest=False)
    return own


def _add_passing(
    commands: "Commands", name: str, run: Callable[[argparse.Namespace], int], **more: Any
) -> None:
    """Add the parser of a command whose arguments are another program's."""
    _add(commands, name, run, usage=f"sbtutorial {name} [ARGUMENT ...]", passes_on=True, **more)


def _add_any_namespace(
    commands: "Commands", name: str, run: Callable[[argparse.Namespace], int], **more: Any
) -> argparse.ArgumentParser:
    """Add the parser of a command for brokers that run: it needs no packages to find none."""
    own = _add(commands, name, run, extras=None, **more)
    own.add_argument("--namespace", help="the broker's name (every one that runs)")
    return own


# --- what they do ---------------------------------------------------------------------------------


def _lab(options: argparse.Namespace) -> int:
    import os

    from sbtutorial.lessons.surroundings import surrounded
    from sbtutorial.lessons.working_copy import WorkingCopy
    from sbtutorial.setup.foreground import run
    from sbtutorial.setup.requirements import clone_folder

    clone = clone_folder()
    if clone is None:
        raise TutorialError(
            "It is installed without its lessons, which are notebooks: clone the repository and "
            "run `python -m sbtutorial lab` in the clone."
        )
    fresh, arguments = _fresh_lesson(options.arguments)
    copy = WorkingCopy.of(clone)
    told = copy.update()
    lesson = _FIRST_LESSON
    if fresh is not None:
        lesson = copy.lesson(fresh)
        told.append(copy.restore(lesson))
    told.append("Opening JupyterLab; Ctrl-C in this window ends it.")
    print(*told, sep="\n", file=sys.stderr, flush=True)
    opening = _opening(copy.folder, lesson, arguments)
    command = [sys.executable, "-m", "jupyterlab", *opening, *arguments]
    return run(command, environ=surrounded(os.environ, copy.folder))


def _fresh_lesson(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """The lesson to begin anew, if there is one, and the arguments that are JupyterLab's."""
    own = argparse.ArgumentParser("sbtutorial lab", add_help=False, allow_abbrev=False)
    own.add_argument("--fresh", metavar="LESSON", help="the lesson to begin anew: 03")
    options, others = own.parse_known_args(arguments)
    return options.fresh, others


def _opening(lessons: Path, lesson: str, arguments: Sequence[str]) -> list[str]:
    """What has JupyterLab open a lesson, as far as the arguments do not say otherwise."""
    given = {argument.partition("=")[0] for argument in arguments}
    if given & _OTHER_FOLDER or any(Path(argument).exists() for argument in arguments):
        return []
    # By its address, not as a file: so it is in the links that JupyterLab prints, too.
    ours = {"--ServerApp.root_dir": lessons, "--LabApp.default_url": f"/lab/tree/{lesson}"}
    return [f"{name}={value}" for name, value in ours.items() if name not in given]


def _test(options: argparse.Namespace) -> int:
    from sbtutorial.commands import suite

    return suite.main(options.arguments)


def _serve(options: argparse.Namespace) -> int:
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

    if options.json:
        return _status_as_json(options.namespace)

    def say(broker: "Broker") -> None:
        print(describe(broker.control.status(), broker.record.port, time.time()))

    answering, silent = _each(options.namespace, say)
    return 0 if answering and not silent else 1


def _status_as_json(namespace: str | None) -> int:
    import json

    brokers, silent = _running(namespace), _silent(namespace)
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


def _stop(options: argparse.Namespace) -> int:
    def stop(broker: "Broker") -> None:
        keeps = broker.control.status().get("keeps", False)
        broker.control.shutdown()
        queues = "what it holds stays for the next one" if keeps else "its queues are gone"
        print(f"The broker of '{broker.record.namespace}' is stopped, and {queues}.")

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

    with suppress(ModuleNotFoundError):  # nothing is installed, so nothing was started from here
        if namespace is None:
            return background.find_all()
        return [broker for broker in [background.find(namespace)] if broker is not None]
    return []


def _silent(namespace: str | None) -> list[str]:
    from sbtutorial.hosting import background

    with suppress(ModuleNotFoundError):
        return background.silent(namespace)
    return []


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
