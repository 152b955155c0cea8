"""What is reported of very many messages to which one thing happens."""

from collections.abc import Iterable

from sbtutorial.broker.changes import ChangeKind, MessageChange
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import MessageState


def changes_of(
    path: str,
    kind: ChangeKind,
    messages: Iterable[Message],
    at: float,
    who: str,
    state: MessageState,
    *,
    is_new: bool = False,
) -> list[MessageChange]:
    """The changes that tell of something that happens to each of these messages.

    Args:
        path: Of their subqueue.
        kind: What happens.
        messages: As they are but for their state.
        at: When.
        who: By whom.
        state: Theirs afterwards.
        is_new: Whether they come in by that.
    """
    make = tuple.__new__  # a named tuple's own way takes twice as long
    return [
        make(
            MessageChange,
            (
                at,
                kind,
                path,
                one.sequence_number,
                one.message_id,
                one.delivery_count,
                who,
                "",
                one,
                state,
                is_new,
                "",
                0,
                one.enqueued_at,
                one.expires_at,
                one.lock_token,
                one.locked_until,
                one.properties,
                one.size_bytes,
                one.header_bytes,
            ),
        )
        for one in messages
    ]
