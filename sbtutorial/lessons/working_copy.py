"""A learner's own copy of the lessons: made and kept up to date, and never against their work.

What was copied is known by its fingerprint. A file that still has it is nobody's work and follows
the committed lesson; any other is the learner's, stays, and has a newer lesson put beside it, once.
Standard library only.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path
from typing import Self

from sbtutorial.errors import TutorialError
from sbtutorial.lessons.edition import Edition, fingerprint, is_lesson, number_of

FOLDER = "my_lessons"  # in the clone: .gitignore and pyproject.toml know it, too
HOME_FOLDER = "sbtutorial_lessons"  # in the user's home, where another cannot be written
RECORD = ".copied.json"  # what was copied; the mark of a working copy, too


class WorkingCopy:
    """The copy in one folder.

    Attributes:
        folder: Where it is, or will be.
    """

    def __init__(self, edition: Edition, folder: Path) -> None:
        self.folder = folder
        self._edition = edition

    @classmethod
    def of(cls, clone: Path) -> Self:
        """That of a clone: in it, or in the user's home when the clone cannot be written."""
        return cls(Edition(clone / "notebooks"), writable_folder(clone / FOLDER))

    def update(self) -> list[str]:
        """Copy what is missing or newer, and no learner's work; what there is to tell of it.

        Raises:
            TutorialError: The folder cannot be written.
        """
        told: list[str] = []
        with self._recording() as record:
            if not record:
                told.append(f"Your own copy of the lessons: {self.folder}")
            for name in self._edition.names():
                try:
                    fresh = self._edition.content(name)
                except TutorialError as error:
                    told.append(str(error))
                else:
                    told += self._bring(name, fresh, record)
        return told

    def lesson(self, beginning: str) -> str:
        """The name of the one lesson that begins so: "03".

        Raises:
            TutorialError: There is none, or several.
        """
        return self._edition.lesson(beginning)

    def restore(self, beginning: str) -> str:
        """Bring a lesson back to its beginning; the learner's stays, under another name.

        Args:
            beginning: How its name begins: "03".

        Returns:
            What was done, in a sentence or two.

        Raises:
            TutorialError: There is no such lesson, or several; the folder cannot be written.
        """
        name = self.lesson(beginning)
        fresh = self._edition.content(name)
        with self._recording() as record:
            is_fresh = self._fingerprint(name) == fingerprint(name, fresh)
            kept = "" if is_fresh or self._is_untouched(name, record) else self._set_aside(name)
            self._write(name, self._unlike_now(name, fresh), record)
            self._withdraw(_offered(name), record)
        return f"{name} is at its beginning again." + f" What you had saved is {kept}." * bool(kept)

    def _bring(self, name: str, fresh: bytes, record: dict[str, str]) -> list[str]:
        edition = fingerprint(name, fresh)
        if self._fingerprint(name) == edition:
            record[name] = edition
        elif self._is_untouched(name, record):
            self._write(name, fresh, record)
        elif record.get(name) != edition and is_lesson(name):
            return self._offer(name, fresh, record)
        return []

    def _offer(self, name: str, fresh: bytes, record: dict[str, str]) -> list[str]:
        """Put a newer lesson beside the learner's, unless that was done, whatever became of it."""
        offered = _offered(name)
        if record.get(offered) == fingerprint(offered, fresh):
            return []
        take = f'`lab.restore("{number_of(name)}")` takes it, and keeps yours under another name'
        if not self._is_untouched(offered, record):
            return [f"There is a newer {name} than yours: {take}."]
        self._write(offered, fresh, record)
        return [f"There is a newer {name} than yours, beside it: {offered}. {take}."]

    def _withdraw(self, offered: str, record: dict[str, str]) -> None:
        """Delete what was offered, if it is still what it was."""
        if self._is_untouched(offered, record):
            (self.folder / offered).unlink(missing_ok=True)
        record.pop(offered, None)

    def _unlike_now(self, name: str, fresh: bytes) -> bytes:
        """The lesson in other bytes than are there: by these JupyterLab sees that it changed."""
        path = self.folder / name
        return fresh + b"\n" if path.exists() and path.read_bytes() == fresh else fresh

    def _set_aside(self, name: str) -> str:
        """Rename what the learner has; returns the new name."""
        stem, suffix = os.path.splitext(name)
        endings = chain(("_mine",), (f"_mine_{number}" for number in count(2)))
        names = (stem + ending + suffix for ending in endings)
        kept = next(one for one in names if not (self.folder / one).exists())
        (self.folder / name).rename(self.folder / kept)
        return kept

    def _is_untouched(self, name: str, record: dict[str, str]) -> bool:
        """Whether there is nothing of the learner's in a file."""
        return self._fingerprint(name) in ("", record.get(name))

    def _fingerprint(self, name: str) -> str:
        """That of a file as it is now; "" when there is none."""
        with suppress(FileNotFoundError):
            return fingerprint(name, (self.folder / name).read_bytes())
        return ""

    def _write(self, name: str, content: bytes, record: dict[str, str]) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content)
        record[name] = fingerprint(name, content)

    @contextmanager
    def _recording(self) -> Iterator[dict[str, str]]:
        """What was copied: name → fingerprint; kept when the block ends, however it does."""
        path = self.folder / RECORD
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            record = _read(path)
            try:
                yield record
            finally:
                _replace(path, json.dumps(record, indent=1, sort_keys=True).encode())
        except OSError as error:
            raise TutorialError(
                f"Your copy of the lessons, {self.folder}, cannot be written ({error.strerror}): "
                "make room or see whose folder it is, and try again."
            ) from None


def _offered(name: str) -> str:
    stem, suffix = os.path.splitext(name)
    return f"{stem}_new{suffix}"


def _read(path: Path) -> dict[str, str]:
    """A record; empty when it is lost, so that every file that differs counts as work."""
    with suppress(FileNotFoundError, ValueError):
        record = json.loads(path.read_text("utf-8"))
        if isinstance(record, dict):
            return record
    return {}


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def writable_folder(folder: Path) -> Path:
    """This folder if it can be made and written, else one in the user's home."""
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    return Path.home() / HOME_FOLDER
