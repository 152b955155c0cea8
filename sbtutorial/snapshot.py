"""A queue as it stands at one instant: what views draw, whoever looked, our broker or the SDK.

Times are relative, in seconds from the instant of the snapshot, beside the instants themselves in
broker time: a picture says "about 30 s left", a live view counts down by itself.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

READY, LOCKED, DEFERRED, SCHEDULED, DEAD = "ready", "locked", "deferred", "scheduled", "dead"
READY_OR_LOCKED = "ready or locked"  # from outside, by peeking, these two look the same
STATES = (READY, READY_OR_LOCKED, LOCKED, DEFERRED, SCHEDULED, DEAD)  # in the order of pictures


class _Fields:
    """Fields that can be had by their names, too, as in `snapshot["counts"]`."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


@dataclass(frozen=True, slots=True)
class MessageSnapshot(_Fields):
    """One message as it stands.

    Attributes:
        sequence_number: Its number.
        state: One of `STATES`.
        text: The beginning of its body, if that is text; else None.
        message_id: As text; None when it has none.
        session_id: None outside sessions.
        delivery_count: How many deliveries have failed.
        locked_by: Who holds its lock; None when nobody does, or when that cannot be known.
        holder_attached: Whether the holder is still connected.
        locked_until: When the lock ends; this, and each `…_at`, in broker time.
        lock_seconds_left: The same from the instant of the snapshot on; 0 when it is over.
        scheduled_at: When a scheduled message becomes ready; None for others.
        scheduled_seconds: The same from the instant of the snapshot on.
        expires_at: When its time to live ends; None for never.
        dead_letter_reason: Why it is dead; None when it is not, or nobody said.
    """

    sequence_number: int
    state: str
    text: str | None = None
    message_id: str | None = None
    session_id: str | None = None
    delivery_count: int = 0
    locked_by: str | None = None
    holder_attached: bool = False
    locked_until: float | None = None
    lock_seconds_left: float | None = None
    scheduled_at: float | None = None
    scheduled_seconds: float | None = None
    expires_at: float | None = None
    dead_letter_reason: str | None = None


@dataclass(frozen=True, slots=True)
class QueueSnapshot(_Fields):
    """A queue, or a subscription, with its dead-letter queue.

    Attributes:
        name: Its path as created.
        at: The instant, in broker time.
        counts: How many messages there are in each state that can be told apart.
        messages: The first of each state, in order.
    """

    name: str
    at: float
    counts: Mapping[str, int]
    messages: tuple[MessageSnapshot, ...]

    def to_plain(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> "QueueSnapshot":
        """What `to_plain` made, read back; in a later version it may have made more.

        Raises:
            TypeError, KeyError: The values are something else.
        """
        known = [field.name for field in fields(MessageSnapshot)]
        messages = tuple(
            MessageSnapshot(**{name: one[name] for name in known if name in one})
            for one in values["messages"]
        )
        return cls(values["name"], values["at"], values["counts"], messages)
