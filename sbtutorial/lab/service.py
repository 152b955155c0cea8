"""A Service Bus as a lab needs it: what the offline broker, Azure and the emulator have in common.

Exercises and hints need this much and no lab. The two that there are differ in what they can do:
`lab.offline` moves time and tells events; `lab.azure` waits, and says so of what only the offline
broker can do.
"""

from enum import StrEnum
from typing import Any, Protocol

from sbtutorial.lab.refusals import Refusal
from sbtutorial.snapshot import PlannedFault, QueueSnapshot
from sbtutorial.trace import Event


class Mode(StrEnum):
    """What answers a lab."""

    OFFLINE = "offline"  # our broker, on this machine
    AZURE = "azure"
    EMULATOR = "emulator"  # Microsoft's


class Acknowledged(StrEnum):
    """What a broker acknowledges."""

    SEND = "send"
    SETTLEMENT = "settlement"


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

    def whole_name(self, name: str) -> str:
        """The name of a queue or topic as this learner has it there: see `lab.names`."""

    def address(self) -> dict[str, Any]:
        """Where it is, as arguments of a client of the SDK that gets a credential."""

    def credential(self, role: str) -> Any:
        """What proves who asks, in place of a key; offline it is made up, with that role.

        Raises:
            TutorialError: There is no such role, or azure-identity is not installed.
        """

    def fresh_queue(self, name: str, **options: Any) -> None:
        """Have an empty queue: deleted if it exists, and created anew by the SDK.

        Raises:
            TutorialError: The service refuses the name or an option.
        """

    def fresh_topic(self, name: str, **options: Any) -> None:
        """Have a topic without subscriptions; as `fresh_queue`."""

    def has_made(self, queue: str) -> bool:
        """Whether there is a queue of that name that was made for this learner."""

    def subscriptions(self, topic: str) -> list[str] | None:
        """The names of a topic's subscriptions; None when there is no topic of that name."""

    def snapshot(self, queue: str) -> QueueSnapshot:
        """A queue as it stands.

        Raises:
            TutorialError: There is no such queue.
        """

    def advance(self, seconds: float) -> None:
        """Let time pass for locks, lifetimes and schedules."""

    def reset(self) -> None:
        """Delete every queue, where that is the learner's own broker."""

    def kill_broker(self) -> None:
        """Kill the learner's own broker, and have it start again."""

    def shrink(self, queue: str, megabytes: int) -> None:
        """Make a queue hold very little, where that can be."""

    def faults(self) -> tuple[PlannedFault, ...]:
        """What fails and what is still to fail because somebody asked for it."""

    def take_back_fault(self, number: int | None) -> None:
        """Have a fault come no more, or end, where there can be one; None for all of them.

        Raises:
            TutorialError: There is none of that number any more.
        """

    def drop_next_ack(self, entity: str, of: Acknowledged) -> None:
        """Do and keep the next one at an entity, where that can be, and lose the answer.

        Raises:
            TutorialError: There is no such entity.
        """

    def refuse_sends(self, refusal: Refusal, times: int, entity: str) -> None:
        """Refuse the next sends, of one entity or "" for all, where that can be.

        Raises:
            TutorialError: There is no such entity, or that is no number of times.
        """

    def delay(self, seconds: float) -> None:
        """Have every answer be so late from now on, where that can be.

        Raises:
            TutorialError: It is too late.
        """

    def outage(self, seconds: float) -> None:
        """Serve nobody for so long, where that can be.

        Raises:
            TutorialError: It is too long.
        """

    def cut_connections(self, who: str | None) -> int:
        """Drop the connections of a client, or all, where that can be; how many that were.

        Raises:
            TutorialError: Nobody of that name is connected.
        """

    def events(self, queue: str | None = None, after: int = 0) -> list[Event]:
        """What happened, in order, after an event's number.

        Args:
            queue: Since it was last created, with its dead-letter queue; None for all that is
                remembered.
            after: Only events with a higher number.

        Raises:
            TutorialError: No queue of that name is or has been there.
        """

    def evidence(self, queue: str) -> list[Event]:
        """What can be told of a queue's messages: its events, or what peeking shows of them.

        Raises:
            TutorialError: No queue of that name is or has been there.
        """

    def clock_moves(self, after: int = 0) -> list[Event]:
        """When time was advanced, in order, after an event's number."""

    def now(self) -> float:
        """Broker time, in seconds since the epoch."""
