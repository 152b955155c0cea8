"""What no queue or topic takes: messages too large; ids too long, or that contradict each other.

Source: Azure Service Bus, "Quotas"; "Partitioned queues and topics", use of partition keys.
"""

from collections.abc import Iterable
from typing import NoReturn

from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.errors import BrokerError, ErrorCode, SessionIdMissing
from sbtutorial.broker.limits import KIB
from sbtutorial.broker.message import Message

_COUNTED = (str, bytes)  # the ids that have a length; numbers and UUIDs have none


def check_message(message: Message, context: EntityContext) -> None:
    """Refuse a message that is too large or whose ids are too long.

    Raises:
        BrokerError: MESSAGE_SIZE_EXCEEDED or ARGUMENT_ERROR.
    """
    limits = context.limits
    if message.size_bytes > context.max_message_bytes:
        _refuse_size(message, context, context.max_message_bytes)
    if message.header_bytes > limits.max_header_bytes:
        _refuse_header(message, context, limits.max_header_bytes)
    longest, message_id = limits.max_id_chars, message.message_id
    if isinstance(message_id, _COUNTED) and len(message_id) > longest:
        _refuse_id("message_id", message_id, longest)
    if message.session_id is not None and len(message.session_id) > longest:
        _refuse_id("session_id", message.session_id, longest)
    if message.partition_key is not None:
        _check_partition_key(message, message.partition_key, longest)


def require_session_ids(messages: Iterable[Message], path: str) -> None:
    """Refuse messages without a session id, as an entity with sessions does.

    Raises:
        BrokerError: NOT_ALLOWED.
    """
    for message in messages:
        if message.session_id is None:
            raise SessionIdMissing(message.message_id, path)


def _check_partition_key(message: Message, partition_key: str, longest: int) -> None:
    if len(partition_key) > longest:
        _refuse_id("partition_key", partition_key, longest)
    if message.session_id is not None and message.session_id != partition_key:
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR,
            f"partition_key '{partition_key}' differs from session_id '{message.session_id}'; "
            "set one of them, or both to the same text.",
        )


def _refuse_size(message: Message, context: EntityContext, most: int) -> NoReturn:
    raise BrokerError(
        ErrorCode.MESSAGE_SIZE_EXCEEDED,
        f"{_named(message)} has {message.size_bytes} bytes; {context.kind} '{context.path}' takes "
        f"{most} ({most // KIB} KB) at most, properties included. Send less at a time, or keep the "
        "body elsewhere and send its address.",
    )


def _refuse_header(message: Message, context: EntityContext, most: int) -> NoReturn:
    raise BrokerError(
        ErrorCode.MESSAGE_SIZE_EXCEEDED,
        f"The header of {_named(message)} (its system and application properties) has "
        f"{message.header_bytes} bytes; {context.kind} '{context.path}' takes {most} "
        f"({most // KIB} KB) at most. Put long values into the body.",
    )


def _refuse_id(name: str, value: str | bytes, longest: int) -> NoReturn:
    raise BrokerError(
        ErrorCode.ARGUMENT_ERROR,
        f"{name} has {len(value)} characters; it may have {longest} at most.",
    )


def _named(message: Message) -> str:
    return "message" if message.message_id is None else f"message '{message.message_id}'"
