"""Heartbeats that we owe, and how long a peer may be silent. Source: AMQP 1.0, 2.4.5."""

from math import inf

# However short the peer's idle-time-out: more often than this, heartbeats would be all there is.
LEAST_HEARTBEAT_SECONDS = 0.05
# How long a peer may take to answer a close, once nothing else is expected of it.
CLOSE_TIMEOUT_SECONDS = 10.0


class IdleTimeout:
    """Two deadlines, on the clock of whoever calls.

    Args:
        idle_time_out_ms: What the peer was told. It is meant to be half of the truth, so that no
            hiccup of the network matters. None: it may be silent for ever.

    Attributes:
        give_up_at: When the peer has been silent for too long.
        heartbeat_at: When the peer must hear from us.
        allowed_seconds: How long it may be silent.
    """

    __slots__ = ("_heartbeat_seconds", "allowed_seconds", "give_up_at", "heartbeat_at")

    def __init__(self, idle_time_out_ms: int | None) -> None:
        self.allowed_seconds = idle_time_out_ms / 500 if idle_time_out_ms else inf
        self.give_up_at = inf
        self.heartbeat_at = inf
        self._heartbeat_seconds = inf

    def on_received(self, now: float) -> None:
        """The peer was heard."""
        self.give_up_at = now + self.allowed_seconds

    def on_sent(self, now: float) -> None:
        """The peer was spoken to."""
        self.heartbeat_at = now + self._heartbeat_seconds

    def on_close_sent(self, now: float) -> None:
        """Only the answer to a close is waited for now, whatever else is heard."""
        self.give_up_at = now + CLOSE_TIMEOUT_SECONDS

    def on_remote_open(self, idle_time_out_ms: int | None, now: float) -> None:
        """Speak at least twice in each of the peer's idle-time-outs."""
        if idle_time_out_ms:
            self._heartbeat_seconds = max(idle_time_out_ms / 2000, LEAST_HEARTBEAT_SECONDS)
            self.on_sent(now)

    @property
    def next_deadline(self) -> float:
        """The earlier of the two; infinity for never."""
        return min(self.heartbeat_at, self.give_up_at)
