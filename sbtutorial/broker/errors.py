"""What the broker refuses, and the kinds that a refusal comes in."""

from enum import Enum


class ErrorCode(Enum):
    """The kind of a refusal; the server turns it into an AMQP condition or an HTTP status."""

    ENTITY_NOT_FOUND = "entity-not-found"
    ENTITY_ALREADY_EXISTS = "entity-already-exists"
    ENTITY_DISABLED = "entity-disabled"
    MESSAGE_SIZE_EXCEEDED = "message-size-exceeded"
    QUOTA_EXCEEDED = "quota-exceeded"
    MESSAGE_LOCK_LOST = "message-lock-lost"
    MESSAGE_NOT_FOUND = "message-not-found"
    SESSION_LOCK_LOST = "session-lock-lost"
    SESSION_CANNOT_BE_LOCKED = "session-cannot-be-locked"
    ARGUMENT_ERROR = "argument-error"
    ARGUMENT_OUT_OF_RANGE = "argument-out-of-range"
    NOT_ALLOWED = "not-allowed"
    NOT_IMPLEMENTED = "not-implemented"
    UNAUTHORIZED = "unauthorized"
    TIMEOUT = "timeout"
    PRECONDITION_FAILED = "precondition-failed"


class BrokerError(Exception):
    """A refusal that its reader can act on.

    Attributes:
        code: The kind, for programs.
        message: Names the thing, what is wrong with it and what to do, for people.
    """

    def __init__(self, code: ErrorCode, message: str):
        super().__init__(message)
        self.code = code
        self.message = message
