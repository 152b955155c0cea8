"""What a namespace of each tier allows, as data; and Microsoft's emulator, as one more tier.

Source: Azure Service Bus, "Quotas" and "Premium and Standard messaging tiers"; "Overview of the
Azure Service Bus emulator", usage quotas; of the delivery count, which the portal alone keeps
below 2,000, NServiceBus.Transport.AzureServiceBus#138.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

KIB = 1024
MIB = 1024 * 1024
MAX_ENTITY_NAME_CHARS = 260
MAX_NAME_CHARS = 50  # of subscriptions and rules
MAX_ID_CHARS = 128  # of a message id, a session id or a partition key, in every tier
MAX_PROPERTY_BYTES = 32 * KIB  # of one application property, in every tier
MAX_HEADER_BYTES = 64 * KIB  # of one message but its body and footer, in every tier
# An entity is full, too, when it has as many messages as it has room for of this size, however
# small they are: the broker keeps a number, times and a state with each.
MIN_MESSAGE_BYTES = 256
MAX_INT = 2**31 - 1
FOR_EVER = timedelta.max
# What is to live longer than our calendar lasts lives for ever: 7,922 years.
LONGEST_LIFE = timedelta(seconds=250_000_000_000)


class Range(NamedTuple):
    """The values that a property may take, both ends included."""

    property: str
    lowest: Any
    highest: Any


_RANGES = (
    Range("lock_duration", timedelta(seconds=5), timedelta(minutes=5)),
    Range("default_message_time_to_live", timedelta(seconds=1), FOR_EVER),
    Range("duplicate_detection_history_time_window", timedelta(seconds=20), timedelta(days=7)),
    Range("max_delivery_count", 1, MAX_INT),
    Range("auto_delete_on_idle", timedelta(minutes=5), FOR_EVER),
)
_RANGES_OF_THE_EMULATOR = (
    Range("lock_duration", timedelta(seconds=5), timedelta(minutes=5)),
    Range("default_message_time_to_live", timedelta(seconds=1), timedelta(hours=1)),
    Range("duplicate_detection_history_time_window", timedelta(seconds=5), timedelta(minutes=5)),
    Range("max_delivery_count", 1, 10),
    Range("auto_delete_on_idle", timedelta(minutes=5), FOR_EVER),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers that a tier puts on messages and queues.

    Attributes:
        name: The tier, as Azure spells it.
        max_message_bytes: A whole encoded message, unless its queue says otherwise.
        queue_sizes_in_megabytes: The sizes that a queue may be created with.
        max_entities: Queues (and topics) in one namespace.
        message_kilobytes_range: The message sizes that a queue may be given; None when the tier
            has one size for all.
        partition_count: How many times its size a partitioned queue holds.
        max_header_bytes: Everything of one message but its body.
        max_batch_messages: In one transfer, however small they are.
        max_id_chars: A message id, a session id or a partition key.
        max_subscriptions: Of one topic; likewise the filters of all of its subscriptions.
        max_connections: Of AMQP clients, at one time.
        max_deleted_at_once: Messages, by one call that deletes many.
        ranges: What a property of an entity may be.
        has_partitions: Whether entities may be partitioned.
    """

    name: str
    max_message_bytes: int
    queue_sizes_in_megabytes: tuple[int, ...]
    max_entities: int
    message_kilobytes_range: tuple[int, int] | None
    partition_count: int
    max_header_bytes: int = MAX_HEADER_BYTES
    max_batch_messages: int = 4500
    max_id_chars: int = MAX_ID_CHARS
    max_user_metadata_chars: int = 1024
    max_authorization_rules: int = 12
    max_subscriptions: int = 2000
    max_sql_filters: int = 2000
    max_correlation_filters: int = 100_000
    max_connections: int = 5000
    max_deleted_at_once: int = 500
    ranges: tuple[Range, ...] = _RANGES
    has_partitions: bool = True


STANDARD = Limits(
    name="Standard",
    max_message_bytes=256 * KIB,
    queue_sizes_in_megabytes=(1024, 2048, 3072, 4096, 5120),
    max_entities=10_000,
    message_kilobytes_range=None,
    partition_count=16,
)

PREMIUM = Limits(
    name="Premium",
    max_message_bytes=1024 * KIB,
    queue_sizes_in_megabytes=(*range(1024, 10_241, 1024), 20_480, 40_960, 81_920),
    max_entities=1000,
    message_kilobytes_range=(1024, 102_400),
    partition_count=1,
    max_batch_messages=15_885,  # no page says so; Azure/azure-sdk-for-net issue 16450 does
    max_deleted_at_once=4000,
)

EMULATOR = Limits(
    name="Emulator",
    max_message_bytes=256 * KIB,
    queue_sizes_in_megabytes=(100, 1024),
    max_entities=50,
    message_kilobytes_range=None,
    partition_count=1,
    max_subscriptions=50,
    max_sql_filters=1000,
    max_correlation_filters=1000,
    max_connections=10,
    ranges=_RANGES_OF_THE_EMULATOR,
    has_partitions=False,
)

TIERS = {limits.name: limits for limits in (STANDARD, PREMIUM, EMULATOR)}
