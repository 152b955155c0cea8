"""A turn of the broker: due work, what came in, what it sets free, what is kept, what goes out.

Everything that touches the namespace happens inside a turn, on one thread. A turn ends by writing
to every connection that has something to say, so a client is told only what has been kept, and by
setting one timer for the next thing that falls due: nothing polls.
"""

import asyncio
from collections.abc import Callable
from math import inf
from typing import Protocol

from sbtutorial.broker.namespace import Namespace
from sbtutorial.clock import Clock
from sbtutorial.gateway.nodes.dispatch import Dispatchers


class Speaker(Protocol):
    """A connection that may have something to write, and deadlines of its own."""

    def flush(self) -> None:
        """Write what there is."""

    def next_deadline(self) -> float:
        """When `handle_deadline` wants to be called, in wall-clock seconds; infinity for never."""

    def handle_deadline(self) -> None:
        """Do what has fallen due."""


class Reactor:
    """Runs the turns of one namespace on one event loop."""

    def __init__(
        self,
        namespace: Namespace,
        clock: Clock,
        competitions: Dispatchers,
        commit: Callable[[], None],
    ) -> None:
        self._namespace = namespace
        self._clock = clock
        self._competitions = competitions
        self._commit = commit
        self._speaking: set[Speaker] = set()
        self._alarm = Alarm(clock.now, self._on_alarm)
        self._alarms: dict[Speaker, Alarm] = {}
        self._turn = Turn(self)

    def turn(self) -> "Turn":
        """Do something to the namespace: `with turns.turn() as now`, in broker time."""
        return self._turn

    def begin(self) -> float:
        """Have done what is due; gives broker time."""
        now = self._clock.now()
        self._namespace.run_due(now)
        return now

    def finish(self) -> None:
        """Hand out, keep, write, and set the alarm for what is due next."""
        self._competitions.serve(self._clock.now())
        self._commit()
        while self._speaking:
            speaker = self._speaking.pop()
            speaker.flush()
            self._set_alarm(speaker)
        deadline = self._namespace.next_deadline()
        if deadline is not None:
            self._alarm.set(deadline)

    def time_has_jumped(self) -> None:
        """Broker time went ahead at once: the alarm that was set by it would ring too late."""
        self._alarm.cancel()

    def speak(self, speaker: Speaker) -> None:
        """Have a connection flushed at the end of this turn."""
        self._speaking.add(speaker)

    def forget(self, speaker: Speaker) -> None:
        """A connection is gone."""
        self._speaking.discard(speaker)
        if alarm := self._alarms.pop(speaker, None):
            alarm.cancel()

    def close(self) -> None:
        """Cancel every timer."""
        self._alarm.cancel()
        for alarm in self._alarms.values():
            alarm.cancel()

    def _on_alarm(self) -> None:
        with self.turn():
            pass

    def _set_alarm(self, speaker: Speaker) -> None:
        deadline = speaker.next_deadline()
        if deadline == inf:
            return
        if speaker not in self._alarms:
            self._alarms[speaker] = Alarm(self._clock.wall, lambda: self._on_deadline(speaker))
        self._alarms[speaker].set(deadline)

    def _on_deadline(self, speaker: Speaker) -> None:
        if speaker.next_deadline() <= self._clock.wall():
            speaker.handle_deadline()
        with self.turn():
            self.speak(speaker)


class Turn:
    """The inside of a `with` block; written out because every frame that arrives passes here."""

    __slots__ = ("_turns",)

    def __init__(self, turns: Reactor) -> None:
        self._turns = turns

    def __enter__(self) -> float:
        return self._turns.begin()

    def __exit__(self, *_error: object) -> None:
        self._turns.finish()


class Alarm:
    """One event-loop timer that only ever moves to an earlier instant.

    A deadline that moves away leaves it where it is: it then rings once for nothing and is set
    anew, which is far cheaper than moving a timer at every message.
    """

    def __init__(self, clock: Callable[[], float], ring: Callable[[], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._at = inf
        self._handle: asyncio.TimerHandle | None = None

    def set(self, at: float) -> None:
        """Ring at `at`, on the clock that was given, or earlier."""
        if at >= self._at:
            return
        self.cancel()
        self._at = at
        delay = max(at - self._clock(), 0.0)
        self._handle = asyncio.get_running_loop().call_later(delay, self._on_time)

    def cancel(self) -> None:
        """Do not ring."""
        self._at = inf
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _on_time(self) -> None:
        self._at, self._handle = inf, None
        self._ring()
