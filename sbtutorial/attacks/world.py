"""What a day happens in: a broker of its own, a book, and what the two tell. Gone afterwards."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from sbtutorial.attacks.actor import Book
from sbtutorial.attacks.orders import order_of
from sbtutorial.attacks.places import Place
from sbtutorial.attacks.plan import Plan
from sbtutorial.attacks.steps import Fact, Found
from sbtutorial.errors import TutorialError
from sbtutorial.server import certificates
from sbtutorial.snapshot import MOST_TEXT_CHARS, QueueSnapshot
from sbtutorial.trace import Event

_LONGER_THAN_A_LOCK_SECONDS = 301.0
DEAD_LETTERS = "/$DeadLetterQueue"  # behind an entity's name
_BIRTHS = ("queue_created", "subscription_created")


class World:
    """A broker and a book for one day; a context manager.

    Args:
        plan: The day's.
        place: Where its broker is.

    Attributes:
        connection_string: Of the broker, which is nobody else's.
        book_path: The file of the book.
        facts: What the broker has told of orders so far, by their ids.
        touched: The entities from which somebody received since `touched.clear()`.
    """

    def __init__(self, plan: Plan, place: Place) -> None:
        self._plan = plan
        self._place = place
        self._folder = TemporaryDirectory(prefix="sbtutorial-", ignore_cleanup_errors=True)
        self._last_event = 0
        self._charges = 0
        self._entities: dict[str, None] = {}
        self.book_path = str(Path(self._folder.name) / "book.db")
        self.facts: dict[str, list[Fact]] = {}
        self.touched: set[str] = set()
        # For the administration clients of processes that are started from now on.
        certificates.trust(certificates.ensure(certificates.default_folder()))

    def __enter__(self) -> Self:
        _open.add(self)
        self._place.__enter__()
        self.connection_string = self._place.connection_string
        self._control = self._place.control
        self._skip_earlier_events()
        with closing(Book.at(self.book_path, None)) as book:
            book.execute("CREATE TABLE charges (order_id TEXT, euros INTEGER)")
        return self

    def __exit__(self, *error: object) -> None:
        _open.discard(self)
        self._place.__exit__(None, None, None)
        self._folder.cleanup()

    # --- harms ------------------------------------------------------------------------------------

    def lose_next_ack(self, *, of_send: bool) -> None:
        """Have the next one done, and never told."""
        self._control.plan_fault("sent" if of_send else "settled")

    def cut(self) -> None:
        """Cut every connection."""
        self._control.cut_connections()

    def let_time_pass(self, seconds: float = _LONGER_THAN_A_LOCK_SECONDS) -> None:
        """More than any lock lasts, unless told otherwise."""
        self._control.advance(seconds)

    def break_broker(self, step: int = 0) -> None:
        """Kill it, and have it start again; what it told before is remembered."""
        self.listen(step)
        self._place.crash()
        self._last_event = 0

    # --- what is known ----------------------------------------------------------------------------

    def listen(self, step: int = 0) -> None:
        """Take in what the broker has told since.

        Args:
            step: The number of the step by which it is so.
        """
        while (page := self._control.events(self._last_event)).events:
            for event in page.events:
                self._note(event, step)
            self._last_event = page.last

    def new_charges(self) -> Iterator[tuple[str, str]]:
        """What has come into the book since: whose order, and how many euros, as text."""
        with closing(sqlite3.connect(self.book_path)) as book:
            rows = book.execute(
                "SELECT rowid, order_id, euros FROM charges WHERE rowid > ? ORDER BY rowid",
                [self._charges],
            ).fetchall()
        for number, order_id, euros in rows:
            self._charges = number
            yield str(order_id), str(euros)

    def messages(self) -> list[Found]:
        """Every message that is there: waiting, locked or set aside."""
        return [found for entity in self._entities for found in self._messages(entity)]

    def _skip_earlier_events(self) -> None:
        """What was told before this day is of no interest to it."""
        while (page := self._control.events(self._last_event)).events:
            self._last_event = page.last

    def _note(self, event: Event, step: int) -> None:
        if event.what in _BIRTHS:
            self._entities[event.entity] = None
        if event.what in ("locked", "taken"):
            self.touched.add(event.entity)
        if event.sequence_number or event.message_id:
            order = order_of(self._plan.orders, event.message_id)
            fact = Fact(event.what, _short(event.entity), step, event.who)
            self.facts.setdefault(order.id if order else "", []).append(fact)

    def _messages(self, entity: str) -> Iterator[Found]:
        try:
            picture = self._control.queue(entity, text_chars=MOST_TEXT_CHARS)
        except TutorialError:  # somebody has deleted it
            return
        for message in picture.messages:
            order = order_of(self._plan.orders, message.message_id, message.text)
            yield Found(
                _short(entity),
                order.id if order else "",
                message.state,
                message.dead_letter_reason or "",
            )
        yield from self._unshown(entity, picture)

    def _unshown(self, entity: str, picture: QueueSnapshot) -> Iterator[Found]:
        """Those of which a picture has but the count."""
        for state, count in picture.counts.items():
            shown = sum(message.state == state for message in picture.messages)
            yield from [Found(_short(entity), "", state)] * max(count - shown, 0)


_open: set[World] = set()


def close_all() -> None:
    """End every world of this process, whatever is happening in it."""
    for world in list(_open):
        world.__exit__()


def entity_of(path: str) -> str:
    """As `Found` and `Fact` have it."""
    return _short(path)


def _short(entity: str) -> str:
    """topic/Subscriptions/name as a learner writes it."""
    return entity.replace("/Subscriptions/", "/")
