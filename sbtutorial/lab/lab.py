"""`Lab`, which a notebook holds: the connection string, and what Azure has no button for.

The same lab stands before the broker on this machine, Azure and Microsoft's emulator. What only our
broker can do says so in a sentence elsewhere, and the lesson goes on.
"""

from collections.abc import Callable
from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING, Any

from sbtutorial.errors import TutorialError
from sbtutorial.lab.service import Mode, Service
from sbtutorial.views.event_table import EventTable
from sbtutorial.views.queue_text import Picture

if TYPE_CHECKING:
    from sbtutorial.exercises.checker import Verdict
    from sbtutorial.views.timeline import Timeline


class Lab:
    """One Service Bus namespace, as a lesson uses it.

    Attributes:
        service: What answers it: the offline broker, Azure or the emulator.
    """

    def __init__(self, service: Service) -> None:
        self.service = service

    def __repr__(self) -> str:
        return f'<Lab {self.mode}, namespace "{self.namespace}">'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lab) and self.connection_string == other.connection_string

    def __hash__(self) -> int:
        return hash(self.connection_string)

    @property
    def connection_string(self) -> str:
        """What every client of the SDK takes."""
        return self.service.connection_string

    @property
    def mode(self) -> Mode:
        """What answers: "offline", "azure" or "emulator"."""
        return self.service.mode

    @property
    def namespace(self) -> str:
        """The namespace's name."""
        return self.service.namespace

    def fresh_queue(self, name: str, **options: Any) -> None:
        """Have an empty queue: deleted if it exists, and created anew by the SDK.

        Args:
            name: Its name.
            options: What `ServiceBusAdministrationClient.create_queue` takes.

        Raises:
            TutorialError: The service refuses the name or an option, or the broker is gone.
        """
        _require_queue_name(name)
        self.service.fresh_queue(name, **options)

    def show(self, queue: str) -> Picture:
        """A picture of a queue in text: what is ready, locked and by whom, deferred, dead.

        Raises:
            TutorialError: There is no such queue, or the broker is gone.
        """
        _require_queue_name(queue)
        return Picture(self.service.snapshot(queue))

    def advance(self, seconds: float | timedelta) -> None:
        """Let time pass for locks, lifetimes and schedules: offline at once, elsewhere by waiting.

        Args:
            seconds: How much; a number or a `timedelta`.

        Raises:
            TutorialError: That is no stretch of time, or the broker is gone.
        """
        self.service.advance(_positive_seconds(seconds))

    def reset(self) -> None:
        """Delete every queue of the broker on this machine; elsewhere only a sentence.

        Raises:
            TutorialError: The broker is gone.
        """
        self.service.reset()

    def shrink(self, queue: str, *, megabytes: int) -> None:
        """Make a queue hold very little, so that it can be filled; elsewhere only a sentence.

        Args:
            queue: Its name.
            megabytes: What it holds from now on; Azure's smallest size is 1024.

        Raises:
            TutorialError: There is no such queue, it would not shrink, or the broker is gone.
        """
        self.service.shrink(queue, megabytes)

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
        if queue is not None:
            _require_queue_name(queue)
        return EventTable(
            event
            for event in self.service.events(queue, after)
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
        if not events and self.service.tells_events:
            raise TutorialError(
                f"Nothing is known of a message {sequence_number} in '{queue}': "
                f'lab.events("{queue}") has the numbers of those that have been there.'
            )
        return Timeline(f"{queue}, message {sequence_number}", events, self.service.now())

    def check(self, exercise: str, answer: Callable[..., Any]) -> "Verdict":
        """Try an answer to an exercise: passed, or what was wanted, what was seen, and a hint.

        Args:
            exercise: Its name: "send.batch".
            answer: Your function, by its name and without parentheses.

        Raises:
            TutorialError: There is no such exercise; that is no function; the broker is gone.
        """
        from sbtutorial.exercises import checker

        return checker.check(self.service, exercise, answer)


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
