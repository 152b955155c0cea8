"""What a notebook holds in its hand: the connection string, and what Azure has no button for.

`connect()` finds the broker on this machine or starts it. With SBTUTORIAL_CONNECTION_STRING set,
the same notebook works on Azure or on Microsoft's emulator instead; what only our broker can do
then says so in a sentence, and the lesson goes on.
"""

import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, Any

from sbtutorial import notebook
from sbtutorial.connection_string import ConnectionString, parse_connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.hosting.background import DEFAULT_NAMESPACE, DEFAULT_TIER, ensure
from sbtutorial.hosting.control_client import BrokerGone, ControlClient
from sbtutorial.trace import Event
from sbtutorial.views.event_table import EventTable
from sbtutorial.views.queue_text import Picture

if TYPE_CHECKING:
    from sbtutorial.exercises.task import Verdict
    from sbtutorial.views.timeline import Timeline

CONNECTION_STRING_VARIABLE = "SBTUTORIAL_CONNECTION_STRING"
_DETECTION_SECONDS = 2.0


class Mode(StrEnum):
    """What answers a lab."""

    OFFLINE = "offline"  # our broker, on this machine
    AZURE = "azure"
    EMULATOR = "emulator"  # Microsoft's


def connect(namespace: str = DEFAULT_NAMESPACE, *, tier: str = DEFAULT_TIER) -> "Lab":
    """Get a Service Bus to work with, and one printed line that says which.

    Without SBTUTORIAL_CONNECTION_STRING that is the broker on this machine: the one that runs, or
    a new one. With it, it is what the string names, and the arguments count for nothing.

    Args:
        namespace: Which of the brokers on this machine; each has its own queues.
        tier: "Standard" or "Premium", for a broker that has to be started.

    Raises:
        TutorialError: No broker can be had; the text says why and what to do.
    """
    notebook.equip()
    if text := os.environ.get(CONNECTION_STRING_VARIABLE):
        return _connect_elsewhere(text)
    return _connect_offline(namespace, tier)


def attach(connection_string: str) -> "Lab":
    """The lab of a program that was given its connection string; prints nothing.

    Raises:
        ConnectionStringError: The string is no connection string of Service Bus.
        TutorialError: It is our broker's, with a wrong key; or nothing answers there.
    """
    connection = parse_connection_string(connection_string)
    return _lab(connection, _status(connection))


class Lab:
    """One Service Bus namespace, as a lesson uses it.

    Attributes:
        connection_string: What every client of the SDK takes.
        mode: "offline", "azure" or "emulator".
        namespace: Its name.
    """

    def __init__(self, connection_string: str, mode: Mode, namespace: str) -> None:
        self.connection_string = parse_connection_string(connection_string).text
        self.mode = mode
        self.namespace = namespace

    def __repr__(self) -> str:
        return f'<Lab {self.mode}, namespace "{self.namespace}">'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lab) and self.connection_string == other.connection_string

    def __hash__(self) -> int:
        return hash(self.connection_string)

    def fresh_queue(self, name: str, **options: Any) -> None:
        """Have an empty queue: deleted if it exists, and created anew by the SDK.

        Args:
            name: Its name.
            options: What `ServiceBusAdministrationClient.create_queue` takes.

        Raises:
            TutorialError: The service refuses the name or an option, or the broker is gone.
        """
        from sbtutorial.lab import fresh_queue

        _require_queue_name(name)
        self._require_answer()
        fresh_queue.make_fresh_queue(self.connection_string, name, options)

    def show(self, queue: str) -> Picture:
        """A picture of a queue in text: what is ready, locked and by whom, deferred, dead.

        Raises:
            TutorialError: There is no such queue, or the broker is gone.
        """
        _require_queue_name(queue)
        if self.mode is Mode.OFFLINE:
            return Picture(self._control.queue(queue))
        from sbtutorial.lab import azure

        return Picture(azure.snapshot(self.connection_string, queue))

    def advance(self, seconds: float | timedelta) -> None:
        """Let time pass for locks, lifetimes and schedules: offline at once, elsewhere by waiting.

        Args:
            seconds: How much; a number or a `timedelta`.

        Raises:
            TutorialError: That is no stretch of time, or the broker is gone.
        """
        seconds = _positive_seconds(seconds)
        if self.mode is Mode.OFFLINE:
            self._control.advance(seconds)
            return
        from sbtutorial.lab import azure

        azure.wait(seconds)

    def reset(self) -> None:
        """Delete every queue of the broker on this machine; elsewhere only a sentence.

        Raises:
            TutorialError: The broker is gone.
        """
        if self.mode is Mode.OFFLINE:
            self._control.reset()
        else:
            print(f"lab.reset() is for the offline broker: nothing was deleted on {self._where}.")

    def shrink(self, queue: str, *, megabytes: int) -> None:
        """Make a queue hold very little, so that it can be filled; elsewhere only a sentence.

        Args:
            queue: Its name.
            megabytes: What it holds from now on; Azure's smallest size is 1024.

        Raises:
            TutorialError: There is no such queue, it would not shrink, or the broker is gone.
        """
        if self.mode is Mode.OFFLINE:
            self._control.shrink(queue, megabytes)
        else:
            print(
                f"lab.shrink() is for the offline broker: {queue} keeps its size on {self._where}."
            )

    def events(
        self,
        queue: str | None = None,
        *,
        sequence_number: int | None = None,
        message_id: str | None = None,
        after: int = 0,
    ) -> EventTable:
        """What happened, in order: a list of events that shows itself as a table.

        Args:
            queue: A queue, with its dead-letter queue, since it was last created; None for all
                that is still remembered.
            sequence_number: Only what happened to this message.
            message_id: Only what happened to messages with this id.
            after: Only events with a higher number.

        Raises:
            TutorialError: No queue of that name is or has been there, or the broker is gone.
        """
        if self.mode is not Mode.OFFLINE:
            print(f"lab.events() is for the offline broker: {self._where} keeps no such record.")
            return EventTable()
        if queue is not None:
            _require_queue_name(queue)
        events = list(_all_events(self._control, after, queue or ""))
        if queue is not None:
            if not events:
                self._control.queue(queue)  # a name that was mistyped is better said to be unknown
            events = _since_creation(events)
        return EventTable(
            event
            for event in events
            if sequence_number in (None, event.sequence_number)
            and message_id in (None, event.message_id)
        )

    def timeline(self, queue: str, sequence_number: int) -> "Timeline":
        """One message's life since its queue was created: as text, or drawn by `.plot()`.

        Args:
            queue: Where it is or was.
            sequence_number: Which message.

        Raises:
            TutorialError: No such message has been there, or the broker is gone.
        """
        from sbtutorial.views.timeline import Timeline

        events = self.events(queue, sequence_number=sequence_number)
        if not events and self.mode is Mode.OFFLINE:
            raise TutorialError(
                f"Nothing is known of a message {sequence_number} in '{queue}': "
                f'lab.events("{queue}") has the numbers of those that have been there.'
            )
        now = time.time() + self._advanced_seconds
        return Timeline(f"{queue}, message {sequence_number}", events, now)

    def check(self, exercise: str, answer: Callable[..., Any]) -> "Verdict":
        """Try an answer to an exercise: passed, or what was wanted, what was seen, and a hint.

        Args:
            exercise: Its name: "send.batch".
            answer: Your function, by its name and without parentheses.

        Raises:
            TutorialError: There is no such exercise; that is no function; the broker is gone.
        """
        from sbtutorial.exercises import checker

        return checker.check(self, exercise, answer)

    @property
    def _control(self) -> ControlClient:
        return ControlClient(self.connection_string)

    @property
    def _advanced_seconds(self) -> float:
        if self.mode is not Mode.OFFLINE:
            return 0.0
        return float(self._control.status()["advanced_seconds"])

    @property
    def _where(self) -> str:
        return "Azure" if self.mode is Mode.AZURE else "the emulator"

    def _require_answer(self) -> None:
        """Say so at once if the broker is gone; the SDK would try again for a while first."""
        if self.mode is Mode.OFFLINE:
            self._control.status()


def _connect_offline(namespace: str, tier: str) -> Lab:
    broker = ensure(namespace, tier=tier)
    print(_introduce("on this machine", broker.record.namespace))
    if broker.notice:
        print(broker.notice)
    _trust_certificate()
    return Lab(broker.connection_string, Mode.OFFLINE, broker.record.namespace)


def _connect_elsewhere(text: str) -> Lab:
    from sbtutorial.lab import azure

    connection = azure.read_variable(text)
    try:
        status = _status(connection)
    except BrokerGone:
        raise azure.nothing_there(connection) from None
    except TutorialError as refusal:
        raise TutorialError(f"{CONNECTION_STRING_VARIABLE} cannot be used. {refusal}") from None
    if status:
        print(_introduce(f"at {connection.host}:{connection.port}", status["namespace"]))
        _trust_certificate()
    else:
        print(azure.describe(connection))
    return _lab(connection, status)


def _lab(connection: ConnectionString, status: dict[str, Any] | None) -> Lab:
    if status:
        return Lab(connection.text, Mode.OFFLINE, status["namespace"])
    if connection.is_emulator:
        return Lab(connection.text, Mode.EMULATOR, connection.host)
    return Lab(connection.text, Mode.AZURE, connection.host.partition(".")[0])


def _introduce(where: str, namespace: str) -> str:
    return f'offline: Service Bus broker {where}, namespace "{namespace}"'


def _status(connection: ConnectionString) -> dict[str, Any] | None:
    """What our broker says of itself; None when it is Azure or the emulator that is there.

    Raises:
        TutorialError: One is there and refuses the key; `BrokerGone`: nothing is there.
    """
    if not connection.is_emulator:
        return None
    try:
        return ControlClient(connection.text, timeout_seconds=_DETECTION_SECONDS).status()
    except BrokerGone:
        from sbtutorial.lab import azure

        if azure.answers(connection):
            return None
        raise


def _trust_certificate() -> None:
    from sbtutorial.server import certificates

    trust = certificates.trust(certificates.ensure(certificates.default_folder()))
    if trust.is_late_for_aiohttp:
        print(
            "aiohttp was imported before connect(), so azure.servicebus.aio.management cannot "
            "reach the broker: to use it, restart the kernel and run connect() first."
        )


def _require_queue_name(value: object) -> None:
    if not isinstance(value, str) or not value:
        raise TutorialError(f'A queue is named by text, as in "orders"; {value!r} is no name.')


def _positive_seconds(value: object) -> float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TutorialError(
            f"lab.advance takes a number of seconds or a timedelta; {value!r} is neither."
        )
    if not 0 < seconds < inf:
        raise TutorialError(
            f"lab.advance moves time forward, by more than 0 seconds; {value!r} does not."
        )
    return float(seconds)


def _all_events(control: ControlClient, after: int, entity: str) -> Iterator[Event]:
    """Every event so far, page by page."""
    while True:
        page = control.events(after, entity)
        yield from (Event(**event) for event in page["events"])
        if not page["events"]:
            return
        after = page["last"]


def _since_creation(events: list[Event]) -> list[Event]:
    """The life of the queue that is there now, without those of the same name before it."""
    births = [at for at, event in enumerate(events) if event.what == "queue_created"]
    return events[births[-1] :] if births else events
