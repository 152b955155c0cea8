"""Named moments in a consumer, at which it can be killed: `checkpoint("working")`."""

from collections.abc import Callable


def _nowhere(name: str) -> None:
    """Outside a worker a checkpoint means nothing."""


_report: Callable[[str], None] = _nowhere


def checkpoint(name: str) -> None:
    """Mark a moment at which a worker can be killed, exactly there and never a step later.

    In a worker (`%%worker cashier --kill-at working`) it returns when the notebook has decided
    that the worker goes on; anywhere else it returns at once, so the same code runs on Azure.
    """
    _report(name)


def report_to(callback: Callable[[str], None]) -> None:
    """Have each checkpoint of this process call `callback` with its name."""
    global _report
    _report = callback
