"""The stage that a learner sees: each role a process of its own, killed for real.

A process takes a second to import the SDK, so some are kept ready: whoever is killed is back at
once. None is started for a kill that may never come, as nobody works: its import would hold up
those who wait.
"""

import sys
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from time import monotonic
from typing import Any

from sbtutorial.attacks.stage import Heard
from sbtutorial.attacks.system import System
from sbtutorial.workers.channel import WorkerChannel

_SPARE_COUNT = 2
_MOST_UNREAD = 1000
# On Windows a waiting main thread does not notice the stop button; it has to wake up and look.
NAP_SECONDS = 0.2 if sys.platform == "win32" else float("inf")


class ProcessStage:
    """Makes processes; see `attacks.stage.Stage`.

    Args:
        system: The program.
        expected: How many will be wanted if nobody is killed: no more are kept ready.
    """

    def __init__(self, system: System, expected: int) -> None:
        self._system = system
        self._expected = expected
        self._actors: list[ProcessActor] = []
        self._spares: list[ProcessActor] = []
        self._make_ready()

    def actor(self, role: str) -> "ProcessActor":
        """One that is ready, or nearly so."""
        actor = self._spares.pop(0) if self._spares else self._start()
        self._make_ready()
        return actor

    def expect(self, more: int) -> None:
        """Keep some ready for them, too."""
        self._expected += more
        self._make_ready()

    def close(self) -> None:
        """End them all."""
        for actor in self._actors:
            actor.kill()

    def _make_ready(self) -> None:
        while len(self._spares) < _SPARE_COUNT and len(self._actors) < self._expected:
            self._spares.append(self._start())

    def _start(self) -> "ProcessActor":
        actor = ProcessActor(self._system)
        self._actors.append(actor)
        return actor


class ProcessActor:
    """One process; see `attacks.stage.Actor`."""

    def __init__(self, system: System) -> None:
        self._channel = WorkerChannel(
            system.name,
            system.source,
            confirm_each_line=False,
            connection_string=None,
            program="sbtutorial.attacks.child",
        )
        # Who prints faster than anybody reads has to wait.
        self._heard: Queue[str | dict[str, Any]] = Queue(_MOST_UNREAD)
        self._is_over = False
        self._thread = Thread(target=self._listen, name=f"{system.name} listens", daemon=True)
        self._thread.start()

    def hear(self, limit_seconds: float) -> Heard:
        """The next thing that comes of it."""
        end = monotonic() + limit_seconds
        while (left := end - monotonic()) > 0:
            try:
                return self._heard.get(timeout=min(left, NAP_SECONDS))
            except Empty:
                continue
        return None

    def go_on(self, **answer: Any) -> None:
        """Answer what it asked."""
        self._channel.go_on(**answer)

    def kill(self) -> None:
        """End it, and see it gone."""
        if not self._is_over:
            self._is_over = True
            self._channel.kill()
            self._channel.wait()
            with suppress(Empty):
                while True:
                    self._heard.get_nowait()

    def _listen(self) -> None:
        for report in self._channel.reports():
            if not self._is_over:
                self._heard.put(report)
        if not self._is_over:
            self._heard.put({"ended": "the process ended"})
