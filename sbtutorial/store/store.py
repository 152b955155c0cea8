"""The port through which a namespace's changes outlive the process. A store holds no rules."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from sbtutorial.broker.changes import Change


class Store(Protocol):
    """Takes changes as they happen and gives back what is left of them at the next start.

    A `Change` carries the whole `Message`, or the whole `QueueDescription`; a store needs to ask
    the broker for nothing. Of several changes to one message in one commit, all carry it in its
    latest state, which is the one to keep.
    """

    def load(self) -> Iterable[Change]:
        """The changes that make an empty namespace what this one was, in order."""

    def commit(self, changes: Sequence[Change]) -> None:
        """Keep these, all or none of them; after it returns they survive a crash."""

    def close(self) -> None:
        """Let go of files. Nothing may be committed afterwards."""


class MemoryStore:
    """Keeps nothing: what the broker holds ends with its process."""

    def load(self) -> Iterable[Change]:
        """Nothing: every start is a fresh one."""
        return ()

    def commit(self, changes: Sequence[Change]) -> None:
        """Nothing to do: the namespace holds what matters."""

    def close(self) -> None:
        """Nothing to close."""
