"""A link on which a client receives, and how receivers of one queue share its messages.

Source: AMQP 1.0, 2.6.7 and 2.6.12; Azure Service Bus, "Message transfers, locks, and settlement".
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

from sbtutorial.amqp.events import DispositionReceived
from sbtutorial.amqp.link import SenderLink
from sbtutorial.amqp.messaging import Accepted, Modified, Rejected, Released
from sbtutorial.amqp.performatives import Error
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import (
    DEAD_LETTER_ERROR_DESCRIPTION,
    DEAD_LETTER_REASON,
    Message,
)
from sbtutorial.broker.subqueue import SubQueue
from sbtutorial.clock import Clock
from sbtutorial.server.conditions import error_of
from sbtutorial.server.nodes import Node
from sbtutorial.server.wire_message import encode_message

Outcome = Accepted | Modified | Rejected | Released


class Competition:
    """The receivers of one sub-queue, served in turn while it has messages and they have credit."""

    def __init__(self, subqueue: SubQueue) -> None:
        self.subqueue = subqueue
        self.receivers: set[OutboundNode] = set()
        self._in_line: deque[OutboundNode] = deque()

    def queue_up(self, node: "OutboundNode") -> None:
        """Put a receiver that has credit at the end of the line, once."""
        if node not in self._in_line:
            self._in_line.append(node)

    def step_out(self, node: "OutboundNode") -> None:
        """Take a receiver out of the line."""
        if node in self._in_line:
            self._in_line.remove(node)

    def serve(self, now: float) -> None:
        """Deliver until messages or credit run out: one message a turn."""
        line = self._in_line
        while line and self.subqueue.has_ready:
            node = line.popleft()
            if node.deliver_next(now) and node.link.credit > 0:
                line.append(node)

    def end(self) -> None:
        """The entity is gone: detach every receiver."""
        error = error_of(
            BrokerError(
                ErrorCode.ENTITY_NOT_FOUND,
                f"The messaging entity '{self.subqueue.path}' could not be found: "
                "it was deleted while this receiver was attached.",
            )
        )
        for node in list(self.receivers):
            node.detach(error)


class Competitions:
    """Every competition of a namespace, and which of them have something new to hand out."""

    def __init__(self) -> None:
        self._by_subqueue: dict[SubQueue, Competition] = {}
        self._changed: set[SubQueue] = set()

    def enter(self, node: "OutboundNode") -> Competition:
        """Let a receiver take part in the competition for its sub-queue."""
        subqueue = node.subqueue
        if subqueue not in self._by_subqueue:
            self._by_subqueue[subqueue] = Competition(subqueue)
            subqueue.listeners.append(self._changed.add)
        competition = self._by_subqueue[subqueue]
        competition.receivers.add(node)
        return competition

    def leave(self, node: "OutboundNode") -> None:
        """Take a receiver out; without receivers nobody listens to the sub-queue."""
        competition = self._by_subqueue.get(node.subqueue)
        if competition is None:
            return
        competition.step_out(node)
        competition.receivers.discard(node)
        if not competition.receivers:
            del self._by_subqueue[node.subqueue]
            node.subqueue.listeners.remove(self._changed.add)

    def serve(self, now: float) -> None:
        """Hand out what has become ready since the last call; end what was deleted."""
        while self._changed:
            competition = self._by_subqueue.get(self._changed.pop())
            if competition is None:
                continue
            if competition.subqueue.entity.deleted:
                competition.end()
            else:
                competition.serve(now)

    def holders(self, subqueue: SubQueue) -> set[str]:
        """Who is attached to a sub-queue as a receiver now."""
        competition = self._by_subqueue.get(subqueue)
        return {node.who for node in competition.receivers} if competition else set()


class OutboundNode(Node):
    """What all receiving links share; the receive mode is the subclass."""

    def __init__(
        self,
        link: SenderLink,
        subqueue: SubQueue,
        competitions: Competitions,
        clock: Clock,
        who: str,
        has_output: Callable[[], None],
    ) -> None:
        self.link = link
        self.subqueue = subqueue
        self.who = who
        self._clock = clock
        self._has_output = has_output
        self._competitions = competitions
        self._competition = competitions.enter(self)

    def deliver_next(self, now: float) -> bool:
        """Send the next message, if there is one.

        Returns:
            Whether a message went out.
        """
        raise NotImplementedError

    def flow_received(self, *, now: float) -> None:
        """Get in line for messages; answer a drain when there is nothing more to send."""
        if self.link.credit > 0:
            self._competition.queue_up(self)
            self._competition.serve(now)
        else:
            self._competition.step_out(self)
        if self.link.drain:
            self._competition.step_out(self)
            self.link.drained()

    def detach(self, error: Error) -> None:
        """End the link from the broker's side."""
        self.link.detach(error)
        self._has_output()

    def detached(self) -> None:
        """Leave the competition. Locks stay: they end by settlement or by time only."""
        self._competitions.leave(self)

    def _send(self, message: Message, delivery_tag: bytes, *, settled: bool) -> None:
        payload = encode_message(message, to_wire=self._clock.to_wire)
        self.link.send(payload, delivery_tag=delivery_tag, settled=settled)
        self._has_output()


class ReceiveAndDeleteNode(OutboundNode):
    """Deletes each message as it hands it over."""

    def deliver_next(self, now: float) -> bool:
        """Send the next message, settled: it is gone from the queue."""
        message = self.subqueue.take_next(now=now, who=self.who)
        if message is None:
            return False
        self._send(message, uuid4().bytes_le, settled=True)
        return True


class PeekLockNode(OutboundNode):
    """Hands each message over under a lock and settles it as the client says."""

    def deliver_next(self, now: float) -> bool:
        """Send the next message, locked; its tag is the lock token in .NET's byte order."""
        message = self.subqueue.lock_next(now=now, who=self.who)
        if message is None:
            return False
        assert message.lock_token is not None
        self._send(message, message.lock_token.bytes_le, settled=False)
        return True

    def detached(self) -> None:
        """Leave; what is unsettled on the link now was held by a client that broke off."""
        super().detached()
        held = [UUID(bytes_le=tag) for tag in self.link.unsettled.values()]
        self.subqueue.receiver_gone(held, now=self._clock.now(), who=self.who)

    def disposition_received(self, event: DispositionReceived, *, now: float) -> None:
        """Settle one delivery and, if the client waits for it, say what came of it."""
        verdict = event.state if event.state is not None else Released()
        settlement = _SETTLEMENTS.get(type(verdict))
        if settlement is None:
            return
        try:
            echo = settlement(
                self.subqueue, UUID(bytes_le=event.delivery_tag), verdict, now=now, who=self.who
            )
        except BrokerError as refusal:
            echo = Rejected(error_of(refusal))
        if not event.settled:
            self.link.settle(event.delivery_id, echo)


def _complete(
    subqueue: SubQueue, token: UUID, verdict: Accepted, *, now: float, who: str
) -> Outcome:
    subqueue.complete(token, now=now, who=who)
    return verdict


def _abandon_or_defer(
    subqueue: SubQueue, token: UUID, verdict: Modified, *, now: float, who: str
) -> Outcome:
    settle = subqueue.defer if verdict.undeliverable_here else subqueue.abandon
    settle(token, _text_keys(verdict.message_annotations), now=now, who=who)
    return Modified(None, bool(verdict.undeliverable_here), None)


def _dead_letter(
    subqueue: SubQueue, token: UUID, verdict: Rejected, *, now: float, who: str
) -> Outcome:
    changed = _text_keys(verdict.error.info if verdict.error else None) or {}
    reason = changed.pop(DEAD_LETTER_REASON, None)
    description = changed.pop(DEAD_LETTER_ERROR_DESCRIPTION, None)
    subqueue.dead_letter(token, reason, description, changed, now=now, who=who)
    return Rejected(None)


def _release(
    subqueue: SubQueue, token: UUID, verdict: Released, *, now: float, who: str
) -> Outcome:
    subqueue.release(token, now=now, who=who)
    return verdict


_SETTLEMENTS: dict[type, Callable[..., Outcome]] = {
    Accepted: _complete,
    Modified: _abandon_or_defer,
    Rejected: _dead_letter,
    Released: _release,
}


def _text_keys(changed: Mapping[Any, Any] | None) -> dict[str, Any] | None:
    """Property names arrive as symbols or strings; application properties are named by strings."""
    return {str(key): value for key, value in changed.items()} if changed else None
