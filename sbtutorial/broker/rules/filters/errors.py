"""What goes wrong with a filter: when a rule is made, and when it meets a message."""

from sbtutorial.broker.errors import BrokerError, ErrorCode

FILTER_EXCEPTION = "FilterException"
"""The dead-letter reason of a message whose filter or action failed."""


class FilterError(Exception):
    """A filter or action that cannot be evaluated for one message.

    The subscription dead-letters the message, or does without it, as its description says.

    Attributes:
        message: What failed and with which values, for people.
    """

    def __init__(self, message: str):
        super().__init__(message)
        self.message = message


def refusal(problem: str) -> BrokerError:
    """The error for a rule that cannot be made."""
    return BrokerError(ErrorCode.ARGUMENT_ERROR, problem)
