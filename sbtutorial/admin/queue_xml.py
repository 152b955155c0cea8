"""A queue's description as XML: one table of fields, in the order of Azure's data contract.

The table is read by the writer and by the parser. Settings go both ways; readings (sizes, counts,
instants) are written only, and skipped when a client sends back what it got.

Source: Azure Service Bus, REST API "QueueDescription"; `azure.servicebus.management`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, SubElement

from sbtutorial.admin.atom import NEVER, SCHEMA_INSTANCE, described, format_instant, local_name
from sbtutorial.admin.xml_types import (
    BOOLEAN,
    COUNTS,
    DURATION,
    INTEGER,
    RULES,
    STATUS,
    TEXT,
    WRITTEN,
    XmlType,
)
from sbtutorial.broker.entities import QueueDescription
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import KIB
from sbtutorial.broker.queue import Queue

ELEMENT = "QueueDescription"

ToWire = Callable[[float], float]


class Setting(NamedTuple):
    """A property that clients choose: the element, and the field of `QueueDescription`."""

    element: str
    type: XmlType
    name: str


class Reading(NamedTuple):
    """A value that the broker tells, of a queue and with a way to wall-clock time."""

    element: str
    type: XmlType
    read: Callable[[Queue, ToWire], object]


FIELDS: tuple[Setting | Reading, ...] = (
    Setting("LockDuration", DURATION, "lock_duration"),
    Setting("MaxSizeInMegabytes", INTEGER, "max_size_in_megabytes"),
    Setting("RequiresDuplicateDetection", BOOLEAN, "requires_duplicate_detection"),
    Setting("RequiresSession", BOOLEAN, "requires_session"),
    Setting("DefaultMessageTimeToLive", DURATION, "default_message_time_to_live"),
    Setting("DeadLetteringOnMessageExpiration", BOOLEAN, "dead_lettering_on_message_expiration"),
    Setting(
        "DuplicateDetectionHistoryTimeWindow", DURATION, "duplicate_detection_history_time_window"
    ),
    Setting("MaxDeliveryCount", INTEGER, "max_delivery_count"),
    Setting("EnableBatchedOperations", BOOLEAN, "enable_batched_operations"),
    Reading("SizeInBytes", INTEGER, lambda queue, _: queue.size_bytes),
    Reading("MessageCount", INTEGER, lambda queue, _: queue.counts().total),
    Setting("IsAnonymousAccessible", BOOLEAN, "is_anonymous_accessible"),
    Setting("AuthorizationRules", RULES, "authorization_rules"),
    Setting("Status", STATUS, "status"),
    Reading("CreatedAt", WRITTEN, lambda queue, to_wire: format_instant(to_wire(queue.created_at))),
    Reading("UpdatedAt", WRITTEN, lambda queue, to_wire: format_instant(to_wire(queue.updated_at))),
    Reading("AccessedAt", WRITTEN, lambda queue, to_wire: _accessed_at(queue, to_wire)),
    Setting("SupportOrdering", BOOLEAN, "support_ordering"),
    Reading("CountDetails", COUNTS, lambda queue, _: queue.counts()),
    Setting("AutoDeleteOnIdle", DURATION, "auto_delete_on_idle"),
    Setting("EnablePartitioning", BOOLEAN, "enable_partitioning"),
    Reading("EntityAvailabilityStatus", WRITTEN, lambda _, __: "Available"),
    Setting("EnableExpress", BOOLEAN, "enable_express"),
    Setting("ForwardTo", TEXT, "forward_to"),
    Setting("UserMetadata", TEXT, "user_metadata"),
    Setting("ForwardDeadLetteredMessagesTo", TEXT, "forward_dead_lettered_messages_to"),
    Setting("MaxMessageSizeInKilobytes", INTEGER, "max_message_size_in_kilobytes"),
)
_BY_ELEMENT = {field.element: field for field in FIELDS}

MESSAGE_SIZE = "MaxMessageSizeInKilobytes"


def write_queue(queue: Queue, to_wire: ToWire, *, has_message_size: bool = True) -> Element:
    """Everything about a queue: what was chosen, and what it holds now.

    Args:
        queue: The queue.
        to_wire: From broker time to seconds since the epoch.
        has_message_size: Whether the client's version of the API knows MaxMessageSizeInKilobytes.
    """
    description, root = _as_reported(queue), described(ELEMENT)
    for field in FIELDS:
        if isinstance(field, Setting):
            value = getattr(description, field.name)
        else:
            value = field.read(queue, to_wire)
        if value is not None and (has_message_size or field.element != MESSAGE_SIZE):
            field.type.fill(SubElement(root, field.element), value)
    return root


def read_settings(element: Element) -> dict[str, Any]:
    """The settings that an element holds, by their names in `QueueDescription`.

    Raises:
        BrokerError: ARGUMENT_ERROR: names the element, what is wrong with it and what it takes.
    """
    settings = {
        field.name: None
        for field in FIELDS
        if isinstance(field, Setting) and field.type.is_cleared_when_absent
    }
    seen = set()
    for child in element:
        name = local_name(child)
        if name in seen:
            raise BrokerError(ErrorCode.ARGUMENT_ERROR, f"{name} is there twice; send it once.")
        seen.add(name)
        field = _field(name)
        if isinstance(field, Setting) and not _is_nil(child):
            settings[field.name] = _parse(field, child)
    return settings


def apply_settings(settings: dict[str, Any], to: Queue | None) -> QueueDescription:
    """A description with these settings, and otherwise as the queue's, or with the defaults."""
    if to is None:
        return QueueDescription(**settings)
    if settings.get("max_size_in_megabytes") == _as_reported(to).max_size_in_megabytes:
        settings = settings | {"max_size_in_megabytes": to.description.max_size_in_megabytes}
    return replace(to.description, **settings)


def _as_reported(queue: Queue) -> QueueDescription:
    """Azure tells the size of all partitions together, and the message size even when default."""
    description, limits = queue.description, queue.limits
    partitions = limits.partition_count if description.enable_partitioning else 1
    return replace(
        description,
        max_size_in_megabytes=description.max_size_in_megabytes * partitions,
        max_message_size_in_kilobytes=queue.max_message_bytes // KIB,
    )


def _field(name: str) -> Setting | Reading:
    try:
        return _BY_ELEMENT[name]
    except KeyError:
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR,
            f"A queue has no property '{name}'. It has "
            f"{', '.join(field.element for field in FIELDS if isinstance(field, Setting))}.",
        ) from None


def _parse(field: Setting, element: Element) -> Any:
    try:
        return field.type.parse(element)
    except ValueError as error:
        if len(element):
            problem = f"cannot be read: {error}" if field.type is RULES else "has elements inside"
        else:
            problem = f"is '{(element.text or '').strip()[:80]}'"
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR,
            f"{field.name} ({field.element}) {problem}; it must be {field.type.what}.",
        ) from None


def _is_nil(element: Element) -> bool:
    return element.get(f"{{{SCHEMA_INSTANCE}}}nil") in ("true", "1")


def _accessed_at(queue: Queue, to_wire: ToWire) -> str:
    if queue.accessed_at is None:
        return NEVER
    return format_instant(to_wire(queue.accessed_at))
