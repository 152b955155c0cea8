"""Right answers that go another way than the lesson, five a task with those of `unusual`."""

from tests.exercises.unusual import Unusual
from tests.exercises.ways import (
    at_least_once,
    crashes,
    create,
    failures,
    receive,
    send,
    start,
)

WAYS: tuple[Unusual, ...] = (
    *start.WAYS,
    *create.WAYS,
    *send.WAYS,
    *receive.WAYS,
    *crashes.WAYS,
    *failures.WAYS,
    *at_least_once.WAYS,
)
