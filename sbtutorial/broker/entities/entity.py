"""What queues, topics and subscriptions have in common: a path, a description, a life.

Source: Azure Service Bus, "Suspend and reactivate messaging entities".
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sbtutorial.broker.changes import Change, ChangeKind, Journal
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import Limits
from sbtutorial.broker.rules.property_access import PropertyAccess
from sbtutorial.broker.states import MessageState
from sbtutorial.broker.timers import Timer, Timers

if TYPE_CHECKING:
    from sbtutorial.broker.entities.ingress import Ingress
    from sbtutorial.broker.subqueues.subqueue import SubQueue


@dataclass(frozen=True, slots=True)
class EntityContext:
    """What a namespace lends to all of its entities.

    Attributes:
        limits: What the tier allows.
        agenda: Everything that will happen by itself.
        journal: Told of each thing that happens.
        new_token: Makes lock tokens.
        find_intake: The way into the entity of a path; refuses as `Namespace.intake` does.
        contents: Looks into messages, for rules.
    """

    limits: Limits
    agenda: Timers
    journal: Journal
    new_token: Callable[[], UUID]
    find_intake: "Callable[[str], Ingress]"
    contents: PropertyAccess


class Entity:
    """One addressable thing of a namespace.

    Attributes:
        path: As created; a look-up takes any case.
        kind: "queue", "topic" or "subscription".
        accessed_at: When it last was sent to, received from or settled on; None before that.
        deleted: True from the moment that nothing here counts any more.
        next_sequence_number: Numbers its messages from 1.
        lock_seconds: How long a lock lasts, where receivers come.
    """

    description: Any
    lock_seconds = 0.0

    def __init__(self, path: str, description: Any, surroundings: EntityContext, *, now: float):
        self.path = path
        self.kind: str = description.kind
        self.surroundings = surroundings
        self.limits = surroundings.limits
        self.agenda = surroundings.agenda
        self.journal = surroundings.journal
        self.new_token = surroundings.new_token
        self.created_at = now
        self.accessed_at: float | None = None
        self.deleted = False
        self.idle_timer: Timer | None = None
        self.next_sequence_number = count(1).__next__

    @property
    def name(self) -> str:
        """Its name in lists: the whole path, but for a subscription."""
        return self.path

    @property
    def lines(self) -> tuple["SubQueue", ...]:
        """Every line of messages that it keeps."""
        raise NotImplementedError

    @property
    def max_message_bytes(self) -> int:
        """The largest message that can be here."""
        raise NotImplementedError

    def adopt(self, description: Any, *, now: float) -> None:
        """Live by a description from now on; locks and lifetimes that have begun stay as they are.

        The description must be a valid one; `Namespace` sees to that.
        """
        self.description = description
        self.updated_at = now
        self.can_send = description.status.can_send
        self.can_receive = description.status.can_receive

    @property
    def size_bytes(self) -> int:
        """All messages here, those in the dead-letter queue included."""
        return sum(line.size_bytes for line in self.lines)

    @property
    def used_at(self) -> float:
        """When it was last created, updated or accessed: idleness counts from there."""
        return max(self.updated_at, self.accessed_at or self.updated_at)

    @property
    def is_awaited(self) -> bool:
        """Whether a receiver listens or a scheduled message is still to come: it is not idle."""
        return any(line.is_awaited or line.count(MessageState.SCHEDULED) for line in self.lines)

    # -- Before anything else happens --------------------------------------------------------

    def begin(self, now: float) -> None:
        """Catch up with what was due by `now`, and note that the entity is in use."""
        self.agenda.run_due(now)
        self.accessed_at = now

    def begin_send(self, now: float) -> None:
        """`begin`, and refuse unless the entity takes messages.

        Raises:
            BrokerError: ENTITY_NOT_FOUND or ENTITY_DISABLED.
        """
        self.begin(now)
        if not self.can_send:
            self._refuse("sending")

    def begin_receive(self, now: float) -> None:
        """`begin`, and refuse unless the entity gives messages out.

        Raises:
            BrokerError: ENTITY_NOT_FOUND or ENTITY_DISABLED.
        """
        self.begin(now)
        if not self.can_receive:
            self._refuse("receiving")

    # -- The end ----------------------------------------------------------------------------

    def delete(self) -> None:
        """End it: no message is left, no token holds, and the listeners are told.

        The namespace takes it out of the tree and cancels what was due.
        """
        self.deleted = True
        self.can_send = self.can_receive = False
        for line in self.lines:
            line.clear()
            line.announce()

    def cancel_timers(self) -> None:
        """Have nothing more happen here by itself."""
        if self.idle_timer is not None:
            self.idle_timer.cancel()
        for line in self.lines:
            line.cancel_timers()

    # -- For the namespace -------------------------------------------------------------------

    def report(self, happening: str, now: float, who: str) -> None:
        """Tell the journal that the entity itself was "created", "updated" or "deleted"."""
        description = None if happening == "deleted" else self.description
        kind = ChangeKind(f"{self.kind}_{happening}")
        self.journal(Change(now, kind, self.path, 0, None, 0, who, "", None, 0, description))

    def disabled_for(self, what: str) -> BrokerError:
        """The refusal of an entity whose status forbids something."""
        return BrokerError(
            ErrorCode.ENTITY_DISABLED,
            f"{self.kind.capitalize()} '{self.path}' is disabled for {what}: its status is "
            f"{self.description.status.value}. Set the status to Active and try again.",
        )

    def _refuse(self, what: str) -> None:
        if self.deleted:
            raise BrokerError(
                ErrorCode.ENTITY_NOT_FOUND,
                f"The messaging entity '{self.path}' could not be found: it has been deleted. "
                "Create it again.",
            )
        raise self.disabled_for(what)
