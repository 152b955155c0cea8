"""What queues, topics and subscriptions have in common: a path, a description, a life."""

from typing import Any

from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.limits import Limits
from sbtutorial.broker.states import MessageState
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.broker.timers import Timer


class Entity:
    """One addressable thing of a namespace.

    Attributes:
        context: What its parts know of it; its state as an entity is there.
        path: As created; a look-up takes any case.
        kind: "queue", "topic" or "subscription".
        idle_timer: Looks whether nobody uses it; see `AutoDelete`.
    """

    def __init__(self, context: EntityContext) -> None:
        self.context = context
        self.path = context.path
        self.kind = context.kind
        self.idle_timer: Timer | None = None

    @property
    def name(self) -> str:
        """Its name in lists: the whole path, but for a subscription."""
        return self.path

    @property
    def description(self) -> Any:
        """What it lives by now."""
        return self.context.description

    @property
    def limits(self) -> Limits:
        """What the tier allows."""
        return self.context.limits

    @property
    def created_at(self) -> float:
        """Broker time."""
        return self.context.created_at

    @property
    def updated_at(self) -> float:
        """When its description was last changed, in broker time."""
        return self.context.updated_at

    @property
    def accessed_at(self) -> float | None:
        """When it last was sent to, received from or settled on; None before that."""
        return self.context.accessed_at

    @property
    def subqueues(self) -> tuple[SubQueue, ...]:
        """All that hold messages of its own."""
        raise NotImplementedError

    @property
    def size_bytes(self) -> int:
        """All messages here, those in dead-letter queues included."""
        return sum(subqueue.messages.size_bytes for subqueue in self.subqueues)

    @property
    def used_at(self) -> float:
        """When it was last created, updated or accessed: idleness counts from there."""
        return max(self.updated_at, self.accessed_at or self.updated_at)

    @property
    def is_awaited(self) -> bool:
        """Whether a receiver listens or a scheduled message is still to come: it is not idle."""
        return any(
            subqueue.is_awaited or subqueue.messages.count(MessageState.SCHEDULED)
            for subqueue in self.subqueues
        )

    def adopt(self, description: Any, *, now: float) -> None:
        """Live by a description from now on; see `EntityContext.adopt`."""
        self.context.adopt(description, now=now)

    def delete(self) -> None:
        """End it: no message is left, no token holds, and the listeners are told.

        The namespace takes it out of the tree and cancels what was due.
        """
        self.context.end()
        for subqueue in self.subqueues:
            subqueue.clear()
            subqueue.announce()

    def cancel_timers(self) -> None:
        """Have nothing more happen here by itself."""
        if self.idle_timer is not None:
            self.idle_timer.cancel()
        for subqueue in self.subqueues:
            subqueue.cancel_timers()
