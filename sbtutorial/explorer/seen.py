"""A message as a rule's filter sees it, before or after it was sent."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sbtutorial.broker.rules.filters.properties import MISSING, ApplicationProperties
from sbtutorial.explorer.draft import PARTITION_KEY, SCHEDULED, Draft

# SQL's name of a property: AMQP's name.
_PROPERTIES = {
    "ContentType": "content_type",
    "CorrelationId": "correlation_id",
    "Label": "subject",
    "MessageId": "message_id",
    "ReplyTo": "reply_to",
    "ReplyToSessionId": "reply_to_group_id",
    "SessionId": "group_id",
    "To": "to",
}
# What the service adds, by the SDK's name.
_OF_THE_SERVICE = {
    "DeadLetterSource": "dead_letter_source",
    "DeliveryCount": "delivery_count",
    "EnqueuedSequenceNumber": "enqueued_sequence_number",
    "EnqueuedTimeUtc": "enqueued_time_utc",
    "ExpiresAtUtc": "expires_at_utc",
    "LockedUntilUtc": "locked_until_utc",
    "SequenceNumber": "sequence_number",
}


class SeenProperties:
    """See `broker.rules.filters.properties.Properties`.

    Args:
        draft: What the sender says.
        service: What the service says, by the SDK's names; nothing before it was sent.
    """

    def __init__(self, draft: Draft, service: Mapping[str, Any] | None = None) -> None:
        self.application: Mapping[str, object] = ApplicationProperties(draft.application_properties)
        self._draft = draft
        self._service = service or {}

    def system(self, name: str) -> object:
        """A system property by SQL's name; `MISSING` when it is not set."""
        value: Any = None
        if name in _PROPERTIES:
            value = self._draft.properties.get(_PROPERTIES[name])
        elif name in _OF_THE_SERVICE:
            value = self._service.get(_OF_THE_SERVICE[name])
        elif name == "PartitionKey":
            value = self._draft.annotations.get(PARTITION_KEY)
        elif name == "ScheduledEnqueueTimeUtc":
            value = _instant(self._draft.annotations.get(SCHEDULED))
        elif name == "TimeToLive":
            milliseconds = self._draft.header.get("time_to_live")
            value = None if milliseconds is None else timedelta(milliseconds=milliseconds)
        return MISSING if value is None else value


def _instant(value: Any) -> datetime | None:
    return datetime.fromtimestamp(value / 1000, UTC) if isinstance(value, int) else value
