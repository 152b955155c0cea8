"""A queue as it stands at one instant: what views draw, whoever looked, our broker or the SDK.

Times are relative, in seconds from the instant of the snapshot, beside the instants themselves in
broker time: a picture says "about 30 s left", a live view counts down by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

READY, LOCKED, DEFERRED, SCHEDULED, DEAD = "ready", "locked", "deferred", "scheduled", "dead"
READY_OR_LOCKED = "ready or locked"  # from outside, by peeking, these two look the same
STATES = (READY, READY_OR_LOCKED, LOCKED, DEFERRED, SCHEDULED, DEAD)  # in the order of pictures


# So much of a body a snapshot has for who reads it all, and for who draws its beginning.
MOST_TEXT_CHARS, BEGINNING_CHARS = 20_000, 100
_Kind = TypeVar("_Kind")


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
        text: Its body, or as much as was asked for, if it is text; else None. "…" ends what is cut.
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
        seconds_to_live: Until its time to live ends, from the instant of the snapshot on.
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
    seconds_to_live: float | None = None


@dataclass(frozen=True, slots=True)
class SessionSnapshot(_Fields):
    """One session as it stands.

    Attributes:
        session_id: Its id.
        ready: How many of its messages wait.
        locked: How many its holder has.
        state_text: The beginning of what an application keeps with it, if that is text.
        state_bytes: How much that is; None when there is none.
        locked_by: Who holds it; None when nobody does.
        holder_attached: Whether the holder is still connected.
        locked_until: When its lock ends, in broker time.
    """

    session_id: str
    ready: int = 0
    locked: int = 0
    state_text: str | None = None
    state_bytes: int | None = None
    locked_by: str | None = None
    holder_attached: bool = False
    locked_until: float | None = None


@dataclass(frozen=True, slots=True)
class ClientSnapshot(_Fields):
    """Somebody who is connected: a link to the queue, or to one of its subqueues.

    Attributes:
        who: The client's name.
        is_sender: Whether it sends; else it receives.
    """

    who: str
    is_sender: bool


@dataclass(frozen=True, slots=True)
class PlannedFault(_Fields):
    """A fault that is still to come because somebody asked for it, or that lasts.

    Attributes:
        kind: When it comes: an occasion, as for `ControlClient.plan_fault`; or "delay", "outage".
        path: At which entity; "" for any.
        condition: The AMQP error condition of a refusal.
        text: What is said of it.
        times: How often it is still to come.
        asked: How often it was to come when it was planned.
        seconds: How long an outage lasts in all, or how late answers are.
        seconds_left: How long an outage lasts from now on.
        number: Its own, by which it can be taken back.
    """

    kind: str
    path: str = ""
    condition: str = ""
    text: str = ""
    times: int = 1
    asked: int = 1
    seconds: float = 0.0
    seconds_left: float = 0.0
    number: int = 0


@dataclass(frozen=True, slots=True)
class QueueSnapshot(_Fields):
    """A queue, or a subscription, with its dead-letter queue.

    Attributes:
        name: Its path as created.
        at: The instant, in broker time.
        counts: How many messages there are in each state that can be told apart.
        messages: The first of each state, in order.
        lock_seconds: How long a lock lasts; this and the rest only where our broker looked.
        max_delivery_count: After so many failed deliveries a message is dead.
        advanced_seconds: How far time has been moved so far.
        requires_session: Whether its messages belong to sessions.
        sessions: The first sessions that have messages, a state or a holder.
        clients: Who is connected, in the order in which they came; the first hundred.
        faults: What fails here, or is still to fail, because somebody asked for it.
    """

    name: str
    at: float
    counts: Mapping[str, int]
    messages: tuple[MessageSnapshot, ...]
    lock_seconds: float = 0.0
    max_delivery_count: int = 0
    advanced_seconds: float = 0.0
    requires_session: bool = False
    sessions: tuple[SessionSnapshot, ...] = ()
    clients: tuple[ClientSnapshot, ...] = ()
    faults: tuple[PlannedFault, ...] = ()

    def to_plain(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> "QueueSnapshot":
        """What `to_plain` made, read back; in a later version it may have made more.

        Raises:
            TypeError, KeyError: The values are something else.
        """
        parts = {
            name: read(kind, values.get(name, ()))
            for name, kind in (
                ("messages", MessageSnapshot),
                ("sessions", SessionSnapshot),
                ("clients", ClientSnapshot),
                ("faults", PlannedFault),
            )
        }
        known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
        return cls(**{**known, **parts})


def read(kind: type[_Kind], found: Sequence[Mapping[str, Any]]) -> tuple[_Kind, ...]:
    """Parts of a snapshot from plain values; what a later version has added is left out.

    Raises:
        TypeError: A value is missing.
    """
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return tuple(kind(**{name: one[name] for name in names if name in one}) for one in found)
