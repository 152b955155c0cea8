"""How rules look into messages, whose content the broker itself cannot read."""

from collections.abc import Mapping
from typing import Protocol

from sbtutorial.broker.message import Message
from sbtutorial.broker.rules.filters.properties import MISSING, Properties


class PropertyAccess(Protocol):
    """Reads and rewrites the content of messages; the server has one, for AMQP."""

    def view(self, message: Message) -> Properties:
        """What filters may see of it."""

    def edited(
        self,
        message: Message,
        application: Mapping[str, object],
        system: Mapping[str, object],
    ) -> Message:
        """A copy, as `Message.copy` makes it, with these properties in place of its own.

        Args:
            message: Stays as it is.
            application: All of the application properties.
            system: Those system properties that are other than before; `MISSING` for removed.

        Raises:
            FilterError: No message can have these properties.
        """

    def growth(self, message: Message, changes: Mapping[str, object]) -> int:
        """By how many bytes application properties that are laid over a message's make it longer.

        Args:
            message: Stays as it is.
            changes: As `Message.merge_properties` takes them.
        """


class NoPropertyAccess:
    """Contents that nobody can look into: no property is there, and none can be set."""

    @property
    def application(self) -> Mapping[str, object]:
        """None."""
        return {}

    def system(self, name: str) -> object:
        """Not there."""
        return MISSING

    def view(self, message: Message) -> Properties:
        """An empty one."""
        return self

    def edited(
        self,
        message: Message,
        application: Mapping[str, object],
        system: Mapping[str, object],
    ) -> Message:
        """The copy alone."""
        return message.copy()

    def growth(self, message: Message, changes: Mapping[str, object]) -> int:
        """Nobody can tell."""
        return 0
