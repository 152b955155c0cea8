"""What a check works with: private queues, the real SDK, the broker's own account of it all.

    def check_batch(workbench: Workbench, send_all: Answer) -> str:
        queue = workbench.queue()
        workbench.run(send_all, workbench.new_client(), queue, ["coffee", "tea"])
        if (bodies := [str(message) for message in workbench.peek(queue)]) != ["coffee", "tea"]:
            not_yet(wanted=..., seen=..., hint=...)
        return "both orders are in the queue"

An answer gets clients of its own, new ones for each call, because it may well close them. What
looks at the queues is the workbench's. Everything that it makes is gone when the check ends.

What the workbench does for a check it tells by itself, while it does it: sends, calls of the
answer, time that passes. A check tells what only it knows: `workbench.tell("the till is closed")`.
"""

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from sbtutorial.errors import TutorialError
from sbtutorial.exercises import printing, running, surroundings
from sbtutorial.exercises.closing import Aside
from sbtutorial.exercises.leftovers import end_threads, receivers
from sbtutorial.exercises.other_queues import CHECKER, EXERCISE, Use, explained, use_since
from sbtutorial.exercises.story import Story
from sbtutorial.exercises.task import Answer, NotYet, Task
from sbtutorial.explorer.links import open_admin, open_client
from sbtutorial.lab.service import Service
from sbtutorial.trace import Event

if TYPE_CHECKING:
    from azure.servicebus import (
        ServiceBusClient,
        ServiceBusMessage,
        ServiceBusReceivedMessage,
        ServiceBusReceiver,
    )
    from azure.servicebus.management import ServiceBusAdministrationClient

    from sbtutorial.explorer.explorer import Explorer


_PAGE_COUNT = 250
_MOST_NAMED_CHARS = 40


def _named(messages: "Sequence[str | ServiceBusMessage]") -> str:
    """A few short texts by themselves; else how many messages."""
    texts = [message for message in messages if isinstance(message, str)]
    text = ", ".join(texts)
    if texts and len(texts) == len(messages) and len(text) <= _MOST_NAMED_CHARS:
        return text
    return "1 message" if len(messages) == 1 else f"{len(messages)} messages"


class Workbench:
    """One check's surroundings; a context manager that clears up.

    Attributes:
        service: What answers the notebook's lab.
        task: The exercise.
        notes: Sentences about what could not be checked here.
    """

    def __init__(self, service: Service, task: Task, story: Story | None = None) -> None:
        self.service = service
        self.task = task
        self.notes: list[str] = []
        self._story = story or Story()
        self._began_at: float | None = None  # in broker time
        self._names: list[str] = []
        self._made: list[str] = []
        self._windows: dict[tuple[str, bool], ServiceBusReceiver] = {}
        self._aside = Aside()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for name in self._names:
            self._delete(name)
        # The SDK takes a second to close a receiver, and nobody need wait for that.
        threading.Thread(target=self._close, name=f"{self.task.name} closes", daemon=True).start()

    @cached_property
    def client(self) -> "ServiceBusClient":
        """The client of the SDK to look with; an answer gets a `new_client`."""
        return self.new_client()

    @cached_property
    def admin(self) -> "ServiceBusAdministrationClient":
        """The administration client of the SDK to look with; an answer gets a `new_admin`."""
        return self.new_admin()

    def new_client(self, **options: Any) -> "ServiceBusClient":
        """A client of the SDK, to lend to an answer for one call.

        Args:
            options: What `ServiceBusClient.from_connection_string` takes.
        """
        return self._open.enter_context(open_client(self.service.connection_string, **options))

    def new_admin(self, **options: Any) -> "ServiceBusAdministrationClient":
        """An administration client of the SDK, to lend to an answer for one call.

        Args:
            options: What `ServiceBusAdministrationClient.from_connection_string` takes.
        """
        return self._open.enter_context(open_admin(self.service.connection_string, **options))

    def new_explorer(self) -> "Explorer":
        """An Explorer of the namespace, to lend to an answer for one call."""
        from sbtutorial.explorer.explorer import Explorer

        events = self.service.events if self.service.tells_events else None
        explorer = Explorer(self.service.connection_string, events=events)
        self._open.callback(explorer.close)
        return explorer

    def queue(self, **options: Any) -> str:
        """The name of a new empty queue.

        Args:
            options: What `ServiceBusAdministrationClient.create_queue` takes.
        """
        name = self.unused_name()
        self.service.fresh_queue(name, **options)
        self._made.append(name)
        return name

    def topic(self, *subscriptions: str, **options: Any) -> str:
        """The name of a new topic with these subscriptions; each takes everything by `$Default`.

        Args:
            subscriptions: Their names.
            options: What `ServiceBusAdministrationClient.create_subscription` takes.
        """
        name = self.unused_name()
        self.service.fresh_topic(name)
        for subscription in subscriptions:
            self.admin.create_subscription(name, subscription, **options)
        return name

    def send_to_topic(self, topic: str, *messages: "ServiceBusMessage") -> None:
        """Put messages into a topic, one after the other."""
        with self._aside.opened(self.client.get_topic_sender(topic)) as sender:
            sender.send_messages(list(messages))

    def peek_subscription(self, topic: str, subscription: str) -> "list[ServiceBusReceivedMessage]":
        """The first messages of a subscription, in order and untouched."""
        link = self.client.get_subscription_receiver(topic, subscription)
        with self._aside.opened(link) as window:
            return window.peek_messages(_PAGE_COUNT)

    def unused_name(self) -> str:
        """The name of a queue or a topic that does not exist, for an answer to create."""
        name = self.service.whole_name(f"{EXERCISE}-{secrets.token_hex(4)}")
        self._names.append(name)
        return name

    def tell(self, step: str) -> None:
        """Say what has just happened, while the check goes on: "killed at the tea".

        Args:
            step: A few words, the same on every run.
        """
        self._story.tell(self.readable(step))

    def show_printed(self, text: str) -> None:
        """Show what an answer has printed, where it runs elsewhere than in `run`."""
        self._story.print(text)

    def run(self, answer: Answer, *arguments: Any) -> Any:
        """Call the answer, for a bounded time, and return what it returns.

        Raises:
            NotYet: It takes other arguments, raised an error, or had not returned in time.
        """
        return running.run(answer, arguments, **self._conditions(arguments))

    def error_of(
        self, answer: Answer, *arguments: Any, kind: type[Exception] | tuple[type[Exception], ...]
    ) -> BaseException | None:
        """Call the answer where it may raise an error of that kind; None if it raises none.

        Raises:
            NotYet: It raised another error, or had not returned in time.
        """
        return running.error_of(answer, arguments, kind, **self._conditions(arguments))

    def begin_call(self) -> None:
        """Tell that the answer starts, or starts again, wherever it runs."""
        self.tell("your function started" if self._began_at is None else "started again")
        if self._began_at is None:
            self._began_at = self.service.now() if self.tells_events else 0.0

    def _conditions(self, arguments: tuple[Any, ...]) -> dict[str, Any]:
        """Under which the answer is called."""
        return {
            "limit_seconds": self.task.limit_seconds,
            "wanted": self.task.wanted,
            "around": lambda: self._attended(arguments),
        }

    @contextmanager
    def _attended(self, arguments: tuple[Any, ...]) -> Iterator[None]:
        """Around a call of the answer: what it prints is shown, what it leaves behind is told."""
        self.begin_call()
        listening, threads = receivers(self.service, self._names), threading.enumerate()
        try:
            with surroundings.kept(self._note), printing.taken(self._story.print):
                yield
        finally:
            if end_threads(threads):
                self._note("your function left a thread of its own running; it was told to end.")
        self._look_around(listening, arguments)
        self.tell("returned")

    def _look_around(self, listening: set[str], arguments: tuple[Any, ...]) -> None:
        """See who listens now, and did not before."""
        if not any(hasattr(argument, "get_queue_receiver") for argument in arguments):
            return  # without a client it can open nothing
        lent = {getattr(argument, "client_identifier", "") for argument in arguments}
        own = {window.client_identifier for window in self._windows.values()}
        if receivers(self.service, self._names) - listening - lent - own:
            self._note(
                "your function left a receiver open, which may take messages that nobody reads: "
                "close it, best by `with`."
            )

    def _note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)

    def explained(self, outcome: NotYet) -> NotYet:
        """The same outcome, or a better one: the answer worked with a queue of its own choice."""
        use = Use(True, ())
        if self.tells_events and self._began_at is not None:
            use = use_since(self.service, self._began_at, self._names)
        better, note = explained(outcome, use, self._names)
        if note:
            self._note(note)
        return better

    def lacks_queue(self) -> bool:
        """Whether a queue that was made for this check is gone."""
        return any(not self.exists(name) for name in self._made)

    def without_queue(self) -> NotYet:
        """What is said when such a queue is gone."""
        return NotYet(
            self.task.wanted,
            "your function deleted the queue that the exercise gave it",
            "Leave the queue where it is: delete_queue takes its messages along.",
        )

    def _is_gone(self, queue: str) -> bool:
        if self._began_at is None or queue not in self._made or not self.tells_events:
            return False
        try:
            self.service.snapshot(queue)
        except TutorialError:
            return True
        return False

    def exists(self, queue: str) -> bool:
        """Whether there is a queue of that name."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            self.admin.get_queue(queue)
        except ResourceNotFoundError:
            return False
        return True

    def send(self, queue: str, *messages: "str | ServiceBusMessage") -> None:
        """Put messages into a queue; a text becomes a message with that body and message id."""
        from azure.servicebus import ServiceBusMessage

        ready = [
            ServiceBusMessage(message, message_id=message) if isinstance(message, str) else message
            for message in messages
        ]
        link = self.client.get_queue_sender(queue, client_identifier=CHECKER)
        with self._aside.opened(link) as sender:
            sender.send_messages(ready)
        self.tell(f"{_named(messages)} sent")

    def peek(self, queue: str, *, dead_letter: bool = False) -> "list[ServiceBusReceivedMessage]":
        """What is in a queue, or in its dead-letter queue, in order and untouched."""
        if self._is_gone(queue):  # the SDK would look for it for a while
            raise self.without_queue()
        window = self._window(queue, dead_letter)
        found: list[ServiceBusReceivedMessage] = []
        next_number = 1
        # One answer holds what fits into a message, on Azure as here.
        while page := window.peek_messages(_PAGE_COUNT, sequence_number=next_number):
            found += page
            next_number = (page[-1].sequence_number or 0) + 1
        return found

    def _window(self, queue: str, dead_letter: bool) -> "ServiceBusReceiver":
        """A receiver that only peeks."""
        from azure.servicebus import ServiceBusSubQueue

        if (queue, dead_letter) not in self._windows:
            sub_queue = ServiceBusSubQueue.DEAD_LETTER if dead_letter else None
            self._windows[queue, dead_letter] = self._open.enter_context(
                self.client.get_queue_receiver(queue, sub_queue=sub_queue)
            )
        return self._windows[queue, dead_letter]

    def advance(self, seconds: float) -> None:
        """Let time pass; elsewhere than offline this waits."""
        self.tell(f"{seconds:g} s pass")
        self.service.advance(seconds)

    @property
    def tells_events(self) -> bool:
        """Whether `events` has anything to tell: only the offline broker keeps a record."""
        return self.service.tells_events

    def events(self, queue: str) -> list[Event]:
        """What happened in a queue and its dead-letter queue, in order.

        Elsewhere than offline it is empty, and the verdict gets a note; ask `tells_events` before
        judging by it.
        """
        if self.tells_events:
            return self.service.events(queue)
        self._note("how it came about was not checked: only the offline broker tells its events.")
        return []

    def readable(self, text: str) -> str:
        """A text without the random part of the queues' names."""
        for name in self._names:
            text = text.replace(name, EXERCISE)
        return text

    def _close(self) -> None:
        self._aside.wait()
        with suppress(Exception):  # an answer may have closed, or broken, what it was lent
            self._open.close()

    def _delete(self, name: str) -> None:
        with suppress(Exception):  # an answer may have deleted it; nothing else is to be done here
            self.admin.delete_queue(name)  # a topic goes by the same request
