"""A typical wrong answer to an exercise."""

from typing import NamedTuple


class Mistake(NamedTuple):
    """One wrong answer, and words of its verdict."""

    task: str
    what: str
    source: str
    seen: str
    hint: str
    limit_seconds: float | None = None  # a shorter one than the task's, where time runs out
