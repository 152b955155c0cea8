"""The broker on this machine as a lab's service: time moves at once, and events are told."""

from collections.abc import Iterator
from typing import Any

from sbtutorial.connection_string import parse_connection_string
from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.lab.service import Mode
from sbtutorial.snapshot import QueueSnapshot
from sbtutorial.trace import Event


class OfflineService:
    """A broker of ours, found by its connection string; see `lab.service.Service`."""

    mode = Mode.OFFLINE
    tells_events = True

    def __init__(self, connection_string: str, namespace: str) -> None:
        self.connection_string = parse_connection_string(connection_string).text
        self.namespace = namespace
        self._control = ControlClient(self.connection_string)

    def fresh_queue(self, name: str, **options: Any) -> None:
        """Have an empty queue, created by the SDK."""
        from sbtutorial.lab.fresh_queue import make_fresh_queue

        self._control.status()  # if it is gone, say so at once: the SDK would try for a while first
        make_fresh_queue(self.connection_string, name, options)

    def snapshot(self, queue: str) -> QueueSnapshot:
        """A queue as the broker sees it."""
        return self._control.queue(queue)

    def advance(self, seconds: float) -> None:
        """Make everything that the broker holds older, at once."""
        self._control.advance(seconds)

    def reset(self) -> None:
        """Delete every queue of the broker."""
        self._control.reset()

    def shrink(self, queue: str, megabytes: int) -> None:
        """Let a queue hold less than any tier offers."""
        self._control.shrink(queue, megabytes)

    def events(self, queue: str | None = None, after: int = 0) -> list[Event]:
        """What the broker remembers, in order."""
        events = list(self._all_events(after, queue or ""))
        if queue is None:
            return events
        if not events:
            self._control.queue(queue)  # a name that was mistyped is better said to be unknown
        return _since_creation(events)

    def now(self) -> float:
        """Broker time."""
        return float(self._control.status()["now"])

    def _all_events(self, after: int, entity: str) -> Iterator[Event]:
        """Every event so far, page by page."""
        while True:
            page = self._control.events(after, entity)
            yield from page.events
            if not page.events:
                return
            after = page.last


def _since_creation(events: list[Event]) -> list[Event]:
    """The life of the queue that is there now, without those of the same name before it."""
    births = [at for at, event in enumerate(events) if event.what == "queue_created"]
    return events[births[-1] :] if births else events
