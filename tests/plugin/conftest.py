"""Runs tests of strangers: pytest in a folder of theirs, with their settings, and this plugin."""

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Where this very package is installed with its entry point, that loads it.
_IS_INSTALLED = any(one.value == "sbtutorial.plugin" for one in entry_points(group="pytest11"))
_OURS = ("-p", "sbtutorial.plugin")
# A stranger has no nbval, which would cost each pytest more than all that it runs.
_ALL = ("-p", "no:nbval", *(() if _IS_INSTALLED else _OURS))
_NOT_THEIRS = re.compile("PYTEST|SSL_CERT|REQUESTS_CA|SBTUTORIAL")
_NUMBER = re.compile(r"[+-]?\d+\.\d+")
Run = Callable[..., str]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all of them: to make a certificate takes as long as to run a test."""
    return tmp_path_factory.mktemp("plugin") / "home"


@pytest.fixture
def run(tmp_path: Path, home: Path) -> Run:
    """Runs pytest on files, `name.py=content`, and gives what it says, with 0 for its numbers.

    Of the plugins that are installed it loads ours and those that are named; all, where that is
    None, which takes longer than most of these tests.
    """

    def run(*options: str, ini: str = "", plugins: Sequence[str] | None = (), **files: str) -> str:
        (tmp_path / "pytest.ini").write_text(f"[pytest]\naddopts = --strict-markers\n{ini}")
        for name, content in files.items():
            (tmp_path / name).write_text(textwrap.dedent(content), "utf-8")
        environ = {name: one for name, one in os.environ.items() if not _NOT_THEIRS.match(name)}
        environ |= {"SBTUTORIAL_HOME": str(home), "PYTHONPATH": str(ROOT)}
        loaded: tuple[str, ...] = _ALL
        if plugins is not None:
            environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
            loaded = (*_OURS, *(part for name in plugins for part in ("-p", name)))
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *loaded, "-q", "-p", "no:cacheprovider", *options],
            cwd=tmp_path,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        return _NUMBER.sub("0", done.stdout)

    return run
