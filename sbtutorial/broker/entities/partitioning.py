"""What a partitioned entity refuses: what is sent in one go must go to one partition.

Which one that is says the partition key of a message: its session id, else the key itself, else,
where duplicates are detected, its message id. The partitions themselves are not there.

Source: Azure Service Bus, "Partitioned queues and topics", use of partition keys and transactions.
The sentences and the condition, `not-allowed`, are Azure's: azure-sdk-for-python#21955 and
azure-service-bus#103 of ids, azure-docs#30242 of what has neither, amqpnetlite#120 of keys.
"""

from collections.abc import Hashable, Iterable, Sequence

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import AssignedId, Message

_DISTINCT_IDS = (
    "Batching brokered messages with distinct SessionId, PartitionKey, or MessageId  is not "
    "supported for an entity with partitioning and duplicate detection enabled."
)
_DISTINCT_KEYS = (
    "Batching brokered messages with distinct SessionId or PartitionKey is not supported for an "
    "entity with partitioning enabled."
)
_NEITHER = (
    "Message to a partitioned entity with duplicate detection enabled must have either "
    "PartitionKey or MessageId set."
)


class PartitionRule:
    """The rule of one entity.

    Args:
        path: Of the entity, for texts.
        detects_duplicates: Whether the message id is a partition key, too.
    """

    def __init__(self, path: str, *, detects_duplicates: bool) -> None:
        self._path = path
        self._detects_duplicates = detects_duplicates

    def key_of(self, message: Message) -> Hashable | None:
        """What says to which partition a message goes; None if nothing does."""
        if message.session_id is not None:
            return message.session_id
        if message.partition_key is not None:
            return message.partition_key
        has_own_id = self._detects_duplicates and not isinstance(message.message_id, AssignedId)
        return message.message_id if has_own_id else None

    def check(self, messages: Sequence[Message]) -> None:
        """Refuse messages of one send that cannot go to one partition.

        Raises:
            BrokerError: NOT_ALLOWED.
        """
        if self._detects_duplicates:
            self.require_keys(messages, _NEITHER)
        if len(messages) > 1 and len(set(map(self.key_of, messages))) > 1:
            sentence = _DISTINCT_IDS if self._detects_duplicates else _DISTINCT_KEYS
            raise self._refusal(sentence, "Send them one by one, or give all one partition key.")

    def require_keys(self, messages: Iterable[Message], sentence: str) -> None:
        """Refuse messages that leave the choice of their partition to the entity.

        Raises:
            BrokerError: NOT_ALLOWED.
        """
        if any(self.key_of(message) is None for message in messages):
            raise self._refusal(sentence, "Set one of them.")

    def _refusal(self, sentence: str, remedy: str) -> BrokerError:
        return BrokerError(ErrorCode.NOT_ALLOWED, f"{sentence} '{self._path}' is one. {remedy}")
