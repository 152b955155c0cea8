"""Auto-forwarding: what becomes ready in one entity goes on to another one.

Source: Azure Service Bus, "Chaining Service Bus entities with autoforwarding"; "Transfers and
send via".
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.paths import entity_path
from sbtutorial.broker.states import Input

if TYPE_CHECKING:
    from sbtutorial.broker.entities.ingress import Ingress
    from sbtutorial.broker.entities.queue import Queue
    from sbtutorial.broker.subqueues.line_base import LineBase

FindIntake = Callable[[str], "Ingress"]

MAX_HOPS = 4
HOPS_EXCEEDED = "MaxTransferHopCountExceeded"
# Azure's own words, where they are known.
_REASONS = {ErrorCode.NOT_ALLOWED: "Session id is null."}
_TRANSFER_FAILED = "TransferFailed"


class Forwarding:
    """Where the messages of one line go.

    Attributes:
        target: The path of the entity that takes them.
    """

    def __init__(self, target: str, find_intake: FindIntake) -> None:
        self.target = entity_path(target)
        self._find_intake = find_intake

    def run(self, line: "LineBase", now: float) -> None:
        """Send on what is ready; what the target refuses goes to the line's dead-letter queue."""
        refused = []
        while line.has_ready and (message := line.leave_first()) is not None:
            if not self._send_on(message, line, now):
                refused.append(message)
        for message in refused:  # a dead-letter queue keeps what it cannot send on
            line.stand_again(message)

    def _send_on(self, message: Message, line: "LineBase", now: float) -> bool:
        """Returns whether the message is gone from the line."""
        twin = message.copy()
        twin.hops += 1
        try:
            if twin.hops > MAX_HOPS:
                raise BrokerError(ErrorCode.QUOTA_EXCEEDED, _too_many_hops(line.path))
            self._find_intake(self.target).send([twin], now=now)
        except BrokerError as refusal:
            reason = HOPS_EXCEEDED if twin.hops > MAX_HOPS else reason_of(refusal)
            return line.give_up(message, reason, refusal.message, now=now)
        line.remove(message, Input.FORWARD)
        line.report(ChangeKind.FORWARDED, message, now, "", self.target)
        return True


class Transfer:
    """The way into one queue by way of another, which keeps what the target refuses.

    It has the face of an `Intake`: whether the target takes a message is no concern of the sender.
    """

    def __init__(self, via: "Queue", target: str, find_intake: FindIntake) -> None:
        self._via = via
        self._target = entity_path(target)
        self._find_intake = find_intake

    def check(self, messages: Sequence[Message], *, now: float) -> None:
        """Refuse what the queue on the way would refuse; see `Ingress.check`."""
        self._via.intake.check(messages, now=now)

    def send(self, messages: Sequence[Message], *, now: float, who: str = "") -> None:
        """Hand messages on, each as far as it comes.

        Raises:
            BrokerError: As `check`.
        """
        self.check(messages, now=now)
        for message in messages:
            try:
                self._find_intake(self._target).send([message.copy()], now=now, who=who)
            except BrokerError as refusal:
                kept = self._via.transfer_dead_letter
                self._via.refuse(message, kept, reason_of(refusal), refusal.message, now)


def reason_of(refusal: BrokerError) -> str:
    """The dead-letter reason for a message that another entity would not take."""
    return _REASONS.get(refusal.code, _TRANSFER_FAILED)


def _too_many_hops(path: str) -> str:
    return (
        f"The message was forwarded {MAX_HOPS} times before it came to '{path}', and may not go "
        "on. Look for a ring among forward_to settings."
    )
