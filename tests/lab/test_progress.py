"""What is said while something takes long, and that nothing is left of it."""

import io
import sys
from threading import Event

import pytest

from sbtutorial.lab import progress
from sbtutorial.lab.progress import working

LIMIT_SECONDS = 30


class Terminal(io.StringIO):
    """A terminal that notes when something stands in it."""

    def __init__(self) -> None:
        super().__init__()
        self.has_said = Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if "…" in text:
            self.has_said.set()
        return super().write(text)


def test_what_takes_long_is_said_until_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with working("counting the cups"):
        assert terminal.has_said.wait(LIMIT_SECONDS)
    said = terminal.getvalue()
    assert "counting the cups …" in said
    assert said.endswith("\r")
    assert said.rsplit("\r", 2)[1].strip() == ""


def test_what_is_done_at_once_is_not_spoken_of(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 100_000)  # too long for any test to sit out
    with working("counting the cups"):
        pass
    assert terminal.getvalue() == ""


def test_an_error_goes_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(ZeroDivisionError), working("counting the cups"):
        1 / 0  # noqa: B018
