"""Idle-time-out: heartbeats to send, and when a connection without frames ends.

Source: AMQP 1.0, 2.4.5.
"""

from math import inf

# However short the peer's idle-time-out: more often than this, heartbeats would be all there is.
LEAST_HEARTBEAT_SECONDS = 0.05
# How long a peer may take to answer a close, once nothing else is expected of it.
CLOSE_TIMEOUT_SECONDS = 10.0


class IdleTimeout:
    """Two deadlines, on the clock of whoever calls.

    Args:
        idle_time_out_ms: The idle-time-out that the peer was told. It is half of what is allowed,
            so that no hiccup of the network matters. None for no limit.

    Attributes:
        give_up_at: When the connection ends, if no frame arrives before.
        heartbeat_at: When the peer must be sent a frame.
        allowed_seconds: How long the peer may send no frame.
    """

    __slots__ = ("_heartbeat_seconds", "allowed_seconds", "give_up_at", "heartbeat_at")

    def __init__(self, idle_time_out_ms: int | None) -> None:
        self.allowed_seconds = idle_time_out_ms / 500 if idle_time_out_ms else inf
        self.give_up_at = inf
        self.heartbeat_at = inf
        self._heartbeat_seconds = inf

    def on_received(self, now: float) -> None:
        """Something was received."""
        self.give_up_at = now + self.allowed_seconds

    def on_sent(self, now: float) -> None:
        """Something was sent."""
        self.heartbeat_at = now + self._heartbeat_seconds

    def on_close_sent(self, now: float) -> None:
        """Wait for the answer to a close and nothing else, whatever is received."""
        self.give_up_at = now + CLOSE_TIMEOUT_SECONDS

    def on_remote_open(self, idle_time_out_ms: int | None, now: float) -> None:
        """Send at least two frames in each of the peer's idle-time-outs."""
        if idle_time_out_ms:
            self._heartbeat_seconds = max(idle_time_out_ms / 2000, LEAST_HEARTBEAT_SECONDS)
            self.on_sent(now)

    @property
    def next_deadline(self) -> float:
        """The earlier of the two; infinity for never."""
        heartbeat_at, give_up_at = self.heartbeat_at, self.give_up_at
        return heartbeat_at if heartbeat_at < give_up_at else give_up_at
