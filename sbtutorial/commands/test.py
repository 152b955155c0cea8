"""`sbtutorial test`: everything that must hold, of which `suite` knows the steps."""

import argparse

from sbtutorial.commands.parsers import Commands, add_passing


def add(commands: Commands) -> None:
    """Add its parser."""
    add_passing(
        commands,
        "test",
        _run,
        help="check everything: lint, types, tests and notebooks",
        epilog="`--fast` checks what says most in a minute, `--long` searches for a night. Other "
        "arguments go to pytest, which then runs alone: -k crash, tests/broker, ...",
        examples=["sbtutorial test --fast", "sbtutorial test -k crash tests/broker"],
        extras=("lab", "test"),
        before=_require_a_clone,
    )


def _require_a_clone(_: argparse.Namespace) -> None:
    """See that there are tests, before anything is installed for them."""
    from sbtutorial.commands import suite

    suite.tested_clone()


def _run(options: argparse.Namespace) -> int:
    from sbtutorial.commands import suite

    return suite.main(options.arguments)
