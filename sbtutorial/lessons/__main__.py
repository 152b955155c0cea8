"""`python -m sbtutorial.lessons COMMAND …`: start somebody's Jupyter server on a working copy.

Binder and hubs have a command of their own that starts JupyterLab; this goes before it.
"""

import os
import sys
from collections.abc import Sequence

from sbtutorial.errors import TutorialError
from sbtutorial.lessons.places import working_copy
from sbtutorial.lessons.surroundings import surrounded
from sbtutorial.setup.foreground import run


def main(command: Sequence[str]) -> int:
    """Make the copy, run the command to its end, and return its exit code.

    Without lessons, or where the copy cannot be made, the command runs all the same.
    """
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    return run(command, environ=_environment())


def _environment() -> dict[str, str]:
    try:
        copy = working_copy()
        for sentence in copy.update():
            print(sentence, file=sys.stderr, flush=True)
        return surrounded(os.environ, copy.folder)
    except (TutorialError, OSError) as error:
        print(error, file=sys.stderr, flush=True)
        return dict(os.environ)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
