"""Competing consumers: the receivers of one source of messages are served in turn.

A source is whatever messages are received from: a queue, a dead-letter queue, or a session, which
has one receiver only. A receiver takes part while it has credit; it is passed over while its
connection is behind in reading, and the message that it might have had stays ready.
"""

import logging
from collections import OrderedDict
from collections.abc import Iterable
from itertools import islice
from typing import Any, Protocol
from uuid import UUID

from sbtutorial.amqp.performatives import Error
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.message import Message
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.gateway.budget import Budget
from sbtutorial.gateway.wire.conditions import INTERNAL_ERROR, error_of

_LOG = logging.getLogger(__name__)

# What one source may hand out before another one has its turn.
_AT_ONCE = 32
# Of receivers that can receive no more, so many are detached at once, and so many like one unit.
_ENDED_AT_ONCE, _ENDED_A_UNIT = 128, 4


class MessageSource(Protocol):
    """What receiving links need of a `SubQueue` or a `MessageSession`."""

    @property
    def locks_outlive_links(self) -> bool:
        """Whether a lock stays when the link is gone that it was granted on."""

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

    def first_ready(self, *, now: float) -> Message | None:
        """What `receive_and_delete_next` would remove now; it stays."""

    def receive_and_delete_next(self, *, now: float, who: str) -> Message | None:
        """Remove the first ready message and have it."""

    def settling_subqueue(self, token: UUID, /, *, now: float) -> SubQueue:
        """Where the message under a token is settled."""

    def receiver_gone(self, tokens: Iterable[UUID], /, *, now: float, who: str) -> None:
        """A receiver is gone, and nobody stands behind these locks."""


class Receiver(Protocol):
    """What competes: the node behind a receiving link."""

    @property
    def link(self) -> SenderLink:
        """Whose credit counts."""

    @property
    def source(self) -> MessageSource:
        """Where its messages come from."""

    @property
    def has_room(self) -> bool:
        """Whether its connection can be handed one more message now."""

    def deliver_next(self, now: float) -> None:
        """Send the next message, if there is one."""

    def park(self) -> None:
        """Come back by `queue_up` when there is room."""

    def detach(self, error: Error) -> None:
        """End the link from the broker's side."""


class Dispatcher:
    """The receivers of one source, served in turn while it has messages and they have credit.

    Attributes:
        receivers: All of them, in the order in which they came.
    """

    def __init__(self, source: MessageSource, budget: Budget) -> None:
        self.source = source
        self.receivers: dict[Receiver, None] = {}
        self._budget = budget
        self._waiting: OrderedDict[Receiver, None] = OrderedDict()
        self._draining: dict[Receiver, None] = {}

    @property
    def is_wanted(self) -> bool:
        """Whether some receiver has credit, or wants to give it back."""
        return bool(self._waiting or self._draining)

    def queue_up(self, receiver: Receiver) -> None:
        """Put a receiver that has credit at the end of those who wait, once."""
        self._waiting.setdefault(receiver)

    def step_out(self, receiver: Receiver) -> None:
        """Let a receiver wait no more."""
        self._waiting.pop(receiver, None)
        self._draining.pop(receiver, None)

    def drain(self, receiver: Receiver) -> None:
        """Give the receiver's credit back as soon as there is nothing to use it for."""
        self._draining[receiver] = None

    def serve(self, now: float) -> bool:
        """Deliver until messages, credit or the share of this turn run out, one to each in turn.

        Hot: runs for each message that is handed out.

        Returns:
            Whether only the share has run out.
        """
        budget, waiting, source = self._budget, self._waiting, self.source
        left = min(budget.left, _AT_ONCE)
        while waiting and source.has_ready:
            if left <= 0:
                return True
            receiver, _ = waiting.popitem(last=False)
            if not receiver.has_room:
                receiver.park()
                continue
            left -= 1
            budget.left -= 1
            try:
                receiver.deliver_next(now)
            except Exception:
                self._give_up(receiver)
                continue
            if receiver.link.credit > 0:
                waiting[receiver] = None
        if self._draining:
            self._answer_drains()
        return False

    def end(self, refusal: BrokerError) -> bool:
        """Nobody can receive here now: detach receivers, of very many some.

        Returns:
            Whether there may be more.
        """
        error = error_of(refusal)
        attached = (one for one in self.receivers if one.link.is_attached)
        some = list(islice(attached, _ENDED_AT_ONCE))
        for receiver in some:
            receiver.detach(error)
        self._budget.spend(len(some) // _ENDED_A_UNIT)
        return len(some) == _ENDED_AT_ONCE

    def _give_up(self, receiver: Receiver) -> None:
        """A defect of ours ends this link, and nobody else's."""
        _LOG.exception("gave up a receiver on link '%s'", receiver.link.name)
        self.step_out(receiver)
        receiver.detach(Error(INTERNAL_ERROR, "The broker has failed; see its log."))

    def _answer_drains(self) -> None:
        is_empty = not self.source.has_ready
        for receiver in list(self._draining):
            if is_empty or receiver.link.credit <= 0:
                self.step_out(receiver)
                receiver.link.drained()


class Dispatchers:
    """Every dispatcher of a namespace, and which of them have something to hand out.

    Attributes:
        changed: The sources that have something left to hand out in the next turn.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._by_source: dict[MessageSource, Dispatcher] = {}
        self.changed: OrderedDict[MessageSource, None] = OrderedDict()

    def enter(self, receiver: Receiver) -> Dispatcher:
        """Let a receiver compete for the messages of its source."""
        source = receiver.source
        if source not in self._by_source:
            self._by_source[source] = Dispatcher(source, self._budget)
            source.listeners.append(self.mark)
        dispatcher = self._by_source[source]
        dispatcher.receivers[receiver] = None
        return dispatcher

    def leave(self, receiver: Receiver) -> None:
        """Take a receiver out; without receivers nobody listens to the source."""
        source = receiver.source
        dispatcher = self._by_source.get(source)
        if dispatcher is None:
            return
        dispatcher.step_out(receiver)
        dispatcher.receivers.pop(receiver, None)
        if not dispatcher.receivers:
            del self._by_source[source]
            self.changed.pop(source, None)
            source.listeners.remove(self.mark)

    def mark(self, source: MessageSource) -> None:
        """See at the end of the turn what a source has to hand out, if anybody wants it."""
        dispatcher = self._by_source.get(source)
        if dispatcher is not None and (dispatcher.is_wanted or source.ending):
            self.changed[source] = None

    def serve(self, now: float) -> None:
        """Hand out a share of what is ready; end what cannot go on."""
        while self.changed and self._budget.left > 0:
            source, _ = self.changed.popitem(last=False)
            dispatcher = self._by_source.get(source)
            if dispatcher is None:
                continue
            ending = source.ending
            if dispatcher.end(ending) if ending else dispatcher.serve(now):
                self.changed[source] = None
