"""What the broker refuses, the kinds that a refusal comes in, and the refusals of sessions.

Source: Azure Service Bus, "Service Bus messaging exceptions"; "Message sessions".
"""

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


# -- Sessions: in Azure's words and a few more ------------------------------------------------

# The dead-letter reason where such a message comes by forwarding or from a topic.
SESSION_ID_IS_NULL = "Session id is null."


class SessionIdMissing(BrokerError):
    """The refusal of a message without a session id, where sessions are required."""

    def __init__(self, message_id: object, path: str) -> None:
        # The first two sentences are Azure's.
        super().__init__(
            ErrorCode.NOT_ALLOWED,
            "The SessionId was not set on a message, and it cannot be sent to the entity. "
            "Entities that have session support enabled can only receive messages that have "
            f"the SessionId set to a valid value. Set the session id of message '{message_id}' "
            f"for '{path}'.",
        )


def plain_receiver_refused(path: str) -> BrokerError:
    """What to say to who wants messages without locking a session."""
    # The first sentence is Azure's.
    return BrokerError(
        ErrorCode.NOT_ALLOWED,
        "It is not possible for an entity that requires sessions to create a non-sessionful "
        f"message receiver. '{path}' requires sessions: accept one of them, by its id or "
        "whichever is next.",
    )


def session_receiver_refused(path: str) -> BrokerError:
    """What to say to who wants to lock a session where there are none."""
    # Azure's own words but for the last ones.
    return BrokerError(
        ErrorCode.NOT_ALLOWED,
        "A sessionful message receiver cannot be created on an entity that does not require "
        "sessions. Ensure RequiresSession is set to true when creating a Queue or Subscription "
        f"to enable sessionful behavior, or receive from '{path}' without a session id.",
    )


def session_lock_lost(session_id: str, path: str) -> BrokerError:
    """What to say to who does not hold a session, or not any more."""
    # The first two sentences are Azure's.
    return BrokerError(
        ErrorCode.SESSION_LOCK_LOST,
        "The session lock has expired on the MessageSession. Accept a new MessageSession. "
        f"This receiver does not hold session '{session_id}' of '{path}': renew the lock before "
        "its time is over, or settle sooner.",
    )


def session_is_held(session_id: str, path: str, who: str) -> BrokerError:
    """What to say to who wants a session that another receiver holds."""
    # The first two sentences are Azure's.
    return BrokerError(
        ErrorCode.SESSION_CANNOT_BE_LOCKED,
        f"The requested session '{session_id}' cannot be accepted. It may be locked by another "
        f"receiver. In '{path}' '{who}' holds it: wait until that receiver closes, or accept "
        "another session.",
    )
