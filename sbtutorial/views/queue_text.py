"""A queue drawn in text: who waits, who is locked and by whom, what is set aside, what is dead.

    orders   ready   1 coffee   3 cake
             locked  2 tea   by cashier (gone), about 30 s left, delivery count 0
             dead    –

The same queue gives the same text every time: times are rounded, names that a client made up at
random are left out. Drawing is all that is here; `lab.show` fetches what is drawn.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from sbtutorial.snapshot import (
    DEAD,
    DEFERRED,
    SCHEDULED,
    STATES,
    MessageSnapshot,
    QueueSnapshot,
)
from sbtutorial.text import about_to_come, one_line, shortened

_EMPTY = "–"
_GAP = "   "
_TEXT_CHARS = 24
# Few lessons defer or schedule: these states are drawn when they hold something.
_DRAWN_IF_ANY = (DEFERRED, SCHEDULED)
# The SDK calls a client without a name of its own SBReceiver-<uuid>.
_RANDOM_NAME = re.compile(r".*[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Picture:
    """A queue at one instant, which shows itself as text.

    Attributes:
        snapshot: What is drawn.
    """

    def __init__(self, snapshot: QueueSnapshot) -> None:
        self.snapshot = snapshot

    def __repr__(self) -> str:
        return draw(self.snapshot)


def draw(snapshot: QueueSnapshot) -> str:
    """The picture as text, a line for each state, or more where each message needs its own."""
    counts = snapshot.counts
    states = [state for state in STATES if _is_drawn(state, counts)]
    width = max(map(len, states))
    rows = [
        (state if number == 0 else "", line)
        for state in states
        for number, line in enumerate(_lines(state, counts[state], snapshot.messages))
    ]
    margin = snapshot.name + _GAP
    return "\n".join(
        f"{margin if number == 0 else '':{len(margin)}}{state:{width}}  {line}".rstrip()
        for number, (state, line) in enumerate(rows)
    )


def _is_drawn(state: str, counts: Mapping[str, int]) -> bool:
    return state in counts and (counts[state] > 0 or state not in _DRAWN_IF_ANY)


def _lines(state: str, count: int, messages: Sequence[MessageSnapshot]) -> Iterator[str]:
    shown = [message for message in messages if message.state == state]
    more = [f"… and {count - len(shown)} more"] if count > len(shown) else []
    entries = [(_name(message), _remarks(message)) for message in shown]
    if any(remarks for _, remarks in entries):
        yield from (_GAP.join(filter(None, entry)) for entry in entries)
        yield from more
    else:
        yield _GAP.join([name for name, _ in entries] + more) or _EMPTY


def _name(message: MessageSnapshot) -> str:
    """A message by its number and, when its body is text, by the beginning of that."""
    number = str(message.sequence_number)
    text = " ".join((message.text or "").split())
    if not text or not text.isprintable():
        return number
    return f"{number} {shortened(text, _TEXT_CHARS)}"


def _remarks(message: MessageSnapshot) -> str:
    """What there is to say of a message beyond its name."""
    left = message.lock_seconds_left
    is_locked = left is not None
    remarks = [
        message.dead_letter_reason if message.state == DEAD else None,
        _holder(message) if is_locked else None,
        None if left is None else f"{about_to_come(left)} left",
        _scheduled(message),
        f"delivery count {message.delivery_count}" if is_locked or message.delivery_count else None,
    ]
    return ", ".join(one_line(remark) for remark in remarks if remark)


def readable_name(who: str) -> str:
    """A client's own name; without one, the kind of client that it is."""
    if not _RANDOM_NAME.fullmatch(who):
        return one_line(who) or "a receiver"
    return "a sender" if who.startswith("SBSender") else "a receiver"


def _holder(message: MessageSnapshot) -> str:
    name = readable_name(message.locked_by or "")
    return f"by {name}" if message.holder_attached else f"by {name} (gone)"


def _scheduled(message: MessageSnapshot) -> str | None:
    seconds = message.scheduled_seconds
    return None if seconds is None else f"in {about_to_come(seconds)}"
