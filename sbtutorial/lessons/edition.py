"""The lessons as they are committed, and how each begins: as if never run.

What is committed carries its outputs, for who reads it on the web; a learner would find the answers
above their questions. Standard library only.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from sbtutorial.errors import TutorialError

_PARTS = ("*.ipynb", "*.md", "images/*")  # what lessons are made of
_LESSON = ".ipynb"


class Edition:
    """The lessons of one clone, or of one wheel.

    Attributes:
        folder: Where they are, with their outputs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> Iterator[str]:
        """All parts in order, as paths within the folder with forward slashes."""
        for pattern in _PARTS:
            for path in sorted(self.folder.glob(pattern)):
                if path.is_file() and not path.name.startswith("."):
                    yield path.relative_to(self.folder).as_posix()

    def content(self, name: str) -> bytes:
        """A part as a learner gets it first.

        Raises:
            TutorialError: It is a lesson, and no notebook can be read from it.
        """
        content = (self.folder / name).read_bytes()
        return _without_outputs(name, content) if is_lesson(name) else content

    def lesson(self, beginning: str) -> str:
        """The one lesson whose name begins so: "03"; a whole number is that lesson's alone.

        Raises:
            TutorialError: There is none, or several.
        """
        lessons = [name for name in self.names() if is_lesson(name)]
        found = [name for name in lessons if beginning and name.startswith(beginning)]
        found = [name for name in found if number_of(name) == beginning] or found
        if len(found) == 1:
            return found[0]
        problem = "Several lessons begin" if found else "No lesson begins"
        choice = ", ".join(name.removesuffix(_LESSON) for name in found or lessons)
        raise TutorialError(f"{problem} with {beginning!r}: choose one of {choice}.")


def is_lesson(name: str) -> bool:
    """Whether a part is a notebook, and not a picture in one."""
    return name.endswith(_LESSON)


def number_of(name: str) -> str:
    """What a lesson's name begins with, up to its first "_": "04" or "04b"."""
    return name.partition("_")[0]


def fingerprint(name: str, content: bytes) -> str:
    """What of a part is somebody's work, as a digest: of a lesson its cells, and what they say.

    Jupyter changes the rest of a notebook when it is opened and not even run.
    """
    if is_lesson(name):
        with suppress(ValueError, KeyError, TypeError):  # else it is no notebook, and all counts
            content = json.dumps([_work(cell) for cell in json.loads(content)["cells"]]).encode()
    return hashlib.sha256(content).hexdigest()


def _work(cell: dict[str, Any]) -> list[object]:
    tags = cell.get("metadata", {}).get("tags", [])
    return [cell["cell_type"], "".join(cell["source"]), tags, cell.get("outputs", [])]


def _without_outputs(name: str, content: bytes) -> bytes:
    """A notebook as if never run, in the very form in which Jupyter saves it."""
    try:
        notebook = json.loads(content)
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell |= {"outputs": [], "execution_count": None}
    except (ValueError, KeyError, TypeError):
        raise TutorialError(
            f"{name} is no notebook any more (has a merge left its marks in it?): "
            f"`git checkout -- notebooks/{name}` brings back the one that was committed."
        ) from None
    return (json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
