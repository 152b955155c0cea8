"""`python -m sbtutorial` and the `sbtutorial` command: is this Python new enough? Then `cli`.

This file must stay readable by Python 3.6, whose users it tells to upgrade.
"""

import sys

from sbtutorial.setup.python_version import complaint


def main() -> int:
    """Run the command that is on the command line; returns the exit code."""
    if complaint():
        sys.stderr.write(complaint() + "\n")
        return 1
    from sbtutorial.cli import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
