"""A topic at one instant: each of its subscriptions, with what it holds.

counter   kitchen  ready   1 soup
          bar      –
          till     ready   1 soup
                   locked  2 tea   by clerk, about 30 s left, delivery count 0
"""

from collections.abc import Iterator, Sequence

from sbtutorial.snapshot import QueueSnapshot
from sbtutorial.views import queue_html, queue_text
from sbtutorial.views.markup import Markup, described, twin
from sbtutorial.views.queue_text import EMPTY

_GAP = "   "
_NOBODY = "no subscription: what is sent here is gone"


class TopicPicture:
    """A topic at one instant; it shows itself as text, or as HTML.

    Attributes:
        topic: Its name.
        subscriptions: Their names, each with its snapshot, in order.
    """

    def __init__(self, topic: str, subscriptions: Sequence[tuple[str, QueueSnapshot]]) -> None:
        self.topic = topic
        self.subscriptions = tuple(subscriptions)

    def __repr__(self) -> str:
        rows = list(self._rows())
        widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:2]]
        margin = self.topic + _GAP
        return "\n".join(
            f"{margin if number == 0 else '':{len(margin)}}"
            f"{name:{widths[0]}}  {state:{widths[1]}}  {line}".rstrip()
            for number, (name, state, line) in enumerate(rows)
        )

    def _repr_html_(self) -> str:
        rows = [(name, _holdings(snapshot)) for name, snapshot in self.subscriptions]
        return twin(self.topic, described(rows or [(EMPTY, _NOBODY)])).text

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        """Which subscription, which state, which messages; a name only where it changes."""
        for name, snapshot in self.subscriptions:
            rows = [row for row in queue_text.rows(snapshot) if row[1] != EMPTY]
            for number, (state, line) in enumerate(rows or [(EMPTY, "")]):
                yield ("" if number else name), state, line
        if not self.subscriptions:
            yield _NOBODY, "", ""


def _holdings(snapshot: QueueSnapshot) -> Markup | str:
    held = [(name, content) for name, content in queue_html.rows(snapshot) if content != EMPTY]
    return described(held) if held else EMPTY
