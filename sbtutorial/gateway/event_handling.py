"""What each event of one connection's engine leads to: nodes behind links, and what they do.

A fault that was ordered comes before what the node would have done.
Source: AMQP 1.0, part 2; Azure Service Bus, "AMQP 1.0 protocol guide".
"""

from collections.abc import Callable
from typing import Any, cast

from sbtutorial.amqp.connection import Connection
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
from sbtutorial.amqp.states import LinkState
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.gateway.attach import attach
from sbtutorial.gateway.faults import Fault, Occasion
from sbtutorial.gateway.nodes.node import Node
from sbtutorial.gateway.nodes.peer import Peer
from sbtutorial.gateway.open_links import OpenLinks
from sbtutorial.gateway.presence import Attached
from sbtutorial.gateway.reactor import Job
from sbtutorial.gateway.wire.conditions import error_of

# Of very many links that end, so many end at once, which takes so much of a turn.
_LINKS_AT_ONCE = 64
_LINKS_UNITS = 20
_FORGETTING_UNITS = 3


class EventHandling:
    """Handles the events of one connection.

    Args:
        peer: Whose connection it is.
        connection: The engine.

    Attributes:
        links: Those that have something behind them.
        handlers: Each takes an event of its kind and the time, and may return a job: what comes
            on the connection after it waits for its end.
    """

    def __init__(self, peer: Peer, connection: Connection) -> None:
        self.links = OpenLinks()
        self._core = peer.core
        self._faults = peer.core.faults
        self._peer = peer
        self._connection = connection
        self.handlers: dict[type, Callable[[Any, float], Job | None]] = {
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

    @property
    def paths(self) -> list[str]:
        """The entities that the client has links to, each once."""
        nodes = filter(None, map(_node, self.links))
        return list(dict.fromkeys(node.path for node in nodes if node.right))

    def _on_opened(self, event: ConnectionOpened, _now: float) -> None:
        if fault := self._faults.next(Occasion.CONNECT, who=event.open.container_id):
            self._connection.close(fault.error)
            return
        try:
            self._peer.arrive(event.open.container_id)
        except BrokerError as refusal:
            self._connection.close(error_of(refusal))

    def _on_closed(self, _event: ConnectionClosed, _now: float) -> None:
        # Its links are gone with it; the socket is dropped when the answer is out.
        self.forget_all()

    def _on_session_ended(self, event: SessionEnded, _now: float) -> Job | None:
        return self._in_steps(self._forget, self.links.of(event.session))

    def _on_attached(self, event: LinkAttached, _now: float) -> None:
        link = event.link
        try:
            attach(link, self._peer)
        except BrokerError as refusal:
            link.refuse(error_of(refusal))
            return
        self.links.add(link)
        if (node := _node(link)) and node.right:
            there = Attached(self._peer.who, node.right, node.path.lower())
            self._core.presence.enter(link, there)
        if self._faults.planned and (fault := self._fault(link, Occasion.DETACH)):
            self._forget(link)
            link.detach(fault.error)

    def _on_detached(self, event: LinkDetached, _now: float) -> None:
        self._forget(event.link)

    def _on_flow(self, event: LinkFlow, now: float) -> Job | None:
        node: Node | None = event.link.context
        return node.flow_received(now=now) if node is not None else None

    def _on_message(self, event: MessageReceived, now: float) -> Job | None:
        if self._faults.planned and (fault := self._fault(event.link, Occasion.SEND)):
            event.link.settle(event.delivery_id, Rejected(fault.error))
        elif (node := event.link.context) is not None:
            return cast(Node, node).message_received(event, now=now)
        return None

    def _on_disposition(self, event: DispositionReceived, now: float) -> None:
        if self._faults.planned and (fault := self._fault(event.link, Occasion.SETTLE)):
            event.link.settle(event.delivery_id, Rejected(fault.error))
        elif (node := event.link.context) is not None:
            node.disposition_received(event, now=now)

    def _on_unknown_delivery(self, event: UnknownDelivery, _now: float) -> None:
        """Say that nothing was settled: silence would leave the client waiting."""
        if not event.settled:
            answer = Rejected(error_of(_NOTHING_HELD))
            event.session.settle(event.delivery_id, answer, event.count)

    def _fault(self, link: Link | None, occasion: Occasion) -> Fault | None:
        """The refusal that was ordered for a link of an entity, if any."""
        node = _node(link)
        if node is None or not node.right:
            return None
        return self._faults.next(occasion, node.path, self._peer.who)

    # -- The end of links -----------------------------------------------------------------------

    def forget_all(self) -> None:
        """Have nothing behind any link any more; of very many, some at a time."""
        if job := self._in_steps(self._forget, list(self.links)):
            self._core.reactor.start(job)

    def leave(self) -> None:
        """As `forget_all`, and then forget all that was unsettled."""
        rest = self._in_steps(self._forget, list(self.links))
        self._core.reactor.start(self._forget_unsettled(rest))

    def _forget_unsettled(self, rest: Job | None) -> Job:
        yield 0
        if rest is not None:
            yield from rest
        self._connection.forget()
        yield from forgetting(self._connection)

    def _in_steps(self, act: Callable[[Link], None], links: list[Link]) -> Job | None:
        """Do something to each of many links: to some of them now, to the rest with a job."""
        for link in links[:_LINKS_AT_ONCE]:
            act(link)
        rest = links[_LINKS_AT_ONCE:]
        return _each(act, rest) if rest else None

    def _forget(self, link: Link) -> None:
        self.links.discard(link)
        self._core.presence.leave(link)
        if node := _node(link):
            link.context = None
            if job := node.detached():
                self._core.reactor.start(job)

    def detach_unauthorized(self) -> Job | None:
        """Detach links that no token allows any more.

        Returns:
            What detaches the rest of very many; the client is not to be heard before its end.
        """
        return self._in_steps(self._detach_if_unauthorized, list(self.links))

    def _detach_if_unauthorized(self, link: Link) -> None:
        node = _node(link)
        try:
            if node is not None and node.right:
                self._peer.claims.require(node.right, node.path)
                if node.transfers_to:
                    self._peer.claims.require("Send", node.transfers_to)
        except BrokerError as refusal:
            self._forget(link)
            # Whoever waits for a session has not been answered yet.
            end = link.refuse if link.state is LinkState.ATTACH_RCVD else link.detach
            end(error_of(refusal))
            self._peer.output.has_output()


_NOTHING_HELD = BrokerError(
    ErrorCode.MESSAGE_LOCK_LOST,
    "The lock supplied is invalid: no such delivery is unsettled on this session. "
    "Receive the message again.",
)


def forgetting(connection: Connection) -> Job:
    """Be rid of what a connection has left to forget."""
    yield 0
    leftovers = connection.leftovers.copy()
    connection.leftovers.clear()
    for leftover in leftovers:
        for _ in leftover:
            yield _FORGETTING_UNITS


def _each(act: Callable[[Link], None], links: list[Link]) -> Job:
    for start in range(0, len(links), _LINKS_AT_ONCE):
        yield _LINKS_UNITS if start else 0
        for link in links[start : start + _LINKS_AT_ONCE]:
            act(link)


def _node(link: Link | None) -> Node | None:
    node = link.context if link is not None else None
    return node if isinstance(node, Node) else None
