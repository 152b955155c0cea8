"""What a broker on this machine says of itself, in a sentence."""

from collections.abc import Mapping
from typing import Any

from sbtutorial.text import elapsed


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
        f"pid {status['pid']}, port {port}, up for {elapsed(now - status['started_at'])}, "
        f"{_counted(status['queues'], 'queue')}, {_counted(status['connections'], 'connection')}"
        + (f", time moved ahead by {elapsed(advanced_seconds)}" if advanced_seconds else "")
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
