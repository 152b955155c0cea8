"""How the receivers of one source share its messages: served in turn, while they have credit.

A source is whatever messages are received from: a subqueue, or a session, which has one receiver
only.
"""

from collections import deque
from collections.abc import Iterable
from typing import Any, Protocol
from uuid import UUID

from sbtutorial.amqp.performatives import Error
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.message import Message
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.gateway.wire.conditions import error_of


class MessageSource(Protocol):
    """What receiving links need of a `SubQueue` or a `MessageSession`."""

    @property
    def listeners(self) -> list[Any]:
        """Each is called with the source when there may be something new to hand out."""

    @property
    def has_ready(self) -> bool:
        """Whether `peek_lock_next` would find a message."""

    @property
    def ending(self) -> BrokerError | None:
        """Why nobody can receive here any more."""

    def peek_lock_next(self, *, now: float, who: str) -> Message | None:
        """Hold the first ready message under a lock."""

    def receive_and_delete_next(self, *, now: float, who: str) -> Message | None:
        """Remove the first ready message and have it."""

    def settling_subqueue(self, token: UUID, /, *, now: float) -> SubQueue:
        """Where the message under a token is settled."""

    def receiver_gone(self, tokens: Iterable[UUID], /, *, now: float, who: str) -> None:
        """A receiver is gone, and nobody stands behind these locks."""


class Receiver(Protocol):
    """What takes part in a competition: the node behind a receiving link."""

    @property
    def link(self) -> SenderLink:
        """Whose credit counts."""

    @property
    def source(self) -> MessageSource:
        """Where its messages come from."""

    def deliver_next(self, now: float) -> bool:
        """Send the next message; false when there is none."""

    def detach(self, error: Error) -> None:
        """End the link from the broker's side."""


class Dispatcher:
    """The receivers of one source, served in turn while it has messages and they have credit."""

    def __init__(self, source: MessageSource) -> None:
        self.source = source
        self.receivers: set[Receiver] = set()
        self._waiting: deque[Receiver] = deque()

    def queue_up(self, receiver: Receiver) -> None:
        """Put a receiver that has credit at the end of those who wait, once."""
        if receiver not in self._waiting:
            self._waiting.append(receiver)

    def step_out(self, receiver: Receiver) -> None:
        """Let a receiver wait no more."""
        if receiver in self._waiting:
            self._waiting.remove(receiver)

    def serve(self, now: float) -> None:
        """Deliver until messages or credit run out: one message a turn."""
        waiting = self._waiting
        while waiting and self.source.has_ready:
            receiver = waiting.popleft()
            if receiver.deliver_next(now) and receiver.link.credit > 0:
                waiting.append(receiver)

    def end(self, refusal: BrokerError) -> None:
        """Nobody can receive here now: detach every receiver."""
        error = error_of(refusal)
        for receiver in list(self.receivers):
            receiver.detach(error)


class Dispatchers:
    """Every competition of a namespace, and which of them have something new to hand out."""

    def __init__(self) -> None:
        self._by_source: dict[MessageSource, Dispatcher] = {}
        self._changed: set[MessageSource] = set()

    def enter(self, receiver: Receiver) -> Dispatcher:
        """Let a receiver take part in the competition for its source."""
        source = receiver.source
        if source not in self._by_source:
            self._by_source[source] = Dispatcher(source)
            source.listeners.append(self._changed.add)
        competition = self._by_source[source]
        competition.receivers.add(receiver)
        return competition

    def leave(self, receiver: Receiver) -> None:
        """Take a receiver out; without receivers nobody listens to the source."""
        competition = self._by_source.get(receiver.source)
        if competition is None:
            return
        competition.step_out(receiver)
        competition.receivers.discard(receiver)
        if not competition.receivers:
            del self._by_source[receiver.source]
            receiver.source.listeners.remove(self._changed.add)

    def serve(self, now: float) -> None:
        """Hand out what has become ready since the last call; end what cannot go on."""
        while self._changed:
            competition = self._by_source.get(self._changed.pop())
            if competition is None:
                continue
            if ending := competition.source.ending:
                competition.end(ending)
            else:
                competition.serve(now)
