"""Right answers that go another way than the lesson, five a task with those of `unusual`."""

from tests.exercises.unusual import Unusual
from tests.exercises.ways import (
    at_least_once,
    azure,
    crashes,
    create,
    explore,
    failures,
    later,
    locks,
    receive,
    send,
    sessions,
    start,
    topics,
)

WAYS: tuple[Unusual, ...] = (
    *start.WAYS,
    *create.WAYS,
    *send.WAYS,
    *receive.WAYS,
    *crashes.WAYS,
    *locks.WAYS,
    *failures.WAYS,
    *at_least_once.WAYS,
    *explore.WAYS,
    *topics.WAYS,
    *sessions.WAYS,
    *later.WAYS,
    *azure.WAYS,
)
