"""What events tell and a snapshot does not: what is gone and how, who took part, what came last."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sbtutorial.snapshot import MessageSnapshot
from sbtutorial.text import about, one_line
from sbtutorial.trace import ADVANCED, Event
from sbtutorial.views.queue_text import readable_name

_RECENT = 3
_KNOWN_TEXTS = 500
_TEXT_CHARS = 40
# How a message can be gone for good, in the order in which it is told.
GONE = {
    "completed": "completed",
    "taken": "taken",
    "expired": "expired",
    "cancelled": "cancelled",
    "forwarded": "forwarded",
}
_SENDING = {"sent", "scheduled", "cancelled"}
_RECEIVING = {
    *("locked", "taken", "completed", "abandoned", "deferred", "dead_lettered", "released"),
    *("receiver_gone", "lock_renewed", "session_locked", "session_state_set"),
}
_OF_ALL = {ADVANCED, "reset"}
_BIRTHS = {"queue_created", "subscription_created"}


class Departed(NamedTuple):
    """A message that is gone for good.

    Attributes:
        number: Its number.
        message_id: Its id, if it had one.
        how: One of `GONE`.
        who: By whom, readably; "" for the broker.
    """

    number: int
    message_id: str | None
    how: str
    who: str


@dataclass
class Person:
    """Somebody who has done something here.

    Attributes:
        name: Readable; those without a name of their own are one.
        sent: How many messages it has sent.
        received: How many it was given.
        settled: How many it has completed or taken.
    """

    name: str
    sent: int = 0
    received: int = 0
    settled: int = 0

    @property
    def is_sender(self) -> bool:
        """Whether it did nothing but send."""
        return self.sent > 0 and not self.received


@dataclass
class History:
    """The story of one entity so far, from its events.

    Attributes:
        path: The entity's, as its events have it.
        gone: How many messages are gone, by how.
        recent: The last of them.
        people: Who took part, by name, in the order of first appearance.
        texts: The beginnings of bodies, by number, of messages that were seen lately.
        last_at: When something happened last, in broker time.
        last_number: That event's number.
        seen: The number of the last event that was told.
    """

    path: str
    gone: Counter[str] = field(default_factory=Counter)
    recent: deque[Departed] = field(default_factory=lambda: deque(maxlen=_RECENT))
    people: dict[str, Person] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    last_at: float = 0.0
    last_number: int = 0
    seen: int = 0
    _last: Event | None = None

    @property
    def last(self) -> str:
        """What happened last, in a sentence; "" for nothing."""
        return "" if self._last is None else told(self._last, self.texts)

    def know(self, messages: Iterable[MessageSnapshot]) -> None:
        """Remember what is in messages, so that they can be called by it when they are gone."""
        for message in messages:
            if message.text is not None:
                self.texts[message.sequence_number] = one_line(message.text, _TEXT_CHARS)
        for number in list(self.texts)[: max(len(self.texts) - _KNOWN_TEXTS, 0)]:
            del self.texts[number]

    def concerns(self, event: Event) -> bool:
        """Whether an event is of this entity, or of all."""
        return event.what in _OF_ALL or self._is_here(event.entity)

    def note_all(self, events: Iterable[Event]) -> bool:
        """Take in events in their order; those that are known already are passed over.

        Returns:
            Whether any of them concerns this entity.
        """
        concerns = False
        for event in events:
            if event.number > self.seen:
                self.seen = event.number
                concerns |= self._note(event)
        return concerns

    def begin_anew(self) -> None:
        """Another broker tells from now on, which counts its events from 1."""
        self.seen = 0

    def _note(self, event: Event) -> bool:
        if not self.concerns(event):
            return False
        if event.what in _BIRTHS:
            self.gone.clear()
            self.recent.clear()
            self.people.clear()
        if event.what in _SENTENCES:
            self._last = event
        self.last_at, self.last_number = event.at + event.seconds, event.number
        self._count(event)
        return True

    def _is_here(self, entity: str) -> bool:
        name, path = entity.lower(), self.path.lower()
        return name == path or name.startswith(path + "/$")

    def _count(self, event: Event) -> None:
        name = readable_name(event.who) if event.who else ""
        if event.what in GONE:
            self.gone[event.what] += 1
            gone = Departed(event.sequence_number, event.message_id, event.what, name)
            self.recent.append(gone)
        if not name or event.what not in _SENDING | _RECEIVING:
            return
        person = self.people.setdefault(name, Person(name))
        person.sent += event.what in ("sent", "scheduled")
        person.received += event.what in ("locked", "taken")
        person.settled += event.what in ("completed", "taken")


def told(event: Event, texts: Mapping[int, str] | None = None) -> str:
    """What happened, in a sentence; "" for what is not worth one.

    Args:
        event: What.
        texts: The bodies of messages, by number, as far as they are known.
    """
    text = (texts or {}).get(event.sequence_number, "")
    it = f"message {event.sequence_number}" + (f" ({text})" if text else "")
    tell = _SENTENCES.get(event.what)
    return "" if tell is None else tell(event, it)


def _who(event: Event) -> str:
    return readable_name(event.who) if event.who else "the broker"


def _by(verb: str) -> Callable[[Event, str], str]:
    return lambda event, it: f"{_who(event)} {verb} {it}"


def _dead_lettered(event: Event, it: str) -> str:
    why = f": {one_line(event.detail)}" if event.detail else ""
    return f"{it} was dead-lettered{why}"


def _struck(event: Event, _it: str) -> str:
    whom = f" struck {_who(event)}" if event.who else ""
    return f"a fault{whom}: {one_line(event.detail)}"


_SENTENCES: dict[str, Callable[[Event, str], str]] = {
    "sent": _by("sent"),
    "copied": lambda _event, it: f"{it} came from the topic",
    "scheduled": _by("scheduled"),
    "activated": lambda _event, it: f"{it} came due and is ready",
    "cancelled": _by("cancelled"),
    "duplicate_dropped": lambda _event, it: f"a duplicate of {it} was dropped",
    "locked": lambda event, it: f"{it} was locked by {_who(event)}",
    "taken": _by("took and deleted"),
    "lock_renewed": _by("renewed the lock of"),
    "lock_expired": lambda event, it: (
        f"the lock of {it} ran out, delivery count {event.delivery_count}"
    ),
    "receiver_gone": lambda event, it: f"{_who(event)} vanished with {it} under its lock",
    "completed": _by("completed"),
    "abandoned": _by("abandoned"),
    "released": _by("gave back"),
    "deferred": _by("deferred"),
    "dead_lettered": _dead_lettered,
    "expired": lambda _event, it: f"{it} expired",
    "forwarded": lambda _event, it: f"{it} was forwarded",
    "session_locked": lambda event, _it: f"{_who(event)} holds session {one_line(event.detail)}",
    "session_unlocked": lambda event, _it: f"session {one_line(event.detail)} was let go",
    "session_lock_lost": lambda event, _it: f"the lock of session {one_line(event.detail)} ran out",
    "session_state_set": lambda event, _it: f"session {one_line(event.detail)} has a new state",
    "queue_created": lambda _event, _it: "the queue was created",
    "queue_updated": lambda _event, _it: "the queue was changed",
    "queue_deleted": lambda _event, _it: "the queue was deleted",
    "subscription_created": lambda _event, _it: "the subscription was created",
    "subscription_deleted": lambda _event, _it: "the subscription was deleted",
    "fault": _struck,
    "reset": lambda _event, _it: "everything was deleted",
    ADVANCED: lambda event, _it: f"time went on by {about(event.seconds).removeprefix('about ')}",
}
