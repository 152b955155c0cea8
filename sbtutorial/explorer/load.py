"""Test senders and receivers: threads that send and receive, and rows to draw a chart from."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Any

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.draft import Draft
from sbtutorial.explorer.links import CLIENT_NAME, Links
from sbtutorial.explorer.places import Place
from sbtutorial.explorer.tables import Shown, Table

MAX_RATE = 1000.0
MAX_THINK_SECONDS = 3600
_WAIT_SECONDS = 1.0
_KEPT_SECONDS = 3600


@dataclass(frozen=True)
class Second:
    """What was done in one second.

    Attributes:
        second: 0 for the first one.
        messages: How many messages were sent, or received and completed.
    """

    second: int
    messages: int


class Load(Shown):
    """A thread that goes on sending or receiving until it is stopped or has done enough.

    Attributes:
        name: Who it is.
        what: "sends to" or "receives from".
        failure: Why it has ended before its time; "" when it has not.
    """

    def __init__(self, name: str, what: str, place: Place, work: "Callable[[Load], None]") -> None:
        self.name = name
        self.what = what
        self.place = place
        self.failure = ""
        self.stopping = Event()
        self._counts: dict[int, int] = {}
        self._lock = Lock()
        self._began = time.monotonic()
        self._thread = Thread(target=self._run, args=(work,), name=name, daemon=True)
        self._thread.start()

    @property
    def total(self) -> int:
        """How many messages so far."""
        return sum(row.messages for row in self.rows())

    @property
    def is_running(self) -> bool:
        """Whether it is still at it."""
        return self._thread.is_alive()

    def rows(self) -> list[Second]:
        """A row each second in which something was done, of the last hour."""
        with self._lock:
            return [Second(second, count) for second, count in sorted(self._counts.items())]

    def stop(self) -> "Load":
        """Have it end after the message that it is at; returns when it has."""
        self.stopping.set()
        return self.wait()

    def wait(self, seconds: float | None = None) -> "Load":
        """Wait until it has ended, at most so long."""
        self._thread.join(seconds)
        return self

    def count(self, messages: int = 1) -> None:
        """So many are done."""
        second = int(time.monotonic() - self._began)
        with self._lock:
            self._counts[second] = self._counts.get(second, 0) + messages
            self._counts.pop(second - _KEPT_SECONDS, None)

    def table(self) -> Table:
        """What it has done, in one row: how fast that went is another on each run."""
        state = "works" if self.is_running else "failed" if self.failure else "has ended"
        heads = ("who", "does", "messages", "state")
        row = (self.name, f"{self.what} {self.place}", self.total, state)
        return Table("load", heads, [row])

    def remark(self) -> str:
        """Why it has failed."""
        return self.failure

    def _run(self, work: "Callable[[Load], None]") -> None:
        try:
            work(self)
        except Exception as error:
            self.failure = str(error) if isinstance(error, TutorialError) else repr(error)


def sender(
    links: Links, place: Place, drafts: Iterator[Draft], *, per_second: float, name: str
) -> Load:
    """Send messages at a rate.

    Args:
        links: To the namespace.
        place: A queue or a topic.
        drafts: What to send; it ends after the last.
        per_second: How many, evenly; 1000 at most.
        name: Who sends.

    Raises:
        TutorialError: The rate is none.
    """
    _require_rate(per_second)

    def work(load: Load) -> None:
        began = time.monotonic()
        for number, draft in enumerate(drafts):
            due = began + number / per_second
            if load.stopping.wait(max(due - time.monotonic(), 0)):
                return
            with links.sender(place) as open_sender:
                open_sender.send(draft.to_sdk())
            load.count()

    return Load(name, "sends to", place, work)


def receiver(
    links: Links, place: Place, *, think_seconds: float, enough: int | None, name: str
) -> Load:
    """Receive messages one by one, think a while about each, and complete it.

    Args:
        links: To the namespace.
        place: A queue or a subscription without sessions, or dead letters.
        think_seconds: How long between receiving a message and completing it.
        enough: After how many it ends; None for never.
        name: Who receives.

    Raises:
        TutorialError: The think time is none.
    """
    _require_think_time(think_seconds)

    def work(load: Load) -> None:
        with links.receiver(place, client_identifier=name or CLIENT_NAME) as taking:
            done = 0
            while not load.stopping.is_set() and done != enough:
                for message in taking.receive_messages(1, max_wait_time=_WAIT_SECONDS):
                    load.stopping.wait(think_seconds)
                    taking.settle("complete_message", message)
                    load.count()
                    done += 1

    return Load(name, "receives from", place, work)


def _require_rate(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_RATE:
        raise TutorialError(
            f"per_second says how many messages a second, up to {MAX_RATE:.0f}; {value!r} does not."
        )


def _require_think_time(value: Any) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= MAX_THINK_SECONDS:
        raise TutorialError(
            "think_seconds says how long to think about a message, up to "
            f"{MAX_THINK_SECONDS}; {value!r} does not."
        )
