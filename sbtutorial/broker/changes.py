"""What happened, as records: the one stream that stores, traces, views and tests read.

The broker decides and reports; whoever is given the journal writes down. Each thing that happens
is reported once, when it is done, with the instant at which it happened: for a timer that is its
due instant, however late it ran.
"""

from collections.abc import Callable, Hashable
from enum import StrEnum
from typing import NamedTuple

from sbtutorial.broker.descriptions import Description
from sbtutorial.broker.message import Message


class ChangeKind(StrEnum):
    """What happened to a message, or to a whole entity."""

    SENT = "sent"
    SCHEDULED = "scheduled"
    ACTIVATED = "activated"  # a scheduled message's time has come; it has a new number
    CANCELLED = "cancelled"
    DUPLICATE_DROPPED = "duplicate_dropped"  # accepted from the sender, and not stored
    LOCKED = "locked"
    TAKEN = "taken"  # receive and delete
    LOCK_RENEWED = "lock_renewed"
    LOCK_EXPIRED = "lock_expired"
    RECEIVER_GONE = "receiver_gone"  # without a goodbye; its lock stays until its time is over
    COMPLETED = "completed"
    ABANDONED = "abandoned"
    RELEASED = "released"
    DEFERRED = "deferred"
    DEAD_LETTERED = "dead_lettered"  # `entity` is where it was; it is in the dead-letter queue now
    EXPIRED = "expired"  # dropped at the end of its time to live
    COPIED = "copied"  # from a topic into a subscription, `entity`
    FORWARDED = "forwarded"  # `detail` is where to; it is gone from `entity`
    SESSION_LOCKED = "session_locked"  # here and below `detail` is the session's id
    SESSION_UNLOCKED = "session_unlocked"  # its holder has let go, or is gone
    SESSION_LOCK_RENEWED = "session_lock_renewed"
    SESSION_LOCK_LOST = "session_lock_lost"  # its time was over
    SESSION_STATE_SET = "session_state_set"  # to `session_state`
    QUEUE_CREATED = "queue_created"
    QUEUE_UPDATED = "queue_updated"
    QUEUE_DELETED = "queue_deleted"  # with every message in it
    TOPIC_CREATED = "topic_created"
    TOPIC_UPDATED = "topic_updated"
    TOPIC_DELETED = "topic_deleted"  # with its subscriptions
    SUBSCRIPTION_CREATED = "subscription_created"
    SUBSCRIPTION_UPDATED = "subscription_updated"
    SUBSCRIPTION_DELETED = "subscription_deleted"  # with every message in it
    RULE_CREATED = "rule_created"  # `entity` is the subscription, `detail` the rule
    RULE_UPDATED = "rule_updated"
    RULE_DELETED = "rule_deleted"
    RESET = "reset"  # every entity deleted


class Change(NamedTuple):
    """One thing that happened.

    Attributes:
        at: When, in broker time.
        entity: Path as created: `orders`, `orders/$DeadLetterQueue`; the namespace on RESET.
        sequence_number: The message's number now; 0 for entities. For a dropped duplicate, the
            number of the message that it repeats.
        delivery_count: The message's count after the change.
        who: The receiver, sender or caller; whose lock it was that expired; "" for the broker.
        detail: The reason of a dead-lettering, where a message went, which rule, which session;
            otherwise "".
        message: The message itself, with all that a store needs; None for entities. It is the
            live one: a journal that hands changes on later hands on its latest state, while the
            other fields here say how it was.
        previous_sequence_number: Where `sequence_number` is a new one, the number before.
        description: What an entity was created with or updated to.
        session_state: What a session's state was set to; None when it was cleared.
    """

    at: float
    kind: ChangeKind
    entity: str
    sequence_number: int
    message_id: Hashable | None
    delivery_count: int
    who: str
    detail: str
    message: Message | None
    previous_sequence_number: int = 0
    description: Description | None = None
    session_state: bytes | None = None


Journal = Callable[[Change], None]


def no_journal(change: Change) -> None:
    """Keep nothing."""
