"""Very many messages that go together: deleted on demand, or with their entity. In steps."""

from collections.abc import Generator, MutableMapping
from typing import Any, Protocol

from sbtutorial.broker.background import Steps
from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import Input, MessageState
from sbtutorial.broker.subqueues.message_table import MessageTable

_DELETED_AT_ONCE = 64
_FREED_AT_ONCE = 200


class Purged(Protocol):
    """What a purge needs of a subqueue."""

    context: EntityContext
    messages: MessageTable

    def delete(
        self, message: Message | None, happening: Input, now: float, who: str
    ) -> Message | None:
        """Remove a message."""


def delete_ready(
    subqueue: Purged,
    *,
    enqueued_before: float,
    at_most: int,
    session_id: str | None,
    now: float,
    who: str,
) -> Generator[int, float, int]:
    """Remove the oldest ready messages of those that are here now; see `SubQueue.delete_ready`.

    Yields:
        How many were removed in the step; wants to be sent the time of the next one.

    Raises:
        BrokerError: ENTITY_DISABLED, ENTITY_NOT_FOUND once the entity is deleted, at any step.
    """
    last, number, deleted = subqueue.context.last_sequence_number, 0, 0
    while at_most > deleted:
        subqueue.context.begin_receive(now)
        looked_at = subqueue.messages.peek_of_session(session_id, number, _DELETED_AT_ONCE)
        chosen = [
            message
            for message in looked_at
            if message.state is MessageState.ACTIVE
            and message.sequence_number <= last
            and message.enqueued_at < enqueued_before
            and session_id in (None, message.session_id)
        ][: at_most - deleted]
        for message in chosen:
            subqueue.delete(message, Input.TAKE, now, who)
        deleted += len(chosen)
        if len(looked_at) < _DELETED_AT_ONCE or looked_at[-1].sequence_number >= last:
            break
        number = looked_at[-1].sequence_number + 1
        now = yield len(chosen)
    return deleted


def free(*those_gone: MutableMapping[Any, Message]) -> Steps:
    """Free messages and cancel what was to happen to them, a few at a time: many take long."""
    for messages in those_gone:
        while messages:
            count = min(len(messages), _FREED_AT_ONCE)
            for _ in range(count):
                _, message = messages.popitem()
                for timer in (message.timer, message.lock_timer):
                    if timer is not None:
                        timer.cancel()
            yield count
