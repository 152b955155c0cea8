"""Every file that a broker and its clients write is its owner's alone from its first byte on.

With a umask that allows everybody everything, so nothing is private by luck; and without a chmod.
"""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.folders import HOME_VARIABLE, runtime_folder
from sbtutorial.hosting.runtime_files import BrokerRecord, RuntimeFiles
from sbtutorial.lab import journal, names
from sbtutorial.server import certificates

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has lists, not modes: tests/test_folders.py"
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    monkeypatch.setattr(Path, "chmod", lambda *_: pytest.fail("made private afterwards"))
    before = os.umask(0)
    yield tmp_path / "home"
    os.umask(before)


def write_everything() -> None:
    """What a broker and its clients keep, and what is known of a learner."""
    from filelock import FileLock

    folder = runtime_folder()
    files = RuntimeFiles(folder, "tutorial")
    with files.claim() or pytest.fail("nobody has it"):
        files.write(BrokerRecord("tutorial", 7, 5672, "Root", "secret", 0.0, "1", "Standard"))
        os.close(files.open_log())
    with FileLock(files.lock_path, mode=0o600):
        pass
    own = certificates.ensure(folder / "certificates")
    certificates.ensure(folder / "certificates" / "network-1", ("192.168.1.5",))
    certificates.trust(own, {})
    journal.note(journal.PASSED, "send.batch")
    names.owner()


def test_every_file_and_folder_is_its_owners_alone(home: Path) -> None:
    write_everything()
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in (home, *home.rglob("*"))}
    assert len(found) >= 15
    assert {path.name: oct(mode) for path, mode in found.items() if mode & 0o077} == {}


def test_a_folder_of_another_user_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir(0o700)
    monkeypatch.setattr(os, "getuid", lambda: os.stat(home).st_uid + 1)
    with pytest.raises(TutorialError, match="belongs to another user"):
        runtime_folder()


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o750, 0o777])
def test_a_folder_that_is_open_to_others_is_refused(home: Path, mode: int) -> None:
    home.mkdir(mode)
    with pytest.raises(TutorialError, match="is open to others"):
        runtime_folder()


def test_a_link_in_place_of_the_folder_is_refused(home: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(0o700)
    home.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TutorialError, match="is a link"):
        runtime_folder()
