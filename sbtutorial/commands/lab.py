"""`sbtutorial lab`: the lessons, in JupyterLab."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sbtutorial.commands.parsers import Commands, add_passing
from sbtutorial.errors import TutorialError

_ALLOW_ROOT = "--allow-root"
# With these JupyterLab says something and ends, whoever asks.
_TELLING = {"--version", "-h", "--help", "--help-all", "--show-config", "--generate-config"}
_FIRST_LESSON = "00_start_here.ipynb"
_OTHER_FOLDER = {"--ServerApp.root_dir", "--notebook-dir"}


def add(commands: Commands) -> None:
    """Add its parser."""
    add_passing(
        commands,
        "lab",
        _run,
        help="open the first lesson in JupyterLab, after installing what that takes",
        epilog="Lessons open as a copy of your own, my_lessons: in the clone, or where the package "
        "was installed without one, in this folder. `--fresh 03` brings lesson 03 in "
        "it back to its beginning, keeps yours under another name, and opens it. `--latest` leaves "
        "the versions of packages that are known to work for the newest, until .venv is deleted. "
        "Other arguments go to JupyterLab: --no-browser, --port 9999, another notebook, ...",
        examples=["sbtutorial lab", "sbtutorial lab --fresh 03 --no-browser"],
        extras=("lab",),
        before=_require_a_user,
    )


def _require_a_user(options: argparse.Namespace) -> None:
    """See that JupyterLab will start: as root it does not, unless it is told to.

    Raises:
        TutorialError: It will not; the text says what to do.
    """
    import os

    given = {argument.partition("=")[0] for argument in options.arguments}
    is_allowed = given & {_ALLOW_ROOT, "--ServerApp.allow_root", *_TELLING}
    if is_allowed or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    raise TutorialError(
        "You are root, and JupyterLab starts for root only when it is told to, as everybody who "
        f"can reach it could do anything here. In a container that may be as it should: run "
        f"`{_command(*options.arguments, _ALLOW_ROOT)}` there (with --ip=0.0.0.0 --no-browser, if "
        "your browser is outside). Elsewhere run it as a user of your own."
    )


def _command(*arguments: str) -> str:
    """A command line of ours, as it was begun this time."""
    import shlex

    is_module = Path(sys.argv[0]).name == "__main__.py"
    begin = [Path(sys.executable).name, "-m", "sbtutorial"] if is_module else ["sbtutorial"]
    return shlex.join([*begin, "lab", *arguments])


def _run(options: argparse.Namespace) -> int:
    import os

    from sbtutorial.lessons.places import working_copy
    from sbtutorial.lessons.surroundings import surrounded
    from sbtutorial.setup.foreground import run

    fresh, arguments = _fresh_lesson(options.arguments)
    copy = working_copy()
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
