"""The properties of entities under the names that a file has for them, in its order."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from sbtutorial.admin.config.values import ConfigValue
from sbtutorial.admin.durations import parse_duration


class Property(NamedTuple):
    """One property: what its value must be, and which field of a description it is."""

    name: str
    read: Callable[[ConfigValue], Any]
    field: str


def _duration(place: ConfigValue) -> timedelta:
    text = place.text()
    try:
        return parse_duration(text)
    except ValueError:
        raise place.problem(f"'{text}' is no duration: write PT1M for one minute") from None


def _target(place: ConfigValue) -> str | None:
    return place.text() or None  # the emulator's own file has "" for none


_EVERYWHERE = (
    Property("DefaultMessageTimeToLive", _duration, "default_message_time_to_live"),
    Property("AutoDeleteOnIdle", _duration, "auto_delete_on_idle"),
    Property("UserMetadata", ConfigValue.text, "user_metadata"),
)
_SIZED = (
    Property(
        "DuplicateDetectionHistoryTimeWindow", _duration, "duplicate_detection_history_time_window"
    ),
    Property("RequiresDuplicateDetection", ConfigValue.boolean, "requires_duplicate_detection"),
    Property("MaxSizeInMegabytes", ConfigValue.integer, "max_size_in_megabytes"),
    Property("MaxMessageSizeInKilobytes", ConfigValue.integer, "max_message_size_in_kilobytes"),
    Property("EnablePartitioning", ConfigValue.boolean, "enable_partitioning"),
)
_RECEIVED = (
    Property(
        "DeadLetteringOnMessageExpiration",
        ConfigValue.boolean,
        "dead_lettering_on_message_expiration",
    ),
    Property("ForwardDeadLetteredMessagesTo", _target, "forward_dead_lettered_messages_to"),
    Property("ForwardTo", _target, "forward_to"),
    Property("LockDuration", _duration, "lock_duration"),
    Property("MaxDeliveryCount", ConfigValue.integer, "max_delivery_count"),
    Property("RequiresSession", ConfigValue.boolean, "requires_session"),
)
_FILTERED = (
    Property(
        "DeadLetteringOnFilterEvaluationExceptions",
        ConfigValue.boolean,
        "dead_lettering_on_filter_evaluation_exceptions",
    ),
)
QUEUE = (*_EVERYWHERE, *_SIZED, *_RECEIVED)
TOPIC = (*_EVERYWHERE, *_SIZED)
SUBSCRIPTION = (*_EVERYWHERE, *_RECEIVED, *_FILTERED)
# Read and without effect here: where the emulator writes its own log.
LOGGING = "Logging"
