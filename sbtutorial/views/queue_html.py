"""A queue as plain HTML: a list of its states, or sessions, and in each a list of its messages.

It says what the text says, and more of a body: all that the snapshot has of it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from sbtutorial.snapshot import MOST_TEXT_CHARS, MessageSnapshot, QueueSnapshot
from sbtutorial.views.markup import Markup, described, element, lines, twin
from sbtutorial.views.queue_text import EMPTY, drawn_states, remarks_of, rest
from sbtutorial.views.session_lanes import IN_LANES, Lane, lanes, remarks_in_lane

_SHORT_CHARS = 60  # a longer body is folded
_LIST = "display: flex; flex-wrap: wrap; gap: 4px; margin: 0; padding: 0"
_ITEM = (
    "display: block; margin: 0; padding: 0 6px; border: 1px solid; border-radius: 4px; "
    "min-width: 0; overflow-wrap: break-word"
)


def write(snapshot: QueueSnapshot, *more: Markup) -> Markup:
    """The picture as HTML, and what is to stand below it."""
    return twin(snapshot.name, described(rows(snapshot)), *more)


def rows(snapshot: QueueSnapshot) -> list[tuple[str, Markup | str]]:
    """Each session and each state that is drawn, with its messages."""
    found = lanes(snapshot)
    return [(lane.name, _lane(lane)) for lane in found] + [
        (state, _messages(state, snapshot))
        for state in drawn_states(snapshot.counts)
        if not (found and state in IN_LANES)
    ]


def _messages(state: str, snapshot: QueueSnapshot) -> Markup | str:
    shown = [message for message in snapshot.messages if message.state == state]
    return _list(shown, snapshot.counts[state] - len(shown), lambda one: (remarks_of(one),))


def _lane(lane: Lane) -> Markup | str:
    messages = _list(lane.messages, lane.more, remarks_in_lane)
    return element("div", messages, element("div", lane.remark)) if lane.remark else messages


def _list(
    shown: Sequence[MessageSnapshot],
    more: int,
    remarks_on: Callable[[MessageSnapshot], Iterable[str]],
) -> Markup | str:
    items = [
        element("li", *_message(message, remarks_on(message)), style=_ITEM) for message in shown
    ]
    if more > 0:
        items.append(element("li", rest(len(shown) + more, len(shown)), style=_ITEM))
    return element("ul", *items, style=_LIST) if items else EMPTY


def _message(message: MessageSnapshot, remarks: Iterable[str]) -> Iterator[Markup | str]:
    number, text = element("strong", str(message.sequence_number)), message.text or ""
    if not _is_readable(text):
        yield number
    elif len(text) <= _SHORT_CHARS and "\n" not in text:
        yield from (number, " ", text)
    else:  # it opens when its beginning is clicked
        summary = element("summary", number, " ", _beginning(text))
        yield element("details", summary, element("div", lines(text)), *_cut(text))
    for said in filter(None, remarks):
        yield element("div", said)


def _cut(text: str) -> Iterator[Markup]:
    """Said of a body of which the snapshot has not all."""
    if len(text) == MOST_TEXT_CHARS and text.endswith("…"):
        said = f"The body is longer than {MOST_TEXT_CHARS:,} characters: peek_messages has all."
        yield element("em", said)


def _beginning(text: str) -> str:
    """The first words of a body, or a piece of its first word."""
    start = " ".join(text[: 2 * _SHORT_CHARS].split())[:_SHORT_CHARS]
    words, space, _ = start.rpartition(" ")
    return f"{words if space else start} …"


def _is_readable(text: str) -> bool:
    return all(each.isprintable() or each.isspace() for each in text)
