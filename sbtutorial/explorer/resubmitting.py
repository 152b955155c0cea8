"""Dead letters repaired and sent again, so that none is lost and none is swallowed.

A copy is sent first; the dead letter is completed after the service has taken the copy. What ends
the program between the two leaves both, and nothing is lost. Where duplicate detection may know the
id of the copy, it would be taken and dropped without a word, and completing the dead letter would
lose it: that is refused before anything is sent, and an id is proposed.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.browsing import peek_all
from sbtutorial.explorer.dead_letters import Group, dead_letters
from sbtutorial.explorer.draft import Draft
from sbtutorial.explorer.entities import Entity
from sbtutorial.explorer.links import Links
from sbtutorial.explorer.message import Message
from sbtutorial.explorer.places import Kind, Place
from sbtutorial.explorer.sending import counted
from sbtutorial.explorer.taking import Taken, taken

AGAIN = "{}-again"
_AT_ONCE = 100  # so few are held at a time that no lock runs out meanwhile
Repair = Callable[[Draft], Draft]


class WouldBeDroppedError(TutorialError):
    """A copy that duplicate detection would take and drop; nothing was sent."""


@dataclass(frozen=True)
class Resubmitted:
    """What became of dead letters.

    Attributes:
        source: Where they were.
        target: The queue or topic that took the copies.
        numbers: Those that were sent again and completed.
        missing: Those that could not be had: gone, or locked by another receiver.
        sent_twice: Those whose copy was sent, and which then could not be completed.
    """

    source: Place
    target: Place
    numbers: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    sent_twice: tuple[int, ...] = field(default=())

    def __repr__(self) -> str:
        lines = [f"{counted(len(self.numbers))} of {self.source} sent again to {self.target}"]
        if self.numbers and self.target.kind is Kind.TOPIC:
            lines.append("every subscription of the topic whose rules let them through gets them")
        if self.missing:
            lines.append(f"not to be had, gone or locked by another receiver: {self.missing}")
        if self.sent_twice:
            lines.append(f"sent, and still a dead letter as its lock ran out: {self.sent_twice}")
        return "\n".join(lines)


def resubmit(
    links: Links,
    place: Place,
    target: Entity,
    numbers: Sequence[int],
    *,
    repair: Repair,
    now: float,
) -> Resubmitted:
    """Send copies of dead letters, and complete each when its copy has been taken.

    Args:
        links: To the namespace.
        place: The dead letters.
        target: The queue or topic that is to get the copies.
        numbers: Which dead letters.
        repair: Makes a copy of what the sender wrote.
        now: Seconds since the epoch, by this computer's clock, which a message's times go by, too;
            broker time may be ahead of both.

    Raises:
        WouldBeDroppedError: Duplicate detection would swallow a copy.
        TutorialError: The service refuses.
    """
    seen = _peeked(links, place, numbers)
    copies = {number: repair(message.draft.renewed()) for number, message in seen.items()}
    for number, copy in copies.items():
        _require_unknown_id(seen[number], copy, target, now)
    _require_own_ids(list(copies.values()), target)
    wire = {number: copy.to_sdk() for number, copy in copies.items()}
    done: list[int] = []
    twice: list[int] = []
    for at in range(0, len(numbers), _AT_ONCE):
        with (
            taken(links, place, numbers[at : at + _AT_ONCE]) as held,
            links.sender(target.place) as sender,
        ):
            for number in (message.sequence_number for message in held.messages):
                sender.send(wire[number])
                (done if completed(held, number) else twice).append(number)
    known = {*done, *twice}
    missing = tuple(number for number in numbers if number not in known)
    return Resubmitted(place, target.place, tuple(done), missing, tuple(twice))


def completed(held: Taken, number: int) -> bool:
    """Complete a dead letter whose copy was sent; False when its lock has run out meanwhile."""
    from azure.servicebus.exceptions import MessageAlreadySettled, ServiceBusError

    try:
        held.settle(number, "complete_message")
    except (ServiceBusError, MessageAlreadySettled):
        return False
    return True


def repairing(changes: Mapping[str, Any], repair: Repair | None) -> Repair:
    """What to do with each copy.

    Args:
        changes: Other values under the SDK's names; `{}` in `message_id` is the id as it was.
        repair: What else; it gets a draft, and gives one.
    """

    def make(draft: Draft) -> Draft:
        changed = dict(changes)
        if isinstance(template := changed.get("message_id"), str):
            changed["message_id"] = template.replace("{}", str(draft.message_id or ""))
        fixed = draft.changed(**changed)
        return fixed if repair is None else _repaired(repair, fixed)

    return make


def chosen_numbers(
    links: Links,
    place: Place,
    numbers: int | Sequence[int] | Message | Group | None,
    reason: str | None,
) -> list[int]:
    """Which dead letters are meant: these; all of a reason; or all.

    Raises:
        TutorialError: A number is none, or there is no dead letter of that reason.
    """
    if isinstance(numbers, Message):
        raise TutorialError("Messages are named by their numbers: give its sequence_number.")
    if isinstance(numbers, Group):
        raise TutorialError("Messages are named by their numbers: give the group's numbers.")
    if isinstance(numbers, int):
        numbers = [numbers]
    if numbers is not None:
        wrong = [one for one in numbers if not isinstance(one, int) or isinstance(one, bool)]
        if wrong:
            raise TutorialError(f"Messages are named by their numbers; {wrong[0]!r} is none.")
        return list(dict.fromkeys(numbers))
    groups = dead_letters(links, place)
    if reason is None:
        return sorted(number for group in groups for number in group.numbers)
    return groups[reason].numbers


def _require_unknown_id(message: Message, copy: Draft, target: Entity, now: float) -> None:
    description: Any = target.description
    if not description.requires_duplicate_detection or copy.message_id is None:
        return
    window: timedelta = description.duplicate_detection_history_time_window
    if copy.message_id != message.message_id or _is_forgotten(message, window, now):
        return
    raise WouldBeDroppedError(
        f"'{target.place}' detects duplicates, and may know the id '{copy.message_id}' of message "
        f"{message.sequence_number}: it would take the copy and drop it. Give the copy another id: "
        f"message_id=\"{AGAIN}\" makes it '{AGAIN.format(copy.message_id)}'. Nothing was sent."
    )


def _require_own_ids(copies: Sequence[Draft], target: Entity) -> None:
    """Of two copies with one id the second would be dropped."""
    description: Any = target.description
    ids = Counter(copy.message_id for copy in copies if copy.message_id is not None)
    twice = [one for one, count in ids.items() if count > 1]
    if description.requires_duplicate_detection and twice:
        raise WouldBeDroppedError(
            f"'{target.place}' detects duplicates, and {ids[twice[0]]} copies would have the id "
            f"'{twice[0]}': it would keep the first of them. Give each its own id, as in "
            'message_id="{}-again". Nothing was sent.'
        )


def _is_forgotten(message: Message, window: timedelta, now: float) -> bool:
    """Whether the id was last heard of longer ago than ids are kept."""
    enqueued: datetime | None = message.service["enqueued_time_utc"]
    return enqueued is not None and enqueued.timestamp() + window.total_seconds() < now


def _peeked(links: Links, place: Place, numbers: Sequence[int]) -> dict[int, Message]:
    """Those of the dead letters that are there, so that all are looked at before one is sent."""
    wanted = set(numbers)
    found: dict[int, Message] = {}
    if not wanted:
        return found
    last = max(wanted)
    with links.receiver(place) as receiver:
        for message in peek_all(receiver, place, min(wanted)):
            if message.sequence_number in wanted:
                found[message.sequence_number] = message
            if message.sequence_number >= last:
                break
    return found


def _repaired(repair: Repair, draft: Draft) -> Draft:
    fixed = repair(draft)
    if not isinstance(fixed, Draft):
        raise TutorialError(
            "repair gets a draft and gives one back, as in "
            f"lambda draft: draft.changed(subject='fixed'); yours gave {fixed!r}."
        )
    return fixed
