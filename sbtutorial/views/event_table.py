"""A list of events that shows itself as a table of text, or as a list in HTML."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import SupportsIndex, overload

from sbtutorial.text import one_line
from sbtutorial.trace import Event
from sbtutorial.views.markup import columns, twin
from sbtutorial.views.queue_text import readable_name
from sbtutorial.views.text_table import table

_RANDOM_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_COLUMNS: dict[str, Callable[[Event], str]] = {
    "what": lambda event: event.what.replace("_", " "),
    "entity": lambda event: event.entity,
    "message": lambda event: str(event.sequence_number or ""),
    "message id": lambda event: chosen_id(event.message_id or ""),
    "by": lambda event: readable_name(event.who) if event.who else "",
    "delivery count": lambda event: str(event.delivery_count) if event.sequence_number else "",
    "detail": lambda event: event.detail,
}
_COUNTED = "delivery\N{NO-BREAK SPACE}count\N{NO-BREAK SPACE}{}"

# What stands before a cell in HTML, where there are no heads.
_WORDS = {
    "entity": "in",
    "message id": "id",
    "by": "by",
    "delivery count": "",
    "detail": "",
}


class EventTable(list[Event]):
    """Events in the order in which they happened.

    The table leaves out what differs from run to run (instants, numbers, random names), columns
    that are empty, and the entity where there is only one; the events themselves have it all.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        super().__init__(events)

    @overload
    def __getitem__(self, index: SupportsIndex) -> Event: ...

    @overload
    def __getitem__(self, index: slice) -> "EventTable": ...

    def __getitem__(self, index: SupportsIndex | slice) -> "Event | EventTable":
        """An event; or some of them, as a table again."""
        if isinstance(index, slice):
            return EventTable(super().__getitem__(index))
        return super().__getitem__(index)

    def __repr__(self) -> str:
        if not self:
            return "no events"
        named = [[head, *map(one_line, cells)] for head, cells in self._columns().items()]
        return "\n".join(table(zip(*named, strict=True)))

    def _repr_html_(self) -> str:
        if not self:
            return twin("no events").text
        rows = zip(*self._columns().values(), strict=True)
        heads = [*self._columns()]
        sentences = [_sentence(dict(zip(heads, row, strict=True))) for row in rows]
        return twin("", columns(sentences)).text

    def _columns(self) -> dict[str, list[str]]:
        """The cells of each column that says something, by its head."""
        found = {head: [cell(event) for event in self] for head, cell in _COLUMNS.items()}
        if len({event.entity for event in self}) == 1:
            del found["entity"]
        return {head: cells for head, cells in found.items() if any(cells)}


def _sentence(cells: Mapping[str, str]) -> tuple[str, str, str]:
    """What happened, to which message, and the rest in one piece."""
    said = {head: one_line(cell) for head, cell in cells.items() if cell}
    what, message = said.pop("what"), said.pop("message", "")
    if "delivery count" in said:
        said["delivery count"] = _COUNTED.format(said["delivery count"])
    rest = (f"{_WORDS[head]} {words}".lstrip() for head, words in said.items())
    return what, message and f"message {message}", ", ".join(rest)


def chosen_id(message_id: str) -> str:
    """A message id that somebody chose; the SDK makes a random one otherwise."""
    return "" if _RANDOM_ID.fullmatch(message_id) else message_id
