"""A link on which a client sends to a queue or a topic.

Source: AMQP 1.0, 2.6.12; Azure Service Bus, "AMQP 1.0 protocol guide", sending.
"""

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.events import MessageReceived
from sbtutorial.amqp.messaging import Accepted, DeliveryState, Rejected, TransactionalState
from sbtutorial.amqp.performatives import Error
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.broker.context import Sink
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.message import Message
from sbtutorial.gateway.nodes.node import Node
from sbtutorial.gateway.nodes.peer import Peer
from sbtutorial.gateway.wire.conditions import DECODE_ERROR, error_of
from sbtutorial.gateway.wire.message import read_messages


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
        self._who = peer.who
        link.grant(self.CREDIT)

    def message_received(self, event: MessageReceived, *, now: float) -> None:
        """Store one message, or all of a batch, before the sender is told."""
        outcome: Accepted | Rejected | TransactionalState
        try:
            messages = read_messages(
                event.payload,
                event.message_format or 0,
                from_wire=self._clock.from_wire,
                new_id=self._ids.message_id,
            )
            outcome = self._take(messages, event.state, now)
        except DecodeError as error:
            outcome = Rejected(Error(DECODE_ERROR, f"The message cannot be read: {error}", None))
        except BrokerError as refusal:
            outcome = Rejected(error_of(refusal))
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


_ACCEPTED = Accepted()
