"""A link on which a client receives, from a queue, a dead-letter queue or a session.

Source: AMQP 1.0, 2.6.7 and 2.6.12; Azure Service Bus, "Message transfers, locks, and settlement".
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

from sbtutorial.amqp.events import DispositionReceived
from sbtutorial.amqp.link import SenderLink
from sbtutorial.amqp.messaging import Accepted, Modified, Rejected, Released
from sbtutorial.amqp.performatives import Error, SenderSettleMode
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.message import (
    DEAD_LETTER_ERROR_DESCRIPTION,
    DEAD_LETTER_REASON,
    Message,
)
from sbtutorial.broker.subqueue import SubQueue
from sbtutorial.clock import Clock
from sbtutorial.server.competition import Competitions, Line
from sbtutorial.server.conditions import error_of
from sbtutorial.server.nodes import Node
from sbtutorial.server.peer import Peer
from sbtutorial.server.wire_message import encode_message

Outcome = Accepted | Modified | Rejected | Released


class OutboundNode(Node):
    """What all receiving links share; the receive mode is the subclass."""

    def __init__(
        self,
        link: SenderLink,
        line: Line,
        competitions: Competitions,
        clock: Clock,
        who: str,
        has_output: Callable[[], None],
    ) -> None:
        self.link = link
        self.line = line
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
        """Leave; what is unsettled on the link now was held by a client that broke off."""
        self._competitions.leave(self)
        held = [UUID(bytes_le=tag) for tag in self.link.unsettled.values()]
        self.line.receiver_gone(held, now=self._clock.now(), who=self.who)

    def _send(self, message: Message, delivery_tag: bytes, *, settled: bool) -> None:
        payload = encode_message(message, to_wire=self._clock.to_wire)
        self.link.send(payload, delivery_tag=delivery_tag, settled=settled)
        self._has_output()


class ReceiveAndDeleteNode(OutboundNode):
    """Deletes each message as it hands it over."""

    def deliver_next(self, now: float) -> bool:
        """Send the next message, settled: it is gone from the queue."""
        message = self.line.take_next(now=now, who=self.who)
        if message is None:
            return False
        self._send(message, uuid4().bytes_le, settled=True)
        return True


class PeekLockNode(OutboundNode):
    """Hands each message over under a lock and settles it as the client says."""

    def deliver_next(self, now: float) -> bool:
        """Send the next message, locked; its tag is the lock token in .NET's byte order."""
        message = self.line.lock_next(now=now, who=self.who)
        if message is None:
            return False
        assert message.lock_token is not None
        self._send(message, message.lock_token.bytes_le, settled=False)
        return True

    def disposition_received(self, event: DispositionReceived, *, now: float) -> None:
        """Settle one delivery and, if the client waits for it, say what came of it."""
        verdict = event.state if event.state is not None else Released()
        settlement = _SETTLEMENTS.get(type(verdict))
        if settlement is None:
            return
        try:
            token = UUID(bytes_le=event.delivery_tag)
            line = self.line.line_for(token, now=now)
            echo = settlement(line, token, verdict, now=now, who=self.who)
        except BrokerError as refusal:
            echo = Rejected(error_of(refusal))
        if not event.settled:
            self.link.settle(event.delivery_id, echo)


def receiver_for(link: SenderLink, line: Line, peer: Peer) -> OutboundNode:
    """The node behind a link that was accepted, of the kind that the client asked for."""
    assert link.remote_attach is not None
    kind = _KINDS.get(link.remote_attach.snd_settle_mode, PeekLockNode)
    return kind(link, line, peer.competitions, peer.clock, peer.who, peer.has_output)


_KINDS: dict[int, type[OutboundNode]] = {SenderSettleMode.SETTLED: ReceiveAndDeleteNode}


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
