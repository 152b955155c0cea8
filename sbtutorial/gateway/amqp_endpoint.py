"""One AMQP connection: bytes into the engine, its events to the nodes, bytes out.

Source: AMQP 1.0, part 2; Azure Service Bus, "AMQP 1.0 protocol guide".
"""

import logging
from collections.abc import Callable
from math import inf
from typing import Any

from sbtutorial.amqp.connection import Connection
from sbtutorial.amqp.errors import Condition
from sbtutorial.amqp.events import (
    ConnectionClosed,
    ConnectionOpened,
    DispositionReceived,
    LinkAttached,
    LinkDetached,
    LinkFlow,
    MessageReceived,
    SessionEnded,
    UnknownDelivery,
)
from sbtutorial.amqp.link import Link
from sbtutorial.amqp.messaging import Rejected
from sbtutorial.amqp.performatives import Error
from sbtutorial.amqp.states import LinkState
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.gateway.attach import attach
from sbtutorial.gateway.faults import Fault, Occasion
from sbtutorial.gateway.nodes.node import Node
from sbtutorial.gateway.nodes.peer import Peer
from sbtutorial.gateway.reactor import Reactor
from sbtutorial.gateway.wire.conditions import error_of

_LOG = logging.getLogger(__name__)


class AmqpEndpoint:
    """Serves one AMQP client: a `Speaker` in the broker's turns."""

    def __init__(
        self,
        connection: Connection,
        peer: Peer,
        turns: Reactor,
        write: Callable[[bytes], None],
        close: Callable[[], None],
    ) -> None:
        self.connection = connection
        self.peer = peer
        self._faults = peer.faults
        self._turns = turns
        self._write = write
        self._close = close
        self._links: set[Link] = set()
        self._handlers: dict[type, Callable[[Any, float], None]] = {
            ConnectionOpened: self._on_opened,
            ConnectionClosed: self._on_closed,
            SessionEnded: self._on_session_ended,
            LinkAttached: self._on_attached,
            LinkDetached: self._on_detached,
            LinkFlow: self._on_flow,
            MessageReceived: self._on_message,
            DispositionReceived: self._on_disposition,
            UnknownDelivery: self._on_unknown_delivery,
        }

    def receive_data(self, data: bytes) -> None:
        """Take in what the client sent and act on it."""
        with self._turns.turn() as now:
            self._turns.speak(self)
            try:
                self._act_on(data, now)
            except Exception:
                # A defect of ours must not leave this client waiting, nor touch another one.
                _LOG.exception("gave up the connection of '%s'", self.peer.who)
                error = Error(Condition.INTERNAL_ERROR, "The broker has failed; see its log.")
                self.connection.close(error)

    def _act_on(self, data: bytes, now: float) -> None:
        self.connection.receive_data(data, now=self.peer.clock.wall())
        for event in self.connection.events():
            if handler := self._handlers.get(type(event)):
                handler(event, now)

    def connection_lost(self) -> None:
        """The socket is gone, with or without a goodbye: so are the links, not their locks."""
        with self._turns.turn():
            self._forget_all()
        self.peer.leave()
        self._turns.forget(self)

    def flush(self) -> None:
        """Write what the engine has to say; drop the connection when it has said its last."""
        if data := self.connection.data_to_send():
            self._write(data)
        if self.connection.finished:
            self._close()

    def next_deadline(self) -> float:
        """When to call `handle_deadline`, in wall-clock seconds; infinity for never."""
        deadline = self.connection.next_deadline()
        return min(inf if deadline is None else deadline, self.peer.claims.next_expiry)

    def handle_deadline(self) -> None:
        """Keep the connection alive, or end it; detach links whose token has expired."""
        now = self.peer.clock.wall()
        self.connection.handle_deadline(now)
        if self.peer.claims.next_expiry <= now:
            self.peer.claims.drop_expired(now)
            self._detach_unauthorized()

    def _on_opened(self, event: ConnectionOpened, _now: float) -> None:
        if fault := self._faults.next(Occasion.CONNECT):
            self.connection.close(fault.error)
            return
        try:
            self.peer.arrive(event.open.container_id)
        except BrokerError as refusal:
            self.connection.close(error_of(refusal))

    def _on_closed(self, _event: ConnectionClosed, _now: float) -> None:
        # Its links are gone with it; the socket is dropped when the answer is out.
        self._forget_all()

    def _on_session_ended(self, event: SessionEnded, _now: float) -> None:
        for link in [link for link in self._links if link.session is event.session]:
            self._forget(link)

    def _on_attached(self, event: LinkAttached, _now: float) -> None:
        link = event.link
        try:
            attach(link, self.peer)
        except BrokerError as refusal:
            link.refuse(error_of(refusal))
            return
        self._links.add(link)
        if self._faults.planned and (fault := self._fault(link, Occasion.DETACH)):
            self._forget(link)
            link.detach(fault.error)

    def _on_detached(self, event: LinkDetached, _now: float) -> None:
        self._forget(event.link)

    def _on_flow(self, event: LinkFlow, now: float) -> None:
        if node := _node(event.link):
            node.flow_received(now=now)

    def _on_message(self, event: MessageReceived, now: float) -> None:
        if self._faults.planned and (fault := self._fault(event.link, Occasion.SEND)):
            event.link.settle(event.delivery_id, Rejected(fault.error))
        elif node := _node(event.link):
            node.message_received(event, now=now)

    def _on_disposition(self, event: DispositionReceived, now: float) -> None:
        if self._faults.planned and (fault := self._fault(event.link, Occasion.SETTLE)):
            event.link.settle(event.delivery_id, Rejected(fault.error))
        elif node := _node(event.link):
            node.disposition_received(event, now=now)

    def _on_unknown_delivery(self, event: UnknownDelivery, _now: float) -> None:
        """Say that nothing was settled: silence would leave the client waiting."""
        if not event.settled:
            event.session.settle(event.delivery_id, Rejected(error_of(_NOTHING_HELD)))

    def _fault(self, link: Link | None, occasion: Occasion) -> Fault | None:
        """The refusal that was ordered for a link of an entity, if any."""
        node = _node(link)
        return self._faults.next(occasion, node.path) if node and node.right else None

    def _forget_all(self) -> None:
        for link in list(self._links):
            self._forget(link)

    def _forget(self, link: Link) -> None:
        self._links.discard(link)
        if node := _node(link):
            link.context = None
            node.detached()

    def _detach_unauthorized(self) -> None:
        for link in list(self._links):
            node = _node(link)
            try:
                if node is not None and node.right:
                    self.peer.claims.require(node.right, node.path)
            except BrokerError as refusal:
                self._forget(link)
                # Whoever waits for a session has not been answered yet.
                end = link.refuse if link.state is LinkState.ATTACH_RCVD else link.detach
                end(error_of(refusal))


_NOTHING_HELD = BrokerError(
    ErrorCode.MESSAGE_LOCK_LOST,
    "The lock supplied is invalid: no such delivery is unsettled on this session. "
    "Receive the message again.",
)


def _node(link: Link | None) -> Node | None:
    node = link.context if link is not None else None
    return node if isinstance(node, Node) else None
