"""Idle-time-out: heartbeats to send, and when a connection without frames ends.

Source: AMQP 1.0, 2.4.5.
"""

from math import inf

# However short the peer's idle-time-out: more often than this, heartbeats would be all there is.
LEAST_HEARTBEAT_SECONDS = 0.05
# How long a peer may take to answer a close, once nothing else is expected of it.
CLOSE_TIMEOUT_SECONDS = 10.0


class IdleTimeout:
    """Two deadlines, on the clock of whoever calls, reckoned when somebody asks.

    Args:
        idle_time_out_ms: The idle-time-out that the peer was told. It is half of what is allowed,
            so that no hiccup of the network matters. None for no limit.

    Attributes:
        received_at: When something was received last; infinity before that.
        sent_at: When something was sent last. Both are hot: set for each piece.
        allowed_seconds: How long the peer may send no frame.
        has_come_nearer: Whether a deadline may be earlier than any before; to be set to False by
            who takes note of it.
    """

    __slots__ = (
        *("_close_sent_at", "_heartbeat_seconds", "allowed_seconds", "has_come_nearer"),
        *("received_at", "sent_at"),
    )

    def __init__(self, idle_time_out_ms: int | None) -> None:
        self.allowed_seconds = idle_time_out_ms / 500 if idle_time_out_ms else inf
        self.received_at = inf
        self.sent_at = 0.0
        self.has_come_nearer = True
        self._heartbeat_seconds = inf
        self._close_sent_at: float | None = None

    def on_close_sent(self, now: float) -> None:
        """Wait for the answer to a close and nothing else, whatever is received."""
        self._close_sent_at = now
        self.has_come_nearer = True

    def on_remote_open(self, idle_time_out_ms: int | None, now: float) -> None:
        """Send at least two frames in each of the peer's idle-time-outs."""
        if idle_time_out_ms:
            self._heartbeat_seconds = max(idle_time_out_ms / 2000, LEAST_HEARTBEAT_SECONDS)
            self.sent_at = now
            self.has_come_nearer = True

    @property
    def give_up_at(self) -> float:
        """When the connection ends, if no frame arrives before."""
        if self._close_sent_at is not None:
            return self._close_sent_at + CLOSE_TIMEOUT_SECONDS
        return self.received_at + self.allowed_seconds

    @property
    def heartbeat_at(self) -> float:
        """When the peer must be sent a frame."""
        return self.sent_at + self._heartbeat_seconds

    @property
    def next_deadline(self) -> float:
        """The earlier of the two; infinity for never."""
        return min(self.heartbeat_at, self.give_up_at)
