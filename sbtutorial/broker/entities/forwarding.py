"""Auto-forwarding: what becomes ready in one entity goes on to another one.

Source: Azure Service Bus, "Chaining Service Bus entities with autoforwarding"; "Transfers and
send via".
"""

from collections.abc import Callable, Generator, Sequence

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.context import Sink
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.paths import entity_path
from sbtutorial.broker.states import Input
from sbtutorial.broker.subqueues.subqueue import SubQueue

FindSink = Callable[[str], Sink]
# Takes message, reason, description and now: what a target has refused.
Keep = Callable[[Message, str, str, float], None]

MAX_HOPS = 4
HOPS_EXCEEDED = "MaxTransferHopCountExceeded"
# Azure's own words, where they are known.
_REASONS = {ErrorCode.NOT_ALLOWED: "Session id is null."}
_TRANSFER_FAILED = "TransferFailed"


class Forwarding:
    """Sends on the messages of one subqueue.

    Attributes:
        target: The path of the entity that takes them.
    """

    def __init__(self, subqueue: SubQueue, target: str, find_sink: FindSink) -> None:
        self.target = entity_path(target)
        self._subqueue = subqueue
        self._find_sink = find_sink

    def on_ready(self, now: float) -> None:
        """Send on what is ready; what the target refuses goes to the dead-letter queue."""
        subqueue = self._subqueue
        kept = []
        while subqueue.has_ready and (message := subqueue.messages.leave_first()) is not None:
            if not self._send_on(message, now):
                kept.append(message)
        for message in kept:
            subqueue.messages.requeue(message)

    def _send_on(self, message: Message, now: float) -> bool:
        """Returns whether the message is gone from the subqueue."""
        twin = message.copy()
        twin.hops += 1
        try:
            if twin.hops > MAX_HOPS:
                raise BrokerError(ErrorCode.QUOTA_EXCEEDED, _too_many_hops(self._subqueue.path))
            self._find_sink(self.target).send([twin], now=now)
        except BrokerError as refusal:
            reason = HOPS_EXCEEDED if twin.hops > MAX_HOPS else reason_of(refusal)
            return self._dead_letter_unforwardable(message, reason, refusal.message, now)
        self._subqueue.messages.remove(message, Input.FORWARD)
        self._subqueue.report(ChangeKind.FORWARDED, message, now, "", self.target)
        return True

    def _dead_letter_unforwardable(
        self, message: Message, reason: str, description: str, now: float
    ) -> bool:
        """Returns whether the message is gone: a dead-letter queue keeps what it cannot send on."""
        dead_lettering = self._subqueue.dead_lettering
        if dead_lettering.is_possible:
            dead_lettering.dead_letter(message, reason, description, now=now)
        return dead_lettering.is_possible


class Transfer:
    """The way into one entity by way of a queue, which keeps what the target refuses.

    It is a sink like any: whether the target takes a message is no concern of the sender.
    """

    def __init__(self, via: Sink, keep: Keep, target: str, find_sink: FindSink) -> None:
        self._via = via
        self._keep = keep
        self._target = entity_path(target)
        self._find_sink = find_sink

    def check(self, messages: Sequence[Message], *, now: float) -> None:
        """Refuse what the queue on the way would refuse; see `Ingress.check`."""
        self._via.check(messages, now=now)

    def send(self, messages: Sequence[Message], *, now: float, who: str = "") -> None:
        """Hand messages on, each as far as it comes.

        Raises:
            BrokerError: As `check`.
        """
        self.check(messages, now=now)
        for message in messages:
            self._send_on(message, now, who)

    def send_in_steps(
        self, messages: Sequence[Message], *, now: float, who: str = ""
    ) -> Generator[int, float, None]:
        """`send`, one message a step; see `Ingress.send_in_steps`.

        Raises:
            BrokerError: As `check`.
        """
        self.check(messages, now=now)
        for message in messages:
            self._send_on(message, now, who)
            now = yield 1

    def is_waiting(self, _message: Message) -> bool:
        """Where it goes from here is no concern of the sender."""
        return False

    def _send_on(self, message: Message, now: float, who: str) -> None:
        try:
            self._find_sink(self._target).send([message.copy()], now=now, who=who)
        except BrokerError as refusal:
            self._keep(message, reason_of(refusal), refusal.message, now)


def reason_of(refusal: BrokerError) -> str:
    """The dead-letter reason for a message that another entity would not take."""
    return _REASONS.get(refusal.code, _TRANSFER_FAILED)


def _too_many_hops(path: str) -> str:
    return (
        f"The message was forwarded {MAX_HOPS} times before it came to '{path}', and may not go "
        "on. Look for a ring among forward_to settings."
    )
