"""A link on which a client receives, from a queue, a dead-letter queue or a session.

Source: AMQP 1.0, 2.6.7 and 2.6.12; Azure Service Bus, "Message transfers, locks, and settlement".
"""

import logging
from collections.abc import Iterator
from itertools import islice
from uuid import UUID

from sbtutorial.amqp.events import DispositionReceived
from sbtutorial.amqp.messaging import (
    Accepted,
    DeliveryState,
    Rejected,
    Released,
    TransactionalState,
)
from sbtutorial.amqp.performatives import Error, SenderSettleMode
from sbtutorial.amqp.pieces import Payload
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.amqp.states import LinkState
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.message import Message
from sbtutorial.gateway.faults import Occasion
from sbtutorial.gateway.nodes.dispatch import MessageSource
from sbtutorial.gateway.nodes.node import Node
from sbtutorial.gateway.nodes.peer import Peer
from sbtutorial.gateway.nodes.settlement import Outcome, outcome_of, read_disposition
from sbtutorial.gateway.reactor import Job
from sbtutorial.gateway.wire.conditions import error_of
from sbtutorial.gateway.wire.message import encode_delivery

_LOG = logging.getLogger(__name__)

_CANNOT_BE_WRITTEN = "BrokerError", "The broker cannot write this message; its log says why."
# Locks of a receiver that broke off, put on record in one step.
_GONE_AT_ONCE = 100
_FORGOTTEN_AT_ONCE, _FORGETTING_UNITS = 256, 3


class ReceiverNode(Node):
    """What all receiving links share; the receive mode is the subclass."""

    def __init__(self, link: SenderLink, source: MessageSource, peer: Peer) -> None:
        self.link = link
        self.source = source
        self.who = peer.who
        self._peer = peer
        self._clock = peer.core.clock
        self._to_wire = peer.core.clock.to_wire
        self._new_tag = peer.core.ids.uuid
        self._output = peer.output
        self._dispatchers = peer.core.dispatchers
        self._dispatcher = self._dispatchers.enter(self)

    @property
    def has_room(self) -> bool:
        """Whether one more message would be on its way at once."""
        link = self.link
        is_attached = link.state is LinkState.ATTACHED  # hot: runs for each message
        return is_attached and link.session.has_window and self._output.has_room

    def deliver_next(self, now: float) -> None:
        """Send the next message, if there is one."""
        raise NotImplementedError

    def flow_received(self, *, now: float) -> None:
        """Queue up for messages; answer a drain when there is nothing more to send."""
        link, dispatcher = self.link, self._dispatcher
        if link.credit > 0:
            dispatcher.queue_up(self)
        else:
            dispatcher.step_out(self)
        if link.drain:
            dispatcher.drain(self)
        if dispatcher.serve(now):
            self._dispatchers.mark(self.source)

    def park(self) -> None:
        """Wait until the client has read some of what is on its way to it."""
        self._peer.parked[self] = None

    def unpark(self) -> None:
        """Compete again."""
        if self.link.credit > 0:
            self._dispatcher.queue_up(self)
            self._dispatchers.mark(self.source)

    def detach(self, error: Error) -> None:
        """End the link from the broker's side."""
        self.link.detach(error)
        self._output.has_output()

    def detached(self) -> Job | None:
        """Leave; what is unsettled on the link now was held by a client that broke off."""
        self._peer.parked.pop(self, None)
        self._dispatchers.leave(self)
        held = self._take_held()
        is_unsettled = bool(self.link.unsettled) and self.source.locks_outlive_links
        tokens = iter(held.values()) if is_unsettled else iter(())
        self._abandoned(list(islice(tokens, _GONE_AT_ONCE)), self._clock.now())
        return self._abandon(tokens, held) if len(held) > _GONE_AT_ONCE else None

    def _take_held(self) -> dict[bytes, UUID]:
        """The tokens of what is unsettled on the link, which are forgotten."""
        return {}

    def _abandon(self, tokens: Iterator[UUID], held: dict[bytes, UUID]) -> Job:
        """Put many locks on record that nobody stands behind any more; and forget them all."""
        now = yield 0
        while some := list(islice(tokens, _GONE_AT_ONCE)):
            self._abandoned(some, now)
            now = yield 32
        while held:
            for _ in range(min(len(held), _FORGOTTEN_AT_ONCE)):
                held.popitem()
            yield _FORGETTING_UNITS

    def _abandoned(self, held: list[UUID], now: float) -> None:
        self.source.receiver_gone(held, now=now, who=self.who)

    def _encoded(self, message: Message) -> Payload | None:
        """The message as it goes out; None for one that cannot, which is a defect of ours."""
        try:
            return encode_delivery(message, to_wire=self._to_wire)
        except Exception:
            number, path = message.sequence_number, self.path
            _LOG.exception("message %d of '%s' cannot be written and is set aside", number, path)
            return None

    def _set_aside(self, message: Message, now: float) -> None:
        """Dead-letter what is locked and cannot be delivered; a dead letter's lock runs out."""
        assert message.lock_token is not None
        subqueue = self.source.settling_subqueue(message.lock_token, now=now)
        try:
            subqueue.settling.dead_letter(message.lock_token, *_CANNOT_BE_WRITTEN, now=now)
        except BrokerError:
            _LOG.error("message %d of '%s' stays locked", message.sequence_number, self.path)


class ReceiveAndDeleteNode(ReceiverNode):
    """Deletes each message as it hands it over."""

    def deliver_next(self, now: float) -> None:
        """Send the next message, settled: it is gone from the queue once it can be sent."""
        message = self.source.first_ready(now=now)
        if message is None:
            return
        payload = self._encoded(message)
        if payload is None:
            if locked := self.source.peek_lock_next(now=now, who=self.who):
                self._set_aside(locked, now)
            return
        self.source.receive_and_delete_next(now=now, who=self.who)
        self.link.send(payload, delivery_tag=self._new_tag().bytes_le, settled=True)
        self._output.has_output()


class PeekLockNode(ReceiverNode):
    """Hands each message over under a lock and settles it as the client says."""

    def __init__(self, link: SenderLink, source: MessageSource, peer: Peer) -> None:
        super().__init__(link, source, peer)
        self._faults = peer.core.faults
        # By delivery tag, of what is unsettled on the link: to make a UUID of bytes takes long.
        self._tokens: dict[bytes, UUID] = {}

    def deliver_next(self, now: float) -> None:
        """Send the next message, locked; its tag is the lock token in .NET's byte order.

        Hot: runs for each message that is handed out.
        """
        message = self.source.peek_lock_next(now=now, who=self.who)
        if message is None:
            return
        token = message.lock_token
        assert token is not None
        payload = self._encoded(message)
        if payload is None:
            self._set_aside(message, now)
            return
        raw = token.int.to_bytes(16, "big")
        tag = raw[3::-1] + raw[5:3:-1] + raw[7:5:-1] + raw[8:]  # as its `bytes_le`
        self.link.send(payload, delivery_tag=tag, settled=False)
        self._tokens[tag] = token
        self._output.has_output()

    def disposition_received(self, event: DispositionReceived, *, now: float) -> None:
        """Settle one delivery and, if the client waits for it, say what came of it.

        Hot: runs for each message that is settled.
        """
        state, tag = event.state, event.delivery_tag
        token = self._tokens[tag]
        answer: DeliveryState | None
        is_done = True
        try:
            if type(state) is Accepted:  # as `_settle` would do it, which most are
                subqueue = self.source.settling_subqueue(token, now=now)
                subqueue.settling.complete(token, now=now, who=self.who)
                answer = state
            elif isinstance(state, TransactionalState):
                answer = self._settle_with_transaction(state, token, now)
            else:
                answer = self._settle(Released() if state is None else state, token, now)
        except BrokerError as refusal:
            answer, is_done = Rejected(error_of(refusal)), False
        if event.settled:
            del self._tokens[tag]
        elif answer is not None:
            del self._tokens[tag]
            if is_done and self._faults.planned and self._is_untold():
                self._output.cut()
            else:
                self.link.settle(event.delivery_id, answer)

    def _take_held(self) -> dict[bytes, UUID]:
        held, self._tokens = self._tokens, {}
        return held

    def _is_untold(self) -> bool:
        """Whether what was done is not to be told, because somebody asked for that."""
        return self._faults.next(Occasion.SETTLED, self.path, self.who) is not None

    def _settle(self, state: object, token: UUID, now: float) -> Outcome | None:
        """The answer; None for what is no verdict."""
        disposition = read_disposition(state)
        if disposition is None:
            return None
        subqueue = self.source.settling_subqueue(token, now=now)
        subqueue.settling.settle(token, disposition, now=now, who=self.who)
        return outcome_of(state)

    def _settle_with_transaction(
        self, state: TransactionalState, token: UUID, now: float
    ) -> TransactionalState:
        disposition = read_disposition(state.outcome)
        if disposition is not None:
            subqueue = self.source.settling_subqueue(token, now=now)
            transaction = self._peer.transactions.find(state)
            transaction.settle(subqueue, token, disposition, now=now)
        return TransactionalState(state.txn_id, Accepted())


def receiver_for(link: SenderLink, source: MessageSource, peer: Peer) -> ReceiverNode:
    """The node behind a link that was accepted, of the kind that the client asked for."""
    assert link.remote_attach is not None
    kind = _KINDS.get(link.remote_attach.snd_settle_mode, PeekLockNode)
    return kind(link, source, peer)


_KINDS: dict[int, type[ReceiverNode]] = {SenderSettleMode.SETTLED: ReceiveAndDeleteNode}
