"""Wrong answers that a learner may well give, and what must be said of each."""

from tests.exercises.mistakes import (
    at_least_once,
    crashes,
    create,
    failures,
    receive,
    send,
    start,
)

MISTAKES = (
    *start.MISTAKES,
    *create.MISTAKES,
    *send.MISTAKES,
    *receive.MISTAKES,
    *crashes.MISTAKES,
    *failures.MISTAKES,
    *at_least_once.MISTAKES,
)
