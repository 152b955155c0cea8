"""The files that say what to install agree, and what they say can be installed."""

import json
import os
import re
import shlex
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from sbtutorial import cli
from sbtutorial.setup import python_version, requirements
from sbtutorial.setup.locking import LOCK

CLONE = Path(__file__).parents[1]
PYPROJECT_TEXT = (CLONE / "pyproject.toml").read_text("utf-8")
PYPROJECT = tomllib.loads(PYPROJECT_TEXT)
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]
OPTIONAL = {"azure"}  # no command needs it: who signs in to Azure installs it
LINES = [*PROJECT["dependencies"], *(line for lines in EXTRAS.values() for line in lines)]
ALWAYS = [line for line in LINES if not any(line in EXTRAS[extra] for extra in OPTIONAL)]

# Not pure Python, and published as wheels for Linux, macOS and Windows, on Intel and ARM.
WIDELY_WHEELED = {
    "aiohttp", "argon2-cffi-bindings", "ast-serialize", "cffi", "charset-normalizer", "contourpy",
    "coverage", "cryptography", "debugpy", "fonttools", "frozenlist", "greenlet", "hypothesis",
    "kiwisolver", "librt", "markupsafe", "matplotlib", "multidict", "mypy", "numpy", "pillow",
    "playwright", "propcache", "psutil", "psygnal", "pyyaml", "pyzmq", "rpds-py", "ruff", "tornado",
    "uv", "uvloop", "wcwidth", "yarl",
}  # fmt: skip


def conda_environment(path: str) -> tuple[dict[str, str], list[str]]:
    """What conda installs, by name, and what pip installs after it."""
    content: dict[str, Any] = yaml.safe_load((CLONE / path).read_text("utf-8"))
    assert content["channels"] == ["conda-forge"]
    conda = [line for line in content["dependencies"] if isinstance(line, str)]
    pip = [line for one in content["dependencies"] if isinstance(one, dict) for line in one["pip"]]
    found = (re.fullmatch(r"([a-z0-9-]+)\s*(.*)", line) for line in conda)
    return {match[1]: match[2] for match in found if match}, pip


def extras_in(line: str) -> set[str]:
    found = re.search(r"\.\[([a-z,]+)\]", line)
    return set(found[1].split(",")) if found else set()


@pytest.mark.parametrize("line", LINES)
def test_a_dependency_is_written_so_that_the_start_can_read_it(line: str) -> None:
    assert str(requirements.parse(line)) == line.partition(";")[0]


@pytest.mark.parametrize("line", LINES)
def test_a_dependency_has_its_reason_beside_it_or_above(line: str) -> None:
    assert re.search(re.escape(f'"{line}",') + r" *# \w+", PYPROJECT_TEXT), line


@pytest.mark.parametrize("line", LINES)
def test_a_dependency_does_not_accept_versions_that_nobody_has_tried(line: str) -> None:
    """Calendar versions and type stubs have no major version that breaks."""
    name = requirements.parse(line).name
    assert requirements.parse(line).below or name == "certifi" or name.startswith("types-")


@pytest.mark.parametrize("line", ALWAYS)
def test_what_is_installed_here_is_what_is_asked_for(line: str) -> None:
    wanted = [requirements.parse(line)] * requirements.is_for_this_system(line)
    assert requirements.lacking(wanted) == []


def test_commands_ask_for_extras_that_exist() -> None:
    options = [cli.parser().parse_args([name]) for name in cli.COMMANDS]
    wanted = {extra for chosen in options for extra in chosen.extras or ()}

    assert wanted == set(EXTRAS) - OPTIONAL


def test_every_file_names_the_same_oldest_python() -> None:
    oldest = ".".join(map(str, python_version.MINIMUM))

    assert PROJECT["requires-python"] == f">={oldest}"
    assert PYPROJECT["tool"]["mypy"]["python_version"] == oldest
    assert PYPROJECT["tool"]["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"
    assert conda_environment("environment.yml")[0]["python"].startswith(f">={oldest},")


def test_conda_gets_python_and_pip_gets_the_rest_from_pyproject() -> None:
    conda, pip = conda_environment("environment.yml")

    assert set(conda) == {"python", "pip"}
    lock, install = pip
    assert lock.startswith("--constraint ")
    assert extras_in(install) == set(EXTRAS)
    assert install.startswith("-e ")


def test_binder_gets_a_python_that_will_do_and_the_rest_from_pyproject() -> None:
    name, _, version = (CLONE / "binder/runtime.txt").read_text("utf-8").strip().partition("-")
    lines = (CLONE / "binder/requirements.txt").read_text("utf-8").splitlines()

    assert name == "python"
    assert python_version.complaint(tuple(map(int, version.split(".")))) == ""
    wheels_only, lock, install = (line for line in lines if not line.startswith("#"))
    assert wheels_only == "--only-binary=:all:"
    assert (CLONE / "binder" / lock.removeprefix("--constraint ")).samefile(LOCK)
    assert install.startswith("--editable ")
    assert extras_in(install) == {"lab"}


def test_a_codespace_gets_the_lock_and_copies_the_lessons() -> None:
    lines = (CLONE / ".devcontainer/devcontainer.json").read_text("utf-8").splitlines()
    settings = json.loads("\n".join(line for line in lines if not line.startswith("//")))
    install, copy = settings["postCreateCommand"].split(" && ")
    words = shlex.split(install)

    assert (CLONE / words[words.index("--constraint") + 1]).samefile(LOCK)
    assert extras_in(words[words.index("--editable") + 1]) == {"lab"}
    assert copy.startswith("python -m sbtutorial.lessons ")
    version = settings["image"].rpartition(":")[2]
    assert python_version.complaint(tuple(map(int, version.split(".")))) == ""


def test_binder_finds_nothing_but_what_is_meant_for_it() -> None:
    """Binder looks into one folder only; with two kinds of file there, conda's would win."""
    names = {path.name for path in (CLONE / "binder").iterdir()}

    assert names == {"postBuild", "requirements.txt", "runtime.txt", "start"}


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such mode")
@pytest.mark.parametrize("name", ["binder/postBuild", "binder/start", ".ci/run"])
def test_a_script_can_be_run(name: str) -> None:
    assert (CLONE / name).read_bytes().startswith(b"#!/usr/bin/env bash\n")
    assert os.access(CLONE / name, os.X_OK)


def test_the_machine_that_checks_runs_the_readers_command() -> None:
    last_line = (CLONE / ".ci" / "run").read_text("utf-8").rstrip().splitlines()[-1]

    assert last_line == "exec python3 -m sbtutorial test"


def test_files_that_the_metadata_names_are_there() -> None:
    assert (CLONE / PROJECT["readme"]).is_file()
    assert all((CLONE / name).is_file() for name in PROJECT["license-files"])


def closure() -> dict[str, metadata.Distribution]:
    """Every package that an installation for all commands brings along."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [(Requirement(line).name, frozenset[str]()) for line in ALWAYS]
    while waiting:
        name, extras = waiting.pop()
        name = re.sub(r"[-_.]+", "-", name).lower()
        if name in found:
            continue
        found[name] = metadata.distribution(name)
        for line in found[name].requires or ():
            needed = Requirement(line)
            environments = [{"extra": extra} for extra in extras or {""}]
            if not needed.marker or any(map(needed.marker.evaluate, environments)):
                waiting.append((needed.name, frozenset(needed.extras)))
    return found


def test_nothing_that_is_installed_needs_a_compiler() -> None:
    compiled = {
        name
        for name, distribution in closure().items()
        if "Root-Is-Purelib: true" not in (distribution.read_text("WHEEL") or "")
    }

    assert compiled - WIDELY_WHEELED == set()
