"""One message as the broker keeps it. What is in it stays opaque: `content` is the server's."""

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from sbtutorial.broker.states import MessageState

if TYPE_CHECKING:
    from sbtutorial.broker.timers import Timer

DEAD_LETTER_REASON = "DeadLetterReason"
DEAD_LETTER_ERROR_DESCRIPTION = "DeadLetterErrorDescription"


class AssignedId(str):
    """A message id that the broker has assigned, as the sender gave none."""

    __slots__ = ()


class Message:
    """A message, what its sender said of it and what the broker says of it now.

    Slots and no dictionary: a million of these must fit. The broker alone changes them.

    Attributes:
        content: Whatever the sender of this object wants back; never looked at.
        size_bytes: The whole encoded message, as it counts against every limit.
        header_bytes: All of it but body and footer.
        message_id: As on the wire: str, int, UUID or bytes. The server gives one to who set none.
        time_to_live: Seconds, counted from `enqueued_at`; None for ever.
        scheduled_enqueue_at: The instant before which nobody may receive it.
        sequence_number: The broker's own number; 0 before a queue has taken the message.
        enqueued_at: When the queue took it, or when a scheduled message became active.
        expires_at: `enqueued_at` plus the shorter of `time_to_live` and the queue's default;
            None for ever. Kept, and without effect, in a dead-letter queue.
        delivery_count: Deliveries that failed so far: 0 on the first one.
        lock_token: Proof of the lock; None unless locked. Likewise `locked_until`, `locked_by`.
        properties: Application properties that the broker or a settlement has set; they go over
            the sender's own.
        dead_letter_source: The entity that it was dead-lettered from.
        enqueued_sequence_number: Its number in the queue that first took it; None unless it was
            forwarded or came through a topic.
        hops: How often it has been forwarded.
        timer: The broker's own: activates a scheduled message, then ends its time to live.
        lock_timer: The broker's own: ends the lock.
    """

    __slots__ = (
        "content",
        "dead_letter_source",
        "delivery_count",
        "enqueued_at",
        "enqueued_sequence_number",
        "expires_at",
        "header_bytes",
        "hops",
        "lock_timer",
        "lock_token",
        "locked_by",
        "locked_until",
        "message_id",
        "partition_key",
        "properties",
        "scheduled_enqueue_at",
        "sequence_number",
        "session_id",
        "size_bytes",
        "state",
        "time_to_live",
        "timer",
    )

    def __init__(
        self,
        content: object,
        *,
        size_bytes: int,
        header_bytes: int = 0,
        message_id: Hashable | None = None,
        session_id: str | None = None,
        partition_key: str | None = None,
        time_to_live: float | None = None,
        scheduled_enqueue_at: float | None = None,
    ):
        self.content = content
        self.size_bytes = size_bytes
        self.header_bytes = header_bytes
        self.message_id = message_id
        self.session_id = session_id
        self.partition_key = partition_key
        self.time_to_live = time_to_live
        self.scheduled_enqueue_at = scheduled_enqueue_at
        self.sequence_number = 0
        self.enqueued_at = 0.0
        self.expires_at: float | None = None
        self.state = MessageState.NEW
        self.delivery_count = 0
        self.lock_token: UUID | None = None
        self.locked_until: float | None = None
        self.locked_by: str | None = None
        self.properties: Mapping[str, object] | None = None
        self.dead_letter_source: str | None = None
        self.enqueued_sequence_number: int | None = None
        self.hops = 0
        self.timer: Timer | None = None
        self.lock_timer: Timer | None = None

    def __repr__(self) -> str:
        return f"<Message {self.sequence_number} {self.state.name} id={self.message_id!r}>"

    @property
    def source_on_arrival(self) -> str | None:
        """Its `dead_letter_source` as it came: none from a sender, whatever became of it since."""
        return self.dead_letter_source if self.hops else None

    def copy(self) -> "Message":
        """The same message as if just sent, for another entity; its number goes along as origin."""
        twin = Message(
            self.content,
            size_bytes=self.size_bytes,
            header_bytes=self.header_bytes,
            message_id=self.message_id,
            session_id=self.session_id,
            partition_key=self.partition_key,
            time_to_live=self.time_to_live,
            scheduled_enqueue_at=self.scheduled_enqueue_at,
        )
        twin.properties = self.properties
        twin.dead_letter_source = self.dead_letter_source
        twin.enqueued_sequence_number = self.enqueued_sequence_number or self.sequence_number
        twin.hops = self.hops
        return twin

    def grow(self, size_bytes: int) -> None:
        """Note that its properties have become longer; or shorter, if that is negative."""
        self.size_bytes += size_bytes
        self.header_bytes += size_bytes

    def merge_properties(self, properties: Mapping[str, object] | None) -> None:
        """Lay application properties over those that the message has."""
        if properties:
            self.properties = {**(self.properties or {}), **properties}
