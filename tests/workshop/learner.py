"""One learner, seen from the outside: a home, a program, and the brokers that it has started."""

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib

from sbtutorial.commands.bench.brokers import Measured
from sbtutorial.commands.bench.client import Client
from sbtutorial.hosting.runtime_files import BrokerRecord, RuntimeFiles, namespaces
from tests.notebooks.lessons import environment_in, stop_brokers

_COMMAND = (sys.executable, "-m", "tests.workshop.program")


class Learner:
    """A learner whose program runs, and has not connected yet.

    Args:
        home: A folder that is there and empty.
        user: The number of the system's user who sits here; the one of this process unless given.

    Attributes:
        connection_string: Of the broker, once the learner has come in.
    """

    def __init__(self, home: Path, user: int | None = None) -> None:
        self.home = home
        self.connection_string = ""
        environ = environment_in(home)
        # No two share what matplotlib knows of fonts, and nothing opens a window.
        environ |= {"MPLBACKEND": "agg", "MPLCONFIGDIR": str(_fonts_for(home))}
        if user is not None:
            for path in (home, *home.rglob("*")):
                os.chown(path, user, user)
        self._program = Client(_COMMAND, environ, user)

    def be_ready(self) -> None:
        """Wait until the program has imported what it needs."""
        assert self._program.answer() == {"ready": True}

    def come_in(self) -> float:
        """Connect; how many seconds that took."""
        answer = self._program.call(do="come in", name=self.home.name)
        self.connection_string = answer["connection_string"]
        return float(answer["seconds"])

    def texts(self) -> list[str]:
        """All that is in the learner's queue."""
        return list(self._program.call(do="look")["texts"])

    def take_lesson(self, lesson: Path) -> dict[str, Any]:
        """Run a lesson's cells; see `program.take_lesson`."""
        return self._program.call(do="take lesson", path=str(lesson))

    def visit(self, other: "Learner", *, users_differ: bool) -> dict[str, Any]:
        """Try to get in next door; see `neighbour.tried`."""
        home = str(other.home) if users_differ else ""
        return self._program.call(do="visit", connection_string=other.connection_string, home=home)

    def records(self) -> list[BrokerRecord]:
        """Of the brokers that this learner has."""
        folder = self.home / "broker"
        files = [RuntimeFiles(folder, name) for name in namespaces(folder)]
        return [record for one in files if (record := one.read()) is not None]

    def lacks_claim(self) -> bool:
        """Whether one of the brokers does not have its name's claim."""
        return any(
            RuntimeFiles(self.home / "broker", record.namespace).holder() != record.pid
            for record in self.records()
        )

    def open_files(self) -> Iterator[Path]:
        """What others could look into, by its mode; Windows knows none."""
        if os.name == "nt":
            return
        folder = self.home / "broker"
        for path in (folder, *folder.rglob("*")):
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                yield path

    def brokers(self) -> list[Measured]:
        """Their processes."""
        return [Measured(record.pid) for record in self.records()]

    def program(self) -> Measured:
        """The program's process."""
        return Measured(self._program.pid)

    def leave(self) -> None:
        """End the program and the brokers."""
        self._program.end()
        stop_brokers(self.home / "broker")


def _fonts_for(home: Path) -> Path:
    """A folder with the list of fonts that is there already, as making one takes seconds."""
    folder = home / "matplotlib"
    folder.mkdir()
    for path in Path(matplotlib.get_cachedir()).glob("fontlist-*.json"):
        shutil.copy(path, folder)
    return folder
