"""Very many messages that are about to come in as one: all that takes long is done before."""

from collections.abc import Iterable
from typing import NamedTuple

from sbtutorial.broker.changes import MessageChange
from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.message import Message
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.broker.timers import Timer


class Prepared(NamedTuple):
    """Messages with the numbers, the states and the instants that they will have.

    Attributes:
        messages: None is anywhere yet.
        changes: What will be told of them.
        timers: Theirs, not set.
    """

    messages: list[Message]
    changes: list[MessageChange]
    timers: list[Timer]


def joined(parts: Iterable[Prepared]) -> Prepared:
    """All parts as one."""
    whole = Prepared([], [], [])
    for part in parts:
        whole.messages.extend(part.messages)
        whole.changes.extend(part.changes)
        whole.timers.extend(part.timers)
    return whole


def take_in(prepared: Prepared, context: EntityContext, subqueue: SubQueue) -> None:
    """Have them all in a subqueue, at once."""
    if prepared.messages:
        subqueue.messages.fill(prepared.messages)
        context.timers.set_all(prepared.timers)
        context.journal_all(prepared.changes)
        subqueue.finish_many()
