"""The lives of all messages of a queue, made of its events: which message, and what became of it.

A message that was scheduled gets another number when its time comes; it is one life all the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from sbtutorial.text import one_line, shortened
from sbtutorial.trace import Event
from sbtutorial.views.event_table import chosen_id
from sbtutorial.views.life import Moment, Span, moments, tell

_SHORT_CHARS = 10
_MOST_RUNS = 5
_DROPPED = "duplicate_dropped"
_DELETED = {"queue_deleted", "subscription_deleted", "reset"}


@dataclass(frozen=True, slots=True)
class Life:
    """What happened to one message.

    Attributes:
        number: Its sequence number, the last one that it had.
        message_id: Where somebody chose it; else "".
        is_repeat: Whether a message before it has the same id.
        spans: Where it was, in order.
        moments: What happened, in order.
        duplicates: When a copy of it was accepted and dropped, in broker time.
    """

    number: int
    message_id: str = ""
    is_repeat: bool = False
    spans: tuple[Span, ...] = ()
    moments: tuple[Moment, ...] = ()
    duplicates: tuple[float, ...] = ()

    @property
    def label(self) -> str:
        """Which message, in few words."""
        again = " (again)" if self.is_repeat else ""
        return " ".join(filter(None, (str(self.number), self.message_id))) + again

    @property
    def short_label(self) -> str:
        """The same, where there is little room."""
        name = shortened(self.message_id, _SHORT_CHARS)
        return " ".join(filter(None, (str(self.number), name, "again" * self.is_repeat)))

    @property
    def story(self) -> tuple[tuple[str, str, str], ...]:
        """Each span in words: where, how long, what ended it; the same on every run."""
        return tuple((span.label, span.length, span.remarks) for span in self.spans)

    @property
    def crashes(self) -> list[tuple[float, str]]:
        """When a receiver vanished that had it locked, and which."""
        return [(span.end, span.holder) for span in self.spans if span.is_cut_off]


def lives(events: Sequence[Event], now: float) -> list[Life]:
    """The life of each message that the events are about, in the order of their numbers.

    Args:
        events: A queue's, in order.
        now: Broker time, up to which what lasts has lasted.
    """
    by_message = _by_message(events)
    deletion = _deletion(events)
    end = deletion[0].at if deletion else now
    seen: set[str] = set()
    found = []
    for number, own in sorted(by_message.items()):
        name = one_line(chosen_id(own[0].message_id or ""))
        spans = tell([*own, *deletion], end)
        copies = tuple(event.at for event in own if event.what == _DROPPED)
        if spans or copies:
            is_repeat = name in seen
            found.append(Life(number, name, is_repeat, tuple(spans), tuple(moments(own)), copies))
            seen |= {name} - {""}
    return found


def life_of(events: Sequence[Event], number: int, now: float) -> Life | None:
    """The life of the message that has this number, or had it while it was scheduled."""
    same = {event.message_id for event in events if event.sequence_number == number} - {None}
    related = [one for one in events if one.sequence_number == number or one.message_id in same]
    deletion = _deletion(events)
    for key, own in _by_message(related).items():
        if any(event.sequence_number == number for event in own):
            found = lives([*own, *deletion], now)
            return next((life for life in found if life.number == key), None)
    return None


def alike(of: Iterable[Life]) -> list[list[Life]]:
    """Those of the same story together, in the order of the first of each."""
    stories: dict[object, list[Life]] = {}
    for life in of:
        key = life.story, life.is_repeat, len(life.duplicates)
        stories.setdefault(key, []).append(life)
    return list(stories.values())


def ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers in few words: "1, 3–12"; of very many the first."""
    runs = [
        [number for _, number in run]
        for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
    ]
    words = [str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs]
    return ", ".join(words[:_MOST_RUNS]) + ", …" * (len(runs) > _MOST_RUNS)


def _deletion(events: Sequence[Event]) -> list[Event]:
    """The one event that deleted the queue, if nothing happened to a message after it; or none."""
    for event in reversed(events):
        if event.what in _DELETED:
            return [event]
        if event.sequence_number:
            break
    return []


def _by_message(events: Iterable[Event]) -> dict[int, list[Event]]:
    """Events by the number that their message has at last."""
    found: dict[int, list[Event]] = {}
    scheduled: dict[str | None, int] = {}
    for event in events:
        number = event.sequence_number
        if not number:
            continue
        if event.what == "scheduled":
            scheduled[event.message_id] = number
        if event.what == "activated" and (earlier := scheduled.pop(event.message_id, 0)):
            found[number] = found.pop(earlier)
        found.setdefault(number, []).append(event)
    return found
