"""The store: the port through which a namespace's changes outlive the process. It holds no rules.

What a turn of the broker has changed is one commit. A store says of each when it is safe, and it
may say so later: until then nobody is told of what the turn did (`gateway.outbox`), and the broker
goes on with its next turns. Commits become safe in their order, several at once if that is cheaper,
each as a whole or not at all.

A store that can keep nothing, as its disk is full, keeps what it was given and tries again; it says
so through `on_trouble`, and that it can again. Meanwhile nothing it was given is safe, and nobody
learns of it.

What a message holds is a matter of the protocol that it came by. A store that writes to a disk is
given a codec, and sees changes and bytes.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from sbtutorial.broker.changes import Change
from sbtutorial.store.restore import KeptMessages


class Codec(Protocol):
    """Changes as bytes."""

    def encode(self, change: Change) -> bytes:
        """All that a change says; of its message only what stays as it is, whenever that is."""

    def decode(self, data: bytes) -> Change:
        """A change that says the same; of a message only what `restore` asks for.

        Raises:
            ValueError: These bytes are no change.
        """

    def encode_turn(self, changes: Sequence[Change]) -> bytes:
        """All that the changes of a turn say, of their messages as `encode`; in little time."""

    def decode_turn(self, data: bytes) -> list[Change]:
        """Changes that say the same, each as of `decode`.

        Raises:
            ValueError: These bytes are no turn's.
        """


class Trouble(Enum):
    """What a store cannot do."""

    NONE = "none"
    SHORT = "short"  # little room is left: what makes more of it, such as receiving, goes on
    STUCK = "stuck"  # nothing can be kept


class Condition(NamedTuple):
    """How a store is.

    Attributes:
        trouble: What it cannot do.
        text: For whoever is refused because of it: what is wrong and what to do; "" for nothing.
    """

    trouble: Trouble = Trouble.NONE
    text: str = ""


OnSafe = Callable[[], None]


class Store(Protocol):
    """Takes changes as they happen and gives them back at the next start.

    Attributes:
        on_condition: Called when its condition changes, on the thread that commits.
    """

    on_condition: Callable[[Condition], None]

    def load(self) -> Iterable[Change | KeptMessages]:
        """Changes from which `restore` makes an empty namespace what this one was, in order.

        Called once, before the first commit.
        """

    def commit(self, changes: Sequence[Change], on_safe: OnSafe) -> None:
        """Keep these, all or none of them; nothing waits for the disk.

        Args:
            changes: Those of one turn: what is in them belongs together, such as a transaction.
            on_safe: Called once, when they survive the death of the process: before this returns
                or later, on the thread that commits, and never before that of an earlier commit.
        """

    def spare_memory(self) -> None:
        """Let go of memory that only saves time; from any thread."""

    def close(self) -> None:
        """Keep everything that was committed, and let go of files; nothing may be committed after.

        What was committed and not safe yet is safe when this returns, or never will be;
        `on_safe` is not called any more.
        """


def nobody_asks(_condition: Condition) -> None:
    """How a store is does not matter to anyone."""
