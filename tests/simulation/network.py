"""Connections between simulated clients and the broker: slow, in pieces, stalled, and broken.

Bytes arrive in order or not at all, as with TCP: a connection that breaks loses what was on its way
from some byte on, in each direction, and each end hears of it in its own time. Every piece that the
broker says is stamped, so that whoever reads it knows when the broker said so.
"""

from collections import deque
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from sbtutorial.gateway.amqp_endpoint import AmqpEndpoint
from sbtutorial.gateway.core import Core
from tests.simulation.timeline import Timeline

# What a reader may leave unread before the broker is told, and when it may go on: little, so that
# it happens.
HIGH_WATER_BYTES = 3000
LOW_WATER_BYTES = 1000


class Stamp(NamedTuple):
    """When something was said.

    Attributes:
        step: The count of everything that was said anywhere: tells before from after.
        at: Broker time.
        ahead: Broker time less the clients' wall clock.
        world: Seconds since the beginning of the world; nobody sets or advances them.
    """

    step: int
    at: float
    ahead: float
    world: float


class Wire:
    """One connection, seen from the middle.

    Args:
        timeline: When things happen.
        random: How slow it is.
        stamp: The instant, for what the broker says.
        slowness: Seconds; the longest usual way of a piece.

    Attributes:
        on_bytes: The client's, for what arrives.
        on_over: The client's: the connection is broken or closed.
        on_cut, on_death: Told at once when the connection breaks, or the broker dies; the client
            knows it later only.
        is_over: Whether the client knows that it is over.
        has_died: Whether it ended because the broker did.
    """

    def __init__(
        self,
        timeline: Timeline,
        random: Random,
        stamp: Callable[[], Stamp],
        slowness: float,
    ) -> None:
        self.on_bytes: Callable[[bytes, Stamp], None] = lambda data, stamp: None
        self.on_over: Callable[[], None] = lambda: None
        self.on_cut: Callable[[], None] = lambda: None
        self.on_death: Callable[[], None] = lambda: None
        self.is_over = False
        self.has_died = False
        self._timeline = timeline
        self._random = random
        self._stamp = stamp
        self._slowness = slowness
        self._endpoint: AmqpEndpoint | None = None
        self._stamps: deque[Stamp] = deque()  # of what the broker has said and not written yet
        self._up_until = self._down_until = timeline.now  # when the last piece arrives
        self._stalled_until = 0.0
        self._broken_up = self._broken_down = False
        self._unread_bytes = 0
        self._is_behind = False

    @property
    def endpoint(self) -> AmqpEndpoint | None:
        """The broker's side; None when that is gone."""
        return self._endpoint

    def connect(self, core: Core) -> None:
        """Reach the broker."""
        write, close = core.gate(self._written, self._closed)

        def said(data: bytes) -> None:
            self._stamps.append(self._stamp())  # now, however long it is kept back
            write(data)

        self._endpoint = AmqpEndpoint(core, said, close)

    def send(self, data: bytes) -> None:
        """Bytes of the client, in one piece or in two."""
        if self._broken_up:
            return
        cut = self._random.randrange(len(data)) if self._random.random() < 0.1 else 0
        for piece in filter(None, (data[:cut], data[cut:])):
            self._up_until = self._arrival(self._up_until)
            self._timeline.at(self._up_until, lambda piece=piece: self._arrive_up(piece))

    def stall(self, seconds: float) -> None:
        """Carry nothing for a while."""
        self._stalled_until = self._timeline.now + seconds

    def cut(self) -> None:
        """Break: something of what is on its way may still arrive, and both ends hear of it."""
        if self._broken_up:
            return
        self._broken_up = True
        self.on_cut()
        self._lose_down()
        self._timeline.after(self._random.choice((0.0, 0.1, 5.0, 30.0)), self._lose_endpoint)

    def broker_died(self) -> None:
        """The process at the other end is gone."""
        self.has_died = not self._broken_up
        self.on_death()
        self._broken_up = True
        self._endpoint = None
        self._lose_down()

    # -- From the broker ------------------------------------------------------------------------

    def _written(self, data: bytes) -> None:
        stamp = self._stamps.popleft()
        if self._broken_down:
            return
        self._unread_bytes += len(data)
        self._down_until = self._arrival(self._down_until)
        self._timeline.at(self._down_until, lambda: self._arrive_down(data, stamp))
        if not self._is_behind and self._unread_bytes > HIGH_WATER_BYTES and self._endpoint:
            self._is_behind = True
            self._endpoint.pause_writing()

    def _closed(self) -> None:
        """The broker has said its last: what it said still arrives."""
        self._broken_up = True
        self.on_cut()
        self._timeline.after(0.0, self._lose_endpoint)
        self._timeline.at(self._arrival(self._down_until), self._end)

    # -- On the way -----------------------------------------------------------------------------

    def _arrival(self, behind: float) -> float:
        delay = self._random.random() * self._slowness
        return max(behind, self._timeline.now + delay, self._stalled_until)

    def _arrive_up(self, data: bytes) -> None:
        if self._endpoint is not None and not self._broken_up:
            self._endpoint.receive_data(data)

    def _arrive_down(self, data: bytes, stamp: Stamp) -> None:
        if self.is_over:
            return
        self._unread_bytes -= len(data)
        if self._is_behind and self._unread_bytes <= LOW_WATER_BYTES:
            self._is_behind = False
            if self._endpoint is not None:
                self._endpoint.resume_writing()
        self.on_bytes(data, stamp)

    def _lose_down(self) -> None:
        self._broken_down = True
        self._timeline.after(self._random.choice((0.0, 0.0, 0.2, 3.0)), self._end)

    def _lose_endpoint(self) -> None:
        if self._endpoint is not None:
            self._endpoint.connection_lost()
            self._endpoint = None

    def _end(self) -> None:
        if not self.is_over:
            self.is_over = True
            self.on_over()
