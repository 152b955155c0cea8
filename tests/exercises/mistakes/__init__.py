"""Wrong answers that a learner may well give, and what must be said of each."""

from tests.exercises.mistakes import (
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

MISTAKES = (
    *start.MISTAKES,
    *create.MISTAKES,
    *send.MISTAKES,
    *receive.MISTAKES,
    *crashes.MISTAKES,
    *locks.MISTAKES,
    *failures.MISTAKES,
    *at_least_once.MISTAKES,
    *azure.MISTAKES,
    *topics.MISTAKES,
    *sessions.MISTAKES,
    *explore.MISTAKES,
    *later.MISTAKES,
)
