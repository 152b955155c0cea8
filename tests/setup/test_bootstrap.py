import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

import pytest

from sbtutorial.setup import bootstrap, requirements
from sbtutorial.setup.bootstrap import (
    Environment,
    is_this,
    python_with,
    ready_python,
    take_latest,
)
from sbtutorial.setup.installing import LATEST, SetupError
from sbtutorial.setup.locking import LOCK, locked_versions
from sbtutorial.setup.requirements import Lack, Requirement

REAL_CLONE = Path(__file__).parents[2]
PYPROJECT = """
[project]
name = "sbtutorial"
dependencies = ["azure-servicebus>=7.15,<8"]
[project.optional-dependencies]
lab = ["jupyterlab>=4.2,<5"]
test = ["pytest>=8"]
"""
SEEDS = {"pip", "setuptools"}  # what Python itself puts into an environment
SEVERAL = {"numpy", "contourpy", "soupsieve"}  # locked in a version for each Python
VERSIONS = {"azure-servicebus": "7.15.0", "jupyterlab": "4.6.6", "pytest": "9.2", "pip": "26.3"}


class FakeInstaller:
    """Does what the real one does, as far as package metadata shows."""

    steps: ClassVar[list[str]] = []
    breaks_at: str | None = None

    def __init__(self, clone: Path, python: Path) -> None:
        self._clone = clone
        self._python = python

    def make_environment(self, folder: Path) -> None:
        self._step("environment")
        self._python.parent.mkdir()
        self._python.touch()

    def install_pip(self) -> None:
        self._step("pip")
        self._put("pip")

    def install(self, extras: Sequence[str], versions: Sequence[str]) -> None:
        newest = "newest " if versions == LATEST else ""
        self._step(f"install {newest}{','.join(extras)}")
        project = tomllib.loads((self._clone / "pyproject.toml").read_text())["project"]
        lines = project["dependencies"] + [
            line for extra in extras for line in project["optional-dependencies"][extra]
        ]
        for name in ["sbtutorial", *(requirements.parse(line).name for line in lines)]:
            self._put(name)

    def _step(self, name: str) -> None:
        self.steps.append(name)
        if name == self.breaks_at:
            raise KeyboardInterrupt

    def _put(self, name: str) -> None:
        version = VERSIONS.get(name, "1.0")
        site_packages = self._python.parents[1] / "lib" / "python3.11" / "site-packages"
        info = site_packages / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


class Case(NamedTuple):
    """A clone of which nothing is installed, on a Python that has nothing."""

    clone: Path
    steps: list[str]

    @property
    def environment(self) -> Environment:
        return Environment(self.clone)


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    clone = tmp_path / "clone"
    (clone / "notebooks").mkdir(parents=True)
    (clone / "pyproject.toml").write_text(PYPROJECT)
    for module in (bootstrap, requirements):
        monkeypatch.setattr(module, "clone_folder", lambda: clone)
    monkeypatch.setattr(requirements, "_own_path", lambda: [])
    monkeypatch.setattr(bootstrap, "Installer", FakeInstaller)
    monkeypatch.setattr(FakeInstaller, "steps", [])
    monkeypatch.setattr(bootstrap, "_NEEDED_MIB", 0)
    return Case(clone, FakeInstaller.steps)


MADE = ["environment", "pip", "install lab"]


def test_a_python_that_has_everything_is_used_and_nothing_is_made(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "lacking", lambda _: [])

    assert python_with("lab") == ready_python("lab") == Path(sys.executable)
    assert is_this(python_with("lab"))
    assert not case.environment.folder.exists()


def test_a_python_that_lacks_something_gets_an_environment_in_the_clone(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ready_python("lab") is None

    python = python_with("lab")

    assert python == case.environment.python == ready_python("lab")
    assert python.is_relative_to(case.clone / ".venv")
    assert not is_this(python)
    assert case.steps == MADE
    said = capsys.readouterr()
    assert "This Python lacks azure-servicebus, jupyterlab, sbtutorial." in said.err
    assert said.out == ""


def test_a_second_run_installs_nothing_and_says_nothing(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    python_with("lab")
    capsys.readouterr()

    python_with("lab")

    assert case.steps == MADE
    assert capsys.readouterr().err == ""


def test_an_extra_that_is_wanted_later_comes_to_those_that_are_there(case: Case) -> None:
    python_with("lab")
    python_with("test")
    python_with("lab", "test")

    assert case.steps == [*MADE, "install lab,test"]


def test_a_changed_pyproject_is_installed_again(case: Case) -> None:
    python_with("lab")
    (case.clone / "pyproject.toml").write_text(PYPROJECT.replace(">=7.15", ">=7.14"))

    python_with("lab")

    assert case.steps == [*MADE, "install lab"]


def test_a_new_comment_in_pyproject_changes_nothing(case: Case) -> None:
    python_with("lab")
    (case.clone / "pyproject.toml").write_text(PYPROJECT + "# why\n")

    python_with("lab")

    assert case.steps == MADE


def test_a_new_lock_is_installed(
    case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python_with("lab")
    lock = tmp_path / "locked.txt"
    lock.write_text("azure-servicebus==7.15.1\n")
    monkeypatch.setattr(bootstrap, "LOCK", lock)

    python_with("lab")
    python_with("lab")

    assert case.steps == [*MADE, "install lab"]


def test_the_newest_versions_are_installed_when_asked_for_and_then_stay(
    case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python_with("test")
    take_latest("lab")
    monkeypatch.setattr(bootstrap, "LOCK", tmp_path / "locked.txt")  # a new one is no reason
    (tmp_path / "locked.txt").touch()

    python_with("lab")

    assert case.steps == ["environment", "pip", "install test", "install newest lab,test"]


def test_the_newest_versions_can_be_the_first(case: Case) -> None:
    take_latest("lab")
    python_with("lab")

    assert case.steps == ["environment", "pip", "install newest lab"]


def test_a_python_with_its_own_packages_is_not_given_the_newest(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "lacking", lambda _: [])

    with pytest.raises(SetupError, match=r"none is changed: .* -m pip install --upgrade"):
        take_latest("lab")
    assert case.steps == []


def test_a_package_that_somebody_removed_is_installed_again(case: Case) -> None:
    python_with("lab")
    shutil.rmtree(next(case.environment.folder.rglob("jupyterlab-*")))

    python_with("lab")

    assert case.steps == [*MADE, "install lab"]


@pytest.mark.parametrize("step", MADE)
def test_a_setup_that_was_interrupted_starts_over(
    case: Case, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(FakeInstaller, "breaks_at", step)
    with pytest.raises(KeyboardInterrupt):
        python_with("lab")
    (case.environment.folder / "rubble").touch()
    monkeypatch.setattr(FakeInstaller, "breaks_at", None)
    case.steps.clear()

    python_with("lab")

    assert case.steps == MADE
    assert not (case.environment.folder / "rubble").exists()


def test_an_interrupted_change_starts_over_too(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    python_with("lab")
    (case.clone / "pyproject.toml").write_text(PYPROJECT.replace(">=7.15", ">=7.14"))
    monkeypatch.setattr(FakeInstaller, "breaks_at", "install lab")
    with pytest.raises(KeyboardInterrupt):
        python_with("lab")
    monkeypatch.setattr(FakeInstaller, "breaks_at", None)
    case.steps.clear()

    python_with("lab")

    assert case.steps == MADE


def test_an_environment_whose_python_is_gone_is_made_anew(case: Case) -> None:
    python_with("lab").unlink()

    python_with("lab")

    assert case.steps == [*MADE, *MADE]


def test_a_clone_that_was_moved_is_set_up_anew(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    python_with("lab")
    moved = case.clone.rename(case.clone.with_name("moved"))
    for module in (bootstrap, requirements):
        monkeypatch.setattr(module, "clone_folder", lambda: moved)

    assert python_with("lab").is_relative_to(moved)
    assert case.steps == [*MADE, *MADE]


def test_somebodys_own_environment_is_completed_and_never_deleted(case: Case) -> None:
    own = case.environment.folder / "precious"
    own.parent.mkdir()
    own.touch()

    python_with("lab")
    python_with("lab")

    assert own.exists()
    assert not case.environment.is_ours
    assert case.steps == MADE


def test_the_environment_that_runs_us_is_repaired_and_not_deleted(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    python_with("lab")
    stamp = case.environment.folder / "sbtutorial.json"
    stamp.write_text(json.dumps({"extras": ["lab"]}))  # as an interruption leaves it
    monkeypatch.setattr(sys, "prefix", str(case.environment.folder))

    python_with("lab")

    assert case.steps == [*MADE, "install lab"]


@pytest.mark.parametrize("rubbish", ["", "[", "{}"])
def test_a_damaged_stamp_starts_over(case: Case, rubbish: str) -> None:
    python_with("lab")
    (case.environment.folder / "sbtutorial.json").write_text(rubbish)

    python_with("lab")

    assert case.steps == [*MADE, *MADE]


def test_without_a_clone_the_sentence_says_how_to_install(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "clone_folder", lambda: None)

    with pytest.raises(SetupError, match=r'-m pip install "sbtutorial\[lab\]"'):
        python_with("lab")


def test_a_python_without_ensurepip_is_told_the_package_to_install(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: name == "venv")

    with pytest.raises(SetupError, match=r"apt install python3\.\d+-venv"):
        python_with("lab")
    assert not case.environment.folder.exists()


def test_a_folder_that_cannot_be_written_is_to_be_copied(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)

    with pytest.raises(SetupError, match=r"cannot be written \(Permission denied\).*: copy"):
        python_with("lab")


def test_a_disk_without_room_is_found_before_anything_is_made(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "_NEEDED_MIB", 1 << 40)

    with pytest.raises(SetupError, match=r"MB left.*make room"):
        python_with("lab")
    assert not case.environment.folder.exists()


def test_an_environment_in_use_that_cannot_be_deleted_is_a_sentence(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Access is denied", str(path))

    python_with("lab").unlink()
    monkeypatch.setattr(bootstrap.shutil, "rmtree", refuse)

    with pytest.raises(SetupError, match="close JupyterLab"):
        python_with("lab")


def test_many_lacks_are_told_in_few_words(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    lacks = [Lack(Requirement(name), None) for name in "abcdefg"]

    case.environment.make("lab", lacks=lacks)

    assert "lacks a, b, c and 4 more." in capsys.readouterr().err


def test_programs_of_the_environment_are_found_first(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "before")
    environ = bootstrap.activated(case.environment.python)

    assert environ["PATH"] == f"{case.environment.python.parent}{os.pathsep}before"
    assert environ["VIRTUAL_ENV"] == str(case.environment.folder)


# --- for real -------------------------------------------------------------------------------------


@pytest.fixture
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of this clone, and a Python that has nothing, not even pip."""
    if "bootstrap" not in request.config.option.markexpr:
        pytest.skip("installs for minutes, from the network; runs with: pytest -m bootstrap")
    clone = tmp_path / "a clone"
    left_out = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build")
    shutil.copytree(REAL_CLONE, clone, ignore=left_out)
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    programs = bare / ("Scripts" if os.name == "nt" else "bin")
    return clone, programs / ("python.exe" if os.name == "nt" else "python")


def start(clone: Path, python: Path, installer: str) -> "subprocess.Popen[str]":
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if installer == "pip":
        environ["PIP_PREFER_BINARY"] = "1"  # for which uv has no word
    return subprocess.Popen(
        [python, "-m", "sbtutorial", "lab", "--version"],
        cwd=clone,
        env=environ | {"PYTHONIOENCODING": "utf-8", "PATH": path_of(installer)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def path_of(installer: str) -> str:
    """A search path on which uv is, or is not."""
    own = str(Path(sys.executable).parent)
    others = [
        one for one in os.environ["PATH"].split(os.pathsep) if not shutil.which("uv", path=one)
    ]
    assert installer != "uv" or shutil.which("uv", path=own), "the test environment has one"
    return os.pathsep.join([own] * (installer == "uv") + others)


@pytest.mark.bootstrap
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("installer", ["uv", "a uv that is fetched", "pip"])
def test_a_fresh_machine_gets_jupyterlab_by_one_command(
    fresh: tuple[Path, Path], installer: str
) -> None:
    first = start(*fresh, installer)
    assert first.stderr
    while not first.stderr.readline().startswith("Installing"):
        assert first.poll() is None
    first.kill()
    first.communicate()

    again = start(*fresh, installer)
    said, explained = again.communicate()
    assert (again.returncode, said.split(".")[0]) == (0, "4"), explained
    assert "starting over" in explained
    assert ("by uv" in explained) == (installer != "pip")
    print(f"set-up by {installer}: {explained.partition('Done in ')[2].partition('.')[0]}")
    locked = locked_versions(LOCK.read_text("utf-8"))
    off = {name for name, version in installed(fresh[0]).items() if locked.get(name) != version}
    assert off <= {*SEEDS, *SEVERAL}

    began_at = time.monotonic()
    third = start(*fresh, installer)
    explained = third.communicate()[1]
    print(f"third run: {time.monotonic() - began_at:.1f} s, JupyterLab's own start included")
    assert third.returncode == 0
    assert "Installing" not in explained


def installed(clone: Path) -> dict[str, str]:
    """The packages of a clone's environment, with their versions; names as the lock has them."""
    command = [
        Environment(clone).python,
        "-m",
        "pip",
        "list",
        "--format=json",
        "--exclude-editable",
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    versions = {
        re.sub("[-_.]+", "-", one["name"]).lower(): one["version"] for one in json.loads(said)
    }
    assert len(versions) > 100
    return versions
