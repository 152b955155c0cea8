"""A message's life made of its events: where it was, for how long, and what ended that.

Times are broker time, so a minute that was advanced counts as a minute. A span knows when it began
and ended, which pictures draw to scale; in words its length is rounded: the same story gives the
same text on every run.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from sbtutorial.text import about, one_line, rounded
from sbtutorial.trace import Event
from sbtutorial.views.queue_text import readable_name

_MOMENT_SECONDS = 10.0  # what is shorter depends on the machine


class State(StrEnum):
    """Where a message can be."""

    SCHEDULED = "scheduled"
    WAITING = "waiting"
    LOCKED = "locked"
    ORPHANED = "locked, its receiver gone"
    DEFERRED = "deferred"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a message's life that it spent in one place.

    Attributes:
        state: The place.
        holder: Who has it locked; "" when nobody has.
        start: When it began; this and `end` in broker time, to the letter.
        end: When it ended; the present while it lasts.
        endings: What ended it, in words; empty while it lasts.
        renewals: When the lock was renewed in it.
        is_over: Whether it has ended.
        is_cut_off: Whether it ended because its receiver vanished.
    """

    state: State
    holder: str
    start: float
    end: float
    endings: tuple[str, ...]
    renewals: tuple[float, ...]
    is_over: bool
    is_cut_off: bool

    @property
    def label(self) -> str:
        """The place in words."""
        if not self.holder:
            return self.state.value
        return f"locked by {self.holder}" + (" (gone)" if self.state is State.ORPHANED else "")

    @property
    def seconds(self) -> float:
        """How long, in steps so wide that it is the same on every run; 0 for a moment."""
        seconds = self.end - self.start
        return 0.0 if seconds < _MOMENT_SECONDS else rounded(seconds)

    @property
    def length(self) -> str:
        """How long, in words."""
        text = about(self.seconds) if self.seconds else "a moment"
        return text if self.is_over else f"{text} so far"

    @property
    def notes(self) -> tuple[str, ...]:
        """What else there is to say, in words: a note for each ending, of which most have one."""
        first, *more = self.endings or ("",)
        cross = "✗ " if self.is_cut_off else ""
        renewed = f"lock renewed {_times(len(self.renewals))}" if self.renewals else ""
        return (cross + ", ".join(filter(None, (renewed, first))), *more)

    @property
    def remarks(self) -> str:
        """The notes in one line."""
        return ", ".join(self.notes)


class Moment(NamedTuple):
    """One thing that happened to a message.

    Attributes:
        at: When, in broker time.
        words: What, with who did it.
        is_crash: Whether its receiver vanished.
    """

    at: float
    words: str
    is_crash: bool = False


def moments(events: Iterable[Event]) -> list[Moment]:
    """What happened to a message, in words; what happened at the same instant, in one."""
    found: list[Moment] = []
    for event in events:
        if event.what not in _STEPS:
            continue
        step = _STEPS[event.what]
        words = step.ending(event) or step.beginning(event)
        moment = Moment(event.at, words, step.state is State.ORPHANED)
        if found and found[-1].at == moment.at:
            earlier = found.pop()
            both = f"{earlier.words}, {moment.words}"
            moment = Moment(moment.at, both, earlier.is_crash or moment.is_crash)
        found.append(moment)
    return found


def tell(events: Sequence[Event], now: float) -> list[Span]:
    """The spans between the events of one message; the last one lasts until `now`."""
    spans: list[Span] = []
    renewals = [event.at for event in events if event.what == "lock_renewed"]
    stops = [*_stops(events), _Stop(now, None, "", "", False)]
    for start, end in pairwise(stops):
        if start.state is None:
            continue
        endings = (end.ending,) if end.ending else ()
        if end.at == start.at and spans:  # what lasted no time is no place to be
            spans[-1] = replace(spans[-1], endings=spans[-1].endings + endings)
            continue
        spans.append(
            Span(
                state=start.state,
                holder=start.holder,
                start=start.at,
                end=end.at,
                endings=endings,
                renewals=tuple(at for at in renewals if start.at <= at <= end.at),
                is_over=end is not stops[-1],
                is_cut_off=end.cuts_off,
            )
        )
    return spans


class _Stop(NamedTuple):
    """A message arrives somewhere; `state` is None where its life ends, or the present."""

    at: float
    state: State | None
    holder: str
    ending: str  # of the span before, in words
    cuts_off: bool


def _stops(events: Iterable[Event]) -> Iterator[_Stop]:
    place = State.WAITING  # where it goes back to when its lock ends
    for event in events:
        if event.what not in _STEPS:
            continue
        step = _STEPS[event.what]
        state = place if step.leads_back else step.state
        if state is not None and state not in _HELD:
            place = state
        holder = readable_name(event.who) if state in _HELD else ""
        yield _Stop(event.at, state, holder, step.ending(event), state is State.ORPHANED)


class _Step(NamedTuple):
    state: State | None
    ending: Callable[[Event], str]
    leads_back: bool = False
    beginning: Callable[[Event], str] = lambda event: ""  # said where there is no ending


def _by(what: str) -> Callable[[Event], str]:
    return lambda event: f"{what} by {readable_name(event.who)}"


def _silent(_event: Event) -> str:
    return ""


def _copied(_event: Event) -> str:
    return "copied from the topic"


def _activated(_event: Event) -> str:
    return "its time had come"


def _forwarded(event: Event) -> str:
    return f"forwarded to {one_line(event.detail)}"


def _lock_ran_out(event: Event) -> str:
    return f"the lock ran out, delivery count {event.delivery_count}"


def _abandoned(event: Event) -> str:
    return f"{_by('abandoned')(event)}, delivery count {event.delivery_count}"


def _vanished(event: Event) -> str:
    return f"{readable_name(event.who)} vanished"


def _buried(event: Event) -> str:
    return f"dead-lettered: {one_line(event.detail)}" if event.detail else "dead-lettered"


def _gone_with(what: str) -> Callable[[Event], str]:
    return lambda _event: f"gone with {what}"


def _expired(_event: Event) -> str:
    return "its time to live was over"


_HELD = {State.LOCKED, State.ORPHANED}

# What an event does to a message: where it leads, and what it says of the span that it ends.
_STEPS = {
    "scheduled": _Step(State.SCHEDULED, _silent, beginning=_by("scheduled")),
    "sent": _Step(State.WAITING, _silent, beginning=_by("sent")),
    "copied": _Step(State.WAITING, _silent, beginning=_copied),
    "activated": _Step(State.WAITING, _silent, beginning=_activated),
    "locked": _Step(State.LOCKED, _silent, beginning=_by("locked")),
    "receiver_gone": _Step(State.ORPHANED, _vanished),
    "lock_expired": _Step(None, _lock_ran_out, leads_back=True),
    "abandoned": _Step(None, _abandoned, leads_back=True),
    "released": _Step(None, _by("given back"), leads_back=True),
    "deferred": _Step(State.DEFERRED, _by("deferred")),
    "dead_lettered": _Step(State.DEAD, _buried),
    "completed": _Step(None, _by("completed")),
    "taken": _Step(None, _by("taken and deleted")),
    "expired": _Step(None, _expired),
    "cancelled": _Step(None, _by("cancelled")),
    "forwarded": _Step(None, _forwarded),
    "queue_deleted": _Step(None, _gone_with("its queue")),
    "subscription_deleted": _Step(None, _gone_with("its subscription")),
    "reset": _Step(None, _gone_with("its queue")),
}


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
