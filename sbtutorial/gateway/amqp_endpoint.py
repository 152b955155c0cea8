"""One AMQP connection: bytes into the engine, its events to the nodes, bytes out.

What comes in waits here until the reactor gives the connection its share of a turn. A client that
reads little is handed out little; one that asks for much and reads nothing is heard no further.
Source: AMQP 1.0, part 2; Azure Service Bus, "AMQP 1.0 protocol guide".
"""

import logging
from collections import deque
from collections.abc import Callable
from math import inf
from typing import Any

from sbtutorial.amqp.connection import Connection, ConnectionRole
from sbtutorial.amqp.errors import Condition
from sbtutorial.amqp.events import (
    ConnectionClosed,
    ConnectionOpened,
    DispositionReceived,
    Event,
    LinkAttached,
    LinkDetached,
    LinkFlow,
    MessageReceived,
    SessionEnded,
    UnknownDelivery,
)
from sbtutorial.amqp.limits import UNPROVED, ConnectionLimits
from sbtutorial.amqp.link import Link
from sbtutorial.amqp.messaging import Rejected
from sbtutorial.amqp.performatives import Error
from sbtutorial.amqp.states import LinkState
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.gateway.access.admission import PROOF_SECONDS, Probation
from sbtutorial.gateway.attach import attach
from sbtutorial.gateway.core import Core
from sbtutorial.gateway.endpoint import Close, Write
from sbtutorial.gateway.faults import Fault, Occasion
from sbtutorial.gateway.nodes.node import Node
from sbtutorial.gateway.nodes.peer import Peer
from sbtutorial.gateway.reactor import Job
from sbtutorial.gateway.wire.conditions import INTERNAL_ERROR, error_of

# What a connection may have sent that was not acted on yet, before it is not read any more. It is
# much: a client of the Python SDK lets its kernel end a connection that nobody reads for a second.
MAX_BACKLOG_BYTES = 1024 * 1024
# What may be handed out before the bytes have left the engine.
MAX_UNSENT_BYTES = 256 * 1024
# What may still be answered, while the client is behind in reading, before it is heard no further.
# A client that sends before it reads must not find itself waiting for us while we wait for it.
MAX_UNREAD_ANSWER_BYTES = 4 * 1024 * 1024
_FRAMES_AT_ONCE = 32
# How long a client that was turned out may take to read why.
_LAST_WORDS_SECONDS = 5.0

_LOG = logging.getLogger(__name__)


class AmqpEndpoint:
    """Serves one AMQP client: an `Endpoint`, and a `Handler` of the reactor."""

    def __init__(self, core: Core, write: Write, close: Close) -> None:
        self._core = core
        self.peer = Peer(core, self)
        self.connection = Connection(
            ConnectionRole.SERVER,
            container_id=f"{core.namespace.name}-{core.ids.suffix()}",
            authenticate=self.peer.authenticate,
            limits=UNPROVED,
        )
        self._probation: Probation | None = Probation()
        self._proof_due = core.clock.elapsed() + PROOF_SECONDS
        self._is_turned_out = False
        self._budget = core.budget
        self._faults = core.faults
        self._write = write
        self._close = close
        self._links: dict[Link, None] = {}
        self._input: deque[bytes] = deque()
        self._input_bytes = 0
        self._is_read_to_the_end = True  # what the engine has been fed
        self._events: deque[Event] = deque()
        self._jobs = 0
        self._is_paused = False
        self._unread_answer_bytes = 0
        self._is_lost = False
        self._handlers: dict[type, Callable[[Any, float], Job | None]] = {
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
        core.reactor.has_output(self)  # which sets the alarm for its proof, if it says nothing

    # -- For who carries the bytes ------------------------------------------------------------

    @property
    def takes_input(self) -> bool:
        """Whether the client may send more: little of what it sent is still to be acted on."""
        return self._input_bytes < MAX_BACKLOG_BYTES

    @property
    def is_proved(self) -> bool:
        """Whether the client has ever proved who it is on this connection."""
        return self._probation is None

    def receive_data(self, data: bytes) -> None:
        """Take in what the client sent, to act on it in a turn to come."""
        if self._probation is not None and (excess := self._probation.received(len(data))):
            # What it goes on sending is thrown away for a while: cut off in the middle of it, the
            # client would not get to read why.
            if not self._is_turned_out:
                self._turn_out(excess)
                self._proof_due = self._core.clock.elapsed() + _LAST_WORDS_SECONDS
            return
        self._input.append(data)
        self._input_bytes += len(data)
        self._core.reactor.has_input(self)

    def pause_writing(self) -> None:
        """Hand out nothing more: the client is behind in reading."""
        self._is_paused = True
        self._unread_answer_bytes = 0

    def resume_writing(self) -> None:
        """Go on: the client has read most of what there was."""
        self._is_paused = False
        self._core.reactor.has_input(self)

    def connection_lost(self) -> None:
        """The socket is gone, with or without a goodbye: so are the links, not their locks.

        What the client had said before still counts, all of it.
        """
        self._is_lost = True
        self._core.reactor.has_input(self)

    # -- For the reactor ----------------------------------------------------------------------

    def work(self, now: float) -> bool:
        """Act on what has come, as far as this turn's share goes. Hot: runs in each turn.

        Returns:
            Whether there is more that can be acted on at once.
        """
        budget, events = self._budget, self._events
        while budget.left > 0 and not self._must_wait():
            if events:
                budget.left -= 1
                self._act_on(events.popleft(), now)
            elif not self._read():
                break
        else:
            return self._has_more()
        if self._is_lost:
            self._leave()
        elif self.peer.parked and self.has_room:
            self.peer.unpark()
        return False

    def flush(self) -> None:
        """Write what the engine has to say; drop the connection when it has said its last."""
        if data := self.connection.data_to_send():
            if self._is_paused:
                self._unread_answer_bytes += len(data)
            self._write(data)
        if self.connection.finished:
            self._close()
        elif self.peer.parked and self.has_room:
            self.peer.unpark()

    def job_done(self) -> None:
        """Act on what came after the request that took so long."""
        self._jobs -= 1
        self._core.reactor.has_input(self)

    def fail(self) -> None:
        """End the connection: a defect of ours must not leave this client waiting."""
        _LOG.exception("gave up the connection of '%s'", self.peer.who)
        self._events.clear()
        self.connection.close(Error(INTERNAL_ERROR, "The broker has failed; see its log."))
        self._core.reactor.has_output(self)
        self._forget_all()

    def next_deadline(self) -> float:
        """When to call `handle_deadline`, on the clock's `elapsed`; infinity for never."""
        clock, deadline = self._core.clock, self.connection.next_deadline()
        expiry = self.peer.claims.next_expiry  # by the wall clock
        if expiry != inf:
            expiry += clock.elapsed() - clock.wall()
        proof_due = inf if self.is_proved else self._proof_due
        return min(inf if deadline is None else deadline, expiry, proof_due)

    def handle_deadline(self) -> None:
        """Keep the connection alive, or end it; detach links whose token has expired."""
        self.connection.handle_deadline(self._core.clock.elapsed())
        self._core.reactor.has_input(self)  # the engine may have ended the connection
        if self._probation is not None and self._core.clock.elapsed() >= self._proof_due:
            self._turn_out(self._probation.overdue)
            self.connection.receive_eof()
            self._proof_due = inf
        wall = self._core.clock.wall()
        if self.peer.claims.next_expiry <= wall:
            self.peer.claims.drop_expired(wall)
            self._detach_unauthorized()

    # -- For the peer -------------------------------------------------------------------------

    @property
    def has_room(self) -> bool:
        """Whether one more message may be handed out."""
        if self._is_paused or self._is_lost:
            return False
        return self.connection.unsent_bytes < MAX_UNSENT_BYTES

    def has_output(self) -> None:
        """Have what the engine says written at the end of the turn."""
        self._core.reactor.has_output(self)

    def has_proof(self) -> None:
        """Allow what a client that is known may do."""
        self._probation = None
        self.connection.limits = ConnectionLimits()

    def _turn_out(self, why: str) -> None:
        """End the connection of a client that has proved nothing; what it has sent is dropped."""
        self._is_turned_out = True
        self._input.clear()
        self._input_bytes = 0
        self.connection.close(Error(Condition.UNAUTHORIZED_ACCESS, why))
        self._core.reactor.has_input(self)
        self._core.reactor.has_output(self)

    # -- Reading ------------------------------------------------------------------------------

    def _must_wait(self) -> bool:
        """Whether something is to end first: a job, or the client's silence as a reader."""
        if self._jobs:
            return True
        unread = self.connection.unsent_bytes
        if self._is_paused:
            unread += self._unread_answer_bytes
        return unread >= MAX_UNREAD_ANSWER_BYTES and not self._is_lost

    def _has_more(self) -> bool:
        """Whether another turn can do more; a job, or the client, would say so itself."""
        return not self._jobs and not (self._is_paused and self._must_wait())

    def _read(self) -> bool:
        """Have the engine read on; false when it has read everything."""
        connection, count = self.connection, 0
        if self._is_read_to_the_end and self._input:
            data = self._input.popleft()
            self._input_bytes -= len(data)
            connection.feed(data, now=self._core.clock.elapsed())
            self._is_read_to_the_end = False
        if not self._is_read_to_the_end:
            count = connection.read_frames(_FRAMES_AT_ONCE)
            self._is_read_to_the_end = count < _FRAMES_AT_ONCE
        events = connection.events()  # also those that a deadline has brought about
        self._events.extend(events)
        self._budget.left -= max(count - len(events), 0) // 2
        return bool(events or self._input or not self._is_read_to_the_end)

    def _act_on(self, event: Event, now: float) -> None:
        handler = self._handlers.get(type(event))
        if handler is not None and (job := handler(event, now)):
            self._jobs += 1
            self._core.reactor.start(job, owner=self)

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
        self._links[link] = None
        if self._faults.planned and (fault := self._fault(link, Occasion.DETACH)):
            self._forget(link)
            link.detach(fault.error)

    def _on_detached(self, event: LinkDetached, _now: float) -> None:
        self._forget(event.link)

    def _on_flow(self, event: LinkFlow, now: float) -> None:
        if node := _node(event.link):
            node.flow_received(now=now)

    def _on_message(self, event: MessageReceived, now: float) -> Job | None:
        if self._faults.planned and (fault := self._fault(event.link, Occasion.SEND)):
            event.link.settle(event.delivery_id, Rejected(fault.error))
        elif node := _node(event.link):
            return node.message_received(event, now=now)
        return None

    def _on_disposition(self, event: DispositionReceived, now: float) -> None:
        if self._faults.planned and (fault := self._fault(event.link, Occasion.SETTLE)):
            event.link.settle(event.delivery_id, Rejected(fault.error))
        elif node := _node(event.link):
            node.disposition_received(event, now=now)

    def _on_unknown_delivery(self, event: UnknownDelivery, _now: float) -> None:
        """Say that nothing was settled: silence would leave the client waiting."""
        if not event.settled:
            answer = Rejected(error_of(_NOTHING_HELD))
            event.session.settle(event.delivery_id, answer, event.count)

    def _fault(self, link: Link | None, occasion: Occasion) -> Fault | None:
        """The refusal that was ordered for a link of an entity, if any."""
        node = _node(link)
        return self._faults.next(occasion, node.path) if node and node.right else None

    # -- The end ------------------------------------------------------------------------------

    def _leave(self) -> None:
        """Everything is done that can be done for this client."""
        self._forget_all()
        self.peer.leave()
        self._core.reactor.forget(self)

    def _forget_all(self) -> None:
        for link in list(self._links):
            self._forget(link)

    def _forget(self, link: Link) -> None:
        self._links.pop(link, None)
        if node := _node(link):
            link.context = None
            if job := node.detached():
                self._core.reactor.start(job)

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
