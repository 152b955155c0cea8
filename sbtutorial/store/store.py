"""The store: the port through which a namespace's changes outlive the process. It holds no rules.

What a message holds is a matter of the protocol that it came by. A store that writes to a disk is
given a codec, and sees changes and bytes: the bytes of the change that brought a message in have
the message's content in them, once; those of every later one only what has changed.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from sbtutorial.broker.changes import Change


class Codec(Protocol):
    """Changes as bytes."""

    def encode(self, change: Change) -> bytes:
        """All that a change says; of its message only what stays as it is, whenever that is."""

    def decode(self, data: bytes) -> Change:
        """A change that says the same; of a message only what `restore` asks for.

        Raises:
            ValueError: These bytes are no change.
        """


class Store(Protocol):
    """Takes changes as they happen and gives them back at the next start."""

    def load(self) -> Iterable[Change]:
        """Changes from which `restore` makes an empty namespace what this one was, in order."""

    def commit(self, changes: Sequence[Change]) -> None:
        """Keep these, all or none of them; after it returns they survive a crash.

        They are those of one turn: what is in them belongs together, such as a transaction.
        """

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
