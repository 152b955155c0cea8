"""What can be chosen about entities and brokers, typed so that a checker finds what is mistyped.

Names and meanings are those of `ServiceBusAdministrationClient`, whose client can choose more.

Source: `azure.servicebus.management`, QueueProperties, TopicProperties, SubscriptionProperties.
"""

from datetime import timedelta
from typing import Literal, TypedDict

Tier = Literal["standard", "premium", "emulator"]
RunsIn = Literal["thread", "process"]


class _Everywhere(TypedDict, total=False):
    default_message_time_to_live: timedelta
    auto_delete_on_idle: timedelta
    enable_batched_operations: bool
    user_metadata: str


class _Sized(_Everywhere, total=False):
    max_size_in_megabytes: int
    max_message_size_in_kilobytes: int
    requires_duplicate_detection: bool
    duplicate_detection_history_time_window: timedelta
    enable_partitioning: bool


class _Received(_Everywhere, total=False):
    lock_duration: timedelta
    max_delivery_count: int
    requires_session: bool
    dead_lettering_on_message_expiration: bool
    forward_to: str
    forward_dead_lettered_messages_to: str


class QueueOptions(_Sized, _Received, total=False):
    """What can be chosen about a queue; the rest is as Azure has it."""


class TopicOptions(_Sized, total=False):
    """What can be chosen about a topic."""


class SubscriptionOptions(_Received, total=False):
    """What can be chosen about a subscription, but for its rules."""

    dead_lettering_on_filter_evaluation_exceptions: bool
