"""What a queue is told to be: its description, Azure's defaults, and what is refused.

Source: Azure Service Bus, "Quotas"; `azure.servicebus.management`, QueueProperties.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from enum import Enum
from typing import Any, NamedTuple

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import KIB, MAX_ENTITY_NAME_CHARS, MIB, Limits

FOR_EVER = timedelta.max
# .NET's TimeSpan.MaxValue stands for "no end"; this is it less the fraction that clients lose.
_NET_FOR_EVER = timedelta(days=10_675_199)


class EntityStatus(Enum):
    """Whether a queue takes messages and gives them out."""

    ACTIVE = "Active"
    DISABLED = "Disabled"
    SEND_DISABLED = "SendDisabled"
    RECEIVE_DISABLED = "ReceiveDisabled"

    @property
    def can_send(self) -> bool:
        """Whether the queue takes messages."""
        return self in (EntityStatus.ACTIVE, EntityStatus.RECEIVE_DISABLED)

    @property
    def can_receive(self) -> bool:
        """Whether the queue gives messages out."""
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
class QueueDescription:
    """All that can be chosen about a queue, under the SDK's names and with Azure's defaults.

    A duration as long as .NET's longest means for ever and becomes `FOR_EVER`.
    """

    lock_duration: timedelta = timedelta(minutes=1)
    max_size_in_megabytes: int = 1024
    requires_duplicate_detection: bool = False
    requires_session: bool = False
    default_message_time_to_live: timedelta = FOR_EVER
    dead_lettering_on_message_expiration: bool = False
    duplicate_detection_history_time_window: timedelta = timedelta(minutes=10)
    max_delivery_count: int = 10
    enable_batched_operations: bool = True
    is_anonymous_accessible: bool = False
    authorization_rules: tuple[AuthorizationRule, ...] = ()
    status: EntityStatus = EntityStatus.ACTIVE
    support_ordering: bool = True
    auto_delete_on_idle: timedelta = FOR_EVER
    enable_partitioning: bool = False
    enable_express: bool = False
    forward_to: str | None = None
    user_metadata: str | None = None
    forward_dead_lettered_messages_to: str | None = None
    max_message_size_in_kilobytes: int | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, timedelta) and value >= _NET_FOR_EVER:
                object.__setattr__(self, field.name, FOR_EVER)

    def max_message_bytes(self, limits: Limits) -> int:
        """The largest message that the queue takes."""
        if self.max_message_size_in_kilobytes is None:
            return limits.max_message_bytes
        return self.max_message_size_in_kilobytes * KIB

    def max_size_bytes(self, limits: Limits) -> int:
        """What the queue and its dead-letter queue hold together."""
        partitions = limits.partition_count if self.enable_partitioning else 1
        return self.max_size_in_megabytes * MIB * partitions


# Rules for features that are not here yet. Whoever builds one deletes its line.
NOT_IMPLEMENTED_YET = {
    "requires_session": "message sessions",
    "forward_to": "auto-forwarding",
    "forward_dead_lettered_messages_to": "forwarding of dead-lettered messages",
}

IMMUTABLE = ("requires_session", "requires_duplicate_detection", "enable_partitioning")


class Range(NamedTuple):
    """The values that a property may take, both ends included."""

    property: str
    lowest: Any
    highest: Any


RANGES = (
    Range("lock_duration", timedelta(seconds=5), timedelta(minutes=5)),
    Range("default_message_time_to_live", timedelta(seconds=1), FOR_EVER),
    Range("duplicate_detection_history_time_window", timedelta(seconds=20), timedelta(days=7)),
    Range("max_delivery_count", 1, 2000),
    Range("auto_delete_on_idle", timedelta(minutes=5), FOR_EVER),
)

_QUEUE_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?")
_RIGHTS = ("Manage", "Send", "Listen")


def validate_queue_name(name: str) -> None:
    """Refuse a name that Azure refuses.

    Raises:
        BrokerError: ARGUMENT_ERROR.
    """
    if len(name) > MAX_ENTITY_NAME_CHARS:
        problem = f"it has {len(name)} characters, and {MAX_ENTITY_NAME_CHARS} are allowed"
    elif not _QUEUE_NAME.fullmatch(name):
        problem = "use letters, digits and . - _ / only, and begin and end with a letter or a digit"
    else:
        return
    raise BrokerError(ErrorCode.ARGUMENT_ERROR, f"'{name}' cannot name a queue: {problem}.")


def validate(description: QueueDescription, limits: Limits) -> None:
    """Refuse a description that Azure refuses, and what this broker cannot do yet.

    Raises:
        BrokerError: NOT_IMPLEMENTED, ARGUMENT_OUT_OF_RANGE or ARGUMENT_ERROR; the first rule
            that is broken, by the property's name, its value and what it may be.
    """
    for property_name, feature in NOT_IMPLEMENTED_YET.items():
        if getattr(description, property_name):
            raise BrokerError(
                ErrorCode.NOT_IMPLEMENTED,
                f"{property_name} is set, and this broker does not have {feature} yet. "
                "Leave it out here, or use Azure for it.",
            )
    for problem in _out_of_range(description, limits):
        raise BrokerError(ErrorCode.ARGUMENT_OUT_OF_RANGE, problem)
    for problem in _contradictions(description, limits):
        raise BrokerError(ErrorCode.ARGUMENT_ERROR, problem)


def validate_update(old: QueueDescription, new: QueueDescription, limits: Limits) -> None:
    """Refuse an update that `validate` refuses or that changes what is fixed at creation.

    Raises:
        BrokerError: As `validate`; ARGUMENT_ERROR for a property that cannot be changed.
    """
    for name in IMMUTABLE:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            raise BrokerError(
                ErrorCode.ARGUMENT_ERROR,
                f"{name} is {before} and cannot be changed to {after}: it is fixed when a queue "
                "is created. Delete the queue and create it again.",
            )
    validate(new, limits)


def _out_of_range(description: QueueDescription, limits: Limits) -> Iterator[str]:
    for name, lowest, highest in RANGES:
        value = getattr(description, name)
        if not lowest <= value <= highest:
            yield f"{name} is {_spell(value)}; it may be {_spell(lowest)} to {_spell(highest)}."
    size, sizes = description.max_size_in_megabytes, limits.queue_sizes_in_megabytes
    if size not in sizes:
        yield (
            f"max_size_in_megabytes is {size}; in the {limits.name} tier it may be "
            f"{', '.join(map(str, sizes))}."
        )
    yield from _message_size_out_of_range(description.max_message_size_in_kilobytes, limits)


def _message_size_out_of_range(kilobytes: int | None, limits: Limits) -> Iterator[str]:
    usual = limits.max_message_bytes // KIB
    lowest, highest = limits.message_kilobytes_range or (usual, usual)
    if kilobytes is None or lowest <= kilobytes <= highest:
        return
    if limits.message_kilobytes_range is None:
        allowed = f"the {limits.name} tier has {usual} for every queue; leave it out"
    else:
        allowed = f"in the {limits.name} tier it may be {lowest} to {highest}"
    yield f"max_message_size_in_kilobytes is {kilobytes}; {allowed}."


def _contradictions(description: QueueDescription, limits: Limits) -> Iterator[str]:
    if description.enable_express and description.requires_duplicate_detection:
        # Azure's own words, with its own name for enable_express.
        yield (
            "Both DelayedPersistence property and RequiresDuplicateDetection property cannot be "
            "enabled together. Choose enable_express or requires_duplicate_detection."
        )
    metadata = description.user_metadata or ""
    if len(metadata) > limits.max_user_metadata_chars:
        yield (
            f"user_metadata has {len(metadata)} characters; it may have "
            f"{limits.max_user_metadata_chars} at most."
        )
    yield from _authorization_problems(description.authorization_rules, limits)


def _authorization_problems(rules: tuple[AuthorizationRule, ...], limits: Limits) -> Iterator[str]:
    if len(rules) > limits.max_authorization_rules:
        yield (
            f"authorization_rules has {len(rules)} rules; it may have "
            f"{limits.max_authorization_rules} at most."
        )
    for rule in rules:
        if unknown := sorted(set(rule.rights) - set(_RIGHTS)):
            yield (
                f"authorization_rules: rule '{rule.key_name}' gives {', '.join(unknown)}; "
                f"rights are {', '.join(_RIGHTS)}."
            )
        if "Manage" in rule.rights and len(set(rule.rights)) < len(_RIGHTS):
            yield (
                f"authorization_rules: rule '{rule.key_name}' gives Manage, which includes Send "
                "and Listen; name all three."
            )


def _spell(value: object) -> str:
    """A value as a reader would say it: `5 minutes`, `for ever`, `10`."""
    if not isinstance(value, timedelta):
        return str(value)
    if value == FOR_EVER:
        return "for ever"
    seconds = value.total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            seconds, name = seconds / length, unit
            break
    else:
        name = "second"
    return f"{seconds:g} {name}" + ("" if seconds == 1 else "s")
