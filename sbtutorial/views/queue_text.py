"""A queue drawn in text: who waits, who is locked and by whom, what is set aside, what is dead.

    orders   ready   1 coffee   3 cake
             locked  2 tea   by cashier (gone), about 30 s left, delivery count 0
             dead    –

Where messages belong to sessions, each of these has a line instead of "ready" and "locked":

    tables   session Anna  1 soup (locked)   3 steak
                           held by ada, about 30 s left, keeps “no nuts”
             session Ben   2 salad
             dead          –

The same queue gives the same text every time: times are rounded, names that a client made up at
random are left out. Drawing is all that is here; `lab.show` fetches what is drawn.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sbtutorial.snapshot import (
    BEGINNING_CHARS,
    DEAD,
    DEFERRED,
    READY,
    SCHEDULED,
    STATES,
    MessageSnapshot,
    QueueSnapshot,
)
from sbtutorial.text import about_to_come, one_line, shortened
from sbtutorial.text import readable_name as readable_name
from sbtutorial.views.session_lanes import IN_LANES, Lane, lanes, remarks_in_lane

EMPTY = "–"
_GAP = "   "
_TEXT_CHARS = 24
_SHORT_LIFE_SECONDS = 86_400.0  # who lives longer is not worth a remark
# Few lessons defer or schedule: these states are drawn when they hold something.
_DRAWN_IF_ANY = (DEFERRED, SCHEDULED)


def draw(snapshot: QueueSnapshot, *more: tuple[str, str]) -> str:
    """The picture as text, a line for each state or session, or more where it takes more.

    Args:
        snapshot: What is drawn.
        more: Further rows for its end, each a name and a line.
    """
    all_rows = [*rows(snapshot), *more]
    width = max(len(name) for name, _ in all_rows)
    margin = snapshot.name + _GAP
    return "\n".join(
        f"{margin if number == 0 else '':{len(margin)}}{name:{width}}  {line}".rstrip()
        for number, (name, line) in enumerate(all_rows)
    )


def rows(snapshot: QueueSnapshot) -> Iterator[tuple[str, str]]:
    """A name and a line; the name is "" in the further lines of the same."""
    found = lanes(snapshot)
    for lane in found:
        yield from _named(lane.name, _lane_lines(lane))
    for state in drawn_states(snapshot.counts):
        if not (found and state in IN_LANES):
            yield from _named(state, _lines(state, snapshot.counts[state], snapshot.messages))


def _named(name: str, lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    return (("" if number else name, line) for number, line in enumerate(lines))


def _lane_lines(lane: Lane) -> Iterator[str]:
    entries = [_name_in_lane(message) for message in lane.messages]
    shown_count = len(lane.messages)
    more = [rest(shown_count + lane.more, shown_count)] if lane.more else []
    yield _GAP.join(entries + more) or EMPTY
    if lane.remark:
        yield lane.remark


def _name_in_lane(message: MessageSnapshot) -> str:
    remarks = ", ".join(remarks_in_lane(message))
    return f"{_name(message)} ({remarks})" if remarks else _name(message)


def drawn_states(counts: Mapping[str, int]) -> list[str]:
    """The states that a picture has, in their order."""
    return [
        state
        for state in STATES
        if state in counts and (counts[state] > 0 or state not in _DRAWN_IF_ANY)
    ]


def _lines(state: str, count: int, messages: Sequence[MessageSnapshot]) -> Iterator[str]:
    shown = [message for message in messages if message.state == state]
    more = [rest(count, len(shown))] if count > len(shown) else []
    entries = [(_name(message), remarks_of(message)) for message in shown]
    if any(remark for _, remark in entries):
        yield from (_GAP.join(filter(None, entry)) for entry in entries)
        yield from more
    else:
        yield _GAP.join([name for name, _ in entries] + more) or EMPTY


def rest(count: int, shown_count: int) -> str:
    """What is said of messages that are counted and not shown; of all of them, that is how many."""
    if shown_count:
        return f"… and {count - shown_count} more"
    return "1 message" if count == 1 else f"{count} messages"


def _name(message: MessageSnapshot) -> str:
    """A message by its number and, when its body is text, by the beginning of that."""
    number = str(message.sequence_number)
    text = " ".join((message.text or "")[:BEGINNING_CHARS].split())
    if not text or not text.isprintable():
        return number
    return f"{number} {shortened(text, _TEXT_CHARS)}"


def remarks_of(message: MessageSnapshot) -> str:
    """What there is to say of a message beyond its name."""
    reason, left = message.dead_letter_reason, message.lock_seconds_left
    if message.state == DEAD and reason and left is not None:  # two things, and apart
        return (
            f"{one_line(reason)} · locked {remarks_of(replace(message, dead_letter_reason=None))}"
        )
    is_locked = left is not None
    found = [
        reason if message.state == DEAD else None,
        _holder(message) if is_locked else None,
        None if left is None else f"{about_to_come(left)} left",
        _scheduled(message),
        _to_live(message),
        f"delivery count {message.delivery_count}" if is_locked or message.delivery_count else None,
    ]
    return ", ".join(one_line(remark) for remark in found if remark)


def _holder(message: MessageSnapshot) -> str:
    name = readable_name(message.locked_by or "")
    return f"by {name}" if message.holder_attached else f"by {name} (gone)"


def is_short_lived(message: MessageSnapshot) -> bool:
    """Whether a message waits, and its time to live will be over soon enough to be watched."""
    seconds = message.seconds_to_live
    return message.state == READY and seconds is not None and seconds < _SHORT_LIFE_SECONDS


def _to_live(message: MessageSnapshot) -> str | None:
    seconds = message.seconds_to_live
    if seconds is None or not is_short_lived(message):
        return None
    return f"{about_to_come(seconds)} to live"


def _scheduled(message: MessageSnapshot) -> str | None:
    seconds = message.scheduled_seconds
    return None if seconds is None else f"in {about_to_come(seconds)}"
