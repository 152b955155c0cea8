"""Why a receiver got nothing: what the queue holds now, in words, and what to do about it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from sbtutorial.errors import TutorialError
from sbtutorial.lab.service import Service
from sbtutorial.snapshot import (
    DEAD,
    DEFERRED,
    LOCKED,
    READY,
    READY_OR_LOCKED,
    SCHEDULED,
    STATES,
    MessageSnapshot,
    QueueSnapshot,
)
from sbtutorial.views.queue_text import remarks_of

_DEAD_LETTER_QUEUE = "/$deadletterqueue"
_STEP_SECONDS = 10
_EMPTY = "The call came back with an empty list, which has no first message"
_LOOK = "lab.show(…) with the queue's name says what is in there."
_NOTHING_AT_ALL = "Run the cell that sends, then this one again."
_OTHER_SESSIONS = (
    "This receiver has one session and gets nothing of the others: what is ready there comes to a "
    "receiver with their session_id."
)
# What to do about the first of these that there is: what it takes to have those messages.
_WAYS = {
    READY: "What is ready came too late, or was locked until now: run the cell again.",
    READY_OR_LOCKED: (
        "Run the cell again. What is locked comes back when its lock is over, or is settled by "
        "the receiver that has it."
    ),
    LOCKED: (
        "What is locked is with the receiver that took it: complete or abandon it there, or close "
        "that receiver and let the lock run out with lab.advance({seconds})."
    ),
    SCHEDULED: "What is scheduled comes at its time: lab.advance({seconds}) lets it pass.",
    DEFERRED: (
        "What is deferred comes only to who asks for it by number: "
        "receive_deferred_messages([{number}])."
    ),
    DEAD: (
        "What is dead is received from the dead-letter queue, with "
        "sub_queue=ServiceBusSubQueue.DEAD_LETTER."
    ),
}
_WAY_TO_THE_DEAD = (
    "What is dead and does not come is locked: settle it with the receiver that took it, or let "
    "its lock run out with lab.advance({seconds})."
)


@dataclass(frozen=True, slots=True)
class NothingReceived:
    """A list from a receiver was empty, and something of it was wanted.

    Attributes:
        path: What it received from, as the SDK writes it; "" when that is not known.
    """

    path: str = ""

    @property
    def queue(self) -> str:
        """The queue, or the subscription, without the name of a subqueue."""
        return self.path[: -len(_DEAD_LETTER_QUEUE)] if self.is_of_the_dead else self.path

    @property
    def is_of_the_dead(self) -> bool:
        """Whether a dead-letter queue was received from."""
        return self.path.lower().endswith(_DEAD_LETTER_QUEUE)


def explain(nothing: NothingReceived, service: Service | None) -> str:
    """In a few sentences, what is there now and how to get it."""
    if service is None or not nothing.path:
        return f"{_EMPTY}. {_LOOK}"
    try:
        snapshot = service.snapshot(nothing.queue)
    except TutorialError:
        return f"{_EMPTY}. {_LOOK}"
    if nothing.is_of_the_dead:
        return _explain_the_dead(snapshot)
    held = ", ".join(_held(snapshot)) or "nothing"
    return f"{_EMPTY}. {snapshot.name} holds now: {held}. {_way(snapshot)}"


def _explain_the_dead(snapshot: QueueSnapshot) -> str:
    dead = snapshot.counts.get(DEAD, 0)
    way = _WAY_TO_THE_DEAD if dead else "Run the cells that fill it, then this one again."
    return (
        f"{_EMPTY}. The dead-letter queue of {snapshot.name} holds now: {dead or 'nothing'}. "
        f"{way.format(seconds=_whole_steps(snapshot.lock_seconds))}"
    )


def _held(snapshot: QueueSnapshot) -> Iterator[str]:
    for state in STATES:
        if count := snapshot.counts.get(state, 0):
            said = remarks_of(first) if (first := _first(snapshot, state)) else ""
            yield f"{count} {state}" + (f" ({said})" if said else "")


def _way(snapshot: QueueSnapshot) -> str:
    state = next((state for state in _WAYS if snapshot.counts.get(state)), None)
    if state is None:
        return _NOTHING_AT_ALL
    if state == READY and snapshot.requires_session:
        return _OTHER_SESSIONS
    first = _first(snapshot, state)
    return _WAYS[state].format(
        number=first.sequence_number if first else "…",
        seconds=_whole_steps(_seconds_to_go(first) if first else snapshot.lock_seconds),
    )


def _first(snapshot: QueueSnapshot, state: str) -> MessageSnapshot | None:
    return next((one for one in snapshot.messages if one.state == state), None)


def _seconds_to_go(message: MessageSnapshot) -> float:
    return message.lock_seconds_left or message.scheduled_seconds or 0.0


def _whole_steps(seconds: float) -> int:
    """Long enough, and the same number on every run."""
    return math.ceil(seconds / _STEP_SECONDS) * _STEP_SECONDS + 1
