"""What the parsers of the commands have in common."""

import argparse
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Run = Callable[[argparse.Namespace], int]
Before = Callable[[argparse.Namespace], None]


class _Formatter(argparse.HelpFormatter):
    """Wraps text paragraph by paragraph, and leaves lines that are indented, examples, alone."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(
            line
            if line.startswith(" ")
            else textwrap.fill(line, width, initial_indent=indent, subsequent_indent=indent)
            for line in text.splitlines()
        )


def add(
    commands: Commands,
    name: str,
    run: Run,
    *,
    help: str,
    examples: Sequence[str],
    epilog: str = "",
    extras: tuple[str, ...] | None = (),
    before: Before = lambda _: None,
    passes_on: bool = False,
    **more: Any,
) -> argparse.ArgumentParser:
    """Add a command's parser.

    Args:
        commands: All of them.
        name: Its name.
        run: What it does; returns the exit code.
        help: Its line in the list of commands.
        examples: Whole command lines, shown under everything else.
        epilog: What is to be said beyond its arguments.
        extras: Those of the package that it needs; None if it makes do with what there is.
        before: Called before anything is installed for it; raises TutorialError if that would be in
            vain.
        passes_on: Whether its arguments are another program's.
        more: What else the parser takes.
    """
    shown = "\n".join(["For example:", *(f"  {example}" for example in examples)])
    own = commands.add_parser(
        name,
        help=help,
        description=help,
        epilog=f"{epilog}\n\n{shown}" if epilog else shown,
        formatter_class=_Formatter,
        **more,
    )
    own.set_defaults(run=run, extras=extras, before=before, passes_on=passes_on, latest=False)
    return own


def add_passing(commands: Commands, name: str, run: Run, **more: Any) -> None:
    """Add the parser of a command whose arguments are another program's."""
    add(commands, name, run, usage=f"sbtutorial {name} [ARGUMENT ...]", passes_on=True, **more)


def add_any_namespace(
    commands: Commands, name: str, run: Run, **more: Any
) -> argparse.ArgumentParser:
    """Add the parser of a command for brokers that run: it needs no packages to find none."""
    own = add(commands, name, run, extras=None, **more)
    own.add_argument("--namespace", help="the broker's name (every one that runs)")
    return own
