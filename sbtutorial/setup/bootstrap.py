"""The environment that a command needs: the one that runs us if it will do, else `.venv`.

A clone and a Python are enough to start with: `.venv` is made beside this package's folder, with
the package (editable) and its extras. It carries a stamp that says what was installed into it and
whether that came to an end, so that a set-up which was interrupted starts over, and a clone that
was moved or whose pyproject.toml has changed is set up anew. A `.venv` without our stamp is
somebody's own: it is used and completed, never deleted. Standard library only.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sbtutorial.setup.installing import (
    LATEST,
    LOCKED,
    Installer,
    SetupError,
    one_at_a_time,
    say,
)
from sbtutorial.setup.locking import LOCK
from sbtutorial.setup.requirements import (
    Lack,
    Requirement,
    clone_folder,
    install_command,
    lacking,
    project_table,
    requirements,
)

_STAMP = "sbtutorial.json"
_LATEST = "latest"  # in the stamp of an environment that has left the locked versions
_MIB = 1024 * 1024
_NEEDED_MIB = 1000  # while it is installed, with all extras, and some room to breathe
_SHOWN_COUNT = 3


def python_with(*extras: str) -> Path:
    """A Python that has the package and these extras of it, after making it if need be.

    Raises:
        SetupError: It cannot be made; the text says why and what to do.
    """
    lacks = lacking(requirements(*extras))
    if not lacks:
        return Path(sys.executable)
    clone = clone_folder()
    if clone is None:
        raise SetupError(
            f"This Python lacks {_names(lacks)}: `{install_command(*extras)}` installs them."
        )
    environment = Environment(clone)
    if not environment.has(*extras):
        environment.make(*extras, lacks=lacks)
    return environment.python


def ready_python(*extras: str) -> Path | None:
    """Like `python_with`, but None when something would have to be installed first."""
    if not lacking(requirements(*extras)):
        return Path(sys.executable)
    clone = clone_folder()
    environment = Environment(clone) if clone else None
    return environment.python if environment and environment.has(*extras) else None


def take_latest(*extras: str) -> None:
    """Give the environment the newest versions that pyproject.toml allows, known to work or not.

    Raises:
        SetupError: There is none of ours to change, or it cannot be done.
    """
    clone = clone_folder()
    environment = Environment(clone) if clone else None
    runs_elsewhere = environment is None or not is_this(environment.python)
    if environment is None or (runs_elsewhere and not lacking(requirements(*extras))):
        wanted = f"sbtutorial[{','.join(extras)}]"
        raise SetupError(
            "This Python has its packages from you, and none is changed: `"
            f'{sys.executable} -m pip install --upgrade --upgrade-strategy=eager "{wanted}"` '
            "brings the newest."
        )
    environment.take_latest(*extras)


def is_this(python: Path) -> bool:
    """Whether a Python is the environment that runs us.

    Environments are told apart by their folders: their programs are links to one and the same.
    """
    own = Path(sys.executable)
    return python == own or python.parent.resolve() == own.parent.resolve()


def activated(python: Path) -> dict[str, str]:
    """The variables with which this environment's programs are found first, as if activated."""
    folder = python.parent
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PATH"))))
    return os.environ | {"VIRTUAL_ENV": str(folder.parent), "PATH": path}


class Environment:
    """The `.venv` of a clone."""

    def __init__(self, clone: Path) -> None:
        self.clone = clone

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.clone / ".venv"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        if os.name == "nt":
            return self.folder / "Scripts" / "python.exe"
        return self.folder / "bin" / "python"

    @property
    def is_ours(self) -> bool:
        """Whether we made it, and may delete it."""
        return (self.folder / _STAMP).exists()

    def has(self, *extras: str) -> bool:
        """Whether everything for these extras is installed, from this pyproject.toml."""
        if not self.python.exists() or self._lacking(requirements(*extras)):
            return False
        return not self.is_ours or self._stamp() == self._wanted_stamp(self._stamped_extras())

    def make(self, *extras: str, lacks: Sequence[Lack] = ()) -> None:
        """Install what these extras need, into the folder there is or into a new one.

        Args:
            extras: Those that are wanted; what was installed before stays.
            lacks: What this Python lacks, to tell the user why all this.

        Raises:
            SetupError: It cannot be done; the text says why and what to do.
        """
        with one_at_a_time(self.clone):
            if self.has(*extras):  # another process has been at it
                return
            if self.is_ours and not self._is_repairable():
                self._remove()
            if not self.folder.exists():
                say(f"This Python lacks {_names(lacks)}.")
            self._fill(sorted({*extras, *self._stamped_extras()}), self._versions())

    def take_latest(self, *extras: str) -> None:
        """Install the newest versions, also of what is there.

        Raises:
            SetupError: It cannot be done; the text says why and what to do.
        """
        with one_at_a_time(self.clone):
            self._fill(sorted({*extras, *self._stamped_extras()}), _LATEST)

    def _fill(self, extras: list[str], versions: str) -> None:
        _require_room(self.clone)
        began_at = time.monotonic()
        self._begin(extras, versions)
        installer = Installer(self.clone, self.python)
        if not self.python.exists():
            installer.make_environment(self.folder)
        if self._lacks_pip():
            installer.install_pip()
        installer.install(extras, LATEST if versions == _LATEST else LOCKED)
        if self.is_ours:
            self._write_stamp(self._wanted_stamp(extras))
        say(f"Done in {time.monotonic() - began_at:.0f} s.")

    def _begin(self, extras: list[str], versions: str) -> None:
        """Have the folder, with a stamp that lacks what it says at the end."""
        is_new = not self.folder.exists()
        if is_new:
            _require_ensurepip()
            say(f"Making an environment for sbtutorial: {self.folder} (delete it to undo this).")
        try:
            self.folder.mkdir(exist_ok=True)
            if is_new or self.is_ours:
                self._write_stamp({"extras": extras, "versions": versions})
        except OSError as error:
            raise SetupError(
                f"{self.clone} cannot be written ({error.strerror}), and the environment goes "
                "there: copy the folder to a place of your own and run the command from the copy."
            ) from None

    def _is_repairable(self) -> bool:
        """Whether installing again will do; an environment cannot delete itself, either."""
        is_running = Path(sys.prefix).resolve() == self.folder.resolve()
        stamp = self._stamp()
        return is_running or (stamp.get("clone") == str(self.clone) and self.python.exists())

    def _remove(self) -> None:
        say("An earlier set-up did not end well, or the folder was moved: starting over.")
        try:
            shutil.rmtree(self.folder)
        except OSError as error:
            raise SetupError(
                f"{self.folder} cannot be deleted ({error.strerror}: {error.filename}): close "
                "JupyterLab and all that runs from there, delete the folder, and try again."
            ) from None

    def _lacking(self, wanted: list[Requirement]) -> list[Lack]:
        folders = [*self.folder.glob("lib/python3*/site-packages")]
        folders.append(self.folder / "Lib" / "site-packages")
        return lacking(wanted, [str(folder) for folder in folders if folder.is_dir()])

    def _lacks_pip(self) -> bool:
        return bool(self._lacking([Requirement("pip")]))

    def _stamp(self) -> dict[str, Any]:
        """What it says; {} when the set-up has not come to its end."""
        with suppress(OSError, ValueError):
            stamp: dict[str, Any] = json.loads((self.folder / _STAMP).read_text("utf-8"))
            return stamp
        return {}

    def _stamped_extras(self) -> list[str]:
        return list(self._stamp().get("extras", ()))

    def _wanted_stamp(self, extras: list[str]) -> dict[str, Any]:
        project = json.dumps(project_table(self.clone), sort_keys=True)
        digest = hashlib.sha256(project.encode()).hexdigest()
        versions = self._versions()
        return {
            "clone": str(self.clone),
            "extras": extras,
            "project": digest,
            "versions": versions,
        }

    def _versions(self) -> str:
        """What an environment says of its versions that need not be changed: which lock, if any."""
        if self._stamp().get("versions") == _LATEST:
            return _LATEST
        return hashlib.sha256(LOCK.read_bytes()).hexdigest()

    def _write_stamp(self, stamp: Mapping[str, Any]) -> None:
        (self.folder / _STAMP).write_text(json.dumps(stamp), "utf-8")


def _require_ensurepip() -> None:
    """Debian and Ubuntu leave it out of their Python."""
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        return
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    raise SetupError(
        "This Python cannot make environments, as its modules venv and ensurepip are left out: "
        f"on Debian and Ubuntu run `sudo apt install python{version}-venv`; elsewhere use the "
        "Python from python.org or conda."
    )


def _require_room(clone: Path) -> None:
    free_mib = shutil.disk_usage(clone).free // _MIB
    if free_mib < _NEEDED_MIB:
        raise SetupError(
            f"The disk of {clone} has {free_mib} MB left, and the environment needs up to "
            f"{_NEEDED_MIB} MB: make room, or move the folder to another disk."
        )


def _names(lacks: Sequence[Lack]) -> str:
    """The first few names and how many more."""
    names = [one.requirement.name for one in lacks]
    more = f" and {len(names) - _SHOWN_COUNT} more" if len(names) > _SHOWN_COUNT else ""
    return ", ".join(names[:_SHOWN_COUNT]) + more
