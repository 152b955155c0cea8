"""Admission: what a connection may cost before it has proved who it is, and for how long.

Whoever can reach the port can connect. Until a token (or a SASL password, or a signed request) has
held, a connection gets little: so many seconds in all, so many bytes, so few sessions and links,
and no answer that tells what there is on this broker. Honest clients prove themselves with their
first few kilobytes, within milliseconds.

When there are too many such connections at once, the one that has had its chance longest goes: a
newcomer is never shut out, however many strangers hold connections open.

Source: Azure Service Bus, "AMQP errors in Service Bus": a token within 20 seconds.
"""

from typing import Generic, Protocol, TypeVar

# As on Azure: without a token for so long, the connection is closed.
PROOF_SECONDS = 20.0
# Some tokens of Microsoft Entra ID have 16 KB, and a client may try more than one.
MAX_UNPROVED_BYTES = 128 * 1024
# So many connections may be without proof for longer than a moment; some systems give a process
# 256 files in all. Of those that have just come, very many are a program that has just started.
MAX_UNPROVED_CONNECTIONS = 200
MAX_NEW_CONNECTIONS = 800
MOMENT_SECONDS = 2.0


class Probation:
    """How much one connection has used of what it may before it has proved itself."""

    def __init__(self) -> None:
        self._bytes = 0

    def received(self, size: int) -> str:
        """Count bytes that came; returns what is wrong, "" for nothing."""
        self._bytes += size
        if self._bytes <= MAX_UNPROVED_BYTES:
            return ""
        return (
            f"A connection that has proved nothing may send {MAX_UNPROVED_BYTES} bytes: put a "
            "token on $cbs first."
        )

    @property
    def overdue(self) -> str:
        """What is said when the time is over."""
        return (
            f"This connection has proved nothing within {PROOF_SECONDS:.0f} seconds: put a token "
            "on $cbs first."
        )


class Connected(Protocol):
    """A connection, as far as its admission goes."""

    @property
    def is_proved(self) -> bool:
        """Whether its peer has proved who it is."""


_Connected = TypeVar("_Connected", bound=Connected)


class Crowd(Generic[_Connected]):
    """The connections that have proved nothing yet, in the order in which they came."""

    def __init__(self) -> None:
        self._since: dict[_Connected, float] = {}

    def enter(self, connection: _Connected, now: float) -> _Connected | None:
        """One more connection.

        Args:
            connection: The newest.
            now: Seconds on any clock that only goes forward.

        Returns:
            Which one must make room for it; None when there is room for all.
        """
        self._since[connection] = now
        if len(self._since) <= MAX_UNPROVED_CONNECTIONS:
            return None
        self._since = {one: at for one, at in self._since.items() if not one.is_proved}
        oldest, since = next(iter(self._since.items()))
        is_too_many = len(self._since) > MAX_UNPROVED_CONNECTIONS and since + MOMENT_SECONDS <= now
        if is_too_many or len(self._since) > MAX_NEW_CONNECTIONS:
            del self._since[oldest]
            return oldest
        return None

    def leave(self, connection: _Connected) -> None:
        """A connection is gone."""
        self._since.pop(connection, None)
