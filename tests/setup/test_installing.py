import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread

import pytest

from sbtutorial.setup import installing, uv
from sbtutorial.setup.file_lock import try_lock
from sbtutorial.setup.installing import (
    LOCKED,
    Installer,
    Progress,
    SetupError,
    explain,
    one_at_a_time,
)

PYPROJECT = """
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"
[project]
name = "nothing"
version = "1"
[project.optional-dependencies]
lab = []
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    return tmp_path


@pytest.fixture
def installer(clone: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    """One whose pip has no settings of the user's, and would not install if it could."""
    pytest.importorskip("pip", reason="an environment without pip, as uv makes them")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    (clone / "pip.conf").write_text("[install]\ndry-run = true\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(clone / "pip.conf"))
    monkeypatch.setenv("PIP_RETRIES", "1")
    return Installer(clone, Path(sys.executable))


def test_a_pip_that_may_ask_no_index_is_named_as_the_reason(
    installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    with pytest.raises(SetupError, match="PIP_NO_INDEX") as failure:
        installer.install([], ())
    assert "No matching distribution found for setuptools" in str(failure.value)


@pytest.mark.parametrize(
    "name",
    [
        *("PIP_TARGET", "PIP_NO_DEPS", "PIP_PYTHON", "PIP_DRY_RUN", "PIP_REQUIRE_HASHES"),
        *("UV_SYSTEM_PYTHON", "UV_NO_DEPS", "UV_REQUIRE_HASHES", "UV_RESOLUTION"),
    ],
)
def test_settings_that_are_for_other_installations_reach_neither_pip_nor_uv(
    name: str, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict[str, str]] = []

    def popen(_: object, *, env: dict[str, str], **__: object) -> None:
        given.append(env)
        raise OSError("nothing is started")

    monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setattr(installing.subprocess, "Popen", popen)
    with pytest.raises(SetupError):
        Installer(clone, Path(sys.executable)).install([], ())
    assert name not in given[0]
    assert "PIP_INDEX_URL" in given[0]


def test_without_network_neither_uv_nor_pip_manages_and_the_remedy_is_to_connect(
    installer: Installer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nobody listens there
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    assert uv.find(Path(sys.executable)), "the environment of the tests has one"

    with pytest.raises(SetupError, match="cannot be reached: connect to the internet"):
        installer.install([], ())

    by_uv, by_pip = capsys.readouterr().err.split("uv does not manage, so pip is asked.")
    assert by_uv.startswith("Installing the broker by uv, which is here …\n")
    assert "127.0.0.1:9" in by_pip.partition("Installing the broker; this takes")[0]


WANTED = " ".join((*LOCKED, "--editable", ".[lab]"))
PIP = "install --disable-pip-version-check --no-input"
LOOKED, FETCHED = "config list", " ".join((PIP, *LOCKED, "uv"))
BY_UV, BY_PIP = f"install --compile-bytecode --python {sys.executable} {WANTED}", f"{PIP} {WANTED}"


@pytest.mark.parametrize(
    ("found", "settings", "ran"),
    [
        (["uv"], [], [LOOKED, BY_UV]),
        (["uv"], ["install.pre='true'"], [LOOKED, BY_PIP]),
        ([None, "uv"], [], [LOOKED, FETCHED, BY_UV]),
        ([None, None], [], [LOOKED, FETCHED, BY_PIP]),
        ([None], ["install.pre='true'"], [LOOKED, BY_PIP]),
    ],
    ids=["is here", "has no word", "is fetched", "cannot be had", "is not fetched in vain"],
)
def test_uv_installs_where_it_can_be_had_and_can_be_told_what_pip_is_told(
    found: list[str | None],
    settings: list[str],
    ran: list[str],
    clone: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commands: list[str] = []
    looks = iter(found)

    def run(_: Installer, __: str, command: Sequence[str | Path], *___: object) -> list[str]:
        told = [str(word) for word in command]
        commands.append(" ".join(told[told.index("pip") + 1 :]))
        if told[-1] == "uv" and found[-1] is None:
            raise SetupError("There is none.")
        return settings

    monkeypatch.setattr(uv, "find", lambda _: next(looks))
    monkeypatch.setattr(Installer, "_run", run)
    Installer(clone, Path(sys.executable)).install(["lab"], LOCKED)

    assert commands == ran


def test_for_the_broker_alone_no_uv_is_fetched(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    monkeypatch.setattr(uv, "find", lambda _: None)
    monkeypatch.setattr(Installer, "_run", lambda _, name, *__: names.append(name))
    Installer(clone, Path(sys.executable)).install([], LOCKED)

    assert names == ["pip"]


def test_an_interpreter_that_cannot_be_started_is_a_sentence(clone: Path) -> None:
    with pytest.raises(SetupError, match=r"no-such-python cannot be started"):
        Installer(clone, clone / "no-such-python").install_pip()


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: [WinError 112] There is not enough space on the disk", "disk is full"),
        ("ERROR: [SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate", "PIP_CERT"),
        ("ERROR: [Errno 13] Permission denied: '/x'", "cannot be written"),
        ("WARNING: Retrying after connection broken by 'NewConnectionError", "cannot be reached"),
        ("ERROR: No matching distribution found for x", "does not have all packages"),
        ("something that nobody has seen", "See what it says"),
    ],
)
def test_a_failure_is_explained_with_its_remedy(line: str, remedy: str) -> None:
    assert remedy in explain("pip", ["Collecting x", line])


def test_a_missing_network_is_told_as_such_although_pip_then_speaks_of_versions() -> None:
    lines = [
        "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)'",
        "ERROR: Could not find a version that satisfies the requirement x (from versions: none)",
        "ERROR: No matching distribution found for x",
    ]

    assert "cannot be reached" in explain("pip", lines)


def test_an_unknown_failure_shows_the_last_lines_and_not_all() -> None:
    text = explain("pip", [f"line {number}" for number in range(100)])

    assert "line 99" in text
    assert "line 50" not in text


def test_progress_in_a_file_is_a_line_for_each_stage(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(is_terminal=False) as progress:
        for line in ("Collecting a", "  Downloading a.whl", "Collecting b", "Using cached", "  x"):
            progress.show(line)

    assert capsys.readouterr().err == "  choosing versions …\n  downloading …\n"


def test_progress_in_a_terminal_is_one_line_that_is_gone_in_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Progress(is_terminal=True) as progress:
        progress.show("Collecting jupyterlab<5,>=4.2 (from sbtutorial)")

    said = capsys.readouterr().err
    assert "choosing versions jupyterlab" in said
    assert "\n" not in said
    assert said.split("\r")[-2:] == [" " * len(said.split("\r")[-2]), ""]


def test_two_processes_set_a_clone_up_one_after_the_other(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    is_waiting = Event()
    monkeypatch.setattr(installing, "say", lambda _: is_waiting.set())

    def other() -> None:
        with one_at_a_time(clone):
            order.append("other")

    thread = Thread(target=other)
    with one_at_a_time(clone):
        thread.start()
        assert is_waiting.wait(30)
        order.append("first")
    thread.join(30)

    assert order == ["first", "other"]


@pytest.mark.skipif(sys.platform == "win32", reason="there a lock is one process's alone")
def test_what_a_set_up_left_behind_when_it_was_killed_is_waited_for(clone: Path) -> None:
    with one_at_a_time(clone):
        left = subprocess.Popen(
            [sys.executable, "-c", "input()"], close_fds=False, stdin=subprocess.PIPE
        )
    with (clone / "pyproject.toml").open("rb") as file:
        assert not try_lock(file.fileno())
        left.communicate(b"\n")
        assert try_lock(file.fileno())
