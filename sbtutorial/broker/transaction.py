"""Sends and settlements that count together, or not at all.

Source: Azure Service Bus, "Overview of Service Bus transaction processing".
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sbtutorial.broker.context import Sink
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.subqueues.disposition import Disposition
from sbtutorial.broker.subqueues.subqueue import SubQueue

MAX_OPERATIONS = 100
TIMEOUT_SECONDS = 120.0


class _Settling(NamedTuple):
    """One locked message that is settled with the transaction."""

    subqueue: SubQueue
    token: UUID
    disposition: Disposition


class Transaction:
    """What one client has gathered, to be done at once when it says so.

    Until then nothing that was sent can be seen, and what is to be settled stays locked. A lock
    that runs out meanwhile undoes the whole.
    """

    def __init__(self, now: float) -> None:
        self._ends_at = now + TIMEOUT_SECONDS
        self._sends: dict[Sink, list[Message]] = {}
        self._settlements: dict[bytes, _Settling] = {}  # by the bytes of their tokens
        self._count = 0

    def send(self, sink: Sink, messages: Sequence[Message], *, now: float) -> None:
        """Keep messages for an entity until the commit.

        Raises:
            BrokerError: As `Ingress.check`, of all that is kept for the entity together; and
                QUOTA_EXCEEDED for more than the 100 operations that are allowed.
        """
        gathered = [*self._sends.get(sink, ()), *messages]
        sink.check_transaction(gathered, now=now)
        self._count_in(len(messages), now)
        self._sends[sink] = gathered

    def settle(
        self, subqueue: SubQueue, token: UUID, disposition: Disposition, *, now: float
    ) -> None:
        """Keep a settlement until the commit.

        Raises:
            BrokerError: As `Settling.check`; NOT_ALLOWED for a message that is settled
                here already; and as `send`.
        """
        subqueue.settling.check(token, disposition, now=now)
        if token.bytes in self._settlements:
            raise BrokerError(
                ErrorCode.NOT_ALLOWED, "This transaction settles the message already."
            )
        self._count_in(1, now)
        self._settlements[token.bytes] = _Settling(subqueue, token, disposition)

    @property
    def message_count(self) -> int:
        """How many messages a commit would settle or bring in, each copy counted."""
        sent = sum(len(messages) * sink.copies for sink, messages in self._sends.items())
        return sent + len(self._settlements)

    def commit(self, *, now: float, who: str) -> None:
        """Do all of it.

        Raises:
            BrokerError: Some part cannot be done any more; none was done.
        """
        self._require_time(now)
        settlements = self._settlements.values()
        for settlement in settlements:
            settlement.subqueue.settling.check(settlement.token, settlement.disposition, now=now)
        for sink, messages in self._sends.items():
            sink.check(messages, now=now)
        for settlement in settlements:
            settlement.subqueue.settling.settle(
                settlement.token, settlement.disposition, now=now, who=who
            )
        for sink, messages in self._sends.items():
            sink.send(messages, now=now, who=who)

    def _count_in(self, more: int, now: float) -> None:
        self._require_time(now)
        self._count += more
        if self._count > MAX_OPERATIONS:
            raise BrokerError(
                ErrorCode.QUOTA_EXCEEDED,
                f"A transaction may have {MAX_OPERATIONS} messages, and this one has "
                f"{self._count}. Begin another one.",
            )

    def is_over(self, now: float) -> bool:
        """Whether its time is over: then it is rolled back, whatever its client says."""
        return now >= self._ends_at

    def _require_time(self, now: float) -> None:
        if self.is_over(now):
            raise BrokerError(
                ErrorCode.TIMEOUT,
                f"The transaction has lasted more than {TIMEOUT_SECONDS:g} seconds and was rolled "
                "back. Begin another one.",
            )
