"""Records in every state that a disk, a person or another version can leave them in."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.hosting import runtime_files
from sbtutorial.hosting.runtime_files import BrokerRecord, RuntimeFiles, namespaces

RECORD = BrokerRecord("tutorial", 1, 2, "name", "key", 1_700_000_000.5, "0.1.0", "Standard")


@pytest.fixture
def files(tmp_path: Path) -> RuntimeFiles:
    return RuntimeFiles(tmp_path, "tutorial")


def changed(**fields: Any) -> bytes:
    return json.dumps(RECORD._asdict() | fields).encode()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "cut off"),
        (changed()[:-20], "cut off"),
        (b"\xff\xfe\x00binary", "cut off"),
        (b"[" * 50_000, "cut off"),
        (b"x" * 10**6, "cut off"),
        (b"[]", "another version"),
        (b"{}", "lacks namespace, pid"),
        (json.dumps(RECORD._asdict() | {"key": None}).encode(), "cannot be"),
        (changed(pid="1"), "cannot be"),
        (changed(pid=True), "cannot be"),
        (changed(pid=-1), "cannot be"),
        (changed(port=0.5), "cannot be"),
        (changed(port=99_999), "cannot be"),
        (changed(key=""), "cannot be"),
        (changed(key="a;SharedAccessKeyName=b"), "cannot be"),
        (changed(key=7), "cannot be"),
        (changed(started_at="noon"), "cannot be"),
        (changed(started_at=float("nan")), "cannot be"),
        (changed(started_at=10**400), "cannot be"),
        (changed(pid=10**400, port=10**400), "cannot be"),
        (changed(version=1), "cannot be"),
        (changed(namespace="payments"), "another namespace, 'payments'"),
    ],
)
def test_a_damaged_record_counts_as_none_and_says_what_is_wrong(
    files: RuntimeFiles, content: bytes, says: str
) -> None:
    files.record_path.write_bytes(content)
    assert files.read() is None
    assert says in files.damage()


def test_a_folder_in_the_place_of_a_record_is_told(files: RuntimeFiles) -> None:
    files.record_path.mkdir()
    assert files.read() is None
    assert "no file" in files.damage()
    with pytest.raises(TutorialError, match=r"tutorial\.json, cannot be written: something else"):
        files.write(RECORD)
    assert [path.name for path in files.folder.iterdir()] == ["tutorial.json"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files on this system")
def test_a_record_that_would_never_end_is_not_waited_for(files: RuntimeFiles) -> None:
    os.mkfifo(files.record_path)
    assert files.read() is None
    assert "no file" in files.damage()


def test_a_record_of_a_later_version_is_read_as_far_as_it_is_known(files: RuntimeFiles) -> None:
    files.record_path.write_bytes(changed(colour="red"))
    assert files.read() == RECORD
    assert files.damage() == ""


def test_no_record_is_no_damage(files: RuntimeFiles) -> None:
    assert (files.read(), files.damage()) == (None, "")


def test_a_full_disk_is_a_sentence_and_leaves_nothing_half_written(
    files: RuntimeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(runtime_files.json, "dump", refuse)
    with pytest.raises(TutorialError, match="cannot be written: the disk is full"):
        files.write(RECORD)
    assert list(files.folder.iterdir()) == []


def test_a_log_that_cannot_be_written_is_a_sentence(files: RuntimeFiles) -> None:
    files.log_path.mkdir()
    with pytest.raises(TutorialError, match=r"tutorial\.log, cannot be written: something else"):
        files.open_log()


def test_names_are_those_of_files_that_belong_to_a_namespace(tmp_path: Path) -> None:
    for name in ("shop.json", "local.alive", "local.json", "a b.json", "shop.log", "ca.pem"):
        (tmp_path / name).touch()
    assert namespaces(tmp_path) == ["local", "shop"]
    with pytest.raises(TutorialError, match="cannot be read"):
        namespaces(tmp_path / "nowhere")
