"""Where the lessons are, and where a learner's copy of them goes. Standard library only.

In a clone both are in the clone. A wheel brings the lessons as data of its environment; there the
copy goes into the folder in which somebody asks for it.
"""

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from sbtutorial.errors import TutorialError
from sbtutorial.lessons.edition import Edition
from sbtutorial.lessons.working_copy import FOLDER, RECORD, WorkingCopy, writable_folder
from sbtutorial.setup.requirements import clone_folder

_LESSONS = "share/sbtutorial/notebooks/*.ipynb"  # as pyproject.toml says


def working_copy() -> WorkingCopy:
    """The copy of the lessons that this installation has, as it is or as it will be.

    Raises:
        TutorialError: It has no lessons.
    """
    if clone := clone_folder():
        return WorkingCopy.of(clone)
    lessons = installed_lessons()
    if lessons is None:
        raise TutorialError(
            "sbtutorial is installed without its lessons here: install its wheel once more, or "
            "run `python -m sbtutorial lab` in a clone of its repository."
        )
    here = Path.cwd()
    folder = next(_copies_above(here), None) or writable_folder(here / FOLDER)
    return WorkingCopy(Edition(lessons), folder)


def installed_lessons() -> Path | None:
    """The folder into which the wheel has put the lessons; None where there is no wheel."""
    try:
        files = metadata.files("sbtutorial") or ()
    except metadata.PackageNotFoundError:
        return None
    found = (Path(str(file.locate())) for file in files if file.match(_LESSONS))
    return next((path.resolve().parent for path in found if path.is_file()), None)


def _copies_above(here: Path) -> Iterator[Path]:
    """Working copies that a folder is, or is in; a kernel's is that of its notebook."""
    return (folder for folder in (here, *here.parents) if (folder / RECORD).is_file())
