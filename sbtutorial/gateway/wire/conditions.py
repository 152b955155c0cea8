"""How the broker's refusals read on the wire: one row for each kind of error.

The AMQP condition is what the SDKs turn into their own exception classes; the status code goes
beside it in `$management` and `$cbs` responses.
Source: Azure Service Bus, "AMQP errors"; request-response operations, status codes.
"""

from typing import NamedTuple

from sbtutorial.amqp.performatives import Error
from sbtutorial.amqp.types import Symbol
from sbtutorial.broker.errors import BrokerError, ErrorCode


class WireCondition(NamedTuple):
    """An AMQP error condition and the status code that stands for it in a response."""

    symbol: Symbol
    status_code: int


CONDITIONS: dict[ErrorCode, WireCondition] = {
    ErrorCode.ENTITY_NOT_FOUND: WireCondition(Symbol("amqp:not-found"), 404),
    ErrorCode.ENTITY_ALREADY_EXISTS: WireCondition(
        Symbol("com.microsoft:entity-already-exists"), 409
    ),
    ErrorCode.ENTITY_DISABLED: WireCondition(Symbol("com.microsoft:entity-disabled"), 403),
    ErrorCode.MESSAGE_SIZE_EXCEEDED: WireCondition(Symbol("amqp:link:message-size-exceeded"), 413),
    ErrorCode.QUOTA_EXCEEDED: WireCondition(Symbol("amqp:resource-limit-exceeded"), 403),
    ErrorCode.MESSAGE_LOCK_LOST: WireCondition(Symbol("com.microsoft:message-lock-lost"), 410),
    ErrorCode.MESSAGE_NOT_FOUND: WireCondition(Symbol("com.microsoft:message-not-found"), 404),
    ErrorCode.SESSION_LOCK_LOST: WireCondition(Symbol("com.microsoft:session-lock-lost"), 410),
    ErrorCode.SESSION_CANNOT_BE_LOCKED: WireCondition(
        Symbol("com.microsoft:session-cannot-be-locked"), 409
    ),
    ErrorCode.ARGUMENT_ERROR: WireCondition(Symbol("com.microsoft:argument-error"), 400),
    ErrorCode.ARGUMENT_OUT_OF_RANGE: WireCondition(
        Symbol("com.microsoft:argument-out-of-range"), 400
    ),
    ErrorCode.NOT_ALLOWED: WireCondition(Symbol("amqp:not-allowed"), 400),
    ErrorCode.NOT_IMPLEMENTED: WireCondition(Symbol("amqp:not-implemented"), 501),
    ErrorCode.UNAUTHORIZED: WireCondition(Symbol("amqp:unauthorized-access"), 401),
    ErrorCode.TIMEOUT: WireCondition(Symbol("com.microsoft:timeout"), 408),
    ErrorCode.PRECONDITION_FAILED: WireCondition(Symbol("com.microsoft:precondition-failed"), 412),
}

DECODE_ERROR = Symbol("amqp:decode-error")
INTERNAL_ERROR = Symbol("amqp:internal-error")
RESOURCE_LIMIT_EXCEEDED = Symbol("amqp:resource-limit-exceeded")


def error_of(refusal: BrokerError) -> Error:
    """The AMQP error that tells a client why the broker refused."""
    return Error(CONDITIONS[refusal.code].symbol, refusal.message, None)
