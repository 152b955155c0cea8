"""A defect that the broker has caught and written into its log is a defect."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class _Raising(logging.Handler):
    """Raises what is logged as an error."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            raise AssertionError(record.getMessage()) from record.exc_info[1]


@contextmanager
def raised() -> Iterator[None]:
    """Within, an exception that the package logs is raised."""
    logger, handler = logging.getLogger("sbtutorial"), _Raising(logging.ERROR)
    logger.addHandler(handler)
    before, logger.propagate = logger.propagate, False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = before
