"""Changes: what happened, as records; the one stream that stores, traces, views and tests read.

The broker decides and reports; whoever is given the journal writes down. Each thing that happens
is reported once, when it is done, with the instant at which it happened: for a timer that is its
due instant, however late it ran.

Together they say everything: from the changes of a namespace, in their order, an equal one can be
made (`sbtutorial.store.restore`). A change carries what it has changed, in values that stay as they
are; what never changes of a message, its content above all, is in `message` of the change that
brought it in. Nothing is said of those who listen or wait: they go with their connections.

A transaction leaves no record of its own: what it did is reported in one go, so one commit of the
store has all of it or nothing.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sbtutorial.broker.descriptions import Description
from sbtutorial.broker.message import Message
from sbtutorial.broker.rules.rule import Rule
from sbtutorial.broker.states import MessageState


class ChangeKind(StrEnum):
    """What happened to a message, a session, an entity, a rule, or the whole namespace."""

    SENT = "sent"  # to a queue, which has it now; or to a topic, which hands out copies
    SCHEDULED = "scheduled"
    ACTIVATED = "activated"  # a scheduled message's time has come; it has a new number
    CANCELLED = "cancelled"
    DUPLICATE_DROPPED = "duplicate_dropped"  # accepted from the sender, and not stored
    LOCKED = "locked"
    TAKEN = "taken"  # receive and delete
    LOCK_RENEWED = "lock_renewed"
    LOCK_EXPIRED = "lock_expired"
    RECEIVER_GONE = "receiver_gone"  # without a goodbye; its lock stays, that of a session ends
    COMPLETED = "completed"
    ABANDONED = "abandoned"
    RELEASED = "released"
    DEFERRED = "deferred"
    DEAD_LETTERED = "dead_lettered"  # `entity` is where it was; it is in `target` now
    EXPIRED = "expired"  # dropped at the end of its time to live
    COPIED = "copied"  # from a topic into a subscription, `entity`
    FORWARDED = "forwarded"  # `detail` is where to; it is gone from `entity`
    SESSION_LOCKED = "session_locked"  # here and below `detail` is the session's id
    SESSION_UNLOCKED = "session_unlocked"  # its holder has let go, or is gone
    SESSION_LOCK_RENEWED = "session_lock_renewed"
    SESSION_LOCK_LOST = "session_lock_lost"  # its time was over
    SESSION_STATE_SET = "session_state_set"  # to `state`
    QUEUE_CREATED = "queue_created"
    QUEUE_UPDATED = "queue_updated"
    QUEUE_DELETED = "queue_deleted"  # with every message in it
    TOPIC_CREATED = "topic_created"
    TOPIC_UPDATED = "topic_updated"
    TOPIC_DELETED = "topic_deleted"  # with its subscriptions
    SUBSCRIPTION_CREATED = "subscription_created"
    SUBSCRIPTION_UPDATED = "subscription_updated"
    SUBSCRIPTION_DELETED = "subscription_deleted"  # with every message in it
    RULE_CREATED = "rule_created"  # `entity` is the subscription, `detail` the rule's name
    RULE_UPDATED = "rule_updated"
    RULE_DELETED = "rule_deleted"
    RESET = "reset"  # every entity deleted
    ADVANCED = "advanced"  # broker time, by `seconds`
    HANDED_OUT = "handed_out"  # a message that a topic kept: every subscription has its copies
    ACCESSED = "accessed"  # an entity, `at` this instant for the last time
    IDLE_WATCHED = "idle_watched"  # an entity was in use; see again at `until` whether it is idle
    KEPT = "kept"  # a message as a store has it: never reported, only restored


# Those that only keep account: a store needs them, a reader does not.
ACCOUNTS = frozenset({ChangeKind.HANDED_OUT, ChangeKind.ACCESSED, ChangeKind.IDLE_WATCHED})

# Those after which a message's properties may be others than before.
SETS_PROPERTIES = frozenset({ChangeKind.ABANDONED, ChangeKind.DEFERRED, ChangeKind.DEAD_LETTERED})

# Every kind of change begins with the same eight fields, which is all that a log of events needs:
#     at: When, in broker time.
#     kind: What happened.
#     entity: Path as created: `orders`, `orders/$DeadLetterQueue`; or the namespace's name.
#     sequence_number: The message's number now; 0 for what is no message.
#     message_id: The message's; None where there is none.
#     delivery_count: The message's count after the change.
#     who: The receiver, sender or caller; whose lock it was that expired; "" for the broker.
#     detail: The reason of a dead-lettering, where a message went, which rule, which session;
#         otherwise "".


class MessageChange(NamedTuple):
    """Something happened to one message, which is as the fields below say now.

    Attributes:
        sequence_number: For a dropped duplicate, the number of the message that it repeats.
        message: The message itself. It is the live one: only what never changes may be read of it
            later on, such as its content and its ids.
        state: GONE when it has left for good; NEW at a topic, which keeps nothing.
        is_new: Whether it has come into its subqueue with this change, and was in none before.
        target: The subqueue that it is in now, where that is not `entity`; otherwise "".
        previous_sequence_number: Where `sequence_number` is a new one, the number before.
        enqueued_at, expires_at, lock_token, locked_until, properties, size_bytes, header_bytes:
            As `Message` has them. Who has a lock is `who` of LOCKED. For kinds that are not in
            `SETS_PROPERTIES`, the properties are as they were before.
    """

    at: float
    kind: ChangeKind
    entity: str
    sequence_number: int
    message_id: Hashable | None
    delivery_count: int
    who: str
    detail: str
    message: Message
    state: MessageState
    is_new: bool
    target: str
    previous_sequence_number: int
    enqueued_at: float
    expires_at: float | None
    lock_token: UUID | None
    locked_until: float | None
    properties: Mapping[str, object] | None
    size_bytes: int
    header_bytes: int


class SessionChange(NamedTuple):
    """Something happened to a session, `detail`, of the subqueue `entity`.

    Attributes:
        who: Its holder.
        locked_until: The end of its lock, when that has begun or moved.
        state: What its state was set to; None when it was cleared.
    """

    at: float
    kind: ChangeKind
    entity: str
    sequence_number: int
    message_id: None
    delivery_count: int
    who: str
    detail: str
    locked_until: float | None = None
    state: bytes | None = None


class EntityChange(NamedTuple):
    """Something happened to a queue, a topic or a subscription.

    Attributes:
        description: What it was created with or updated to, its authorization rules included.
        until: When it will be seen whether the entity is idle, for IDLE_WATCHED.
    """

    at: float
    kind: ChangeKind
    entity: str
    sequence_number: int
    message_id: None
    delivery_count: int
    who: str
    detail: str
    description: Description | None = None
    until: float | None = None


class RuleChange(NamedTuple):
    """A rule came, changed or went.

    Attributes:
        rule: As it is now; None when it is gone.
    """

    at: float
    kind: ChangeKind
    entity: str
    sequence_number: int
    message_id: None
    delivery_count: int
    who: str
    detail: str
    rule: Rule | None = None


class NamespaceChange(NamedTuple):
    """Something happened to the whole namespace: a reset, or time that was advanced.

    Attributes:
        seconds: How far time went; `at` is the instant before.
    """

    at: float
    kind: ChangeKind
    entity: str
    sequence_number: int
    message_id: None
    delivery_count: int
    who: str
    detail: str
    seconds: float = 0.0


Change = MessageChange | SessionChange | EntityChange | RuleChange | NamespaceChange
Journal = Callable[[Change], None]
# Told of very many changes that happened together, none of which is among `ACCOUNTS`.
JournalOfMany = Callable[[Sequence[Change]], None]


def no_journal(change: Change) -> None:
    """Keep nothing."""


def told_one_by_one(journal: Journal) -> JournalOfMany:
    """What tells a journal of many changes, one after the other."""

    def tell(changes: Sequence[Change]) -> None:
        for change in changes:
            journal(change)

    return tell
