"""Receivers that wait for whichever session has messages next, in the order in which they came.

Source: Azure Service Bus, "Message sessions", accepting the next available session.
"""

from typing import Protocol

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.subqueues.message_session import MessageSession
from sbtutorial.broker.timers import Timer, Timers
from sbtutorial.text import clock_face


class SessionWaiter(Protocol):
    """Who waits for a session, and learns what came of it."""

    @property
    def who(self) -> str:
        """The receiver's name."""

    @property
    def holder(self) -> object:
        """What will stand for the holder; see `MessageSession`."""

    def accepted(self, session: MessageSession, *, now: float) -> None:
        """The session is yours."""

    def refused(self, refusal: BrokerError) -> None:
        """There will be none."""


class SessionWaiters:
    """Those who wait at one subqueue."""

    def __init__(self, path: str, timers: Timers):
        self._path = path
        self._clockwork = timers
        self._timers: dict[SessionWaiter, tuple[Timer, float]] = {}

    def __len__(self) -> int:
        return len(self._timers)

    def add(self, waiter: SessionWaiter, seconds: float, now: float) -> None:
        """Wait behind those who wait already, but not longer than this."""
        timer = self._clockwork.call_at(now + seconds, self._on_time_over, waiter)
        self._timers[waiter] = timer, seconds

    def remove(self, waiter: SessionWaiter) -> None:
        """Wait no longer; nothing happens to who does not wait."""
        if entry := self._timers.pop(waiter, None):
            entry[0].cancel()

    def take_first(self) -> SessionWaiter:
        """Who has waited longest, and waits no longer."""
        waiter = next(iter(self._timers))
        self.remove(waiter)
        return waiter

    def refuse_all(self, refusal: BrokerError) -> None:
        """Send everybody away."""
        self.cancel_timers()
        waiters, self._timers = self._timers, {}
        for waiter in waiters:
            waiter.refused(refusal)

    def cancel_timers(self) -> None:
        """Let nobody's time be over."""
        for timer, _ in self._timers.values():
            timer.cancel()

    def _on_time_over(self, waiter: SessionWaiter, _at: float) -> None:
        _, seconds = self._timers.pop(waiter)
        waiter.refused(BrokerError(ErrorCode.TIMEOUT, self._timed_out(seconds)))

    def _timed_out(self, seconds: float) -> str:
        # The first sentence is Azure's.
        return (
            "The operation did not complete within the allotted timeout of "
            f"{clock_face(seconds)}. No session of '{self._path}' had a "
            "message for a new receiver in that time: send one, or accept a session by its id."
        )
