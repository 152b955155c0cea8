"""Messages looked at without taking them, page by page, and only those that are asked for.

A queue with sessions cannot be looked into as a whole: the SDK peeks in one session at a time, and
holds it meanwhile. So a page of it is gathered from its sessions; one that somebody else holds is
named and left alone.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from heapq import merge

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.keeping.lent_links import LentReceiver
from sbtutorial.explorer.links import Links
from sbtutorial.explorer.message import Message, is_random, spelled
from sbtutorial.explorer.places import Kind, Part, Place
from sbtutorial.explorer.tables import Shown, Table
from sbtutorial.snapshot import DEAD

PAGE_SIZE = 20
_AT_ONCE = 250  # of what is peeked; the service may give less
_BEYOND = 1 << 63  # of which no sequence number is
_SESSIONS_AT_ONCE = 8  # each takes the SDK a second, nearly all of it asleep
Wanted = Callable[[Message], bool]


@dataclass(frozen=True, repr=False)
class Page(Shown):
    """Some messages in their order.

    Attributes:
        place: Where they are.
        messages: Those of this page.
        next_number: Where the next page begins; None when this is the last one.
        held: Sessions that somebody holds, so that they could not be looked into.
        looked_at: How many messages were looked at to find these.
    """

    place: Place
    messages: tuple[Message, ...]
    next_number: int | None = None
    held: tuple[str, ...] = ()
    looked_at: int = 0

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)

    def __len__(self) -> int:
        return len(self.messages)

    def __getitem__(self, at: int) -> Message:
        return self.messages[at]

    def table(self) -> Table:
        """A row each."""
        heads = ("message", "state", "message id", "session", "subject", "failed", "body", "reason")
        nothing = f"{self.place}: no such messages" if self.looked_at else f"{self.place}: empty"
        return Table(str(self.place), heads, map(_row, self.messages), nothing)

    def remark(self) -> str:
        """Whether there is more, and what could not be seen."""
        more = f"… and more from message {self.next_number} on" if self.next_number else ""
        held = f"held by other receivers: session {', '.join(self.held)}" if self.held else ""
        return "\n".join(filter(None, (more, held)))


def browse(
    links: Links,
    place: Place,
    *,
    start: int = 0,
    count: int = PAGE_SIZE,
    wanted: Wanted | None = None,
    session: str | None = None,
    has_sessions: bool = False,
) -> Page:
    """Look at messages from a number on.

    Args:
        links: To the namespace.
        place: A queue, a subscription or dead letters.
        start: The first number.
        count: How many messages at most.
        wanted: Says which ones; None for all.
        session: Only those of this session.
        has_sessions: Whether the entity can be looked into by session only.

    Raises:
        TutorialError: A topic cannot be looked into, or the service refuses.
    """
    if not isinstance(count, int) or count < 1:
        raise TutorialError(f"count says how many messages at most, 1 or more; {count!r} does not.")
    if not isinstance(start, int) or start >= _BEYOND:
        raise TutorialError(f"A message is known by its sequence number; {start!r} is none.")
    _require_messages(place)
    held: list[str] = []
    if session is not None or not has_sessions or place.part is not Part.LIVE:
        found = list(_found(links, place, session, start, count + 1, wanted))
    else:
        found = _gathered(links, place, start, count + 1, wanted, held)
    shown = [message for message, _ in found[:count]]
    looked_at = found[-1][1] if found else 0
    following = found[count][0].sequence_number if len(found) > count else None
    return Page(place, tuple(shown), following, tuple(held), looked_at)


def matcher(
    *, text: str | None = None, where: str | None = None, states: tuple[str, ...] = ()
) -> Wanted | None:
    """What `browse` is to look for.

    Args:
        text: Stands in the body, in any case, or in a property.
        where: SQL as a subscription's filter has it, on the message's properties.
        states: The message is in one of these.

    Raises:
        TutorialError: The SQL cannot be read.
    """
    from sbtutorial.broker.rules.filters.errors import FilterError
    from sbtutorial.explorer.seen import SeenProperties
    from sbtutorial.explorer.translation import filter_from

    conditions: list[Wanted] = []
    if text:
        sought = text.lower()
        conditions.append(lambda message: sought in _everything(message).lower())
    if where:
        condition = filter_from(where)

        def holds(message: Message) -> bool:
            with suppress(FilterError):
                return condition.matches(SeenProperties(message.draft, message.service))
            return False

        conditions.append(holds)
    if states:
        conditions.append(lambda message: message.state in states)
    if not conditions:
        return None
    return lambda message: all(each(message) for each in conditions)


def peek_all(receiver: LentReceiver, place: Place, start: int = 0) -> Iterator[Message]:
    """Every message from a number on, as long as somebody asks for more."""
    number = max(start, 1)
    while messages := receiver.peek_messages(_AT_ONCE, sequence_number=number):
        yield from (Message.seen(place, message) for message in messages)
        number = int(messages[-1].sequence_number or 0) + 1


def _found(
    links: Links, place: Place, session: str | None, start: int, count: int, wanted: Wanted | None
) -> Iterator[tuple[Message, int]]:
    """Messages, each with how many have been looked at."""
    with links.receiver(place, session=session) as receiver:
        for at, message in enumerate(peek_all(receiver, place, start), 1):
            if wanted is None or wanted(message):
                yield message, at
                count -= 1
            if not count:
                return


def _gathered(
    links: Links, place: Place, start: int, count: int, wanted: Wanted | None, held: list[str]
) -> list[tuple[Message, int]]:
    """The same of every session, in the order of numbers."""

    def of(session: str) -> list[tuple[Message, int]]:
        try:
            return list(_found(links, place, session, start, count, wanted))
        except TutorialError as refusal:
            if type(refusal.__cause__).__name__ != "SessionCannotBeLockedError":
                raise
            held.append(session)
            return []

    with ThreadPoolExecutor(_SESSIONS_AT_ONCE) as pool:
        found = list(pool.map(of, links.sessions(place)))
    held.sort()
    return list(merge(*found, key=lambda one: one[0].sequence_number))[:count]


def _require_messages(place: Place) -> None:
    if place.kind is Kind.TOPIC:
        raise TutorialError(
            f"'{place}' is a topic, and a topic keeps no messages: its subscriptions do, as in "
            f'"{place}/<subscription>". What is scheduled to it, the SDK cannot look at: '
            f'explorer.scheduled("{place}") tells of it, offline.'
        )


def _row(message: Message) -> tuple[object, ...]:
    identity = message.message_id
    return (
        message.sequence_number,
        "" if message.state == DEAD else message.state,
        "" if identity is None or is_random(identity) else spelled(identity),
        message.session_id,
        message.draft.properties.get("subject"),
        message.service["delivery_count"] or "",
        message.first_words(),
        message.reason,
    )


def _everything(message: Message) -> str:
    return "\n".join([message.body, *(spelled(row.value) for row in message.sections())])
