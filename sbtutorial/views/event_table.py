"""A list of events that shows itself as a table of text."""

import re
from collections.abc import Callable, Iterable

from sbtutorial.text import one_line
from sbtutorial.trace import Event
from sbtutorial.views.queue_text import readable_name

_GAP = "  "
_RANDOM_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_COLUMNS: dict[str, Callable[[Event], str]] = {
    "what": lambda event: event.what.replace("_", " "),
    "entity": lambda event: event.entity,
    "message": lambda event: str(event.sequence_number or ""),
    "message id": lambda event: _chosen_id(event.message_id or ""),
    "by": lambda event: readable_name(event.who) if event.who else "",
    "delivery count": lambda event: str(event.delivery_count) if event.sequence_number else "",
    "detail": lambda event: event.detail,
}


class EventTable(list[Event]):
    """Events in the order in which they happened.

    The table leaves out what differs from run to run (instants, numbers, random names), columns
    that are empty, and the entity where there is only one; the events themselves have it all.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        super().__init__(events)

    def __repr__(self) -> str:
        if not self:
            return "no events"
        columns = {
            head: [head, *(one_line(cell(event)) for event in self)]
            for head, cell in _COLUMNS.items()
        }
        if len({event.entity for event in self}) == 1:
            del columns["entity"]
        padded = [_pad(column) for column in columns.values() if any(column[1:])]
        return "\n".join(_GAP.join(row).rstrip() for row in zip(*padded, strict=True))


def _chosen_id(message_id: str) -> str:
    """A message id that somebody chose; the SDK makes a random one otherwise."""
    return "" if _RANDOM_ID.fullmatch(message_id) else message_id


def _pad(column: list[str]) -> list[str]:
    width = max(map(len, column))
    return [cell.ljust(width) for cell in column]
