"""What happened to a message, or to all of a queue's: as text, as HTML, or drawn to scale.

    orders, message 2

    waiting                   a moment
    locked by cashier         a moment     ✗ cashier vanished
    locked by cashier (gone)  about 30 s   the lock ran out, delivery count 1
    waiting                   a moment
    locked by relief          a moment     completed by relief

It is made from the events alone, in broker time, so a minute that was advanced counts as a minute.
In words lengths are rounded, so that the same story gives the same text on every run; in pictures
they are to scale.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from sbtutorial.trace import Event
from sbtutorial.views.life import Span
from sbtutorial.views.lives import Life, alike, ranges
from sbtutorial.views.markup import Markup, element, twin
from sbtutorial.views.text_table import table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARGIN = "  "
_MOST_STORIES = 12


class Timeline:
    """The life of one message: text by itself, a picture by `plot`.

    Attributes:
        title: Which message it is.
        life: Its life.
    """

    def __init__(self, title: str, life: Life, moves: Iterable[Event] = ()) -> None:
        """Tell a life.

        Args:
            title: Which message it is, in words.
            life: What happened to it.
            moves: When the clock was moved meanwhile: events.
        """
        self.title = title
        self.life = life
        self._moves = tuple(moves)

    @property
    def spans(self) -> tuple[Span, ...]:
        """Where the message was, in order."""
        return self.life.spans

    @property
    def description(self) -> str:
        """What the picture shows, in one line: its alternative text."""
        return f"Timeline of {self.title}: {_told(self.spans) or 'nothing is known'}."

    def __repr__(self) -> str:
        if not self.spans:
            return self.title
        return "\n".join((self.title, "", *_table(self.spans)))

    def _repr_html_(self) -> str:
        return twin(self.title, _list(self.spans)).text

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw it with matplotlib: a row for each who had the message, time to scale.

        Args:
            ax: Where to draw; a figure of its own if none are given.

        Returns:
            The axes drawn on; the data are seconds since the message was sent.
        """
        from sbtutorial.views.one_message import draw_message

        return draw_message(self.title, self.life, self._moves, self.description, ax)


class QueueTimeline:
    """The lives of a queue's messages: text by itself, a picture by `plot`.

    Attributes:
        title: Which queue it is, and how many messages.
        lives: Their lives, by their numbers.
    """

    def __init__(self, title: str, lives: Sequence[Life], moves: Iterable[Event] = ()) -> None:
        """Tell lives.

        Args:
            title: Whose they are, in words.
            lives: What happened to each message.
            moves: When the clock was moved meanwhile: events.
        """
        count = "1 message" if len(lives) == 1 else f"{len(lives)} messages"
        self.title = f"{title}, {count}"
        self.lives = tuple(lives)
        self._moves = tuple(moves)

    @property
    def description(self) -> str:
        """What the picture shows, in one line: its alternative text."""
        stories = [f"{_names(group)}: {_told(group[0].spans)}" for group in self._stories]
        told = [f"Timeline of {self.title}", *stories, *self._untold]
        return " ".join(f"{sentence}." for sentence in told)

    def __repr__(self) -> str:
        blocks = [
            "\n".join((_names(group), *(_MARGIN + line for line in _table(group[0].spans))))
            for group in self._stories
        ]
        return "\n\n".join((self.title, *blocks, *self._untold))

    def _repr_html_(self) -> str:
        blocks = [
            part for group in self._stories for part in (_name_of(group), _list(group[0].spans))
        ]
        more = [element("p", words) for words in self._untold]
        return twin(self.title, *blocks, *more).text

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw them with matplotlib: a row for each message, time to scale.

        Args:
            ax: Where to draw; a figure of its own if none are given.

        Returns:
            The axes drawn on; the data are seconds since the first message was sent.
        """
        from sbtutorial.views.many_messages import draw_queue

        return draw_queue(self.title, self.lives, self._moves, self.description, ax)

    @property
    def _stories(self) -> list[list[Life]]:
        """Messages of the same story together: of a thousand most are alike."""
        return alike(self.lives)[:_MOST_STORIES]

    @property
    def _untold(self) -> list[str]:
        rest = alike(self.lives)[_MOST_STORIES:]
        count = sum(map(len, rest))
        return [f"… and {count} more"] if rest else []


def _names(group: Sequence[Life]) -> str:
    """Which messages these are."""
    first = group[0]
    if len(group) == 1:
        name = f"message {first.label}"
    else:
        again = ", each with an id that was there before" if first.is_repeat else ""
        name = f"messages {ranges([life.number for life in group])} ({len(group)}){again}"
    dropped = len(first.duplicates)
    copies = "a copy of it" if dropped == 1 else f"{dropped} copies of it"
    return f"{name}, {copies} dropped" if dropped else name


def _name_of(group: Sequence[Life]) -> Markup:
    return element("p", element("b", _names(group)), style="margin: 6px 0 0")


def _told(spans: Iterable[Span]) -> str:
    """Spans in one line."""
    return "; ".join(", ".join(filter(None, (_place(span), span.remarks))) for span in spans)


def _place(span: Span) -> str:
    return f"{span.label} {span.length}"


def _list(spans: Iterable[Span]) -> Markup:
    items = (element("li", *_item(span)) for span in spans)
    return element("ol", *items, style="margin: 4px 0")


def _item(span: Span) -> Iterator[Markup | str]:
    yield element("b", span.label)
    yield f" {span.length}"
    if span.remarks:
        yield f" – {span.remarks}"


def _table(spans: Sequence[Span]) -> Iterator[str]:
    return table(row for span in spans for row in _rows(span))


def _rows(span: Span) -> Iterator[tuple[str, str, str]]:
    """A span as text; a second note stands below the first, so that rows stay short."""
    first, *more = span.notes
    yield span.label, span.length, first
    yield from (("", "", note) for note in more)
