import errno
import os
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sbtutorial import folders
from sbtutorial.errors import TutorialError
from sbtutorial.folders import (
    HOME_VARIABLE,
    data_folder,
    is_shortage,
    learner_folder,
    refusal,
    runtime_folder,
    told,
)


@pytest.mark.parametrize(
    ("number", "reason", "remedy"),
    [
        (errno.ENOSPC, "the disk is full", "make room"),
        (errno.EROFS, "read-only", "set SBTUTORIAL_HOME"),
        (errno.EACCES, "may not write", "set SBTUTORIAL_HOME"),
        (errno.ENOLCK, "knows no locks", "set SBTUTORIAL_HOME"),
        (errno.EISDIR, "something else", "move that away"),
        (errno.ENOENT, "a folder on that path is not there", "make it"),
        (errno.EMFILE, "as many files", "close clients"),
    ],
)
def test_what_the_system_refuses_is_told_with_a_remedy(
    number: int, reason: str, remedy: str
) -> None:
    text = str(refusal(OSError(number, os.strerror(number)), "X cannot be written"))
    assert text.startswith("X cannot be written: ")
    assert reason in text
    assert remedy in text


def test_what_is_not_known_is_told_in_the_systems_words() -> None:
    error = OSError(errno.EIO, "Input/output error")
    assert "X fails: Input/output error." in str(refusal(error, "X fails"))
    assert "X fails: odd." in str(refusal(OSError("odd"), "X fails"))


def test_a_want_of_descriptors_is_told_from_a_want_of_peers() -> None:
    assert is_shortage(OSError(errno.EMFILE, ""))
    assert not is_shortage(ConnectionRefusedError(errno.ECONNREFUSED, ""))


def test_what_is_told_hides_no_other_error() -> None:
    with pytest.raises(ValueError, match="mine"), told("X"):
        raise ValueError("mine")
    with pytest.raises(TutorialError, match="sentence"), told("X"):
        raise TutorialError("a sentence")


def test_a_file_in_the_way_of_the_folder_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(TutorialError, match="is a link or a file, not a folder"):
        runtime_folder()
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "file" / "home"))
    with pytest.raises(TutorialError, match="cannot be made or looked at: something else is in"):
        runtime_folder()


@pytest.mark.parametrize(
    ("number", "says"), [(errno.EROFS, "disk is read-only"), (errno.ENOSPC, "disk is full")]
)
def test_a_folder_that_cannot_be_made_is_a_sentence(
    number: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(TutorialError, match=f"cannot be made or looked at: .*{says}"):
        runtime_folder()


class TestWindows:
    """Played: the calls are those that Windows would see."""

    @pytest.fixture(autouse=True)
    def _windows(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delattr(os, "getuid", raising=False)
        monkeypatch.setenv("USERPROFILE", str(tmp_path / "profile"))
        for name in ("LOCALAPPDATA", "TEMP"):
            monkeypatch.delenv(name, raising=False)

    def play_icacls(self, monkeypatch: pytest.MonkeyPatch, groups: set[str]) -> list[list[str]]:
        asked: list[list[str]] = []

        def run(command: list[str], **_: Any) -> SimpleNamespace:
            asked.append(command)
            found = command[-1].removeprefix("*") in groups
            return SimpleNamespace(stdout=f"SID Found: {command[1]}.\n" if found else "No files.\n")

        monkeypatch.setattr(subprocess, "run", run)
        return asked

    def test_a_folder_in_the_profile_is_private(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = self.play_icacls(monkeypatch, {"S-1-1-0"})
        monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "profile" / "home"))
        assert runtime_folder() == tmp_path / "profile" / "home"
        assert asked == []

    def test_a_folder_elsewhere_is_private_if_its_list_has_nobody_else(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = self.play_icacls(monkeypatch, set())
        monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "elsewhere"))
        assert runtime_folder() == tmp_path / "elsewhere"
        assert len(asked) == len(folders._GROUPS_OF_EVERYBODY)

    def test_a_folder_elsewhere_that_everybody_may_read_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.play_icacls(monkeypatch, {"S-1-5-32-545"})
        monkeypatch.setattr(sys, "platform", "win32")
        monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "elsewhere"))
        with pytest.raises(TutorialError, match=r"is open to others.*icacls .*/inheritance:r"):
            runtime_folder()


def test_what_brokers_keep_lies_in_the_folder_that_was_chosen_and_is_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    assert data_folder() == tmp_path / "home" / "data"
    assert stat.S_IMODE(data_folder().stat().st_mode) == 0o700 or os.name != "posix"
    assert learner_folder() == tmp_path / "home" / "learner"
    assert stat.S_IMODE(learner_folder().stat().st_mode) == 0o700 or os.name != "posix"


def test_what_brokers_keep_lies_in_the_users_data_folder_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: tmp_path / "data")
    assert data_folder() == tmp_path / "data" / "brokers"
    assert learner_folder() == tmp_path / "data" / "learner"


class TestRuntimeFolderOfTheSystem:
    """Where nobody has chosen one, and the session has none: it is in everybody's temporary one."""

    @pytest.fixture(autouse=True)
    def _nothing_is_chosen(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(HOME_VARIABLE, raising=False)
        monkeypatch.setattr("platformdirs.user_runtime_path", lambda _: tmp_path / "temporary")
        monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: tmp_path / "home")

    def test_it_is_used_where_it_is_ours(self, tmp_path: Path) -> None:
        assert runtime_folder() == tmp_path / "temporary"

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no owners of this kind")
    def test_one_of_somebody_elses_is_left_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "temporary").mkdir(0o700)
        lstat = Path.lstat

        def of_another(path: Path) -> Any:
            found = lstat(path)
            is_theirs = path == tmp_path / "temporary"
            return SimpleNamespace(st_mode=found.st_mode, st_uid=found.st_uid + is_theirs)

        monkeypatch.setattr(Path, "lstat", of_another)
        assert runtime_folder() == tmp_path / "home" / "run"
        assert stat.S_IMODE((tmp_path / "home" / "run").stat().st_mode) == 0o700

    def test_nor_one_in_a_folder_of_somebody_elses(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mkdir = Path.mkdir

        def refuse(path: Path, *args: Any, **options: Any) -> None:
            if path == tmp_path / "temporary":
                raise PermissionError(errno.EACCES, "Permission denied")
            mkdir(path, *args, **options)

        monkeypatch.setattr(Path, "mkdir", refuse)
        assert runtime_folder() == tmp_path / "home" / "run"

    def test_nor_one_that_platformdirs_refuses(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_: str) -> Path:
            raise PermissionError("/tmp/runtime-1000 is owned by another user")

        monkeypatch.setattr("platformdirs.user_runtime_path", refuse)
        assert runtime_folder() == tmp_path / "home" / "run"

    @pytest.mark.skipif(os.name == "nt", reason="Windows knows no such mode")
    def test_one_of_ours_that_is_open_to_others_is_told_of(self, tmp_path: Path) -> None:
        (tmp_path / "temporary").mkdir()
        (tmp_path / "temporary").chmod(0o755)
        with pytest.raises(TutorialError, match="is open to others"):
            runtime_folder()
