"""A link on which a client sends to a queue or a topic.

Source: AMQP 1.0, 2.6.12; Azure Service Bus, "AMQP 1.0 protocol guide", sending.
"""

from collections.abc import Generator, Iterator
from contextlib import suppress

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.events import MessageReceived
from sbtutorial.amqp.messaging import (
    BATCH_MESSAGE_FORMAT,
    Accepted,
    DeliveryState,
    Rejected,
    TransactionalState,
)
from sbtutorial.amqp.performatives import Error
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.broker.context import Sink
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.message import Message
from sbtutorial.gateway.nodes.node import Node
from sbtutorial.gateway.nodes.peer import Peer
from sbtutorial.gateway.reactor import Job
from sbtutorial.gateway.wire.conditions import DECODE_ERROR, error_of
from sbtutorial.gateway.wire.message import batch_parts, read_messages, read_parts


class SenderNode(Node):
    """Hands what arrives to the entity and answers each delivery: accepted, or why not."""

    CREDIT = 1000

    def __init__(
        self,
        link: ReceiverLink,
        sink: Sink,
        peer: Peer,
    ) -> None:
        self._link = link
        self._sink = sink
        self._transactions = peer.transactions
        self._clock = peer.core.clock
        self._ids = peer.core.ids
        self._step_background = peer.core.step_background
        self._budget = peer.core.budget
        self._who = peer.who
        self._max_batch_messages = peer.core.namespace.limits.max_batch_messages
        link.grant(self.CREDIT)

    def message_received(self, event: MessageReceived, *, now: float) -> Job | None:
        """Store one message, or all of a batch, before the sender is told.

        Hot: runs for each message that is sent.

        A batch of many messages is a job: read, checked as one, and taken a few at a time.
        """
        outcome: Outcome
        try:
            if event.message_format == BATCH_MESSAGE_FORMAT:
                parts = batch_parts(event.payload, self._max_batch_messages)
                if len(parts) > _AT_ONCE:
                    return self._take_in_steps(parts, event)
                self._budget.spend(len(parts) // _MESSAGES_A_UNIT)
                messages = list(self._read(parts, 1))
            else:
                messages = read_messages(
                    event.payload, 0, from_wire=self._clock.from_wire, new_id=self._ids.message_id
                )
            outcome = self._take(messages, event.state, now)
            if outcome is _ACCEPTED and messages and self._sink.is_waiting(messages[-1]):
                return self._answer_when_there(messages[-1], event)
        except (DecodeError, BrokerError) as refusal:
            outcome = _rejected(refusal)
        self._answer(event, outcome)
        return None

    def _read(self, parts: list[bytes], first_number: int) -> Iterator[Message]:
        return read_parts(
            parts, first_number, from_wire=self._clock.from_wire, new_id=self._ids.message_id
        )

    def _take_in_steps(self, parts: list[bytes], event: MessageReceived) -> Job:
        outcome: Outcome = _ACCEPTED
        now = yield 0
        try:
            messages: list[Message] = []
            for start in range(0, len(parts), _AT_ONCE):
                messages += self._read(parts[start : start + _AT_ONCE], start + 1)
                now = yield _UNITS
            if isinstance(event.state, TransactionalState):
                outcome = self._take(messages, event.state, now)
            else:
                steps = self._sink.send_in_steps(messages, now=now, who=self._who)
                yield from in_units(steps)
                yield from self._wait_for(messages[-1])
        except (DecodeError, BrokerError) as refusal:
            outcome = _rejected(refusal)
        self._answer(event, outcome)

    def _answer_when_there(self, message: Message, event: MessageReceived) -> Job:
        yield 0
        yield from self._wait_for(message)
        self._answer(event, _ACCEPTED)

    def _wait_for(self, message: Message) -> Job:
        """Wait until a topic has asked all of its rules, and lend a hand meanwhile."""
        while self._sink.is_waiting(message):
            yield self._step_background()

    def _answer(self, event: MessageReceived, outcome: "Outcome") -> None:
        if not self._link.is_attached:
            return
        if not event.settled:
            self._link.settle(event.delivery_id, outcome)
        self._link.keep_credit(self.CREDIT)

    def _take(
        self, messages: list[Message], state: DeliveryState | None, now: float
    ) -> Accepted | TransactionalState:
        if isinstance(state, TransactionalState):
            self._transactions.find(state).send(self._sink, messages, now=now)
            return TransactionalState(state.txn_id, _ACCEPTED)
        self._sink.send(messages, now=now, who=self._who)
        return _ACCEPTED


Outcome = Accepted | Rejected | TransactionalState

_ACCEPTED = Accepted()
# Of a batch, so many messages are worked on at once, for about this much of a turn.
_AT_ONCE = 64
_UNITS = 24
_MESSAGES_A_UNIT = 4


def in_units(steps: Generator[int, float, None]) -> Job:
    """Steps that count messages, as a job that counts what they cost."""
    count = next(steps)
    with suppress(StopIteration):
        while True:
            now = yield max(count // _MESSAGES_A_UNIT, 1)
            count = steps.send(now)


def _rejected(refusal: DecodeError | BrokerError) -> Rejected:
    if isinstance(refusal, BrokerError):
        return Rejected(error_of(refusal))
    return Rejected(Error(DECODE_ERROR, f"The message cannot be read: {refusal}", None))
