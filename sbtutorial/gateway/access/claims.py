"""What one AMQP connection has proved that it may do, and until when.

Source: Azure Service Bus, "AMQP 1.0 protocol guide", claims-based authorization.
"""

from collections.abc import Iterable
from math import inf
from typing import NamedTuple

from sbtutorial.broker.errors import BrokerError, ErrorCode


class Claim(NamedTuple):
    """Rights on a path and all below it, up to an instant in wall-clock seconds."""

    path: str
    rights: frozenset[str]
    expires_at: float


class Claims:
    """The claims of one connection; a newer token for the same path replaces the older.

    Attributes:
        next_expiry: When the first claim ends, in wall-clock seconds; infinity when none does.
    """

    def __init__(self) -> None:
        self._by_path: dict[str, Claim] = {}
        self.next_expiry = inf

    def grant(self, path: str, rights: Iterable[str], expires_at: float = inf) -> None:
        """Add what a verified token (or a SASL password) allows on `path` ("" for everything)."""
        self._by_path[path.lower()] = Claim(path.lower(), frozenset(rights), expires_at)
        self._note_next_expiry()

    def drop_expired(self, now: float) -> None:
        """Forget the claims that have ended by `now`, in wall-clock seconds."""
        self._by_path = {p: claim for p, claim in self._by_path.items() if claim.expires_at > now}
        self._note_next_expiry()

    def require(self, right: str, path: str) -> None:
        """Return if some claim gives `right` ("Send", "Listen" or "Manage") on `path`.

        Raises:
            BrokerError: UNAUTHORIZED: no token covers the path, or its rights do not go so far.
        """
        covering = [claim for claim in self._by_path.values() if _covers(claim.path, path.lower())]
        if any(right in claim.rights for claim in covering):
            return
        if not covering:
            raise BrokerError(
                ErrorCode.UNAUTHORIZED,
                f"Unauthorized access. No valid token covers '{path}': "
                "put a token for it before attaching a link.",
            )
        raise BrokerError(
            ErrorCode.UNAUTHORIZED,
            f"Unauthorized access. '{right}' claim(s) are required to perform this operation "
            f"on '{path}': use a key whose policy has that right.",
        )

    def _note_next_expiry(self) -> None:
        ends = (claim.expires_at for claim in self._by_path.values())
        self.next_expiry = min(ends, default=inf)


def _covers(granted: str, path: str) -> bool:
    return not granted or path == granted or path.startswith(granted + "/")
