"""What a learner has done, kept on this machine."""

import os
import stat
from pathlib import Path

import pytest

from sbtutorial.lab import journal
from sbtutorial.lab.journal import PASSED, PREDICTED, About


def test_what_is_noted_is_read_and_what_is_said_again_counts_anew(learner: Path) -> None:
    journal.note(PASSED, "send.batch")
    journal.note(PREDICTED, "How many?", "04", said="3", right=None)
    journal.note(PREDICTED, "How many?", "04", right=False)
    assert journal.read() == {
        About(PASSED, "send.batch"): {},
        About(PREDICTED, "How many?", "04"): {"said": "3", "right": False},
    }


def test_what_is_known_is_not_written_again(learner: Path) -> None:
    for _ in range(3):
        journal.note(PASSED, "send.batch")
        journal.note(PREDICTED, "How many?", said="3")
    assert len((learner / "journal.jsonl").read_text("utf-8").splitlines()) == 2


def test_it_stays_private(learner: Path) -> None:
    journal.note(PASSED, "send.batch")
    if hasattr(os, "getuid"):
        assert stat.S_IMODE(learner.stat().st_mode) == 0o700


@pytest.mark.parametrize("line", ['{"kind": "pas', "[]", "7", '{"kind": "passed"}', "\x00\udcff"])
def test_a_line_that_cannot_be_read_hides_no_other(learner: Path, line: str) -> None:
    journal.note(PASSED, "send.batch")
    path = learner / "journal.jsonl"
    path.write_text(line + "\n" + path.read_text("utf-8"), "utf-8", errors="replace")
    journal.note(PASSED, "send.order")
    assert [about.name for about in journal.read()] == ["send.batch", "send.order"]


def test_where_nothing_can_be_kept_nothing_fails(learner: Path) -> None:
    learner.parent.mkdir()
    learner.parent.chmod(0o700)
    learner.write_text("in the way")
    journal.note(PASSED, "send.batch")
    assert journal.read() == {}
