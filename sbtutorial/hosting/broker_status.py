"""What a broker on this machine says of itself, in a sentence."""

from collections.abc import Mapping
from typing import Any

_UNITS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))


def describe(status: Mapping[str, Any], port: int, now: float) -> str:
    """Namespace, tier, where it is, for how long, and what it holds.

    Args:
        status: What `ControlClient.status` returns.
        port: Where the broker listens.
        now: Seconds since the epoch.
    """
    advanced_seconds = float(status["advanced_seconds"])
    return (
        f'broker of namespace "{status["namespace"]}", {status["tier"]} tier: '
        f"pid {status['pid']}, port {port}, up for {span(now - status['started_at'])}, "
        f"{_counted(status['queues'], 'queue')}, {_counted(status['connections'], 'connection')}"
        + (f", time moved ahead by {span(advanced_seconds)}" if advanced_seconds else "")
    )


def span(seconds: float) -> str:
    """A stretch of time in its largest fitting unit, rounded down: "3 min"."""
    size, unit = next((row for row in _UNITS if seconds >= row[0]), _UNITS[-1])
    return f"{max(seconds, 0.0) // size:.0f} {unit}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
