"""A stage for many days at once: each role a thread of this process, with connections of its own.

A thread cannot be killed. Instead it is left standing where it is, for good, and its connections
are cut: the broker and everybody else see what they see of a kill. It takes a process that ends
soon, so that what is left standing goes with it (`attacks.rehearsal`).
"""

import io
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from threading import Event, Thread, local
from typing import Any

from sbtutorial.attacks.actor import Book, perform
from sbtutorial.attacks.stage import Heard
from sbtutorial.attacks.system import System
from sbtutorial.workers.interrupting import forget, raise_in


class ThreadStage:
    """Makes threads; see `attacks.stage.Stage`.

    Args:
        system: The program.
        expected: How many will be wanted, which makes no difference here.
    """

    def __init__(self, system: System, expected: int) -> None:
        self._system = system
        self._actors: list[ThreadActor] = []

    def actor(self, role: str) -> "ThreadActor":
        """A new one."""
        self._actors.append(ThreadActor(self._system, role))
        return self._actors[-1]

    def expect(self, more: int) -> None:
        """A thread is there at once."""

    def close(self) -> None:
        """Leave them all."""
        for actor in self._actors:
            actor.kill()
        forget()


class ThreadActor:
    """One thread, which is both ends of the line; see `attacks.stage.Actor`."""

    def __init__(self, system: System, role: str) -> None:
        self._system = system
        self._heard: SimpleQueue[str | dict[str, Any]] = SimpleQueue()
        self._answers: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._book: Book | None = None
        self._is_dead = False
        self._stands = False  # it asks, or waits for a turn
        self._thread = Thread(target=self._run, name=f"{system.name} {role}", daemon=True)
        self._thread.start()

    # --- towards the day --------------------------------------------------------------------------

    def hear(self, limit_seconds: float) -> Heard:
        """The next thing that comes of it."""
        try:
            return self._heard.get(timeout=limit_seconds)
        except Empty:
            return None

    def go_on(self, **answer: Any) -> None:
        """Answer what it asked."""
        self._answers.put(answer)

    def kill(self) -> None:
        """Leave it standing; what it has not committed is rolled back.

        One that does not stand is in a loop without an end, which would cost all others their time.
        """
        self._is_dead = True
        if not self._stands:
            raise_in(self._thread, SystemExit)
        if self._book is not None:
            book, self._book = self._book, None
            book.close()

    # --- towards the program ----------------------------------------------------------------------

    def ask(self, report: dict[str, Any]) -> Mapping[str, Any]:
        """Report, and stand still until there is an answer; for good after a kill."""
        if self._is_dead:
            Event().wait()
        self._stands = True
        self._heard.put({**report, "asks": True})
        answer = self._answers.get()
        self._stands = False
        return answer

    def keep(self, book: Book | None) -> None:
        """Have the book closed with this role."""
        self._book = book

    def print(self, line: str) -> None:
        """Show a line that it has printed."""
        if not self._is_dead:
            self._heard.put(line)

    def _run(self) -> None:
        _here.actor = self
        failed = perform(self, self._system.name, self._system.source)
        self._stands = True  # for good: its number may be another thread's soon
        if not self._is_dead:
            self._heard.put({"failed": failed})
            self._heard.put({"ended": "the thread ended"})


class _Here(local):
    """What belongs to the thread that asks."""

    actor: ThreadActor | None = None
    rest: str = ""  # of a line that has not ended yet


_here = _Here()


class Printed(io.TextIOBase):
    """A standard output that gives each actor what its own thread prints."""

    def write(self, text: str) -> int:
        """Take text; whole lines are shown."""
        *lines, _here.rest = (_here.rest + text).split("\n")
        for line in lines:
            if _here.actor is not None:
                _here.actor.print(line)
        return len(text)
