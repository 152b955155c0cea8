"""The fields of descriptions, each of them once; the kinds put them into their own orders."""

from typing import Any

from sbtutorial.admin.atom import NEVER, format_instant
from sbtutorial.admin.description_xml import Reading, Setting, ToWire
from sbtutorial.admin.versions import MESSAGE_SIZE
from sbtutorial.admin.xml_types import (
    BOOLEAN,
    COUNTS,
    DURATION,
    INTEGER,
    RULES,
    STATUS,
    TEXT,
    WRITTEN,
)
from sbtutorial.broker.limits import KIB, MIB


def _size_of_all_partitions(entity: Any) -> int:
    return int(entity.description.max_size_bytes(entity.limits) // MIB)


def _message_size(entity: Any) -> int:
    """Told even where it is what the tier has for all."""
    return int(entity.context.max_message_bytes // KIB)


def _accessed_at(entity: Any, to_wire: ToWire) -> str:
    return NEVER if entity.accessed_at is None else format_instant(to_wire(entity.accessed_at))


AUTHORIZATION_RULES = Setting("AuthorizationRules", RULES, "authorization_rules")
AUTO_DELETE_ON_IDLE = Setting("AutoDeleteOnIdle", DURATION, "auto_delete_on_idle")
DEAD_LETTERING_ON_EXPIRATION = Setting(
    "DeadLetteringOnMessageExpiration", BOOLEAN, "dead_lettering_on_message_expiration"
)
DEAD_LETTERING_ON_FILTER_EXCEPTIONS = Setting(
    "DeadLetteringOnFilterEvaluationExceptions",
    BOOLEAN,
    "dead_lettering_on_filter_evaluation_exceptions",
)
DEFAULT_TIME_TO_LIVE = Setting("DefaultMessageTimeToLive", DURATION, "default_message_time_to_live")
DUPLICATE_DETECTION_WINDOW = Setting(
    "DuplicateDetectionHistoryTimeWindow", DURATION, "duplicate_detection_history_time_window"
)
ENABLE_BATCHED_OPERATIONS = Setting("EnableBatchedOperations", BOOLEAN, "enable_batched_operations")
ENABLE_EXPRESS = Setting("EnableExpress", BOOLEAN, "enable_express")
ENABLE_PARTITIONING = Setting("EnablePartitioning", BOOLEAN, "enable_partitioning")
ENABLE_SUBSCRIPTION_PARTITIONING = Setting(
    "EnableSubscriptionPartitioning", BOOLEAN, "enable_subscription_partitioning"
)
FILTERING_BEFORE_PUBLISHING = Setting(
    "FilteringMessagesBeforePublishing", BOOLEAN, "filtering_messages_before_publishing"
)
FORWARD_DEAD_LETTERED_TO = Setting(
    "ForwardDeadLetteredMessagesTo", TEXT, "forward_dead_lettered_messages_to"
)
FORWARD_TO = Setting("ForwardTo", TEXT, "forward_to")
IS_ANONYMOUS_ACCESSIBLE = Setting("IsAnonymousAccessible", BOOLEAN, "is_anonymous_accessible")
LOCK_DURATION = Setting("LockDuration", DURATION, "lock_duration")
MAX_DELIVERY_COUNT = Setting("MaxDeliveryCount", INTEGER, "max_delivery_count")
MAX_MESSAGE_SIZE = Setting(
    "MaxMessageSizeInKilobytes",
    INTEGER,
    "max_message_size_in_kilobytes",
    _message_size,
    MESSAGE_SIZE,
)
MAX_SIZE = Setting("MaxSizeInMegabytes", INTEGER, "max_size_in_megabytes", _size_of_all_partitions)
REQUIRES_DUPLICATE_DETECTION = Setting(
    "RequiresDuplicateDetection", BOOLEAN, "requires_duplicate_detection"
)
REQUIRES_SESSION = Setting("RequiresSession", BOOLEAN, "requires_session")
STATUS_NOW = Setting("Status", STATUS, "status")
SUPPORT_ORDERING = Setting("SupportOrdering", BOOLEAN, "support_ordering")
USER_METADATA = Setting("UserMetadata", TEXT, "user_metadata")

ACCESSED_AT = Reading("AccessedAt", WRITTEN, _accessed_at)
AVAILABILITY = Reading("EntityAvailabilityStatus", WRITTEN, lambda _, __: "Available")
COUNT_DETAILS = Reading("CountDetails", COUNTS, lambda entity, _: entity.receivable.counts())
CREATED_AT = Reading(
    "CreatedAt", WRITTEN, lambda entity, to_wire: format_instant(to_wire(entity.created_at))
)
MESSAGE_COUNT = Reading("MessageCount", INTEGER, lambda entity, _: entity.receivable.counts().total)
SIZE_IN_BYTES = Reading("SizeInBytes", INTEGER, lambda entity, _: entity.size_bytes)
UPDATED_AT = Reading(
    "UpdatedAt", WRITTEN, lambda entity, to_wire: format_instant(to_wire(entity.updated_at))
)
