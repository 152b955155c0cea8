"""Claims: what one AMQP connection has proved that it may do, and until when.

Source: Azure Service Bus, "AMQP 1.0 protocol guide", claims-based authorization.
"""

from collections.abc import Callable, Iterable, Iterator
from math import inf
from typing import NamedTuple

from sbtutorial.broker.errors import BrokerError, ErrorCode

# Each sender and receiver of a connection has its own; no client has so many.
MAX_CLAIMS = 10_000


class Grant(NamedTuple):
    """Rights on a path and all below it, up to an instant in wall-clock seconds."""

    rights: frozenset[str]
    expires_at: float


class Claims:
    """The claims of one connection; a newer token for the same path replaces the older.

    Args:
        on_proof: Called when the first token holds.
        on_claim: Called with each that does: the next one to end may be another.

    Attributes:
        is_proved: Whether a token (or a SASL password) has ever held on this connection.
        next_expiry: When the first claim ends, in wall-clock seconds; infinity when none does.
    """

    def __init__(
        self,
        on_proof: Callable[[], None] = lambda: None,
        on_claim: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_proof = on_proof
        self._on_claim = on_claim
        self.is_proved = False
        self.next_expiry = inf
        self._by_path: dict[str, Grant] = {}

    def grant(self, path: str, rights: Iterable[str], expires_at: float = inf) -> None:
        """Add what a verified token (or a SASL password) allows on `path` ("" for everything).

        Raises:
            BrokerError: QUOTA_EXCEEDED: the connection has more claims than any client needs.
        """
        key = path.strip("/").lower()
        before = self._by_path.get(key)
        if before is None and len(self._by_path) >= MAX_CLAIMS:
            raise BrokerError(
                ErrorCode.QUOTA_EXCEEDED,
                f"This connection has tokens for {MAX_CLAIMS} addresses, and no more are taken: "
                "sign one for the namespace above them.",
            )
        self._by_path[key] = Grant(frozenset(rights), expires_at)
        if not self.is_proved:
            self.is_proved = True
            self._on_proof()
        if before is None or before.expires_at > self.next_expiry:
            self.next_expiry = min(self.next_expiry, expires_at)
        else:
            self._find_next_expiry()
        self._on_claim()

    def drop_expired(self, now: float) -> None:
        """Forget the claims that have ended by `now`, in wall-clock seconds."""
        self._by_path = {p: claim for p, claim in self._by_path.items() if claim.expires_at > now}
        self._find_next_expiry()

    def require(self, right: str, path: str) -> None:
        """Return if some claim gives `right` ("Send", "Listen" or "Manage") on `path`.

        Raises:
            BrokerError: UNAUTHORIZED: no token covers the path, or its rights do not go so far.
        """
        if not any(right in claim.rights for claim in self._covering(path)):
            self.require_any(path)
            raise BrokerError(
                ErrorCode.UNAUTHORIZED,
                f"Unauthorized access. '{right}' claim(s) are required to perform this operation "
                f"on '{path}': use a key whose policy has that right.",
            )

    def require_proof(self) -> None:
        """Return if anything has been proved on this connection.

        Raises:
            BrokerError: UNAUTHORIZED.
        """
        if not self.is_proved:
            raise BrokerError(
                ErrorCode.UNAUTHORIZED,
                "Unauthorized access. Nothing is offered to a connection without a valid token: "
                "put one first.",
            )

    def require_any(self, path: str) -> None:
        """Return if some claim covers `path`, whatever its rights.

        Raises:
            BrokerError: UNAUTHORIZED.
        """
        if not any(self._covering(path)):
            raise BrokerError(
                ErrorCode.UNAUTHORIZED,
                f"Unauthorized access. No valid token covers '{path}': "
                "put a token for it before attaching a link.",
            )

    def _find_next_expiry(self) -> None:
        ends = (claim.expires_at for claim in self._by_path.values())
        self.next_expiry = min(ends, default=inf)

    def _covering(self, path: str) -> Iterator[Grant]:
        """The claims on a path and on all that it is below, the path's own first."""
        key = path.strip("/").lower()
        while key:
            if claim := self._by_path.get(key):
                yield claim
            key = key.rpartition("/")[0]
        if claim := self._by_path.get(""):
            yield claim
