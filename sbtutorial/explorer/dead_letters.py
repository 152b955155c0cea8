"""Dead letters by the reason why they are dead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.browsing import peek_all
from sbtutorial.explorer.links import Links
from sbtutorial.explorer.message import Message
from sbtutorial.explorer.places import Place
from sbtutorial.explorer.tables import Shown, Table

NO_REASON = "no reason given"
_SHOWN_NUMBERS = 5


@dataclass(frozen=True)
class Group:
    """Dead letters of one reason.

    Attributes:
        reason: In a word; `NO_REASON` when nobody gave one.
        messages: In the order of their numbers.
    """

    reason: str
    messages: tuple[Message, ...]

    @property
    def numbers(self) -> list[int]:
        """Their sequence numbers."""
        return [message.sequence_number for message in self.messages]

    @property
    def description(self) -> str:
        """What was said of the first; empty when nothing was."""
        return self.messages[0].service["dead_letter_error_description"] or ""


class DeadLetters(Shown):
    """All dead letters of an entity, the largest group first."""

    def __init__(self, place: Place, groups: Sequence[Group]) -> None:
        self.place = place
        self.groups = tuple(groups)

    def __iter__(self) -> Iterator[Group]:
        return iter(self.groups)

    def __len__(self) -> int:
        return sum(len(group.messages) for group in self)

    def __getitem__(self, reason: str) -> Group:
        """Those of one reason.

        Raises:
            TutorialError: There are none; says which reasons there are.
        """
        for group in self:
            if group.reason == reason:
                return group
        known = ", ".join(group.reason for group in self) or "none at all"
        raise TutorialError(
            f"No dead letter of {self.place.live} has the reason '{reason}': {known}."
        )

    def table(self) -> Table:
        """A row each reason."""
        rows = (
            (group.reason, len(group.messages), _numbers(group.numbers), group.description)
            for group in self
        )
        heads = ("reason", "how many", "messages", "said of the first")
        return Table(f"dead letters of {self.place.live}", heads, rows, f"{self.place}: empty")


def dead_letters(links: Links, place: Place) -> DeadLetters:
    """Look at every dead letter of an entity, and group them.

    Raises:
        TutorialError: The service refuses.
    """
    dead = place.dead_letters
    groups: dict[str, list[Message]] = {}
    with links.receiver(dead) as receiver:
        for message in peek_all(receiver, dead):
            groups.setdefault(message.reason or NO_REASON, []).append(message)
    ordered = sorted(groups.items(), key=lambda one: (-len(one[1]), one[0]))
    return DeadLetters(dead, [Group(reason, tuple(messages)) for reason, messages in ordered])


def _numbers(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_SHOWN_NUMBERS]))
    return shown + ", …" * (len(numbers) > _SHOWN_NUMBERS)
