"""Protocol errors: by which side, and at which level, that of connection, session or link.

Source: AMQP 1.0, 2.8.15 to 2.8.18.
"""

from enum import Enum, StrEnum


class Condition(StrEnum):
    """AMQP's own error conditions, as they read on the wire."""

    INTERNAL_ERROR = "amqp:internal-error"
    NOT_FOUND = "amqp:not-found"
    UNAUTHORIZED_ACCESS = "amqp:unauthorized-access"
    DECODE_ERROR = "amqp:decode-error"
    RESOURCE_LIMIT_EXCEEDED = "amqp:resource-limit-exceeded"
    NOT_ALLOWED = "amqp:not-allowed"
    INVALID_FIELD = "amqp:invalid-field"
    NOT_IMPLEMENTED = "amqp:not-implemented"
    RESOURCE_LOCKED = "amqp:resource-locked"
    PRECONDITION_FAILED = "amqp:precondition-failed"
    RESOURCE_DELETED = "amqp:resource-deleted"
    ILLEGAL_STATE = "amqp:illegal-state"
    FRAME_SIZE_TOO_SMALL = "amqp:frame-size-too-small"

    CONNECTION_FORCED = "amqp:connection:forced"
    FRAMING_ERROR = "amqp:connection:framing-error"
    CONNECTION_REDIRECT = "amqp:connection:redirect"

    WINDOW_VIOLATION = "amqp:session:window-violation"
    ERRANT_LINK = "amqp:session:errant-link"
    HANDLE_IN_USE = "amqp:session:handle-in-use"
    UNATTACHED_HANDLE = "amqp:session:unattached-handle"

    DETACH_FORCED = "amqp:link:detach-forced"
    TRANSFER_LIMIT_EXCEEDED = "amqp:link:transfer-limit-exceeded"
    MESSAGE_SIZE_EXCEEDED = "amqp:link:message-size-exceeded"
    LINK_REDIRECT = "amqp:link:redirect"
    STOLEN = "amqp:link:stolen"


class Level(Enum):
    """What an error ends."""

    CONNECTION = "connection"
    SESSION = "session"
    LINK = "link"


class ProtocolError(Exception):
    """AMQP was broken, by either side."""


class LocalProtocolError(ProtocolError):
    """The caller asked for something that AMQP does not allow in this state; nothing was sent."""


class RemoteProtocolError(ProtocolError):
    """The peer broke the protocol. It never leaves the engine: it becomes a close, end or detach.

    Attributes:
        condition: The error condition for the wire.
        level: What it ends.
    """

    condition = Condition.NOT_ALLOWED
    level = Level.CONNECTION

    def __init__(
        self,
        message: str,
        condition: Condition | None = None,
        level: Level | None = None,
    ) -> None:
        super().__init__(message)
        if condition is not None:
            self.condition = condition
        if level is not None:
            self.level = level


class DecodeError(RemoteProtocolError):
    """Bytes that are not what AMQP says they should be."""

    condition = Condition.DECODE_ERROR


class FramingError(RemoteProtocolError):
    """A frame whose borders cannot be trusted: nothing behind it can be read."""

    condition = Condition.FRAMING_ERROR
