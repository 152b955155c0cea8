"""What goes wrong with a filter: when a rule is made, and when it meets a message."""

from sbtutorial.broker.errors import BrokerError, ErrorCode

FILTER_EXCEPTION = "FilterException"
"""The dead-letter reason of a message whose filter or action failed."""
HEADER_SIZE_EXCEEDED = "HeaderSizeExceeded"
"""The dead-letter reason of a message whose properties an action has made too long."""

_MOST_CHARS = 1000


class FilterError(Exception):
    """A filter or action that cannot be evaluated for one message.

    The subscription dead-letters the message, or does without it, as its description says.

    Attributes:
        message: What failed and with which values, for people.
        reason: What a dead letter has as its reason.
    """

    reason = FILTER_EXCEPTION

    def __init__(self, message: str):
        super().__init__(message)
        # It becomes a property of a dead letter: Unicode, and not long.
        self.message = message[:_MOST_CHARS].encode("utf-8", "replace").decode()


class HeaderSizeError(FilterError):
    """An action has made a message's properties longer than they may be.

    The subscription dead-letters the message, whatever its description says of filters.
    """

    reason = HEADER_SIZE_EXCEEDED


def refusal(problem: str) -> BrokerError:
    """The error for a rule that cannot be made."""
    return BrokerError(ErrorCode.ARGUMENT_ERROR, problem)
