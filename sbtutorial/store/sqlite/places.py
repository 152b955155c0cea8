"""Where changes happen, as numbers: entities by path, and what of them decides what is kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

from sbtutorial.broker.descriptions import Description
from sbtutorial.broker.paths import (
    DEAD_LETTER_SUFFIX,
    TRANSFER_DEAD_LETTER_SUFFIX,
    split_subqueue,
    split_subscription,
)
from sbtutorial.store.sqlite.schema import NUMBER_BITS

SUFFIXES = ("", DEAD_LETTER_SUFFIX, TRANSFER_DEAD_LETTER_SUFFIX)


@dataclass(eq=False, slots=True)
class KeptEntity:
    """An entity, as far as it matters for what is kept of its messages.

    Attributes:
        id: Its number, which no other entity of the file ever had.
        topic: The path of a subscription's topic; "" for others.
        last_number: How far it has numbered. `kept_number`: the same, as the file has it.
        accessed_at: When it was in use last; `kept_accessed_at` likewise.
        is_topic: Whether it hands out copies.
        window_seconds: How long it remembers ids; 0 where it does not look for duplicates.
        remembered: How many ids were kept since the last time that old ones were removed.
        is_handing_out: Whether it is a topic in the middle of handing out a message.
        copies: How many copies of that each subscription has had, by its number.
    """

    id: int
    path: str
    topic: str
    last_number: int = 0
    kept_number: int = 0
    accessed_at: float | None = None
    kept_accessed_at: float = -inf
    is_topic: bool = False
    window_seconds: float = 0.0
    remembered: int = 0
    is_handing_out: bool = False
    copies: dict[int, int] = field(default_factory=dict)

    @property
    def is_marked(self) -> bool:
        """Whether the file has what it should of how far is numbered and of when it was in use."""
        return self.last_number == self.kept_number and self.kept_accessed_at == (
            -inf if self.accessed_at is None else self.accessed_at
        )

    def mark(self) -> tuple[int, float | None]:
        """What the file is to have of that, which it has from now on."""
        self.kept_number = self.last_number
        if self.accessed_at is not None:
            self.kept_accessed_at = self.accessed_at
        return self.last_number, self.accessed_at

    def adopt(self, description: Description) -> None:
        """Live by a description from now on."""
        self.is_topic = description.kind == "topic"
        detects = getattr(description, "requires_duplicate_detection", False)
        window = getattr(description, "duplicate_detection_history_time_window", None)
        self.window_seconds = window.total_seconds() if detects and window is not None else 0.0


@dataclass(slots=True)
class Place:
    """A subqueue: its entity, the lowest key that a message there can have, and which it is."""

    entity: KeptEntity
    base: int
    subqueue: int


class Places:
    """All entities that there are, by path.

    Attributes:
        last_id: The highest number that an entity ever had.
        forwards: The paths of subqueues that may forward, in the order in which they had to wait.
    """

    def __init__(self) -> None:
        self.last_id = 0
        self.forwards: dict[str, None] = {}
        self._entities: dict[str, KeptEntity] = {}
        self._places: dict[str, Place] = {}

    def __iter__(self) -> Iterator[KeptEntity]:
        return iter(self._entities.values())

    def add(self, path: str, entity_id: int | None = None) -> KeptEntity:
        """One more entity, under a number of its own."""
        number = self.last_id + 1 if entity_id is None else entity_id
        self.last_id = max(self.last_id, number)
        parts = split_subscription(path)
        entity = self._entities[path] = KeptEntity(number, path, parts[0] if parts else "")
        return entity

    def entity(self, path: str) -> KeptEntity:
        """The entity of a path, as it was created with."""
        return self._entities[path]

    def find(self, path: str) -> KeptEntity | None:
        """The same; None when there is none."""
        return self._entities.get(path)

    def remove(self, path: str) -> KeptEntity:
        """An entity is gone, with all of its places."""
        entity = self._entities.pop(path)
        for there in [one for one, place in self._places.items() if place.entity is entity]:
            del self._places[there]
            self.forwards.pop(there, None)
        return entity

    def clear(self) -> list[KeptEntity]:
        """Every entity is gone; returns them."""
        gone = list(self._entities.values())
        self._entities.clear()
        self._places.clear()
        self.forwards.clear()
        return gone

    def place(self, path: str) -> Place:
        """The subqueue of a path."""
        place = self._places.get(path)
        if place is None:
            parts = split_subqueue(path)
            entity = self._entities[parts.entity]
            subqueue = SUFFIXES.index(parts.subqueue)
            place = self._places[path] = Place(entity, entity.id << NUMBER_BITS, subqueue)
        return place
