"""What entities are told to be: descriptions under the SDK's names, with Azure's defaults.

Source: `azure.servicebus.management`, QueueProperties, TopicProperties, SubscriptionProperties.
"""

from dataclasses import dataclass, fields
from datetime import timedelta
from enum import Enum
from typing import ClassVar

from sbtutorial.broker.limits import FOR_EVER as FOR_EVER
from sbtutorial.broker.limits import KIB, LONGEST_LIFE, MIB, Limits

# .NET's TimeSpan.MaxValue stands for "no end"; this is it less the fraction that clients lose.
_NET_FOR_EVER = timedelta(days=10_675_199)


class EntityStatus(Enum):
    """Whether an entity takes messages and gives them out."""

    ACTIVE = "Active"
    DISABLED = "Disabled"
    SEND_DISABLED = "SendDisabled"
    RECEIVE_DISABLED = "ReceiveDisabled"

    @property
    def can_send(self) -> bool:
        """Whether the entity takes messages."""
        return self in (EntityStatus.ACTIVE, EntityStatus.RECEIVE_DISABLED)

    @property
    def can_receive(self) -> bool:
        """Whether the entity gives messages out."""
        return self in (EntityStatus.ACTIVE, EntityStatus.SEND_DISABLED)


@dataclass(frozen=True, slots=True)
class AuthorizationRule:
    """A key of an entity and what it opens; instants as the ISO text they came in."""

    key_name: str | None = None
    rights: tuple[str, ...] = ()
    primary_key: str | None = None
    secondary_key: str | None = None
    claim_type: str | None = "SharedAccessKey"
    claim_value: str | None = "None"
    type: str | None = "SharedAccessAuthorizationRule"
    created_at: str | None = None
    modified_at: str | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """What every description has. A duration as long as .NET's longest becomes `FOR_EVER`.

    Attributes:
        statuses: Those that the kind may have.
    """

    kind: ClassVar[str]
    statuses: ClassVar[tuple[EntityStatus, ...]] = tuple(EntityStatus)

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, timedelta) and value >= _NET_FOR_EVER:
                object.__setattr__(self, field.name, FOR_EVER)

    @property
    def lock_seconds(self) -> float:
        """How long a receiver's lock lasts; 0 where nobody receives."""
        lock_duration: timedelta = getattr(self, "lock_duration", timedelta(0))
        return lock_duration.total_seconds()

    def max_message_bytes(self, limits: Limits) -> int:
        """The largest message that can be in the entity."""
        return limits.max_message_bytes


@dataclass(frozen=True, slots=True)
class SizedDescription(Description):
    """What can be chosen about an entity that messages are sent to."""

    max_size_in_megabytes: int = 1024
    requires_duplicate_detection: bool = False
    duplicate_detection_history_time_window: timedelta = timedelta(minutes=10)
    default_message_time_to_live: timedelta = FOR_EVER
    enable_batched_operations: bool = True
    is_anonymous_accessible: bool = False
    authorization_rules: tuple[AuthorizationRule, ...] = ()
    status: EntityStatus = EntityStatus.ACTIVE
    support_ordering: bool = True
    auto_delete_on_idle: timedelta = FOR_EVER
    enable_partitioning: bool = False
    enable_express: bool = False
    user_metadata: str | None = None
    max_message_size_in_kilobytes: int | None = None

    def max_message_bytes(self, limits: Limits) -> int:
        """The largest message that the entity takes."""
        if self.max_message_size_in_kilobytes is None:
            return limits.max_message_bytes
        return self.max_message_size_in_kilobytes * KIB

    def max_size_bytes(self, limits: Limits) -> int:
        """What the entity holds in all, dead-letter queues included."""
        partitions = limits.partition_count if self.enable_partitioning else 1
        return self.max_size_in_megabytes * MIB * partitions

    def is_partitioned(self, limits: Limits) -> bool:
        """Whether it has partitions: a tier may take the setting, and do nothing about it."""
        return self.enable_partitioning and limits.partition_count > 1


@dataclass(frozen=True, slots=True)
class QueueDescription(SizedDescription):
    """All that can be chosen about a queue."""

    kind: ClassVar[str] = "queue"

    lock_duration: timedelta = timedelta(minutes=1)
    requires_session: bool = False
    dead_lettering_on_message_expiration: bool = False
    max_delivery_count: int = 10
    forward_to: str | None = None
    forward_dead_lettered_messages_to: str | None = None


@dataclass(frozen=True, slots=True)
class TopicDescription(SizedDescription):
    """All that can be chosen about a topic."""

    kind: ClassVar[str] = "topic"
    statuses: ClassVar = (EntityStatus.ACTIVE, EntityStatus.DISABLED, EntityStatus.SEND_DISABLED)

    filtering_messages_before_publishing: bool = False
    enable_subscription_partitioning: bool = False


@dataclass(frozen=True, slots=True)
class SubscriptionDescription(Description):
    """All that can be chosen about a subscription, but for its rules."""

    kind: ClassVar[str] = "subscription"
    statuses: ClassVar = (EntityStatus.ACTIVE, EntityStatus.DISABLED, EntityStatus.RECEIVE_DISABLED)

    lock_duration: timedelta = timedelta(minutes=1)
    requires_session: bool = False
    default_message_time_to_live: timedelta = FOR_EVER
    dead_lettering_on_message_expiration: bool = False
    dead_lettering_on_filter_evaluation_exceptions: bool = True
    max_delivery_count: int = 10
    enable_batched_operations: bool = True
    status: EntityStatus = EntityStatus.ACTIVE
    forward_to: str | None = None
    forward_dead_lettered_messages_to: str | None = None
    auto_delete_on_idle: timedelta = FOR_EVER
    user_metadata: str | None = None


def finite_seconds(duration: timedelta) -> float | None:
    """A duration in seconds; None for the one that means for ever, and for what outlasts time."""
    return None if duration > LONGEST_LIFE else duration.total_seconds()


def shorter(one: float | None, other: float | None) -> float | None:
    """The shorter of two lifetimes in seconds, where None means for ever."""
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)
