"""How often messages were delivered: once each, if all goes well."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sbtutorial.trace import Event
from sbtutorial.views.palette import BARS, INK
from sbtutorial.views.plots.rows import Rows, events_of, prepared, rows_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MADE_BY = 'lab.plots.delivery_counts(lab.events("orders"))'
_DELIVERED = {"locked", "taken"}
_ARRIVED = {"sent", "copied", "activated"}
_LINES = 6


class Deliveries(NamedTuple):
    """How many messages were delivered so many times.

    Attributes:
        deliveries: How many times; 0 for not yet.
        messages: How many messages.
    """

    deliveries: int
    messages: int


class DeliveryCounts(Rows[Deliveries]):
    """How many messages were delivered how often, the fewest deliveries first."""

    title = "How often messages were delivered"
    heads = ("deliveries", "messages")

    def cells(self, row: Deliveries) -> tuple[str, ...]:
        """How often, how many messages."""
        return str(row.deliveries), str(row.messages)

    @property
    def summary(self) -> str:
        """How many deliveries there were in all."""
        if not self:
            return ""
        deliveries = sum(row.deliveries * row.messages for row in self)
        return f"{deliveries} deliveries of {sum(row.messages for row in self)} messages."

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw a bar for each number; see `draw_delivery_counts`."""
        return draw_delivery_counts(self, ax)


def delivery_counts(events: Sequence[Event]) -> DeliveryCounts:
    """Rows of how many messages were delivered how often.

    Args:
        events: As `lab.events("orders")` gives them.
    """
    given = events_of(events)
    counts = Counter(event.sequence_number for event in given if event.what in _DELIVERED)
    numbers = {event.sequence_number for event in given if event.what in _ARRIVED} | {*counts}
    messages = Counter(counts[number] for number in numbers)
    return DeliveryCounts(Deliveries(*pair) for pair in sorted(messages.items()))


def draw_delivery_counts(rows: Sequence[Deliveries], ax: "Axes | None" = None) -> "Axes":
    """Draw a bar for each number of deliveries, with its messages above it."""
    from matplotlib.ticker import MaxNLocator

    shown = DeliveryCounts(rows_of(rows, Deliveries, _MADE_BY))
    axes = prepared(shown, ax, _LINES)
    for row in shown:
        style = BARS[0] if row.deliveries <= 1 else BARS[1]
        axes.bar(row.deliveries, row.messages, width=0.7, **style.fill)
        place = row.deliveries, row.messages
        axes.annotate(str(row.messages), place, ha="center", va="bottom", color=INK)
    axes.set_xticks([row.deliveries for row in shown])
    axes.margins(y=0.15)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("deliveries of one message", color=INK)
    axes.set_ylabel("messages", color=INK)
    return axes
