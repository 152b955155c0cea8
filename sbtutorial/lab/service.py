"""A Service Bus as a lab needs it: what the offline broker, Azure and the emulator have in common.

Exercises and hints need this much and no lab. The two that there are differ in what they can do:
`lab.offline` moves time and tells events; `lab.azure` waits, and says so of what only the offline
broker can do.
"""

from enum import StrEnum
from typing import Any, Protocol

from sbtutorial.snapshot import QueueSnapshot
from sbtutorial.trace import Event


class Mode(StrEnum):
    """What answers a lab."""

    OFFLINE = "offline"  # our broker, on this machine
    AZURE = "azure"
    EMULATOR = "emulator"  # Microsoft's


class Service(Protocol):
    """One namespace of Service Bus, wherever it is.

    Attributes:
        connection_string: What every client of the SDK takes.
        mode: What it is.
        namespace: Its name.
        tells_events: Whether it keeps a record of what happened.

    Every method raises TutorialError when the broker is gone.
    """

    connection_string: str
    mode: Mode
    namespace: str
    tells_events: bool

    def fresh_queue(self, name: str, **options: Any) -> None:
        """Have an empty queue: deleted if it exists, and created anew by the SDK.

        Raises:
            TutorialError: The service refuses the name or an option.
        """

    def snapshot(self, queue: str) -> QueueSnapshot:
        """A queue as it stands.

        Raises:
            TutorialError: There is no such queue.
        """

    def advance(self, seconds: float) -> None:
        """Let time pass for locks, lifetimes and schedules."""

    def reset(self) -> None:
        """Delete every queue, where that is the learner's own broker."""

    def shrink(self, queue: str, megabytes: int) -> None:
        """Make a queue hold very little, where that can be."""

    def events(self, queue: str | None = None, after: int = 0) -> list[Event]:
        """What happened, in order, after an event's number.

        Args:
            queue: Since it was last created, with its dead-letter queue; None for all that is
                remembered.
            after: Only events with a higher number.

        Raises:
            TutorialError: No queue of that name is or has been there.
        """

    def now(self) -> float:
        """Broker time, in seconds since the epoch."""
