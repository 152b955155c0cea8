"""A link on which a client sends to a queue or a topic.

Source: AMQP 1.0, 2.6.12; Azure Service Bus, "AMQP 1.0 protocol guide", sending.
"""

from collections.abc import Callable

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.events import MessageReceived
from sbtutorial.amqp.messaging import (
    BATCH_MESSAGE_FORMAT,
    Accepted,
    Rejected,
    TransactionalState,
)
from sbtutorial.amqp.performatives import Error
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.amqp.sections import NOT_CHECKED, Ends
from sbtutorial.broker.context import Sink
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.message import Message
from sbtutorial.gateway.budget import in_units
from sbtutorial.gateway.faults import Occasion
from sbtutorial.gateway.nodes.node import Node
from sbtutorial.gateway.nodes.peer import Peer
from sbtutorial.gateway.reactor import Job
from sbtutorial.gateway.wire.conditions import DECODE_ERROR, error_of
from sbtutorial.gateway.wire.message import batch_parts, of_batch, read_message, read_parts
from sbtutorial.gateway.wire.reading import (
    AT_ONCE,
    UNITS_AT_ONCE,
    batch_parts_in_steps,
    is_long,
    read_messages_in_steps,
    reading_cost,
)


class SenderNode(Node):
    """Hands what arrives to the entity and answers each delivery: accepted, or why not."""

    CREDIT = 1000

    def __init__(
        self,
        link: ReceiverLink,
        sink: Sink,
        peer: Peer,
    ) -> None:
        core = peer.core
        self._link = link
        self._sink = sink
        self._output = peer.output
        self._transactions = peer.transactions
        self._from_wire = core.clock.from_wire
        self._new_id = core.ids.message_id
        self._budget = core.budget
        self._who = peer.who
        self._faults = core.faults
        self._max_batch_messages = core.namespace.limits.max_batch_messages
        link.grant(self.CREDIT)

    def message_received(self, event: MessageReceived, *, now: float) -> Job | None:
        """Store one message, or all of a batch, before the sender is told.

        Hot: runs for each message that is sent.
        """
        try:
            if event.message_format == BATCH_MESSAGE_FORMAT:
                return self._batch_received(event, now)
            cost = reading_cost(event.payload)
            if cost > UNITS_AT_ONCE:
                return self._take_in_steps([event.payload], event, _as_it_is)
            self._budget.left -= cost
            self._take([self._read(event.payload)], event, now)
        except (DecodeError, BrokerError) as refusal:
            self._answer(event, _rejected(refusal))
        return None

    def _batch_received(self, event: MessageReceived, now: float) -> Job | None:
        """A batch of many is a job: read a few at a time, then checked and taken as one."""
        if is_long(event.payload):
            return self._take_long_batch(event)
        parts = batch_parts(event.payload, self._max_batch_messages)
        cost = sum(map(reading_cost, parts)) if len(parts) <= AT_ONCE else 0
        if len(parts) * self._sink.copies > AT_ONCE or cost > UNITS_AT_ONCE:
            return self._take_in_steps(parts, event, of_batch)
        self._budget.spend(len(parts) // _MESSAGES_A_UNIT + cost)
        read = read_parts(parts, 1, from_wire=self._from_wire, new_id=self._new_id)
        self._take(list(read), event, now)
        return None

    def _take_long_batch(self, event: MessageReceived) -> Job:
        yield 0
        try:
            parts = yield from batch_parts_in_steps(event.payload, self._max_batch_messages)
        except (DecodeError, BrokerError) as refusal:
            self._answer(event, _rejected(refusal))
            return
        yield from self._take_in_steps(parts, event, of_batch)

    def _read(self, payload: bytes, ends: Ends = NOT_CHECKED) -> Message:
        return read_message(payload, ends, from_wire=self._from_wire, new_id=self._new_id)

    def _take(self, messages: list[Message], event: MessageReceived, now: float) -> None:
        sink, state = self._sink, event.state
        if isinstance(state, TransactionalState):
            self._take_with_transaction(messages, event, state, now)
            return
        sink.send(messages, now=now, who=self._who)
        if sink.fans_out:
            self._budget.spend(sink.copies * len(messages) // _MESSAGES_A_UNIT)
            self._answer_when_there(messages, event)
        else:
            self._answer(event, _ACCEPTED)

    def _take_with_transaction(
        self, messages: list[Message], event: MessageReceived, state: TransactionalState, now: float
    ) -> None:
        self._transactions.find(state).send(self._sink, messages, now=now)
        self._answer(event, TransactionalState(state.txn_id, _ACCEPTED))

    def _take_in_steps(
        self, payloads: list[bytes], event: MessageReceived, refusal: "Named"
    ) -> Job:
        now = yield 0
        try:
            messages, now = yield from read_messages_in_steps(payloads, now, self._read, refusal)
            if isinstance(event.state, TransactionalState):
                self._take_with_transaction(messages, event, event.state, now)
                return
            yield from in_units(self._sink.send_in_steps(messages, now=now, who=self._who))
        except (DecodeError, BrokerError) as refusal:
            self._answer(event, _rejected(refusal))
        else:
            self._answer_when_there(messages, event)

    def _answer_when_there(self, messages: list[Message], event: MessageReceived) -> None:
        """Accept, once a topic has asked all of its rules; the client is not read until then."""
        # Those behind it, if any, were duplicates and are not there.
        last = next(filter(self._sink.is_waiting, reversed(messages)), None)
        if last is not None:
            self._output.hold()
            self._sink.when_there(last, lambda: self._answer_held(event))
        else:
            self._answer(event, _ACCEPTED)

    def _answer_held(self, event: MessageReceived) -> None:
        self._answer(event, _ACCEPTED)
        self._output.job_done()

    def _answer(self, event: MessageReceived, outcome: "Outcome") -> None:
        if self._link.is_attached:
            if not event.settled:
                if outcome is _ACCEPTED and self._faults.planned and self._is_untold():
                    self._output.cut()
                    return
                self._link.settle(event.delivery_id, outcome)
            self._link.keep_credit(self.CREDIT)

    def _is_untold(self) -> bool:
        """Whether what was done is not to be told, because somebody asked for that."""
        return self._faults.next(Occasion.SENT, self.path, self._who) is not None


Outcome = Accepted | Rejected | TransactionalState
# What is said of a message that is refused, by its number.
Named = Callable[[int, DecodeError | BrokerError], DecodeError | BrokerError]

_ACCEPTED = Accepted()
_MESSAGES_A_UNIT = 4


def _as_it_is(_number: int, refusal: DecodeError | BrokerError) -> DecodeError | BrokerError:
    return refusal


def _rejected(refusal: DecodeError | BrokerError) -> Rejected:
    if isinstance(refusal, BrokerError):
        return Rejected(error_of(refusal))
    return Rejected(Error(DECODE_ERROR, f"The message cannot be read: {refusal}", None))
