import importlib.util
import sys
from importlib import metadata
from pathlib import Path

import pytest

from sbtutorial.setup import requirements as module
from sbtutorial.setup.requirements import Lack, Requirement, lacking, parse, requirements


def install(folder: Path, name: str, version: str) -> None:
    """As far as package metadata goes."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.mark.parametrize(
    ("line", "requirement"),
    [
        ("azure-servicebus>=7.15,<8", Requirement("azure-servicebus", "7.15", "8")),
        ('jupyterlab<5,>=4.2; extra == "lab"', Requirement("jupyterlab", "4.2", "5")),
        ("certifi >= 2024.2", Requirement("certifi", "2024.2")),
        ("pip", Requirement("pip")),
    ],
)
def test_a_requirement_is_read_as_pyproject_and_metadata_write_it(
    line: str, requirement: Requirement
) -> None:
    assert parse(line) == requirement


@pytest.mark.parametrize(
    ("version", "is_accepted"),
    [
        ("7.15", True),
        ("7.15.0", True),
        ("7.100", True),
        ("7.16.0b1", True),
        ("7.14.9", False),
        ("8", False),
        ("8.0.0", False),
        ("10.1", False),
        ("", False),
    ],
)
def test_a_version_within_the_bounds_will_do(version: str, is_accepted: bool) -> None:
    assert Requirement("azure-servicebus", "7.15", "8").accepts(version) is is_accepted


def test_a_requirement_reads_as_it_is_written() -> None:
    assert str(parse("azure-servicebus>=7.15,<8")) == "azure-servicebus>=7.15,<8"
    assert str(parse("certifi>=2024.2")) == "certifi>=2024.2"
    assert str(parse("pip")) == "pip"


def test_what_is_missing_or_has_a_wrong_version_is_lacking(tmp_path: Path) -> None:
    install(tmp_path, "azure-servicebus", "7.15.0")
    install(tmp_path, "h11", "0.9")
    wanted = [parse("azure-servicebus>=7.15,<8"), parse("h11>=0.14,<1"), parse("trustme>=1.1,<2")]

    assert lacking(wanted, [str(tmp_path)]) == [Lack(wanted[1], "0.9"), Lack(wanted[2], None)]


def test_a_half_removed_package_is_lacking(tmp_path: Path) -> None:
    (tmp_path / "h11-0.16.dist-info").mkdir()

    assert lacking([Requirement("h11")], [str(tmp_path)]) == [Lack(Requirement("h11"), None)]


def test_a_folder_of_build_metadata_in_the_clone_is_no_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "no-such-package", "1.0")
    monkeypatch.syspath_prepend(tmp_path)
    assert module.installed_version("no-such-package") == "1.0"

    monkeypatch.setattr(module, "clone_folder", lambda: tmp_path)
    assert module.installed_version("no-such-package") is None


def test_requirements_are_those_of_the_package_and_of_the_wanted_extras_alone() -> None:
    base = {one.name for one in requirements()}
    lab = {one.name for one in requirements("lab")}

    assert {"sbtutorial", "h11"} <= base
    assert {"jupyterlab", "azure-servicebus"} <= lab - base
    assert "pytest" not in lab


def test_without_a_clone_the_installed_metadata_tells_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = ["azure-servicebus<8,>=7.15", 'jupyterlab<5,>=4.2; extra == "lab"', "h11>=0.14"]
    monkeypatch.setattr(module, "clone_folder", lambda: None)
    monkeypatch.setattr(metadata, "requires", lambda _: lines)

    assert [one.name for one in requirements()] == ["azure-servicebus", "h11", "sbtutorial"]
    assert parse("jupyterlab>=4.2,<5") in requirements("lab")


@pytest.mark.parametrize(
    ("line", "platform", "is_wanted"),
    [
        ("uvloop>=0.21,<1; sys_platform != 'win32'", "win32", False),
        ("uvloop>=0.21,<1; sys_platform != 'win32'", "linux", True),
        ('uvloop<1,>=0.21; sys_platform != "win32" and extra == "test"', "win32", False),
        ("h11>=0.14,<1", "win32", True),
    ],
)
def test_what_is_not_for_this_system_is_not_lacking_here(
    monkeypatch: pytest.MonkeyPatch, line: str, platform: str, is_wanted: bool
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(module, "_declared", lambda: {"": [line]})
    monkeypatch.setattr(module, "BASE", "")
    names = [requirement.name for requirement in module.requirements()]
    assert names == [*["uvloop" if "uvloop" in line else "h11"] * is_wanted, module.PACKAGE]


@pytest.mark.skipif(sys.platform == "win32", reason="quotes as a shell of Unix does")
@pytest.mark.parametrize(
    ("pip", "extras", "command"),
    [
        (True, ("lab",), "'/a folder/python' -m pip install \"sbtutorial[lab]\""),
        (True, (), "'/a folder/python' -m pip install sbtutorial"),
        (False, ("lab",), "uv pip install --python '/a folder/python' \"sbtutorial[lab]\""),
    ],
)
def test_what_installs_it_can_be_copied_into_a_terminal(
    pip: bool, extras: tuple[str, ...], command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment that uv has made has no pip."""
    monkeypatch.setattr(sys, "executable", "/a folder/python")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object() if pip else None)

    assert module.install_command(*extras) == command
