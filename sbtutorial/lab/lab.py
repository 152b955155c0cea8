"""`Lab`, which a notebook holds: the connection string, and what Azure has no button for.

The same lab stands before the broker on this machine, Azure and Microsoft's emulator. What only our
broker can do says so in a sentence elsewhere, and the lesson goes on.
"""

from datetime import timedelta
from math import inf
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sbtutorial.errors import TutorialError
from sbtutorial.lab.progress import working
from sbtutorial.lab.service import Mode, Service
from sbtutorial.views.event_table import EventTable

if TYPE_CHECKING:
    from sbtutorial.attacks.outcome import Outcome
    from sbtutorial.exercises.checker import Solution, Verdict
    from sbtutorial.exercises.course import Course
    from sbtutorial.explorer.explorer import Explorer
    from sbtutorial.lab.case import Case
    from sbtutorial.lab.faults import Faults
    from sbtutorial.lab.operations import Operations
    from sbtutorial.lab.predictions import Prediction
    from sbtutorial.lab.till import Till
    from sbtutorial.lab.watching import Watch
    from sbtutorial.views.queue_picture import Picture
    from sbtutorial.views.timeline import QueueTimeline, Timeline
    from sbtutorial.views.topic_picture import TopicPicture


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

    @property
    def address(self) -> dict[str, Any]:
        """Where the namespace is, as arguments of a client that gets a credential and no string.

        On Azure that is `fully_qualified_namespace` alone; offline there is a port to be told, too.
        """
        return self.service.address()

    def credential(self, role: str = "Azure Service Bus Data Owner") -> Any:
        """What proves who asks, in place of a key: on Azure `DefaultAzureCredential()`.

        Args:
            role: "Azure Service Bus Data Owner", "… Sender" or "… Receiver", which the broker on
                this machine goes by. On Azure the roles are assigned in the portal.

        Raises:
            TutorialError: There is no such role, or azure-identity is not installed.
        """
        return self.service.credential(role)

    def fresh_queue(self, name: str, **options: Any) -> None:
        """Have an empty queue: deleted if it exists, and created anew by the SDK.

        Args:
            name: Its name.
            options: What `ServiceBusAdministrationClient.create_queue` takes.

        Raises:
            TutorialError: The service refuses the name or an option, or the broker is gone.
        """
        from sbtutorial.setup.sdk import require_sdk

        require_sdk()
        _require_queue_name(name)
        with working(f"creating {name}"):
            self.service.fresh_queue(name, **options)

    def fresh_topic(self, name: str, **options: Any) -> None:
        """Have a topic without subscriptions: deleted if it exists, and created anew by the SDK.

        Args:
            name: Its name.
            options: What `ServiceBusAdministrationClient.create_topic` takes.

        Raises:
            TutorialError: The service refuses the name or an option, or the broker is gone.
        """
        _require_queue_name(name)
        with working(f"creating {name}"):
            self.service.fresh_topic(name, **options)

    def has_made(self, queue: str) -> bool:
        """Whether there is a queue of that name, and `fresh_queue` made it for you.

        Ask before you delete one where others may have queues, too. Offline all of them are yours.

        Args:
            queue: Its name.

        Raises:
            TutorialError: The name is none, or the broker is gone.
        """
        _require_queue_name(queue)
        return self.service.has_made(queue)

    def show(self, queue: str) -> "Picture | TopicPicture":
        """A picture of a queue: what is ready, locked and by whom, deferred, dead.

        Args:
            queue: Its name; or "topic/subscription", here and for `events` and `timeline`; or a
                topic, for a picture of all its subscriptions.

        Raises:
            TutorialError: There is no such queue or topic, or the broker is gone.
        """
        _require_queue_name(queue)
        from sbtutorial.lab.topic_picture import picture

        return picture(self.service, queue)

    def advance(self, seconds: float | timedelta) -> None:
        """Let time pass for locks, lifetimes and schedules: offline at once, elsewhere by waiting.

        Args:
            seconds: How much; a number or a `timedelta`.

        Raises:
            TutorialError: That is no stretch of time, or the broker is gone.
        """
        self.service.advance(_positive_seconds(seconds))

    def reset(self) -> None:
        """Delete every queue of the broker on this machine, and every fault that is planned.

        Elsewhere only a sentence.

        Raises:
            TutorialError: The broker is gone.
        """
        with working("deleting every queue"):
            self.service.reset()

    def kill_broker(self) -> None:
        """Kill the broker on this machine without a word, and start it again.

        It is a background broker's process that gets the signal; elsewhere only a sentence.

        Raises:
            TutorialError: The broker is gone, or another program's.
        """
        self.service.kill_broker()

    @property
    def faults(self) -> "Faults":
        """What goes wrong because you ask for it; shows itself as a list of what is to come."""
        from sbtutorial.lab.faults import Faults

        return Faults(self.service)

    @property
    def till(self) -> "Till":
        """A café's till, a temporary SQLite file: shows what is in it; see `lab.till.empty()`."""
        from sbtutorial.lab.till import Till

        return Till(self.namespace)

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

    def operations(self, queue: str | None = None) -> "Operations":
        """How many operations Azure would have counted, by the broker's events: as a table.

        Args:
            queue: Of one queue, since it was last created; None for all that is remembered.

        Raises:
            TutorialError: As `events`.
        """
        from sbtutorial.lab.operations import count

        if self.service.tells_events:
            return count(self.events(queue))
        print(
            "lab.operations() is for the offline broker: elsewhere the count is in the portal, "
            "under Metrics."
        )
        return count([])

    def timeline(
        self, queue: str, sequence_number: int | None = None, *, message_id: str | None = None
    ) -> "Timeline | QueueTimeline":
        """What became of a queue's messages, or of one: as text, or drawn by `.plot()`.

        Args:
            queue: Where they are or were, since it was last created.
            sequence_number: Which message; None for all of them.
            message_id: Only messages with this id.

        Raises:
            TutorialError: No such message has been there, or the broker is gone.
        """
        from sbtutorial.lab.timelines import timeline

        _require_queue_name(queue)
        return timeline(self.service, queue, sequence_number, message_id)

    @property
    def plots(self) -> ModuleType:
        """What can be drawn of events and measurements: see `sbtutorial.views.plots`."""
        from sbtutorial.views import plots

        return plots

    def watch(self, queue: str, *, beside: bool = True) -> "Watch | Picture | TopicPicture":
        """Open a live view of a queue: it shows what happens while it happens.

        Run again it takes the place of the one that is open. Elsewhere than on the broker of this
        machine only a sentence, and the picture of `show`.

        Args:
            queue: Its name; or "topic/subscription".
            beside: Beside the notebook, where the front end is JupyterLab; else in the cell.

        Raises:
            TutorialError: There is no such queue or subscription, or the broker is gone.
        """
        _require_queue_name(queue)
        if not self.service.tells_events:
            print("A live view is drawn from events, and only the offline broker tells them.")
            return self.show(queue)
        from sbtutorial.lab.watching import Watch

        watch = Watch(self.service, queue, {"lab": self})
        watch.show(beside)
        return watch

    def explorer(self) -> "Explorer":
        """Look around in the namespace and work on it: as a view, and by calls of Python.

        Its last line in a cell opens the view; run again it takes the place of the one before.

        Raises:
            TutorialError: The broker is gone, the service refuses, or the SDK is not installed.
        """
        from sbtutorial.explorer.shown import ShownExplorer
        from sbtutorial.setup.sdk import require_sdk

        require_sdk()
        service = self.service
        explorer = ShownExplorer(
            service.connection_string,
            events=service.events if service.tells_events else None,
        )
        explorer.tree()  # what is wrong is said here, and not in the view
        return explorer

    def restore(self, lesson: str) -> None:
        """Bring a lesson of your copy back to its beginning; yours stays, under another name.

        Args:
            lesson: How its name begins: "03".

        Raises:
            TutorialError: There is no such lesson, or the copy cannot be written.
        """
        from sbtutorial.lessons.restoring import restore

        print(restore(lesson))

    def attack(self, system: object, *, seed: int = 0) -> "Outcome":
        """Have your café live through a day, and see which of its promises it keeps.

        Its programs are processes of their own, on a broker that is nobody else's and is gone
        afterwards, wherever this lab's service is. The same seed is the same day.

        Args:
            system: The program of a `%%program` cell, by its name; or a file, as "cafe.py".
            seed: Which day: 0 for a quiet one, else what goes wrong is drawn from it.

        Raises:
            TutorialError: The program lacks a function, or the day could not begin.
        """
        from sbtutorial.attacks.attack import attack
        from sbtutorial.attacks.cafe import CAFE
        from sbtutorial.attacks.system import system_of

        return attack(CAFE, system_of(system), seed)

    def incident(self, name: str) -> "Case[Lab]":
        """Have an incident of the failure lab: its pager text, and the day on which it happened.

        What happened can be looked at in `….lab`, a namespace of its own, wherever this lab's is.

        Args:
            name: Which: "mondays".

        Raises:
            TutorialError: There is no such incident, or its day could not be played.
        """
        from sbtutorial.lab.case import open_case

        return open_case(name, Lab)

    def check(self, exercise: str, answer: object) -> "Verdict":
        """Try an answer to an exercise: passed, or what was wanted, what was seen, and a hint.

        What it does is told while it does it. From the second try on there is a second hint, from
        the third on an answer, explained.

        Args:
            exercise: Its name: "send.batch".
            answer: Your function, by its name and without parentheses; of the café and of an
                incident, the program.

        Raises:
            TutorialError: There is no such exercise; that is no function; the broker is gone.
        """
        from sbtutorial.exercises import checker

        return checker.check(self.service, exercise, answer)

    def solution(self, exercise: str) -> "Solution":
        """An answer to an exercise that is right, and why: for when hints do not help.

        Args:
            exercise: Its name: "send.batch".

        Raises:
            TutorialError: There is no such exercise.
        """
        from sbtutorial.exercises import checker

        return checker.solution(exercise)

    def predict(self, question: str, *choices: object) -> "Prediction":
        """Ask what will happen, before it does; `answer` tells what did.

        As its last line in a cell it shows the choices; without a click it stays a question. What
        is said is kept on this machine.

        Args:
            question: In words.
            choices: What can be said: numbers or text.

        Raises:
            TutorialError: That is no question, or there are no two choices.
        """
        from sbtutorial.lab.predictions import ask

        return ask(question, choices)

    def answer(self, value: object) -> None:
        """Print what is so, beside what was predicted, "You said 3" and "It is 2".

        It goes with the last question that has no answer; a cell that runs again, with its own.

        Args:
            value: What is so.
        """
        from sbtutorial.lab.predictions import answer

        print(answer(value))

    def course(self) -> "Course":
        """A map of the lessons: which exercises you have passed, what you foresaw, what is next."""
        from sbtutorial.exercises.course import course

        return course()


_ENDLESS_SECONDS = 1e300  # which is refused as any other that is too long


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
    return float(min(seconds, _ENDLESS_SECONDS))  # a whole number may be larger than any float
