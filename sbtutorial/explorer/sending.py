"""Messages sent: one, many, or the same many times."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.draft import Draft
from sbtutorial.explorer.links import Links
from sbtutorial.explorer.places import Kind, Place

_BATCH = 100
MAX_REPEATS = 100_000


@dataclass(frozen=True)
class Sent:
    """What was sent.

    Attributes:
        place: The queue or topic that took it.
        count: How many messages.
    """

    place: Place
    count: int

    def __repr__(self) -> str:
        return f"sent {counted(self.count)} to {self.place}"


def send(links: Links, place: Place, drafts: Iterable[Draft]) -> Sent:
    """Send messages in their order, a hundred at a time.

    Raises:
        TutorialError: The service or the SDK refuses one; those before it may have been taken.
    """
    _require_target(place)
    count = 0
    with links.sender(place) as sender:
        for batch in _batches(drafts):
            messages: Any = [draft.to_sdk() for draft in batch]
            sender.send(messages[0] if len(messages) == 1 else messages)
            count += len(batch)
    return Sent(place.target, count)


def repeated(draft: Draft, repeat: int) -> Iterator[Draft]:
    """The same message several times; each copy of one that has an id gets an id of its own.

    Args:
        draft: What to send.
        repeat: How often, from 1 on.

    Raises:
        TutorialError: That is no such number.
    """
    is_number = isinstance(repeat, int) and not isinstance(repeat, bool)
    if not is_number or not 1 <= repeat <= MAX_REPEATS:
        raise TutorialError(f"repeat is a number from 1 to {MAX_REPEATS}; {repeat!r} is not.")
    for number in range(1, repeat + 1):
        with_own_id = repeat > 1 and isinstance(draft.message_id, str)
        yield draft.changed(message_id=f"{draft.message_id}-{number}") if with_own_id else draft


def cancel_scheduled(links: Links, place: Place, numbers: Sequence[int]) -> int:
    """Take back messages that are scheduled.

    Raises:
        TutorialError: There is no scheduled message of one of these numbers.
    """
    _require_target(place)
    with links.sender(place) as sender:
        sender.cancel_scheduled(list(numbers))
    return len(numbers)


def counted(count: int) -> str:
    """Messages in words: "1 message", "2 messages"."""
    return f"{count} message" + ("" if count == 1 else "s")


def _batches(drafts: Iterable[Draft]) -> Iterator[list[Draft]]:
    rest = iter(drafts)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _require_target(place: Place) -> None:
    if place.is_dead:
        raise TutorialError(f"Nobody sends to {place}: send to {place.target} instead.")
    if place.kind is Kind.SUBSCRIPTION:
        raise TutorialError(
            f"A subscription gets its messages from its topic: send to '{place.entity}'."
        )
