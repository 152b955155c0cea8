"""The ledger: what the clients did and what they were told. What must be true follows from it.

Nothing here comes from inside the broker. For each copy of a message the ledger holds what its
clients know for sure (it was accepted, it was completed) and what may be, since a question went out
and no answer came (it may be gone).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.simulation.network import Stamp
from tests.simulation.statuses import Statuses

DEAD = "/$DeadLetterQueue"


@dataclass(slots=True, eq=False)
class Lock:
    """What a receiver was told of one lock.

    Attributes:
        who: The receiver.
        since: When the broker said so.
        until: Broker time; the latest end that it was told.
        may_be_longer: It asked for more time and was not answered.
        may_be_over: It has settled, or asked to, or its session may have ended.
        hold: The session that the lock depends on, if any.
    """

    who: str
    since: Stamp
    until: float
    may_be_longer: bool = False
    may_be_over: bool = False
    hold: "Hold | None" = None

    @property
    def is_surely_there(self) -> bool:
        """Whether nobody has given it up, as far as the ledger knows."""
        return not self.may_be_over and not (self.hold and self.hold.may_be_over)


@dataclass(slots=True, eq=False)
class Hold:
    """What a receiver was told of a session that it holds; `had` are the bodies it was handed."""

    place: str
    session_id: str
    who: str
    since: Stamp
    until: float
    may_be_longer: bool = False
    may_be_over: bool = False
    had: set[str] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Copy:
    """One message in one queue or subscription, dead-letter queue included.

    Attributes:
        body: Names it: every message has a body of its own.
        place: The entity.
        sent: When its sender first said so; `accepted` when the broker said it was taken.
        refused: The broker said that it was not.
        waits_at: The topic where it may wait until it comes here, if any.
        not_before: Broker time before which nobody may receive it.
        comes_by: Places where it may be before it comes here.
        goes_on_as: What it becomes when it is forwarded from here, if that is somewhere to be seen.
        expires_after: Seconds from when it was taken on; None for never.
        may_be_gone: Somebody asked for it to be removed, or was sent it for good.
        gone: When the broker said that it is.
        removals: How many have asked for it to be removed, and were not told that it was not.
        may_be_dead, dead: The same of the dead-letter queue.
        may_be_deferred, deferred: The same of deferral.
        failures: When failed deliveries were confirmed.
        counts: Delivery counts as they were told: step, count.
        numbers: Its sequence numbers.
        locks: By token.
    """

    body: str
    place: str
    sender: str
    sent: Stamp
    session_id: str | None = None
    waits_at: str | None = None
    not_before: float | None = None
    comes_by: tuple[str, ...] = ()
    goes_on_as: "Copy | None" = None
    expires_after: float | None = None
    accepted: Stamp | None = None
    refused: Stamp | None = None
    may_be_gone: bool = False
    gone: Stamp | None = None
    removals: int = 0
    may_be_dead: bool = False
    dead: Stamp | None = None
    may_be_deferred: bool = False
    deferred: Stamp | None = None
    failures: list[int] = field(default_factory=list)
    counts: list[tuple[int, int]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    locks: dict[bytes, Lock] = field(default_factory=dict)
    delivery_steps: list[int] = field(default_factory=list)
    reason: str | None = None

    def __str__(self) -> str:
        return f"'{self.body}' in '{self.place}'"

    @property
    def is_scheduled(self) -> bool:
        """Whether it was to wait for a time."""
        return self.not_before is not None


@dataclass(slots=True)
class Sight:
    """One look at a message: it was delivered, or peeked at.

    Attributes:
        place: The entity, without the dead-letter queue: that is `is_dead`.
        by: "receive" (a lock), "take" (for good), "ask" (by its number) or "peek".
    """

    place: str
    is_dead: bool
    body: str
    number: int
    delivery_count: int
    stamp: Stamp
    who: str
    by: str
    token: bytes | None = None
    until: float | None = None
    session_id: str | None = None
    hold: Hold | None = None
    reason: str | None = None

    def __str__(self) -> str:
        where = self.place + DEAD * self.is_dead
        return f"'{self.body}' ({self.by}, number {self.number}) at '{where}' by {self.who}"


@dataclass(slots=True)
class Verdict:
    """A settlement and what came of it."""

    copy: Copy
    lock: Lock
    how: str
    stamp: Stamp
    is_done: bool
    error: str = ""


class SessionWork(NamedTuple):
    """What the holder of a session has asked for, and what came of it."""

    hold: Hold
    what: str
    stamp: Stamp
    is_done: bool
    error: str = ""


@dataclass(slots=True)
class Sending:
    """What was sent, together, and what came of it."""

    place: str
    bodies: Sequence[str]
    who: str
    sent: Stamp
    stamp: Stamp
    is_taken: bool
    error: str = ""

    def __str__(self) -> str:
        what = "taken" if self.is_taken else f"refused ({self.error})"
        return f"{', '.join(self.bodies)} of {self.who} was {what} at '{self.place}'"


class Bundle(NamedTuple):
    """What a transaction takes, and what it sends."""

    taken: list[Copy]
    sent: list[Copy]


Check = Callable[["Ledger", Any], None]
# How often what was seen: by place, body, and whether among the dead letters.
Seen = Counter[tuple[str, str, bool]]


def is_seen(seen: Seen, copy: Copy) -> bool:
    """Whether a message is in its place, among its dead letters, or on its way."""
    return times_seen(seen, copy) > 0


def times_seen(seen: Seen, copy: Copy) -> int:
    """How often a message was seen, wherever it may be, dead letters included."""
    body, onward = copy.body, copy.goes_on_as
    places = (copy.place, *copy.comes_by, *((onward.place,) if onward else ()))
    return sum(seen[place, body, False] + seen[place, body, True] for place in places)


class Ledger:
    """Everything that was said.

    Args:
        on_sending, on_sight, on_verdict, on_hold, on_session_work, on_state: What to check at
            each: see `promises`.

    Attributes:
        copies: By place and body.
        by_number: By place and number: the body.
        holds: All that may still be, by place and session.
        states: Of sessions: what may be there, by place and session; the first is the confirmed.
        excused: By place, how many may be missing: taken for good by one who was cut off.
        fragile: Places whose messages die by themselves after some deliveries.
        statuses: Of all entities.
        may_be_late: Whether somebody has answers be said later than what they tell of was done.
        came_from: By place and body: what it was where it was forwarded from.
        batches: Those batches of which no sender was told.
        bundles: Those transactions whose outcome nobody was told.
        requests: What those requests were to complete, each as a whole, whose outcome is unknown.
        published: Of each message that went to a topic, its copies.
    """

    def __init__(
        self,
        on_sending: Iterable[Check],
        on_sight: Iterable[Check],
        on_verdict: Iterable[Check],
        on_hold: Iterable[Check],
        on_session_work: Iterable[Check],
        on_state: Iterable[Callable[["Ledger", Hold, bytes | None], None]],
    ) -> None:
        self.copies: dict[tuple[str, str], Copy] = {}
        self.at_place: dict[str, list[Copy]] = {}
        self.by_number: dict[tuple[str, int], str] = {}
        self.holds: dict[tuple[str, str], list[Hold]] = {}
        self.states: dict[tuple[str, str], list[bytes | None]] = {}
        self._state_steps: dict[tuple[str, str], int] = {}
        self.excused: dict[str, int] = {}
        self.fragile: set[str] = set()
        self.bundles: list[Bundle] = []
        self.requests: list[list[Copy]] = []
        self.published: list[list[Copy]] = []
        self.batches: list[list[Copy]] = []
        self.told_count = 0
        self.may_be_late = False
        self.statuses = Statuses()
        self.came_from: dict[tuple[str, str], Copy] = {}
        self._on_sending = tuple(on_sending)
        self._on_sight = tuple(on_sight)
        self._on_verdict = tuple(on_verdict)
        self._on_hold = tuple(on_hold)
        self._on_session_work = tuple(on_session_work)
        self._on_state = tuple(on_state)

    # -- Sending --------------------------------------------------------------------------------

    def tries(
        self, places: Iterable[str], body: str, sender: str, sent: Stamp, **known: Any
    ) -> list[Copy]:
        """A message goes out to these places, perhaps once more."""
        copies: list[Copy] = []
        for place in places:
            if (place, body) in self.copies:
                self.copies[place, body].refused = None
            else:
                copy = Copy(body, place, sender, sent, **known)
                copy.may_be_dead = place in self.fragile
                self.copies[place, body] = copy
                self.at_place.setdefault(place, []).append(copy)
            copies.append(self.copies[place, body])
        return copies

    def accepted(self, places: Iterable[str], body: str, stamp: Stamp) -> None:
        """The broker has said that it took a message."""
        for place in places:
            copy = self.copies[place, body]
            copy.accepted = copy.accepted or stamp

    def refused(self, places: Iterable[str], body: str, stamp: Stamp) -> None:
        """The broker has said that it did not take a message."""
        for place in places:
            self.copies[place, body].refused = stamp

    def sent(self, sending: Sending) -> None:
        """The broker has said what came of something that was sent."""
        self.told_count += 1
        for check in self._on_sending:
            check(self, sending)

    # -- Receiving ------------------------------------------------------------------------------

    def sees(self, sight: Sight) -> Copy:
        """Somebody was shown a message; check it against all that was said before."""
        self.told_count += 1
        for check in self._on_sight:
            check(self, sight)
        copy = self.copies[sight.place, sight.body]
        copy.counts.append((sight.stamp.step, sight.delivery_count))
        if sight.number not in copy.numbers:
            copy.numbers.append(sight.number)
            self.by_number[sight.place, sight.number] = sight.body
        if sight.by == "peek":
            return copy
        copy.delivery_steps.append(sight.stamp.step)
        if sight.hold is not None:
            sight.hold.had.add(sight.body)
        if sight.by == "take":
            copy.may_be_gone, copy.gone = True, copy.gone or sight.stamp
        elif sight.token is not None and sight.until is not None:
            lock = Lock(sight.who, sight.stamp, sight.until, hold=sight.hold)
            copy.locks[sight.token] = lock
        return copy

    # -- Settling -------------------------------------------------------------------------------

    def settles(self, copy: Copy, lock: Lock, how: str) -> None:
        """Somebody asks for a settlement."""
        lock.may_be_over = True
        if how in ("complete", "take"):
            copy.may_be_gone = True
            copy.removals += 1
        elif how == "dead-letter":
            copy.may_be_dead = True
        elif how == "defer":
            copy.may_be_deferred = True

    def settled(self, verdict: Verdict) -> None:
        """The broker has said what came of it."""
        self.told_count += 1
        for check in self._on_verdict:
            check(self, verdict)
        if not verdict.is_done:
            return
        copy, stamp = verdict.copy, verdict.stamp
        if verdict.how == "complete":
            copy.gone = stamp
        elif verdict.how == "dead-letter":
            copy.dead = stamp
        elif verdict.how == "defer" and copy.place not in self.fragile:
            copy.deferred = stamp
        elif verdict.how == "abandon":
            copy.failures.append(stamp.step)

    def was_not_done(self, copy: Copy, lock: Lock, how: str) -> None:
        """A settlement, together with others, was rightly refused: the lock is as it was."""
        lock.may_be_over = False
        if how == "complete":
            self.was_not_removed(copy)

    def was_not_removed(self, copy: Copy) -> None:
        """What somebody asked to be removed was not, by that."""
        copy.removals -= 1
        if not copy.removals and copy.expires_after is None and not copy.gone:
            copy.may_be_gone = False

    def renews(self, lock: Lock | Hold) -> None:
        """Somebody asks for more time."""
        lock.may_be_longer = True

    def renewed(self, lock: Lock | Hold, until: float | None) -> None:
        """It was given that, or refused."""
        lock.may_be_longer = False
        if until is not None:
            lock.until = max(lock.until, until)

    # -- Sessions -------------------------------------------------------------------------------

    def holds_session(self, hold: Hold) -> None:
        """Somebody was told that a session is theirs."""
        self.told_count += 1
        for check in self._on_hold:
            check(self, hold)
        self.holds.setdefault((hold.place, hold.session_id), []).append(hold)

    def worked_on_session(self, work: SessionWork) -> None:
        """The broker has said what came of something that a session's holder asked for."""
        self.told_count += 1
        for check in self._on_session_work:
            check(self, work)

    def may_have_state(self, hold: Hold, state: bytes) -> None:
        """Somebody asks for a session's state to be set."""
        self.states.setdefault((hold.place, hold.session_id), [None]).append(state)

    def has_state(self, hold: Hold, state: bytes | None, stamp: Stamp) -> None:
        """The broker has said that a session's state was set; it may have said more since."""
        key = hold.place, hold.session_id
        if stamp.step > self._state_steps.get(key, 0):
            self.states[key], self._state_steps[key] = [state], stamp.step

    def saw_state(self, hold: Hold, state: bytes | None, stamp: Stamp) -> None:
        """The broker has said what a session's state is."""
        self.told_count += 1
        if stamp.step < self._state_steps.get((hold.place, hold.session_id), 0):
            return
        for check in self._on_state:
            check(self, hold, state)

    # -- Losing ---------------------------------------------------------------------------------

    def excuse(self, place: str, count: int) -> None:
        """Somebody who takes for good was cut off: so many may have been on the way."""
        self.excused[place] = self.excused.get(place, 0) + count
