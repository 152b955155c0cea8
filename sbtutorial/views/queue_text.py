"""A queue drawn in text: who waits, who is locked and by whom, what is set aside, what is dead.

    orders   ready   1 coffee   3 cake
             locked  2 tea   by cashier (gone), about 30 s left, delivery count 0
             dead    –

The same queue gives the same text every time: times are rounded, names that a client made up at
random are left out. Drawing is all that is here; `lab.show` fetches what is drawn.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

_EMPTY = "–"
_GAP = "   "
_TEXT_CHARS = 24
# Few lessons defer or schedule: these states are drawn when they hold something.
_DRAWN_IF_ANY = ("deferred", "scheduled")
_IN_ORDER = ("ready", "ready or locked", "locked", "deferred", "scheduled", "dead")
# Above so many seconds: rounded to a step, in a unit, both in seconds.
_STEPS = ((7200, 3600, 3600, "h"), (120, 60, 60, "min"), (10, 10, 1, "s"), (-1, 1, 1, "s"))
# So much of a step above a whole number of steps is still that number.
_LATITUDE = 0.1
# The SDK calls a client without a name of its own SBReceiver-<uuid>.
_RANDOM_NAME = re.compile(r".*[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Snapshot = Mapping[str, Any]


class Picture:
    """A queue at one instant, which shows itself as text.

    Attributes:
        snapshot: What is drawn: `name`, `counts` by state, `messages`.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def __repr__(self) -> str:
        return draw(self.snapshot)


def draw(snapshot: Snapshot) -> str:
    """The picture as text, a line for each state, or more where each message needs its own."""
    counts: Mapping[str, int] = snapshot["counts"]
    states = [state for state in _IN_ORDER if _is_drawn(state, counts)]
    width = max(map(len, states))
    rows = [
        (state if number == 0 else "", line)
        for state in states
        for number, line in enumerate(_lines(state, counts[state], snapshot["messages"]))
    ]
    margin = snapshot["name"] + _GAP
    return "\n".join(
        f"{margin if number == 0 else '':{len(margin)}}{state:{width}}  {line}".rstrip()
        for number, (state, line) in enumerate(rows)
    )


def _is_drawn(state: str, counts: Mapping[str, int]) -> bool:
    return state in counts and (counts[state] > 0 or state not in _DRAWN_IF_ANY)


def _lines(state: str, count: int, messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    shown = [message for message in messages if message["state"] == state]
    more = [f"… and {count - len(shown)} more"] if count > len(shown) else []
    entries = [(_name(message), _remarks(message)) for message in shown]
    if any(remarks for _, remarks in entries):
        yield from (_GAP.join(filter(None, entry)) for entry in entries)
        yield from more
    else:
        yield _GAP.join([name for name, _ in entries] + more) or _EMPTY


def _name(message: Mapping[str, Any]) -> str:
    """A message by its number and, when its body is text, by the beginning of that."""
    number = str(message["sequence_number"])
    text = " ".join((message["text"] or "").split())
    if not text or not text.isprintable():
        return number
    return f"{number} {text if len(text) <= _TEXT_CHARS else text[: _TEXT_CHARS - 1] + '…'}"


def _remarks(message: Mapping[str, Any]) -> str:
    """What there is to say of a message beyond its name."""
    is_locked = message["lock_seconds_left"] is not None
    remarks = [
        message["dead_letter_reason"] if message["state"] == "dead" else None,
        _holder(message) if is_locked else None,
        f"{_about_to_come(message['lock_seconds_left'])} left" if is_locked else None,
        _scheduled(message),
        f"delivery count {message['delivery_count']}"
        if is_locked or message["delivery_count"]
        else None,
    ]
    return ", ".join(remark for remark in remarks if remark)


def readable_name(who: str) -> str:
    """A client's own name; without one, the kind of client that it is."""
    if not _RANDOM_NAME.fullmatch(who):
        return who or "a receiver"
    return "a sender" if who.startswith("SBSender") else "a receiver"


def _holder(message: Mapping[str, Any]) -> str:
    name = readable_name(message["locked_by"] or "")
    return f"by {name}" if message["holder_attached"] else f"by {name} (gone)"


def _scheduled(message: Mapping[str, Any]) -> str | None:
    seconds = message["scheduled_seconds"]
    return None if seconds is None else f"in {_about_to_come(seconds)}"


def about(seconds: float) -> str:
    """A stretch of time in words, in steps so wide that it reads the same on every run."""
    return _in_steps(seconds, round)


def _about_to_come(seconds: float) -> str:
    """The same of time that runs down: rounded up, a slow machine has a whole step to look."""
    return _in_steps(seconds, lambda steps: math.ceil(steps - _LATITUDE))


def _in_steps(seconds: float, rounded: Callable[[float], int]) -> str:
    step, unit_seconds, unit = next(row[1:] for row in _STEPS if seconds > row[0])
    steps = max(rounded(seconds / step), 1)
    return f"about {steps * step // unit_seconds} {unit}"
