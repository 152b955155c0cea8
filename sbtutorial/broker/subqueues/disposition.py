"""What a receiver says of a message: how it is settled, and what goes with that.

Source: Azure Service Bus, "Message transfers, locks, and settlement".
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from sbtutorial.broker.message import DEAD_LETTER_ERROR_DESCRIPTION, DEAD_LETTER_REASON

# Application properties that a settlement lays over those of the message.
PropertyChanges = Mapping[str, object] | None


class Settlement(Enum):
    """The ways to settle a locked message."""

    COMPLETE = "complete"
    ABANDON = "abandon"
    RELEASE = "release"
    DEFER = "defer"
    DEAD_LETTER = "dead-letter"


class Disposition(NamedTuple):
    """A settlement, and what goes with it."""

    settlement: Settlement
    properties: PropertyChanges = None
    reason: str | None = None
    description: str | None = None

    @property
    def has_changes(self) -> bool:
        """Whether the message has other application properties afterwards."""
        return bool(self.properties) or self.reason is not None or self.description is not None

    @property
    def changes(self) -> Mapping[str, object]:
        """All application properties that the message has afterwards and had not before."""
        return {**(self.properties or {}), **dead_letter_properties(self.reason, self.description)}


def dead_letter_properties(reason: str | None, description: str | None) -> dict[str, object]:
    """The application properties that say why a message is a dead letter."""
    why = {DEAD_LETTER_REASON: reason, DEAD_LETTER_ERROR_DESCRIPTION: description}
    return {name: text for name, text in why.items() if text is not None}
