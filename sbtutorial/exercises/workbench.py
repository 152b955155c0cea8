"""What a check works with: private queues, the real SDK, the broker's own account of it all.

    def check_batch(workbench: Workbench, send_all: Answer) -> str:
        queue = workbench.queue()
        workbench.run(send_all, workbench.new_client(), queue, ["coffee", "tea"])
        if (bodies := [str(message) for message in workbench.peek(queue)]) != ["coffee", "tea"]:
            not_yet(wanted=..., seen=..., hint=...)
        return "both orders are in the queue"

An answer gets clients of its own, new ones for each call, because it may well close them. What
looks at the queues is the workbench's. Everything that it makes is gone when the check ends.
"""

import secrets
from contextlib import ExitStack, suppress
from functools import cached_property
from threading import Thread
from typing import TYPE_CHECKING, Any, Self

from sbtutorial.exercises import running
from sbtutorial.exercises.task import Answer, Task
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


_NAME = "exercise"
_PAGE_COUNT = 250


class Workbench:
    """One check's surroundings; a context manager that clears up.

    Attributes:
        service: What answers the notebook's lab.
        task: The exercise.
        notes: Sentences about what could not be checked here.
    """

    def __init__(self, service: Service, task: Task) -> None:
        self.service = service
        self.task = task
        self.notes: list[str] = []
        self._names: list[str] = []
        self._windows: dict[tuple[str, bool], ServiceBusReceiver] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for name in self._names:
            self._delete(name)
        # The SDK takes a second to close a receiver, and nobody need wait for that.
        Thread(target=self._close, name=f"{self.task.name} closes", daemon=True).start()

    @cached_property
    def client(self) -> "ServiceBusClient":
        """The client of the SDK to look with; an answer gets a `new_client`."""
        return self.new_client()

    @cached_property
    def admin(self) -> "ServiceBusAdministrationClient":
        """The administration client of the SDK to look with; an answer gets a `new_admin`."""
        return self.new_admin()

    def new_client(self) -> "ServiceBusClient":
        """A client of the SDK, to lend to an answer for one call."""
        from azure.servicebus import ServiceBusClient

        return self._open.enter_context(
            ServiceBusClient.from_connection_string(self.service.connection_string)
        )

    def new_admin(self, **options: Any) -> "ServiceBusAdministrationClient":
        """An administration client of the SDK, to lend to an answer for one call.

        Args:
            options: What `ServiceBusAdministrationClient.from_connection_string` takes.
        """
        from azure.servicebus.management import ServiceBusAdministrationClient

        return self._open.enter_context(
            ServiceBusAdministrationClient.from_connection_string(
                self.service.connection_string, **options
            )
        )

    def queue(self, **options: Any) -> str:
        """The name of a new empty queue.

        Args:
            options: What `ServiceBusAdministrationClient.create_queue` takes.
        """
        name = self.unused_name()
        self.service.fresh_queue(name, **options)
        return name

    def unused_name(self) -> str:
        """The name of a queue that does not exist, for an answer to create."""
        name = f"{_NAME}-{secrets.token_hex(4)}"
        self._names.append(name)
        return name

    def run(self, answer: Answer, *arguments: Any) -> Any:
        """Call the answer, for a bounded time, and return what it returns.

        Raises:
            NotYet: It takes other arguments, raised an error, or had not returned in time.
        """
        limit = self.task.limit_seconds
        return running.run(answer, arguments, limit_seconds=limit, wanted=self.task.wanted)

    def error_of(
        self, answer: Answer, *arguments: Any, kind: type[Exception] | tuple[type[Exception], ...]
    ) -> BaseException | None:
        """Call the answer where it may raise an error of that kind; None if it raises none.

        Raises:
            NotYet: It raised another error, or had not returned in time.
        """
        limit = self.task.limit_seconds
        return running.error_of(
            answer, arguments, kind, limit_seconds=limit, wanted=self.task.wanted
        )

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
        with self.client.get_queue_sender(queue) as sender:
            sender.send_messages(ready)

    def peek(self, queue: str, *, dead_letter: bool = False) -> "list[ServiceBusReceivedMessage]":
        """What is in a queue, or in its dead-letter queue, in order and untouched."""
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
        note = "how it came about was not checked: only the offline broker tells its events."
        if note not in self.notes:
            self.notes.append(note)
        return []

    def readable(self, text: str) -> str:
        """A text without the random part of the queues' names."""
        for name in self._names:
            text = text.replace(name, _NAME)
        return text

    def _close(self) -> None:
        with suppress(Exception):  # an answer may have closed, or broken, what it was lent
            self._open.close()

    def _delete(self, name: str) -> None:
        with suppress(Exception):  # an answer may have deleted it; nothing else is to be done here
            self.admin.delete_queue(name)
