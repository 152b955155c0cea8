"""What Azure would count, and bill: operations, told by the broker's events.

    lab.operations("orders")   # 3 for an order that went there and back

One operation is one call that Service Bus does something for. So each of these counts as one: a
message that is sent, a message that is handed out, a settlement, a lock that is renewed, a setting
that is made or changed. A batch counts by its messages, which is the cautious side. What the broker
does by itself (a lock that runs out, a message that expires, a copy for a subscription) is nobody's
call. Two things are not in the log, and so not in the sum: looking (`peek_messages`, `get_queue`),
and a message of more than 64 KB, which is billed as several.

Source: Azure, "Service Bus pricing", which calls any API call an operation; "Service Bus FAQ".
"""

from collections import Counter
from collections.abc import Iterable

from sbtutorial.trace import Event
from sbtutorial.views.markup import element
from sbtutorial.views.text_table import table

_KINDS = {
    "sent": {"sent", "scheduled", "duplicate_dropped", "cancelled"},
    "handed out": {"locked", "taken"},
    "settled": {"completed", "abandoned", "deferred", "dead_lettered"},
    "locks and sessions": {
        *("lock_renewed", "session_locked", "session_lock_renewed", "session_state_set"),
    },
    "settings": {
        f"{what}_{done}"
        for what in ("queue", "topic", "subscription", "rule")
        for done in ("created", "updated", "deleted")
    },
}
_HEADS = ("operations", "how many")
_NONE = "no operations are known"
_BY_THE_BROKER = {"dead_lettered", "abandoned"}  # unless somebody is said to have done it


class Operations(Counter[str]):
    """How many operations of each kind; it shows itself as a table, where any are known."""

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Each kind that there was, and the sum."""
        rows = [(kind, f"{self[kind]:,}") for kind in _KINDS if self[kind]]
        return [*rows, ("together", f"{self.total():,}")]

    def __repr__(self) -> str:
        return "\n".join(table([_HEADS, *self.rows])) if self.total() else _NONE

    def _repr_html_(self) -> str:
        if not self.total():
            return element("p", _NONE).text
        head = element("tr", *(element("th", name, scope="col") for name in _HEADS))
        rows = (
            element("tr", element("th", kind, scope="row"), element("td", count))
            for kind, count in self.rows
        )
        return element("table", element("thead", head), element("tbody", *rows)).text


def count(events: Iterable[Event]) -> Operations:
    """The operations that made these events."""
    found = Operations()
    for event in events:
        if event.what in _BY_THE_BROKER and not event.who:
            continue
        for kind, words in _KINDS.items():
            found[kind] += event.what in words
    return found
