"""How a promise is broken."""

from typing import Any

# On the wire an instant is a whole number of milliseconds.
SLACK_SECONDS = 0.002


class Broken(Exception):
    """A promise was not kept."""

    def __init__(self, promise: str, what: str) -> None:
        super().__init__(f"{promise}: {what}")
        self.promise = promise


def named(promise: Any) -> str:
    """A promise in words: what its function is called."""
    return str(promise.__name__).replace("_", " ")
