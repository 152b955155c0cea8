"""Auto-forwarding: what becomes ready in one entity goes on to another one.

What the target refuses is dead-lettered; dead letters themselves wait until the target takes them.

Source: Azure Service Bus, "Chaining Service Bus entities with autoforwarding"; "Transfers and
send via"; of dead letters that wait, Azure/azure-service-bus#666.
"""

from collections.abc import Callable, Generator, Sequence
from math import inf
from typing import NamedTuple

from sbtutorial.broker.background import Steps
from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.context import Sink
from sbtutorial.broker.errors import SESSION_ID_IS_NULL, BrokerError, ErrorCode, SessionIdMissing
from sbtutorial.broker.message import Message
from sbtutorial.broker.paths import entity_path
from sbtutorial.broker.states import Input
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.broker.timers import Timer

FindSink = Callable[[str], Sink]
# Takes message, reason, description and now: what a target has refused.
Keep = Callable[[Message, str, str, float], None]

MAX_HOPS = 4
# So many messages go on in one piece, or as many copies of fewer; what else is ready goes when
# others have had their turn.
MOST_AT_ONCE = 50
_COPIED_AT_ONCE = 64
_STEPS_LIKE_A_TIMER = 5  # what a step costs is counted in smaller units
_COST = 2  # of sending one on, in the units of timers
# Azure's own words, where they are known.
HOPS_EXCEEDED = "MaxTransferHopCountExceeded"
_TRANSFER_FAILED = "TransferFailed"
# What keeps a target from taking any message now.
_WILL_PASS = {
    ErrorCode.QUOTA_EXCEEDED,
    ErrorCode.ENTITY_DISABLED,
    ErrorCode.ENTITY_NOT_FOUND,
}


class Refusal(NamedTuple):
    """Why a message does not go on; `will_pass` if the target may take it later."""

    reason: str
    description: str
    will_pass: bool = False


class Forwarding:
    """Sends on the messages of one subqueue.

    Attributes:
        target: The path of the entity that takes them.
    """

    def __init__(self, subqueue: SubQueue, target: str) -> None:
        self.target = entity_path(target)
        self._subqueue = subqueue
        self._context = subqueue.context
        self._waits = False  # for the target to take more, or for `_timer`
        self._timer: Timer | None = None
        self._is_over = False
        self._counted_at, self._count = -inf, 0  # what became ready at this instant
        self._kept: list[Message] = []  # dead letters that no waiting helps

    def on_ready(self, now: float) -> None:
        """Send on what is ready, after what is ready already; of very many some go on later."""
        if self._waits:
            return
        self._count = self._count + 1 if now == self._counted_at else 1
        self._counted_at = now
        if self._count > MOST_AT_ONCE:
            self._waits = True
            self._context.background.add(self._send_on_later(now))
        else:
            self._send_on(now, most_hops=0)

    def _send_on_later(self, now: float) -> Steps:
        yield _COST  # of those that have become ready together all are there by then
        if not self._is_over:
            self._waits = False
            self._send_on(now)
            yield MOST_AT_ONCE * _COST * _STEPS_LIKE_A_TIMER

    def resume(self, now: float) -> bool:
        """Send on what the target takes, up to a number; whether it took that."""
        self._context.target_waiters.remove(self.target, self)
        self._waits = False
        return self._send_on(now)

    def try_again(self, at: float) -> None:
        """Send on what is ready, as the first thing to happen when time is run."""
        if not self._waits:
            self._waits = True
            self._timer = self._context.timers.call_at(at, self._go_on, None)

    def end(self) -> None:
        """Forward no more: what is still here waits for receivers."""
        self._is_over = True
        self._context.target_waiters.remove(self.target, self)
        if self._timer is not None:
            self._timer.cancel()
        messages = self._subqueue.messages
        for message in self._kept:
            if messages.is_ready(message.sequence_number):
                messages.requeue(message)
        self._kept.clear()

    @property
    def _copies(self) -> int:
        """How many messages one of them becomes at the target."""
        try:
            return self._context.find_sink(self.target).copies
        except BrokerError:
            return 1

    def _send_on(self, now: float, most_hops: int = MAX_HOPS) -> bool:
        """Send on until nothing is ready, the target takes no more, or it has been enough at once.

        Topic behind topic behind topic, each of very many copies goes on by itself: it is enough,
        too, at a message that was sent on more than `most_hops` times, and becomes several.

        Returns:
            Whether the target takes more, as far as is known.
        """
        subqueue, copies = self._subqueue, self._copies
        for _ in range(max(MOST_AT_ONCE // copies, 1)):
            if not subqueue.has_ready or (message := subqueue.messages.leave_first()) is None:
                return True
            if message.hops > most_hops and copies > 1:
                subqueue.messages.requeue(message)
                break
            if self._ends_now(message, now):
                continue
            refusal = self._hand_over(message, now)
            if refusal is None:
                subqueue.messages.remove(message, Input.FORWARD)
                subqueue.report(ChangeKind.FORWARDED, message, now, "", self.target)
                self._context.room_made(now)
            elif not self._see_to(message, refusal, now):
                return False
        if subqueue.has_ready:
            self.try_again(now)
        return True

    def _go_on(self, _: None, at: float) -> int:
        self._waits = False
        self._timer = None
        self._send_on(at)
        return MOST_AT_ONCE * _COST

    def _ends_now(self, message: Message, now: float) -> bool:
        """Whether a message's time to live is over this very moment; it does not go on then."""
        dead_lettering = self._subqueue.dead_lettering
        if not dead_lettering.is_possible or (message.expires_at or inf) > now:
            return False
        dead_lettering.check_returned(message, now)
        return True

    def _hand_over(self, message: Message, now: float) -> Refusal | None:
        """Send a copy to the target; the refusal, if it is not taken."""
        twin = message.copy()
        twin.hops += 1
        if twin.hops > MAX_HOPS:
            return Refusal(HOPS_EXCEEDED, _too_many_hops(self._subqueue.path))
        try:
            self._context.find_sink(self.target).send([twin], now=now)
        except BrokerError as error:
            return refusal_of(error)
        return None

    def _see_to(self, message: Message, refusal: Refusal, now: float) -> bool:
        """Dead-letter what is refused; a dead letter waits, or stays for good.

        Returns:
            Whether other messages may still be taken.
        """
        dead_lettering = self._subqueue.dead_lettering
        if dead_lettering.is_possible:
            dead_lettering.dead_letter(message, refusal.reason, refusal.description, now=now)
            return True
        if not refusal.will_pass:
            self._kept.append(message)
            return True
        self._subqueue.messages.requeue(message)
        self._waits = True
        self._context.target_waiters.add(self.target, self)
        return False


class Transfer:
    """The way into one entity by way of a queue, which keeps what the target refuses.

    It is a sink like any: whether the target takes a message is no concern of the sender.
    """

    fans_out = False

    def __init__(self, via: Sink, keep: Keep, target: str, find_sink: FindSink) -> None:
        self._via = via
        self._keep = keep
        self._target = entity_path(target)
        self._find_sink = find_sink

    @property
    def copies(self) -> int:
        """What becomes of them where they go is not known."""
        return 1

    def check(self, messages: Sequence[Message], *, now: float) -> None:
        """Refuse what the queue on the way would refuse; see `Ingress.check`."""
        self._via.check(messages, now=now)

    def check_transaction(self, messages: Sequence[Message], *, now: float) -> None:
        """As `check`; see `Ingress.check_transaction`."""
        self._via.check_transaction(messages, now=now)

    def send(self, messages: Sequence[Message], *, now: float, who: str = "") -> None:
        """Hand messages on, each as far as it comes.

        Raises:
            BrokerError: As `check`.
        """
        self.check(messages, now=now)
        try:
            self._hand_on(messages, now, who)
        except BrokerError:  # one of them keeps no other one back
            for message in messages:
                self._hand_on_or_keep(message, now, who)

    def send_in_steps(
        self, messages: Sequence[Message], *, now: float, who: str = ""
    ) -> Generator[int, float, None]:
        """As `send`, of very many."""
        self.check(messages, now=now)
        twins: list[Message] = []
        for start in range(0, len(messages), _COPIED_AT_ONCE):
            twins += [one.copy() for one in messages[start : start + _COPIED_AT_ONCE]]
            now = yield _COPIED_AT_ONCE
        try:
            yield from self._find_sink(self._target).send_in_steps(twins, now=now, who=who)
        except BrokerError:
            now = yield 1
            self.check(messages, now=now)
            for message in messages:
                self._hand_on_or_keep(message, now, who)

    def is_waiting(self, _message: Message) -> bool:
        """Where it goes from here is no concern of the sender."""
        return False

    def when_there(self, _message: Message, tell: Callable[[], None]) -> None:
        """It is as far as the sender knows."""
        tell()

    def _hand_on(self, messages: Sequence[Message], now: float, who: str) -> None:
        twins = [message.copy() for message in messages]
        self._find_sink(self._target).send(twins, now=now, who=who)

    def _hand_on_or_keep(self, message: Message, now: float, who: str) -> None:
        try:
            self._hand_on([message], now, who)
        except BrokerError as error:
            refusal = refusal_of(error)
            self._keep(message, refusal.reason, refusal.description, now)


def refusal_of(error: BrokerError) -> Refusal:
    """Why another entity would not take a message, as its dead letter says it."""
    has_no_session = isinstance(error, SessionIdMissing)
    reason = SESSION_ID_IS_NULL if has_no_session else _TRANSFER_FAILED
    return Refusal(reason, error.message, error.code in _WILL_PASS)


def _too_many_hops(path: str) -> str:
    return (
        f"The message was forwarded {MAX_HOPS} times before it came to '{path}', and may not go "
        "on. Look for a ring among forward_to settings."
    )
