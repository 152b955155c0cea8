"""What happened lately, numbered and bounded: the record that views, checks and tests read."""

import pickle
import zlib
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple, Protocol

from sbtutorial.text import text_of

DEFAULT_CAPACITY = 20_000
ADVANCED = "advanced"


class Happening(Protocol):
    """What can be recorded, as the broker's changes are.

    That time was `ADVANCED` has `seconds`, too: how far.
    """

    @property
    def at(self) -> float:
        """Seconds since the epoch, in broker time."""

    @property
    def kind(self) -> str:
        """What it is, as a lower-case word."""

    @property
    def entity(self) -> str:
        """The path it happened at; the namespace's name when it concerns all of it."""

    @property
    def sequence_number(self) -> int:
        """The message's; 0 for what concerns no message."""

    @property
    def message_id(self) -> object:
        """Of any type; None when it has none."""

    @property
    def delivery_count(self) -> int:
        """The message's, afterwards."""

    @property
    def who(self) -> str:
        """The receiver, sender or caller; "" for the broker itself."""

    @property
    def detail(self) -> str:
        """Whatever else there is to say, in words."""


class Event(NamedTuple):
    """One thing that happened; all of it is plain text and numbers.

    Attributes:
        number: 1, 2, 3, …; without gaps, also across events that were dropped.
        at: Seconds since the epoch, in broker time.
        what: The kind, as a lower-case word: `locked`, `dead_lettered`, `advanced`.
        entity: The path it happened at; `orders` or `orders/$DeadLetterQueue`.
        sequence_number: The message's; 0 for what concerns no message.
        message_id: As text; None when it has none.
        delivery_count: The message's, after the event.
        who: The receiver, sender or caller; "" for the broker itself.
        detail: Whatever else there is to say, in words.
        seconds: How far time was advanced, for `advanced`; else 0.
    """

    number: int
    at: float
    what: str
    entity: str = ""
    sequence_number: int = 0
    message_id: str | None = None
    delivery_count: int = 0
    who: str = ""
    detail: str = ""
    seconds: float = 0.0


Subscriber = Callable[[Event], None]


class Trace:
    """Keeps the newest events and hands each to its subscribers."""

    def __init__(self, capacity: int = DEFAULT_CAPACITY):
        self._capacity = capacity
        self._events: deque[Event] = deque(maxlen=capacity)
        # Older ones, as bytes until somebody asks for them.
        self._packed = b""
        self._packed_count = 0
        self._last_number = 0
        self._subscribers: list[Subscriber] = []

    def __len__(self) -> int:
        return min(self._packed_count + len(self._events), self._capacity)

    @property
    def last_number(self) -> int:
        """The newest event's number; 0 before the first."""
        return self._last_number

    @property
    def dropped(self) -> int:
        """How many of the oldest events had to make room."""
        return self._last_number - len(self)

    def record(self, happening: Happening) -> Event:
        """Add an event; a message id that is not text becomes text here. Hot: once a change."""
        self._last_number += 1
        message_id = happening.message_id
        kind = happening.kind
        fields = (
            self._last_number,
            happening.at,
            kind,
            happening.entity,
            happening.sequence_number,
            message_id if message_id is None or type(message_id) is str else text_of(message_id),
            happening.delivery_count,
            happening.who,
            happening.detail,
            happening.seconds if kind == ADVANCED else 0.0,  # type: ignore[attr-defined]
        )
        # A named tuple's own way to make one takes twice as long.
        event: Event = tuple.__new__(Event, fields)
        self._events.append(event)
        for subscriber in self._subscribers:
            subscriber(event)
        return event

    def after(
        self, number: int, entity: str | None = None, limit: int | None = None
    ) -> list[Event]:
        """The oldest kept events with a higher number, at most `limit`.

        Args:
            number: The last event that the caller knows; 0 for none.
            entity: Only what happened there and in its dead-letter queue; in any case.
            limit: None for all.
        """
        if number < self._unpacked_after:
            self._unpack()
        newer = islice(self._events, max(number - self._unpacked_after, 0), None)
        if entity is not None:
            name = entity.lower()
            below = name + "/$"
            newer = (  # type: ignore[assignment]
                event
                for event in newer
                if (path := event.entity.lower()) == name or path.startswith(below)
            )
        return list(islice(newer, limit))

    def pack(self) -> None:
        """Keep what there is as a few bytes, until somebody asks for it.

        Events come amid messages and stay when those go: each would hold a page of memory that is
        otherwise free. Of 20,000 it takes some twenty milliseconds, so do it when nobody waits.
        """
        self._unpack()
        self._packed_count = len(self._events)
        events = pickle.dumps([tuple(event) for event in self._events])
        self._packed = zlib.compress(events, level=1)
        self._events.clear()

    @property
    def _unpacked_after(self) -> int:
        return self._last_number - len(self._events)

    def _unpack(self) -> None:
        if self._packed_count:
            older = map(Event._make, pickle.loads(zlib.decompress(self._packed)))
            self._events = deque([*older, *self._events], self._capacity)
            self._packed, self._packed_count = b"", 0

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Have every event from now on, as it happens; call what is returned to stop."""
        self._subscribers = [*self._subscribers, callback]

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers = list(self._subscribers)  # a call may be under way over the old
                self._subscribers.remove(callback)

        return unsubscribe
