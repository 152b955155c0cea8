"""Refusals of a send by the names that people call them by, as Azure writes them on the wire.

Source: Azure Service Bus, "AMQP errors"; "Service Bus messaging exceptions".
"""

from typing import NamedTuple

from sbtutorial.errors import TutorialError


class Refusal(NamedTuple):
    """How a send is refused.

    Attributes:
        condition: The AMQP error condition, of which the SDK makes an exception class.
        status_code: What goes with it over HTTP and in answers to requests.
        text: What is said of it.
    """

    condition: str
    status_code: int
    text: str


REFUSALS = {
    "server busy": Refusal(
        "com.microsoft:server-busy", 503, "The server is busy: wait a while, and try again."
    ),
    "quota exceeded": Refusal(
        "amqp:resource-limit-exceeded",
        403,
        "The quota is exceeded: receive messages to make room, and try again.",
    ),
    "entity disabled": Refusal(
        "com.microsoft:entity-disabled",
        403,
        "The entity is disabled for sending: set its status to Active.",
    ),
    "entity not found": Refusal(
        "amqp:not-found", 404, "The messaging entity could not be found: check its name."
    ),
    "unauthorized": Refusal(
        "amqp:unauthorized-access",
        401,
        "Unauthorized access: the 'Send' claim is required for this operation.",
    ),
    "message too large": Refusal(
        "amqp:link:message-size-exceeded",
        413,
        "The message is larger than the entity allows: send less at a time.",
    ),
    "timeout": Refusal(
        "com.microsoft:timeout", 408, "The operation did not complete in time: try again."
    ),
    "internal error": Refusal(
        "amqp:internal-error", 500, "The service could not process the request: try again."
    ),
}


def refusal_named(name: object) -> Refusal:
    """The refusal of this name, in any case.

    Raises:
        TutorialError: There is none; the text has the names that there are.
    """
    refusal = REFUSALS.get(name.strip().lower()) if isinstance(name, str) else None
    if refusal is None:
        known = ", ".join(f'"{each}"' for each in REFUSALS)
        raise TutorialError(f"No send is refused as {name!r}; there is {known}.")
    return refusal


def name_of(condition: str) -> str | None:
    """What a refusal with this condition is called here; None for another one."""
    names = (name for name, refusal in REFUSALS.items() if refusal.condition == condition)
    return next(names, None)
