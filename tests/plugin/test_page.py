"""The page about the plugin: what it shows is run as it stands there."""

import re
from pathlib import Path

import pytest

from tests.plugin.conftest import ROOT, Run

PAGE = (ROOT / "sbtutorial/docs/testing.md").read_text("utf-8")
PROGRAMS = dict(re.findall(r"```python\n# (\w+\.py)\n(.+?)```", PAGE, re.DOTALL))


@pytest.mark.sdk
def test_every_test_on_the_page_passes(run: Run) -> None:
    tests = {name: source for name, source in PROGRAMS.items() if name.startswith("test_")}
    count = sum(source.count("def test_") for source in tests.values())
    assert f"\n{count} passed" in run(plugins=None, **tests)
    assert count == 6


@pytest.mark.sdk
def test_the_program_on_the_page_runs(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SBTUTORIAL_HOME", str(home))
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, "")
    exec(PROGRAMS["orders.py"], {})
    assert capsys.readouterr().out.startswith("Endpoint=sb://127.0.0.1:")


def test_it_has_every_option() -> None:
    from sbtutorial.plugin import _OPTIONS

    for name in _OPTIONS:
        for written in (f"`{name}=`", f"`servicebus_{name}`"):
            assert written in PAGE
        assert f"`--servicebus-{name.replace('_', '-')}`" in PAGE
