"""A background broker as a process that can be killed; on request with a defect planted into it.

`python -m tests.durability.broker DEFECT ARGUMENTS...` is `python -m sbtutorial.hosting
ARGUMENTS...`, but for the defect.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sbtutorial.broker.changes import Change, ChangeKind, MessageChange
from sbtutorial.hosting import __main__ as hosting
from sbtutorial.hosting import background
from sbtutorial.hosting.durable_store import DurableStore
from sbtutorial.hosting.runtime_files import BrokerRecord, RuntimeFiles
from sbtutorial.store.sqlite.entity_loading import Ordered
from sbtutorial.store.sqlite.message_loading import MessageLoader
from sbtutorial.store.sqlite.noting import NotedTurns
from sbtutorial.store.store import OnSafe

NAMESPACE = "kills"
_TURNS_LATE = 25


class BrokerProcess:
    """One broker after the other, of one namespace.

    Args:
        folder: What all of them share.
        defect: One of `DEFECTS`.
    """

    def __init__(self, folder: Path, defect: str = "none") -> None:
        self._files = RuntimeFiles(folder, NAMESPACE)
        self._command = [sys.executable, "-m", "tests.durability.broker", defect]
        self._command += [f"--namespace={NAMESPACE}", f"--folder={folder}", "--idle-seconds=600"]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> BrokerRecord:
        """Start one, and come back when it accepts connections."""
        with self._files.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=subprocess.PIPE, stderr=log, env=background._environment()
            )
        assert self._process.stdout is not None
        said = self._process.stdout.readline().strip()
        assert said == b"ready", self._files.log_path.read_text("utf-8")[-2000:]
        record = self._files.read()
        assert record is not None
        return record

    def kill(self) -> None:
        """End it without a word: SIGKILL, or what Windows has for that."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


# -- What can be wrong with it ---------------------------------------------------------------------


def _acknowledges_early() -> None:
    """A turn is called safe at once, and is written when some more have come."""
    commit, late = DurableStore.commit, list[Sequence[Change]]()

    def told_at_once(self: DurableStore, changes: Sequence[Change], on_safe: OnSafe) -> None:
        on_safe()
        late.append(changes)
        is_of_an_entity = any(getattr(change, "description", None) for change in changes)
        if len(late) >= _TURNS_LATE or is_of_an_entity:
            commit(self, [change for turn in late for change in turn], lambda: None)
            late.clear()

    DurableStore.commit = told_at_once  # type: ignore[method-assign]


def _forgets_completions() -> None:
    """What was completed stays in the file; but in sessions, or it would contradict itself."""
    commit = DurableStore.commit

    def without(self: DurableStore, changes: Sequence[Change], on_safe: OnSafe) -> None:
        commit(self, [one for one in changes if not _is_completion(one)], on_safe)

    DurableStore.commit = without  # type: ignore[method-assign]


def _is_completion(change: Change) -> bool:
    is_outside_sessions = isinstance(change, MessageChange) and change.message.session_id is None
    return change.kind is ChangeKind.COMPLETED and is_outside_sessions


def _forgets_locks() -> None:
    """Nothing is locked any more after a restart."""

    def none(_self: MessageLoader) -> Iterator[Ordered]:
        return iter(())

    MessageLoader.locks = none  # type: ignore[method-assign]


def _forgets_noted() -> None:
    """What only the log of turns had is gone after a restart."""

    def none(_self: NotedTurns) -> Iterator[Sequence[Change]]:
        return iter(())

    NotedTurns.load = none  # type: ignore[method-assign]


DEFECTS: dict[str, Callable[[], None]] = {
    "none": lambda: None,
    "acknowledges-early": _acknowledges_early,
    "forgets-completions": _forgets_completions,
    "forgets-locks": _forgets_locks,
    "forgets-noted": _forgets_noted,
}


if __name__ == "__main__":
    DEFECTS[sys.argv[1]]()
    hosting.main(sys.argv[2:])
