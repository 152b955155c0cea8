"""Who is connected now, by the name that each connection gave itself, and how many may be.

Source: Azure Service Bus, "Quotas", concurrent connections on a namespace.
"""

from collections import Counter

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import Limits


class ConnectionQuota:
    """The open AMQP connections of a namespace."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._by_name: Counter[str] = Counter()
        self._count = 0

    def enter(self, who: str) -> None:
        """One more connection.

        Raises:
            BrokerError: QUOTA_EXCEEDED: there are as many as the tier allows.
        """
        if self._count >= self._limits.max_connections:
            raise BrokerError(
                ErrorCode.QUOTA_EXCEEDED,
                f"ConnectionsQuotaExceeded: the namespace has {self._count} connections, all that "
                f"the {self._limits.name} tier allows. Close one: each sender and each receiver "
                "of the Python SDK has a connection of its own.",
            )
        self._by_name[who] += 1
        self._count += 1

    def leave(self, who: str) -> None:
        """One connection that had entered is gone."""
        self._count -= 1
        self._by_name[who] -= 1
        if not self._by_name[who]:
            del self._by_name[who]

    def is_here(self, who: str) -> bool:
        """Whether a connection of this name is open."""
        return who in self._by_name

    @property
    def count(self) -> int:
        """How many connections are open."""
        return self._count
