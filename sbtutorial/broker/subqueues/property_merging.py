"""What is laid over the application properties of messages: how long they may become by that."""

from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.subqueues.disposition import PropertyChanges
from sbtutorial.broker.subqueues.message_table import MessageTable


class PropertyMerging:
    """Changes the properties of the messages of one subqueue, and counts their bytes.

    Args:
        context: Of the entity.
        messages: Those of the subqueue.
    """

    def __init__(self, context: EntityContext, messages: MessageTable) -> None:
        self._context = context
        self._messages = messages

    def require_fit(self, message: Message, properties: PropertyChanges) -> None:
        """Refuse properties that make a message's header longer than a sender's may be.

        Raises:
            BrokerError: MESSAGE_SIZE_EXCEEDED.
        """
        grown = self._growth(message, properties)
        most = self._context.limits.max_header_bytes
        if grown > 0 and message.header_bytes + grown > most:
            raise BrokerError(
                ErrorCode.MESSAGE_SIZE_EXCEEDED,
                f"The properties to modify make the header of message {message.sequence_number} in "
                f"'{self._messages.path}' {message.header_bytes + grown} bytes long; {most} are "
                "allowed. The message stays as it is, under its lock.",
            )

    def merge(self, message: Message, properties: PropertyChanges) -> None:
        """Lay properties over those of a message that is here."""
        if properties:
            self._messages.grow(message, self._growth(message, properties))
            message.merge_properties(properties)

    def merge_before(self, message: Message, properties: PropertyChanges) -> None:
        """Lay properties over those of a message that is not here yet."""
        message.grow(self._growth(message, properties))
        message.merge_properties(properties)

    def _growth(self, message: Message, properties: PropertyChanges) -> int:
        if not properties:
            return 0
        return self._context.property_access.growth(message, properties)
