"""The command line: arguments in, exit code out. What a command needs is imported when it runs.

A command first gets an environment that has its packages: this one, or `.venv`, in which the same
command line is then run again. Each command adds its own parser (`commands`), which says what runs
it and what it needs.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from sbtutorial.commands import bench, doctor, export, lab, reset, serve, status, stop, test
from sbtutorial.commands.parsers import Commands
from sbtutorial.errors import TutorialError
from sbtutorial.version import __version__

COMMANDS: dict[str, Callable[[Commands], None]] = {
    "lab": lab.add,
    "test": test.add,
    "serve": serve.add,
    "export": export.add,
    "status": status.add,
    "stop": stop.add,
    "reset": reset.add,
    "doctor": doctor.add,
    "bench": bench.add,
}
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
    options = parse(argv)
    if options.command is None:
        parser().print_help()
        return 0
    options.before(options)
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


def parse(argv: list[str]) -> argparse.Namespace:
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
