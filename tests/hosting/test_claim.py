"""Claims of real processes: they end with the process, however that ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.hosting.claim import claim, holder

CLONE = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from sbtutorial.hosting.claim import claim

with claim(Path(sys.argv[1])) as held:
    print("mine", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(path: Path) -> Iterator["subprocess.Popen[str]"]:
    """One that has claimed the file."""
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CLONE
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "mine\n"
        yield process
        process.kill()


def test_what_nobody_has_claimed_has_no_holder(tmp_path: Path) -> None:
    path = tmp_path / "name.alive"
    assert holder(path) is None
    assert not path.exists()
    with claim(path) or pytest.fail("it is free"):
        pass
    assert holder(path) is None


def test_one_process_has_a_claim_and_others_know_which(tmp_path: Path) -> None:
    path = tmp_path / "name.alive"
    with another_process(path) as process:
        assert claim(path) is None
        assert claim(path, wait_seconds=0.05) is None
        assert holder(path) == process.pid


@pytest.mark.skipif(os.name == "nt", reason="Windows stops no processes")
def test_a_process_that_stands_still_keeps_its_claim(tmp_path: Path) -> None:
    path = tmp_path / "name.alive"
    with another_process(path) as process:
        os.kill(process.pid, signal.SIGSTOP)
        assert holder(path) == process.pid


def test_a_claim_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "name.alive"
    with another_process(path) as process:
        process.kill()
        process.wait()
        assert holder(path) is None
        with claim(path) or pytest.fail("it is free"):
            assert holder(path) == os.getpid()


def test_who_waits_has_a_claim_as_soon_as_it_is_let_go_of(tmp_path: Path) -> None:
    path = tmp_path / "name.alive"
    with another_process(path) as process:
        assert process.stdin
        process.stdin.close()
        with claim(path, wait_seconds=30) or pytest.fail("it was let go of"):
            pass


def test_looking_at_a_claim_does_not_take_it(tmp_path: Path) -> None:
    path = tmp_path / "name.alive"
    with another_process(path) as process:
        for _ in range(3):
            assert holder(path) == process.pid


def test_a_file_that_cannot_be_locked_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "name.alive").mkdir()
    with pytest.raises(TutorialError, match=r"name\.alive cannot be locked: something else is in"):
        claim(tmp_path / "name.alive")
    with pytest.raises(TutorialError, match="cannot be looked at"):
        holder(tmp_path / "name.alive")
    with pytest.raises(TutorialError, match=r"name\.alive cannot be locked"):
        claim(tmp_path / "nowhere" / "name.alive")


def test_a_file_system_without_locks_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    def refuse(*_: object, **__: object) -> bool:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("sbtutorial.hosting.claim.try_lock", refuse)
    with pytest.raises(TutorialError, match=r"file system knows no locks.*set SBTUTORIAL_HOME"):
        claim(tmp_path / "name.alive")
