"""A home of its own for what a learner has done."""

from pathlib import Path

import pytest

from sbtutorial.folders import HOME_VARIABLE


@pytest.fixture
def learner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which what they do is kept."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home" / "learner"
