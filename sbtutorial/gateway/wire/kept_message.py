"""What never changes of a message, as plain values: for whatever keeps what happened to it."""

from collections.abc import Sequence
from typing import Any

from sbtutorial.broker.message import AssignedId, Message
from sbtutorial.gateway.wire.kept_content import read_content, write_content


def write_message(message: Message, *, with_content: bool) -> tuple[Any, ...]:
    """Its content as bytes, or None where somebody else has that, and its sender's other words.

    Hot: runs for each message that is kept.
    """
    message_id = message.message_id
    is_assigned = type(message_id) is AssignedId
    return (
        write_content(message.content) if with_content else None,  # type: ignore[arg-type]
        str(message_id) if is_assigned else message_id,
        is_assigned,
        message.session_id,
        message.partition_key,
        message.time_to_live,
        message.scheduled_enqueue_at,
        message.source_on_arrival,
        message.enqueued_sequence_number,
        message.hops,
    )


def read_message(written: Sequence[Any] | None, size_bytes: int, header_bytes: int) -> Message:
    """A message that was written, in no state yet; of None, one of which the sizes are known."""
    if written is None:
        return Message(None, size_bytes=size_bytes, header_bytes=header_bytes)
    content, message_id, is_assigned, session_id, partition_key, ttl, scheduled, *rest = written
    message = Message(
        None if content is None else read_content(content),
        size_bytes=size_bytes,
        header_bytes=header_bytes,
        message_id=AssignedId(message_id) if is_assigned else message_id,
        session_id=session_id,
        partition_key=partition_key,
        time_to_live=ttl,
        scheduled_enqueue_at=scheduled,
    )
    message.dead_letter_source, message.enqueued_sequence_number, message.hops = rest
    return message
