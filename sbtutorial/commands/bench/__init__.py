"""`sbtutorial bench`: what the broker costs, of which `program` measures the parts."""

import argparse

from sbtutorial.commands.parsers import Commands, add_passing


def add(commands: Commands) -> None:
    """Add its parser."""
    add_passing(
        commands,
        "bench",
        _run,
        help="measure what the broker costs",
        epilog="Arguments choose parts and sizes: `sbtutorial bench --messages 500 ...`",
        examples=["sbtutorial bench --quick", "sbtutorial bench sdk raw --messages 500"],
        extras=("bench",),
    )


def _run(options: argparse.Namespace) -> int:
    from sbtutorial.commands.bench import program

    return program.main(options.arguments)
