"""The broker on this machine as a lab's service: time moves at once, and events are told."""

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sbtutorial.connection_string import parse_connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.lab.progress import working
from sbtutorial.lab.refusals import Refusal
from sbtutorial.lab.service import Acknowledged, Mode
from sbtutorial.snapshot import MOST_TEXT_CHARS, PlannedFault, QueueSnapshot
from sbtutorial.trace import ADVANCED, Event

if TYPE_CHECKING:
    from sbtutorial.lab.credentials import LabCredential


class OfflineService:
    """A broker of ours, found by its connection string; see `lab.service.Service`."""

    mode = Mode.OFFLINE
    tells_events = True

    def __init__(self, connection_string: str, namespace: str) -> None:
        self.connection_string = parse_connection_string(connection_string).text
        self.namespace = namespace
        self._control = ControlClient(self.connection_string)

    def whole_name(self, name: str) -> str:
        """The name itself: nobody else is here."""
        return name

    def address(self) -> dict[str, Any]:
        """This computer, a port, TLS, and the certificate that vouches for it."""
        from sbtutorial.lab.credentials import address

        return address(self.connection_string)

    def credential(self, role: str) -> "LabCredential":
        """A token of this broker's own, signed with its key."""
        from sbtutorial.lab.credentials import LabCredential

        return LabCredential(self.connection_string, role)

    def fresh_queue(self, name: str, **options: Any) -> None:
        """Have an empty queue, created by the SDK."""
        from sbtutorial.lab.fresh_queue import Kind, make_fresh

        self._control.status()  # if it is gone, say so at once: the SDK would try for a while first
        make_fresh(self.connection_string, Kind.QUEUE, name, options)

    def fresh_topic(self, name: str, **options: Any) -> None:
        """Have a topic without subscriptions, created by the SDK."""
        from sbtutorial.lab.fresh_queue import Kind, make_fresh

        self._control.status()
        make_fresh(self.connection_string, Kind.TOPIC, name, options)

    def has_made(self, queue: str) -> bool:
        """Whether there is one: here all is one person's."""
        from sbtutorial.lab.fresh_queue import is_theirs

        self._control.status()
        return is_theirs(self.connection_string, queue)

    def subscriptions(self, topic: str) -> list[str] | None:
        """The names of a topic's subscriptions."""
        from sbtutorial.lab.fresh_queue import subscriptions_of

        self._control.status()
        return subscriptions_of(self.connection_string, topic)

    def snapshot(self, queue: str) -> QueueSnapshot:
        """A queue as the broker sees it, or a subscription."""
        name, *others = _paths(queue)
        try:
            return self._control.queue(name, text_chars=MOST_TEXT_CHARS)
        except TutorialError:
            for path in others:
                with suppress(TutorialError):
                    return self._control.queue(path, text_chars=MOST_TEXT_CHARS)
            raise

    def advance(self, seconds: float) -> None:
        """Make everything that the broker holds older, at once."""
        with working("doing what is due by then"):
            self._control.advance(seconds)

    def reset(self) -> None:
        """Delete every queue of the broker."""
        self._control.reset()

    def kill_broker(self) -> None:
        """Kill the broker's process, and start it again with what it has kept."""
        from sbtutorial.hosting.background import crash

        with working("starting the broker again"):
            crash(self.namespace, self.connection_string)
        print("killed the broker (signal 9), and started it again")

    def shrink(self, queue: str, megabytes: int) -> None:
        """Let a queue hold less than any tier offers."""
        self._control.shrink(queue, megabytes)

    def faults(self) -> tuple[PlannedFault, ...]:
        """What is still to fail."""
        return self._control.faults()

    def take_back_fault(self, number: int | None) -> None:
        """Have one come no more, or end; None for all."""
        self._control.take_back_fault(number)

    def drop_next_ack(self, entity: str, of: Acknowledged) -> None:
        """Do and keep the next one, and lose the answer with the connection."""
        self._control.plan_fault(_UNTOLD[of], path=entity)

    def refuse_sends(self, refusal: Refusal, times: int, entity: str) -> None:
        """Refuse the next sends."""
        self._control.plan_fault("send", **refusal._asdict(), times=times, path=entity)

    def delay(self, seconds: float) -> None:
        """Have every answer be so late from now on."""
        self._control.delay(seconds)

    def outage(self, seconds: float) -> None:
        """Serve nobody for so long."""
        self._control.outage(seconds)

    def cut_connections(self, who: str | None) -> int:
        """Drop the connections of a client, or all."""
        return self._control.cut_connections(who)

    def events(self, queue: str | None = None, after: int = 0) -> list[Event]:
        """What the broker remembers, in order."""
        if queue is None:
            return list(self._all_events(after, ""))
        for path in _paths(queue):
            if events := list(self._all_events(after, path)):
                return _since_creation(events)
        self.snapshot(queue)  # a name that was mistyped is better said to be unknown
        return []

    def evidence(self, queue: str) -> list[Event]:
        """Its events, which tell all."""
        return self.events(queue)

    def clock_moves(self, after: int = 0) -> list[Event]:
        """When time was advanced, in order."""
        events = self._all_events(after, self.namespace)
        return [event for event in events if event.what == ADVANCED]

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


_UNTOLD = {Acknowledged.SEND: "sent", Acknowledged.SETTLEMENT: "settled"}


_BIRTHS = ("queue_created", "topic_created", "subscription_created")


def _paths(name: str) -> Iterator[str]:
    """What the broker may know by a name: a subscription may be named "topic/subscription"."""
    yield name
    topic, slash, subscription = name.rpartition("/")
    if slash:
        yield f"{topic}/Subscriptions/{subscription}"


def _since_creation(events: list[Event]) -> list[Event]:
    """The life of the queue that is there now, without those of the same name before it."""
    births = [at for at, event in enumerate(events) if event.what in _BIRTHS]
    return events[births[-1] :] if births else events
