"""Settlement: how a message ends, or returns, that a receiver has under a lock.

Source: Azure Service Bus, "Message transfers, locks, and settlement", "Message deferral".
"""

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import TRANSITIONS, Input
from sbtutorial.broker.subqueues.dead_lettering import DeadLettering, Report
from sbtutorial.broker.subqueues.disposition import Disposition, PropertyChanges, Settlement
from sbtutorial.broker.subqueues.locks import Tokens
from sbtutorial.broker.subqueues.message_table import MessageTable
from sbtutorial.broker.subqueues.overdue import Overdue
from sbtutorial.broker.subqueues.property_merging import PropertyMerging


class Settled(Protocol):
    """What settlement needs of a subqueue."""

    path: str
    context: EntityContext
    messages: MessageTable
    dead_lettering: DeadLettering
    overdue: Overdue

    @property
    def report(self) -> Report:
        """Tells the journal what happened to a message."""

    def require_lock(self, token: UUID, *, now: float) -> Message:
        """The message that a token holds; refuse one that holds nothing."""

    def announce_ready(self, now: float) -> None:
        """Tell who receives here that there is something to receive."""


class Settling:
    """Settles the messages of one subqueue.

    Every token that holds nothing there is refused with MESSAGE_LOCK_LOST.

    Args:
        subqueue: Where the messages are.
        locks: Those of the subqueue.
        merging: Changes the properties of its messages.
    """

    def __init__(self, subqueue: Settled, locks: Tokens, merging: PropertyMerging) -> None:
        # Each by itself, as they are needed for each message.
        self._path = subqueue.path
        self._context = subqueue.context
        self._messages = subqueue.messages
        self._dead_lettering = subqueue.dead_lettering
        self._overdue = subqueue.overdue
        self._report = subqueue.report
        self._require_lock = subqueue.require_lock
        self._announce_ready = subqueue.announce_ready
        self._locks = locks
        self._merging = merging

    def check(self, token: UUID, disposition: Disposition, *, now: float) -> None:
        """Refuse what `settle` would refuse, and change nothing.

        Raises:
            BrokerError: MESSAGE_LOCK_LOST; NOT_ALLOWED to dead-letter a dead letter;
                MESSAGE_SIZE_EXCEEDED: the properties would be too long.
        """
        message = self._require_lock(token, now=now)
        if disposition.settlement is Settlement.DEAD_LETTER:
            self._require_dead_letter_queue()
        self._merging.require_fit(message, disposition.changes)

    def complete(self, token: UUID, *, now: float, who: str = "") -> None:
        """Be done with a message: it is removed. Hot: runs for each message."""
        message = self._unlock(token, now)
        self._messages.drop(message, TRANSITIONS[message.state, Input.COMPLETE])
        self._report(ChangeKind.COMPLETED, message, now, who)
        context = self._context
        if context.target_waiters.waiting:
            context.room_made(now)

    def abandon(
        self, token: UUID, properties: PropertyChanges = None, *, now: float, who: str = ""
    ) -> None:
        """Give a message back as failed: it returns to its place with one delivery more."""
        message = self._unlock(token, now)
        self._merging.merge(message, properties)
        self._dead_lettering.count_delivery(message)
        self.put_back(message, Input.ABANDON, ChangeKind.ABANDONED, now, who)

    def release(self, token: UUID, *, now: float, who: str = "") -> None:
        """Give a message back untried: it returns to its place and nothing is counted."""
        message = self._unlock(token, now)
        self.put_back(message, Input.RELEASE, ChangeKind.RELEASED, now, who)

    def defer(
        self, token: UUID, properties: PropertyChanges = None, *, now: float, who: str = ""
    ) -> None:
        """Set a message aside: from now on only its sequence number gets it.

        That counts as a delivery, and dead-letters a message that has no more of them.
        Source: live tests of azure-sdk-for-js, deferredMessage.spec.ts; azure-service-bus#375.

        Raises:
            BrokerError: As `abandon`.
        """
        self._merging.require_fit(self._require_lock(token, now=now), properties)
        message = self._unlock(token, now)
        self._merging.merge(message, properties)
        self._dead_lettering.count_delivery(message)
        self.move_on(message, Input.DEFER, ChangeKind.DEFERRED, now, who)

    def dead_letter(
        self,
        token: UUID,
        reason: str | None = None,
        description: str | None = None,
        properties: PropertyChanges = None,
        *,
        now: float,
        who: str = "",
    ) -> None:
        """Send a message on to the dead-letter queue, with the reason if there is one.

        Raises:
            BrokerError: NOT_ALLOWED in a dead-letter queue; the lock stays.
        """
        self._require_dead_letter_queue()
        message = self._unlock(token, now)
        self._merging.merge(message, properties)
        self._dead_lettering.dead_letter(message, reason, description, now=now, who=who)

    def settle(self, token: UUID, disposition: Disposition, *, now: float, who: str = "") -> None:
        """Settle as a disposition says.

        Raises:
            BrokerError: As `check`; the lock stays.
        """
        if disposition.has_changes:
            self.check(token, disposition, now=now)
        self.settle_checked(token, disposition, now=now, who=who)

    def settle_checked(
        self, token: UUID, disposition: Disposition, *, now: float, who: str = ""
    ) -> None:
        """As `settle`, of what `check` has looked at and nobody has changed since."""
        _SETTLE[disposition.settlement](self, token, disposition, now=now, who=who)

    def put_back(
        self, message: Message, happening: Input, kind: ChangeKind, now: float, who: str
    ) -> None:
        """Return an unlocked message, and tell who waits for it."""
        self.move_on(message, happening, kind, now, who)
        if self._messages.is_ready(message.sequence_number):
            self._announce_ready(now)

    def move_on(
        self, message: Message, happening: Input, kind: ChangeKind, now: float, who: str
    ) -> None:
        """Have an unlocked message go where it belongs now, unless its end has come."""
        self._messages.move(message, happening)
        self._report(kind, message, now, who)
        self._dead_lettering.check_returned(message, now)

    # -- How it is done ---------------------------------------------------------------------

    def _require_dead_letter_queue(self) -> None:
        if not self._dead_lettering.is_possible:
            raise BrokerError(
                ErrorCode.NOT_ALLOWED,
                f"A message in '{self._path}' is dead-lettered already. Complete, abandon or defer "
                "it; to try it again, send a copy to the queue and complete this one.",
            )

    def _unlock(self, token: UUID, now: float) -> Message:
        """The message that a token holds, without its lock."""
        context = self._context
        if now > context.timers.caught_up_to or now != context.accessed_at:
            context.begin(now)
        if context.timers.is_behind:
            self._overdue.end_lock(token, now)
        return self._locks.take(token)


# Each takes settling, token, disposition, now and who.
_SETTLE: dict[Settlement, Callable[..., None]] = {
    Settlement.COMPLETE: lambda at, token, _, **call: at.complete(token, **call),
    Settlement.RELEASE: lambda at, token, _, **call: at.release(token, **call),
    Settlement.ABANDON: lambda at, token, how, **call: at.abandon(token, how.properties, **call),
    Settlement.DEFER: lambda at, token, how, **call: at.defer(token, how.properties, **call),
    Settlement.DEAD_LETTER: lambda at, token, how, **call: at.dead_letter(
        token, how.reason, how.description, how.properties, **call
    ),
}
