"""Admission: what a connection may cost before it has proved who it is, and for how long.

Whoever can reach the port can connect. Until a token (or a SASL password, or a signed request) has
held, a connection gets little: so many seconds in all, so many bytes, so few sessions and links,
and no answer that tells what there is on this broker. Honest clients prove themselves with their
first few kilobytes, within milliseconds.

When there are too many such connections at once, the one that has had its chance longest goes: a
newcomer is never shut out, however many strangers hold connections open.

Source: Azure Service Bus, "AMQP errors in Service Bus": a token within 20 seconds.
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol, TypeVar

# As on Azure: without a token for so long, the connection is closed.
PROOF_SECONDS = 20.0
# Some tokens of Microsoft Entra ID have 16 KB, and a client may try more than one.
MAX_UNPROVED_BYTES = 128 * 1024
# Clients have one session with one pair of links on `$cbs`; JavaScript's have one for each client.
MAX_UNPROVED_SESSIONS = 8
MAX_UNPROVED_LINKS = 16
# So many connections at once may still have to prove themselves.
MAX_UNPROVED_CONNECTIONS = 256


class Allowance(NamedTuple):
    """What a connection may do before it has proved itself."""

    seconds: float = PROOF_SECONDS
    bytes: int = MAX_UNPROVED_BYTES
    sessions: int = MAX_UNPROVED_SESSIONS
    links: int = MAX_UNPROVED_LINKS


BEFORE_PROOF = Allowance()


class Connected(Protocol):
    """A connection, as far as its admission goes."""

    @property
    def is_proved(self) -> bool:
        """Whether its peer has proved who it is."""


_Connected = TypeVar("_Connected", bound=Connected)


def crowded_out(
    connections: Iterable[_Connected], at_most: int = MAX_UNPROVED_CONNECTIONS
) -> _Connected | None:
    """Which connection must make room for the newest one; None when there is room for all.

    Args:
        connections: All that are open, in the order in which they came.
        at_most: How many of them may be without proof.
    """
    unproved = [one for one in connections if not one.is_proved]
    return unproved[0] if len(unproved) > at_most else None


class Probation:
    """How much of its allowance one connection has used."""

    def __init__(self, allowance: Allowance = BEFORE_PROOF) -> None:
        self._allowance = allowance
        self._bytes = self._sessions = self._links = 0

    def received(self, size: int) -> str:
        """Count bytes that came; returns what is exceeded, "" for nothing."""
        self._bytes += size
        return _exceeded(self._bytes, self._allowance.bytes, "bytes")

    def begun(self) -> str:
        """Count a session that was begun, as `received`."""
        self._sessions += 1
        return _exceeded(self._sessions, self._allowance.sessions, "sessions")

    def attached(self) -> str:
        """Count a link that was attached, refused or not, as `received`."""
        self._links += 1
        return _exceeded(self._links, self._allowance.links, "links")

    @property
    def overdue(self) -> str:
        """What is said when the time is over."""
        return (
            f"This connection has proved nothing within {self._allowance.seconds:.0f} seconds: "
            "put a token on $cbs first."
        )


def _exceeded(count: int, most: int, what: str) -> str:
    if count <= most:
        return ""
    return (
        f"A connection that has proved nothing may have {most} {what}: put a token on $cbs first."
    )
