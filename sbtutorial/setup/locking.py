"""The versions that are known to work together: one for each package, on every system and Python.

    python -m sbtutorial.setup.locking

writes them anew, as pyproject.toml allows them today, for what the tests then say of them. `lab`,
`test`, Binder and environment.yml install these and no others, so that a course runs in two years
as it does now. The file is one of pip's constraints: it goes with an editable package and extras,
and names no place that packages come from. Standard library only.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sbtutorial.errors import TutorialError
from sbtutorial.setup.requirements import clone_folder

LOCK = Path(__file__).with_name("locked.txt")
_HEADING = "# Known to work together; made by `python -m sbtutorial.setup.locking`.\n"
_OPTIONS = ("--universal", "--python-version=3.11", "--all-extras", "--no-emit-index-url")
_QUIETLY = ("--no-annotate", "--no-header", "--quiet", "--upgrade")


def lock(clone: Path) -> str:
    """The newest versions that a clone's pyproject.toml allows, as pip takes constraints.

    Raises:
        TutorialError: They cannot be found out; the text says why.
    """
    command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml"]
    done = subprocess.run(
        [*command, *_OPTIONS, *_QUIETLY], cwd=clone, capture_output=True, encoding="utf-8"
    )
    if done.returncode:
        raise TutorialError(f"uv cannot say which versions go together:\n{done.stderr.strip()}")
    return _HEADING + done.stdout


def locked_versions(text: str) -> dict[str, str]:
    """Versions by package, the first of each: others are for another Python.

    Args:
        text: A lock.
    """
    lines = (line.partition(";")[0] for line in text.splitlines() if "==" in line)
    pairs = (line.strip().partition("==") for line in reversed(list(lines)))
    return {name: version for name, _, version in pairs}


def main(arguments: Sequence[str]) -> int:
    """Write the lock anew; returns the exit code."""
    clone = clone_folder()
    if clone is None or arguments:
        print("This takes no arguments, and a clone to lock.", file=sys.stderr)
        return 2
    text = lock(clone)
    LOCK.write_text(text, "utf-8")
    print(f"{len(locked_versions(text))} packages locked in {LOCK.name}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
