"""Faults on order, so that a program can be tested against all that Azure may answer, or may not.

Azure has no such thing. Nothing fails here unless somebody has asked for it; each fault that
strikes is told as an event of its own, `fault`, of which no store learns: it changes nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sbtutorial.amqp.performatives import Error
from sbtutorial.amqp.types import Symbol
from sbtutorial.clock import Clock


class Occasion(StrEnum):
    """When a fault strikes, and what it is then."""

    CONNECT = "connect"  # the connection is closed when it has been opened
    DETACH = "detach"  # a link is accepted, and detached at once
    SEND = "send"  # a delivery is rejected
    SETTLE = "settle"  # a settlement is refused
    REQUEST = "request"  # a request to $management is refused
    HTTP = "http"  # an HTTP request is refused
    SENT = "sent"  # a delivery is taken and kept; its sender loses the connection, untold
    SETTLED = "settled"  # a settlement is done and kept; the receiver loses the connection, untold


_TOLD = {
    Occasion.CONNECT: "connection refused",
    Occasion.DETACH: "link detached",
    Occasion.SEND: "send refused",
    Occasion.SETTLE: "settlement refused",
    Occasion.REQUEST: "request refused",
    Occasion.HTTP: "HTTP request refused",
    Occasion.SENT: "acknowledgement of a send dropped",
    Occasion.SETTLED: "acknowledgement of a settlement dropped",
}
FAULT = "fault"
CONNECTION_CUT = "connection cut"
OUTAGE_CUT = "connection cut: outage"
OUTAGE_REFUSED = "connection refused: outage"


class Strike(NamedTuple):
    """A fault that has struck: a `Happening` of a trace.

    Attributes:
        entity: Where; the namespace's name for a fault of no entity.
        who: Whom.
        detail: What it was, in words.
    """

    at: float
    kind: str
    entity: str
    sequence_number: int
    message_id: None
    delivery_count: int
    who: str
    detail: str


@dataclass(slots=True)
class Fault:
    """One kind of fault, as often as was asked for.

    Attributes:
        condition: The AMQP error condition; "" for an answer without an error.
        status_code: What goes with it in answers of $management and of HTTP.
        path: On which entity, as it was asked for; "" for any.
        times: How often it is still to come.
        asked: How often it was to come.
        number: Its own, by which it can be taken back.
    """

    occasion: Occasion
    condition: str
    text: str
    status_code: int
    path: str
    times: int
    asked: int
    number: int

    @property
    def error(self) -> Error | None:
        """As AMQP has it."""
        return Error(Symbol(self.condition), self.text, None) if self.condition else None

    def strikes(self, occasion: Occasion, path: str) -> bool:
        """Whether it is for this occasion and this entity."""
        return occasion is self.occasion and (not self.path or _is_same(self.path, path))


class Faults:
    """The faults that are still to come, and those that last.

    How long one lasts is by the clock that goes for everybody: it is between two programs.

    Args:
        clock: Tells when something strikes, and how long an outage still lasts.
        tell: Takes each fault that strikes.
        namespace: Its name.
        on_plan: Called when a fault is planned or taken back, of which nobody is told otherwise.

    Attributes:
        planned: In the order in which they were asked for; nearly always empty.
        delay_seconds: How late everything is that clients are told.
        outage_seconds: How long the outage was to last that goes on, or was the last one.
        delay_number: The number of the delay that lasts, or was the last one.
        outage_number: The number of that outage.
    """

    def __init__(
        self,
        clock: Clock,
        tell: Callable[[Strike], object],
        namespace: str = "",
        on_plan: Callable[[], None] = lambda: None,
    ) -> None:
        self.planned: list[Fault] = []
        self.delay_seconds = 0.0
        self.outage_seconds = 0.0
        self.delay_number = self.outage_number = self._last_number = 0
        self._listeners: list[Callable[[], None]] = []
        self._outage_ends_at = 0.0
        self._clock = clock
        self._tell = tell
        self._namespace = namespace
        self._on_plan = on_plan

    @property
    def outage_seconds_left(self) -> float:
        """How long nobody will be served; 0 when everybody is."""
        return max(self._outage_ends_at - self._clock.elapsed(), 0.0)

    @property
    def is_out(self) -> bool:
        """Whether nobody is served now."""
        return self._outage_ends_at > 0.0 and self.outage_seconds_left > 0.0

    def plan(
        self,
        occasion: str,
        condition: str = "",
        *,
        text: str = "A fault that was asked for.",
        status_code: int = 500,
        path: str | None = None,
        times: int = 1,
    ) -> None:
        """Have the next ones fail.

        Args:
            occasion: One of `Occasion`, such as "send".
            condition: The AMQP error condition, such as "com.microsoft:server-busy".
            text: What is said of it.
            status_code: For "request" and "http".
            path: The entity, in any case; any unless given.
            times: How many fail.

        Raises:
            ValueError: There is no such occasion.
        """
        at = path.strip("/") if path else ""
        which = Occasion(occasion)
        number = self._next_number()
        self.planned.append(Fault(which, condition, text, status_code, at, times, times, number))
        self._on_plan()

    def take_back(self, number: int) -> bool:
        """Have one come no more, or end now; returns whether there was one of that number."""
        if fault := next((one for one in self.planned if one.number == number), None):
            self.planned.remove(fault)
            self._on_plan()
        elif number == self.delay_number and self.delay_seconds:
            self.delay(0.0)
        elif number == self.outage_number and self.is_out:
            self._outage_ends_at = 0.0
            self.tell("the outage is over")
            self._changed()
        else:
            return False
        return True

    def next(self, occasion: Occasion, path: str = "", who: str = "") -> Fault | None:
        """The fault that is due on this occasion, if any; it is used up by that, and told."""
        for fault in self.planned:
            if fault.strikes(occasion, path):
                fault.times -= 1
                if fault.times <= 0:
                    self.planned.remove(fault)
                what = f"{_TOLD[occasion]}: {fault.condition}".removesuffix(": ")
                self.tell(what, path, who)
                return fault
        return None

    def delay(self, seconds: float) -> None:
        """Have everything that clients are told be so late from now on; 0 for in time again."""
        if seconds != self.delay_seconds:
            self.tell(f"answers are {seconds:g} s late" if seconds else "answers are in time again")
        self.delay_seconds = seconds
        self.delay_number = self._next_number()
        self._changed()

    def outage(self, seconds: float) -> None:
        """Serve nobody for so long: connections are cut, and new ones, too."""
        self.outage_seconds = seconds
        self._outage_ends_at = self._clock.elapsed() + seconds
        self.outage_number = self._next_number()
        self.tell(f"outage of {seconds:g} s")
        self._changed()

    def tell(self, what: str, path: str = "", who: str = "") -> None:
        """Tell of a fault that has struck, at an entity, or none for ""."""
        self._tell(Strike(self._clock.now(), FAULT, path or self._namespace, 0, None, 0, who, what))

    def clear(self) -> None:
        """Have none of them come, and end those that last."""
        self.planned.clear()
        self.delay_seconds = self._outage_ends_at = 0.0
        self._changed()

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have it called when a delay or an outage begins or ends, but for an outage's own end.

        It is called outside of a turn.

        Returns:
            What stops that.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @contextmanager
    def told_to(self, listener: Callable[[], None]) -> Iterator[None]:
        """Have it called, as by `on_change`, while the block runs."""
        stop = self.on_change(listener)
        try:
            yield
        finally:
            stop()

    def _next_number(self) -> int:
        self._last_number += 1
        return self._last_number

    def _changed(self) -> None:
        for listener in list(self._listeners):
            listener()
        self._on_plan()


def _is_same(path: str, other: str) -> bool:
    return path.lower() == other.strip("/").lower()
