"""What the parts of an entity share: its path, its description, its clockwork, and the gate.

Subqueues and ingresses hold the context of their entity and know nothing of the entity above them.
Source: Azure Service Bus, "Suspend and reactivate messaging entities".
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol
from uuid import UUID

from sbtutorial.broker.background import BackgroundWork
from sbtutorial.broker.changes import ChangeKind, EntityChange, Journal, JournalOfMany
from sbtutorial.broker.descriptions import finite_seconds
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import Limits
from sbtutorial.broker.message import Message
from sbtutorial.broker.paths import split_subscription
from sbtutorial.broker.rules.property_access import PropertyAccess
from sbtutorial.broker.target_waiters import TargetWaiters
from sbtutorial.broker.timers import Timers


class Sink(Protocol):
    """Where messages go in: an entity's ingress, or the way into one entity through another.

    Attributes:
        fans_out: Whether one message becomes several, which may take long: see `copies` and
            `is_waiting`, which are 1 and false where it does not.
    """

    fans_out: bool

    @property
    def copies(self) -> int:
        """About how many messages one becomes that is sent here, as far as that is done at once."""

    def check(self, messages: Sequence[Message], *, now: float) -> None:
        """Refuse what `send` would refuse, and change nothing."""

    def check_transaction(self, messages: Sequence[Message], *, now: float) -> None:
        """As `check`, of messages that are sent together in one transaction."""

    def send(self, messages: Sequence[Message], *, now: float, who: str = "") -> object:
        """Take all of these messages, or none."""

    def send_in_steps(
        self, messages: Sequence[Message], *, now: float, who: str = ""
    ) -> Generator[int, float, object]:
        """As `send`, of very many; each step tells what it has cost, in messages."""

    def is_waiting(self, message: Message) -> bool:
        """Whether a message that was taken is still on its way to where receivers find it."""

    def when_there(self, message: Message, tell: Callable[[], None]) -> None:
        """Be told once when a message that is waiting has come there, or will not any more."""


class ReadyHook(Protocol):
    """What takes the messages that become ready in a subqueue, in place of receivers.

    Attributes:
        target: Where they go, for texts.
    """

    target: str

    def on_ready(self, now: float) -> None:
        """Something is ready."""

    def try_again(self, at: float) -> None:
        """At this instant, have another look at what is ready."""

    def end(self) -> None:
        """Take none any more."""


@dataclass(slots=True)
class Shortage:
    """Why no entity takes messages; None as long as all do.

    Attributes:
        refusal: For who sends.
    """

    refusal: BrokerError | None = None


@dataclass(frozen=True, slots=True)
class NamespaceContext:
    """What a namespace lends to all of its entities.

    Attributes:
        limits: What the tier allows.
        timers: Everything that will happen by itself.
        background: What takes too long to be done at once.
        journal: Told of each thing that happens.
        journal_all: Told of many that happen together.
        new_token: Makes lock tokens.
        find_sink: The way into the entity of a path.
        property_access: Looks into messages, for rules.
        target_waiters: Who waits for an entity to take messages.
        accessed: The entities that have been in use since the journal was last told.
        shortage: What keeps all of them from taking messages.
    """

    limits: Limits
    timers: Timers
    background: BackgroundWork
    journal: Journal
    journal_all: JournalOfMany
    new_token: Callable[[], UUID]
    find_sink: Callable[[str], Sink]
    property_access: PropertyAccess
    target_waiters: TargetWaiters
    accessed: "dict[EntityContext, None]"
    shortage: Shortage


class EntityContext:
    """One entity, as far as its parts need to know it.

    Attributes:
        path: As created; a look-up takes any case.
        kind: "queue", "topic" or "subscription".
        description: What the entity lives by now.
        created_at, updated_at: Broker time.
        accessed_at: When it last was sent to, received from or settled on; None before that.
        deleted: True from the moment that nothing here counts any more.
        can_send, can_receive: What its status allows.
        lock_seconds: How long a lock lasts; 0 where nobody receives.
        default_time_to_live: Seconds; None for ever.
        max_message_bytes: The largest message that can be here.
        last_sequence_number: The one given last; its messages are numbered from 1.
    """

    def __init__(self, path: str, description: Any, lent: NamespaceContext, *, now: float):
        self.path = path
        self.kind: str = description.kind
        self.limits = lent.limits
        self.timers = lent.timers
        self.background = lent.background
        self.journal = lent.journal
        self.journal_all = lent.journal_all
        self.new_token = lent.new_token
        self.find_sink = lent.find_sink
        self.property_access = lent.property_access
        self.target_waiters = lent.target_waiters
        self._accessed = lent.accessed
        self._shortage = lent.shortage
        self.created_at = now
        self.accessed_at: float | None = None
        self.deleted = False
        self.last_sequence_number = 0
        # What a subscription holds counts against the size of its topic.
        self._counts_against = (split_subscription(path) or (path,))[0]
        self.adopt(description, now=now)

    def adopt(self, description: Any, *, now: float) -> None:
        """Live by a description from now on; locks and lifetimes that have begun stay as they are.

        The description must be a valid one; `Lifecycle` sees to that.
        """
        self.description = description
        self.updated_at = now
        self.look_for_shortage()
        self.can_receive: bool = description.status.can_receive
        self.lock_seconds: float = description.lock_seconds
        self.default_time_to_live = finite_seconds(description.default_message_time_to_live)
        self.max_message_bytes: int = description.max_message_bytes(self.limits)

    def look_for_shortage(self) -> None:
        """Take messages if the status allows it, and nothing is short."""
        is_short = self.deleted or self._shortage.refusal is not None
        self.can_send: bool = self.description.status.can_send and not is_short

    def next_sequence_number(self) -> int:
        """Number one more message."""
        self.last_sequence_number += 1
        return self.last_sequence_number

    def room_made(self, now: float) -> None:
        """Messages have left, or the entity has changed: wake who waits to forward to it."""
        if self.target_waiters.waiting:
            self.target_waiters.wake(self._counts_against, now)

    def access(self, at: float) -> None:
        """Note that the entity is in use."""
        self.accessed_at = at
        self._accessed[self] = None

    def end(self) -> None:
        """Nothing here counts any more: the entity is deleted."""
        self.deleted = True
        self.can_send = self.can_receive = False

    # -- The gate: before anything else happens ------------------------------------------------

    def begin(self, now: float) -> None:
        """Catch up with what was due by `now`, and note that the entity is in use."""
        if now > self.timers.caught_up_to:
            self.timers.catch_up(now)
        if now != self.accessed_at:  # as `access`; hot: with every operation
            self.accessed_at = now
            self._accessed[self] = None

    def begin_send(self, now: float) -> None:
        """Catch up with what was due by `now`, and refuse unless the entity takes messages.

        It is in use (`access`) once something is taken: an attempt that failed is on no record.

        Raises:
            BrokerError: ENTITY_NOT_FOUND or ENTITY_DISABLED; QUOTA_EXCEEDED while something is
                short.
        """
        if now > self.timers.caught_up_to:
            self.timers.catch_up(now)
        if not self.can_send:
            if self._shortage.refusal is not None and not self.deleted:
                raise self._shortage.refusal
            self._refuse("sending", now)

    def begin_receive(self, now: float) -> None:
        """`begin`, and refuse unless the entity gives messages out.

        Raises:
            BrokerError: ENTITY_NOT_FOUND or ENTITY_DISABLED.
        """
        if now > self.timers.caught_up_to:
            self.timers.catch_up(now)
        if now != self.accessed_at:  # as `begin`
            self.accessed_at = now
            self._accessed[self] = None
        if not self.can_receive:
            self._refuse("receiving", now)

    def disabled_for(self, what: str) -> BrokerError:
        """The refusal of an entity whose status forbids something."""
        return BrokerError(
            ErrorCode.ENTITY_DISABLED,
            f"{self.kind.capitalize()} '{self.path}' is disabled for {what}: its status is "
            f"{self.description.status.value}. Set the status to Active and try again.",
        )

    def require_existence(self, now: float) -> None:
        """Catch up with what was due by `now`, and refuse if the entity is no more.

        Raises:
            BrokerError: ENTITY_NOT_FOUND.
        """
        if now > self.timers.caught_up_to:
            self.timers.catch_up(now)
        if self.deleted:
            raise BrokerError(
                ErrorCode.ENTITY_NOT_FOUND,
                f"The messaging entity '{self.path}' could not be found: it has been deleted. "
                "Create it again.",
            )

    def _refuse(self, what: str, now: float) -> NoReturn:
        self.require_existence(now)
        raise self.disabled_for(what)

    # -- Telling -------------------------------------------------------------------------------

    def report(self, happening: str, now: float, who: str) -> None:
        """Tell the journal that the entity itself was "created", "updated" or "deleted"."""
        description = None if happening == "deleted" else self.description
        kind = ChangeKind(f"{self.kind}_{happening}")
        self.journal(EntityChange(now, kind, self.path, 0, None, 0, who, "", description))

    def report_idle_watch(self, at: float, until: float) -> None:
        """Tell the journal when it will be seen again whether the entity is idle."""
        kind = ChangeKind.IDLE_WATCHED
        self.journal(EntityChange(at, kind, self.path, 0, None, 0, "", "", None, until))

    def report_access(self) -> None:
        """Tell the journal when the entity was last in use, if it is there still."""
        if self.accessed_at is not None and not self.deleted:
            kind = ChangeKind.ACCESSED
            fields = self.accessed_at, kind, self.path, 0, None, 0, "", "", None, None
            # Hot, once a commit: a named tuple's own way to make one takes twice as long.
            self.journal(tuple.__new__(EntityChange, fields))
