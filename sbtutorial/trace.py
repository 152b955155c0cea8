"""What happened lately, numbered and bounded: the record that views, checks and tests read."""

import pickle
import zlib
from collections import deque
from collections.abc import Callable, Collection, Sequence
from itertools import islice, repeat, starmap
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


class _Together:
    """Many things that happened together: what they share, and of each what it has for its own.

    It stands in the place of each of their events. What they are about is not kept with them, and
    there is no object for each, which garbage collection would look at.

    Attributes:
        entity: Where they happened.
    """

    __slots__ = (
        "_counts",
        "_detail",
        "_first",
        "_ids",
        "_instants",
        "_kind",
        "_numbers",
        "_who",
        "entity",
    )

    def __init__(self, happenings: Sequence[Happening], first: int) -> None:
        one = happenings[0]
        self._first = first
        self._kind, self.entity, self._who, self._detail = one.kind, one.entity, one.who, one.detail
        self._instants = [each.at for each in happenings]
        self._numbers = [each.sequence_number for each in happenings]
        self._ids = [each.message_id for each in happenings]
        self._counts = [each.delivery_count for each in happenings]

    def event(self, number: int) -> Event:
        """The event of this number."""
        place = number - self._first
        return Event(
            number,
            self._instants[place],
            self._kind,
            self.entity,
            self._numbers[place],
            _id_text(self._ids[place]),
            self._counts[place],
            self._who,
            self._detail,
        )


def _event(number: int, one: Event | _Together) -> Event:
    return one if isinstance(one, Event) else one.event(number)


def _id_text(message_id: object) -> str | None:
    if message_id is None or type(message_id) is str:
        return message_id
    return text_of(message_id)


class Trace:
    """Keeps the newest events and hands each to its subscribers.

    Args:
        capacity: How many events it holds.
        ignoring: Kinds of what is no event to anybody who reads.
    """

    def __init__(self, capacity: int = DEFAULT_CAPACITY, ignoring: Collection[str] = ()):
        self._capacity = capacity
        self._ignored = ignoring
        self._events: deque[Event | _Together] = deque(maxlen=capacity)
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

    def record(self, happening: Happening) -> None:
        """Add an event; a message id that is not text becomes text here. Hot: once a change."""
        kind = happening.kind
        if kind in self._ignored:
            return
        self._last_number += 1
        message_id = happening.message_id
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

    def record_all(self, happenings: Sequence[Happening]) -> None:
        """Add an event for each of many to which the same happened, in a fraction of the time.

        They are made when somebody asks for them. Subscribers hear of the last one alone.

        Args:
            happenings: Of one kind, entity, client and detail.
        """
        if not happenings:
            return
        newest = happenings[-self._capacity :]
        together = _Together(newest, self._last_number + len(happenings) - len(newest) + 1)
        self._last_number += len(happenings)
        self._events.extend(repeat(together, len(newest)))
        if self._subscribers:
            last = together.event(self._last_number)
            for subscriber in self._subscribers:
                subscriber(last)

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
        first = max(number - self._unpacked_after, 0)
        newer = enumerate(islice(self._events, first, None), self._unpacked_after + first + 1)
        if entity is not None:
            name = entity.lower()
            below = name + "/$"
            newer = (  # type: ignore[assignment]
                (number, one)
                for number, one in newer
                if (path := one.entity.lower()) == name or path.startswith(below)
            )
        return list(starmap(_event, islice(newer, limit)))

    def pack(self) -> None:
        """Keep what there is as a few bytes, until somebody asks for it.

        Events come amid messages and stay when those go: each would hold a page of memory that is
        otherwise free. Of 20,000 it takes some twenty milliseconds, so do it when nobody waits.
        """
        self._unpack()
        events = pickle.dumps([tuple(event) for event in self.after(0)])
        self._packed_count = len(self._events)
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
