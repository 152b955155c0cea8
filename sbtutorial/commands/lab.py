"""`sbtutorial lab`: the lessons, in JupyterLab."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sbtutorial.commands.parsers import Commands, add_passing
from sbtutorial.errors import TutorialError

_FIRST_LESSON = "00_start_here.ipynb"
_OTHER_FOLDER = {"--ServerApp.root_dir", "--notebook-dir"}


def add(commands: Commands) -> None:
    """Add its parser."""
    add_passing(
        commands,
        "lab",
        _run,
        help="open the first lesson in JupyterLab, after installing what that takes",
        epilog="Lessons open as a copy of your own, my_lessons. `--fresh 03` brings lesson 03 in "
        "it back to its beginning, keeps yours under another name, and opens it. `--latest` leaves "
        "the versions of packages that are known to work for the newest, until .venv is deleted. "
        "Other arguments go to JupyterLab: --no-browser, --port 9999, another notebook, ...",
        examples=["sbtutorial lab", "sbtutorial lab --fresh 03 --no-browser"],
        extras=("lab",),
    )


def _run(options: argparse.Namespace) -> int:
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
