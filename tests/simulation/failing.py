"""What fails inside the broker: it goes on as well as it can, so its log alone tells."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_LOGGER = logging.getLogger("sbtutorial")


class ErrorLog(logging.Handler):
    """Remembers what the broker's log calls an error.

    Attributes:
        texts: All of it.
    """

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Remember it."""
        error = record.exc_info[1] if record.exc_info else None
        self.texts.append(f"{record.getMessage()}: {error!r}")


@contextmanager
def listening(log: ErrorLog) -> Iterator[None]:
    """Have it take what the broker logs, and nobody else."""
    was_heard, _LOGGER.propagate = _LOGGER.propagate, False
    _LOGGER.addHandler(log)
    try:
        yield
    finally:
        _LOGGER.removeHandler(log)
        _LOGGER.propagate = was_heard
