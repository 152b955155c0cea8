"""The versions that are known to work are those that the tests ran with, and pip takes them."""

import sys
from importlib import metadata
from pathlib import Path

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.setup import locking
from sbtutorial.setup.locking import LOCK, locked_versions
from sbtutorial.setup.requirements import requirements

ROOT = Path(__file__).parents[2]
EXTRAS = ("lab", "test")


def test_everything_that_is_needed_is_locked_to_a_version_that_is_allowed() -> None:
    locked = locked_versions(LOCK.read_text("utf-8"))
    for requirement in requirements(*EXTRAS):
        if requirement.name != "sbtutorial":
            assert requirement.accepts(locked[requirement.name]), requirement


def test_the_lock_names_no_place_that_packages_come_from() -> None:
    assert "://" not in LOCK.read_text("utf-8")


def test_binder_and_conda_are_given_the_lock() -> None:
    line = f"--constraint ../{LOCK.relative_to(ROOT).as_posix()}"
    assert line in (ROOT / "binder" / "requirements.txt").read_text().splitlines()
    assert (
        f"      - {line.replace('../', '')}" in (ROOT / "environment.yml").read_text().splitlines()
    )


def test_one_package_may_have_a_version_for_each_python() -> None:
    text = "# note\nnumpy==2.4.6 ; python_version < '3.12'\nnumpy==2.5.5\nh11==0.16\n"
    assert locked_versions(text) == {"numpy": "2.4.6", "h11": "0.16"}


def test_what_cannot_go_together_is_said(tmp_path: Path) -> None:
    pytest.importorskip("uv", reason="the lock is made by uv")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "nothing"\nversion = "1"\nrequires-python = "no"\n'
    )
    with pytest.raises(TutorialError, match="uv cannot say which versions go together"):
        locking.lock(tmp_path)


def test_arguments_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert locking.main(["now"]) == 2
    assert "takes no arguments" in capsys.readouterr().err


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="locked for 3.11 to 3.13")
def test_the_environment_that_runs_the_tests_has_the_locked_versions() -> None:
    """In one that `test` has made; in somebody's own others may work as well."""
    if not (Path(sys.prefix) / "sbtutorial.json").exists():
        pytest.skip("not an environment that `sbtutorial test` has made")
    locked = locked_versions(LOCK.read_text("utf-8"))
    installed = {one.name.lower(): one.version for one in metadata.distributions()}
    off = {
        name: (version, installed[name])
        for name, version in locked.items()
        if name in installed and installed[name] != version
    }
    # Of a package with a version for each Python the first is not everybody's.
    assert set(off) <= {"numpy", "contourpy", "soupsieve"}
