"""How rules see AMQP messages, and how their actions rewrite them.

Source: AMQP 1.0, 3.2.4 and 3.2.5; Azure Service Bus, "Messages, payloads, and serialization"; of
what an action sets and only an entity that the message goes on to heeds, "Topic filters and
actions".
"""

from collections.abc import Callable, Mapping
from copy import copy
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.messaging import (
    APPLICATION_PROPERTIES,
    MESSAGE_ANNOTATIONS,
    Properties,
    build_map_section,
    map_items,
)
from sbtutorial.amqp.types import Symbol, decode, encode
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.limits import MAX_HEADER_BYTES, MAX_ID_CHARS
from sbtutorial.broker.message import Message
from sbtutorial.broker.rules.filters.errors import FilterError, HeaderSizeError
from sbtutorial.broker.rules.filters.properties import MISSING, ApplicationProperties
from sbtutorial.gateway.wire.admission import (
    MAX_TIME_TO_LIVE_SECONDS,
    PARTITION_KEY,
    SCHEDULED,
    check_application_properties,
)
from sbtutorial.gateway.wire.message import Annotations, Content, merged_bytes
from sbtutorial.gateway.wire.values import instant, plain_value, value_of, wire_value

ToWire = Callable[[float], float]  # and back

# The system properties that stand in the properties section, by its names.
FIELDS = {
    "ContentType": "content_type",
    "CorrelationId": "correlation_id",
    "Label": "subject",
    "MessageId": "message_id",
    "ReplyTo": "reply_to",
    "ReplyToSessionId": "reply_to_group_id",
    "SessionId": "group_id",
    "To": "to",
}


class WireView:
    """One message, read when and as far as a filter asks."""

    def __init__(self, message: Message, to_wire: ToWire) -> None:
        self._message = message
        self._to_wire = to_wire

    @cached_property
    def application(self) -> Mapping[str, object]:
        """The application properties, those that the broker has set included."""
        content: Content = self._message.content  # type: ignore[assignment]
        seen = ApplicationProperties(_plain_items(content.application_properties))
        for name, value in (self._message.properties or {}).items():
            seen[name] = plain_value(value)
        return seen

    def system(self, name: str) -> object:
        """A system property; `MISSING` when it is not set."""
        field = FIELDS.get(name)
        value = _BROKERS[name](self) if field is None else getattr(self._properties, field)
        return MISSING if value is None else plain_value(value)

    @cached_property
    def _properties(self) -> Properties:
        content: Content = self._message.content  # type: ignore[assignment]
        return Properties.decode_section(content.properties) if content.properties else Properties()

    def _instant(self, at: float | None) -> datetime | None:
        return None if at is None else instant(self._to_wire(at))

    def _lifetime(self) -> timedelta | None:
        seconds = self._message.time_to_live
        return None if seconds is None else timedelta(seconds=seconds)


# Those that the broker itself knows. Of a message on its way into a subscription there is no lock.
_BROKERS: dict[str, Callable[[WireView], object]] = {
    "DeadLetterSource": lambda view: view._message.dead_letter_source,
    "DeliveryCount": lambda view: view._message.delivery_count,
    "EnqueuedSequenceNumber": lambda view: (
        view._message.enqueued_sequence_number or view._message.sequence_number
    ),
    "EnqueuedTimeUtc": lambda view: view._instant(view._message.enqueued_at),
    "ExpiresAtUtc": lambda view: view._instant(view._message.expires_at),
    "ForcePersistence": lambda view: False,
    "LockToken": lambda view: view._message.lock_token,
    "LockedUntilUtc": lambda view: view._instant(view._message.locked_until),
    "PartitionKey": lambda view: view._message.partition_key,
    "ScheduledEnqueueTimeUtc": lambda view: view._instant(view._message.scheduled_enqueue_at),
    "SequenceNumber": lambda view: view._message.sequence_number,
    "Size": lambda view: view._message.size_bytes,
    "State": lambda view: 0,  # active: filters are asked when a message becomes active
    "TimeToLive": lambda view: view._lifetime(),
    "ViaPartitionKey": lambda view: None,
}


class WirePropertyAccess:
    """Looks into the sections of AMQP messages."""

    def __init__(self, to_wire: ToWire, from_wire: ToWire) -> None:
        self._to_wire = to_wire
        self._from_wire = from_wire

    def view(self, message: Message) -> WireView:
        """What filters may see of it."""
        return WireView(message, self._to_wire)

    def edited(
        self, message: Message, application: Mapping[str, object], system: Mapping[str, object]
    ) -> Message:
        """A copy with these properties; the body stays as it was sent, byte for byte.

        Raises:
            FilterError: A value has no form on the wire, or breaks a limit that holds for senders,
                too; `HeaderSizeError` if the properties are too long together.
        """
        twin = message.copy()
        twin.properties = None
        before: Content = message.content  # type: ignore[assignment]
        twin.content = content = copy(before)
        try:
            content.application_properties = _rewritten(before.application_properties, application)
            for name, value in system.items():
                _set_system(
                    twin, content, name, None if value is MISSING else value, self._from_wire
                )
        except BrokerError as refusal:
            raise FilterError(refusal.message) from refusal
        except (ArithmeticError, DecodeError, TypeError, ValueError) as error:
            raise FilterError(f"What the action sets cannot be written: {error}.") from error
        grown = _rewritable_bytes(content) - _rewritable_bytes(before)
        grown -= merged_bytes(message)
        _require_fit(twin, message.header_bytes + grown)
        twin.size_bytes += grown
        twin.header_bytes += grown
        return twin

    def growth(self, message: Message, changes: Mapping[str, object]) -> int:
        """By how many bytes these application properties make a message longer.

        Those that cannot be written have been refused before; if there are any, they count nothing.
        """
        try:
            merged = {**(message.properties or {}), **changes}
            return merged_bytes(message, merged) - merged_bytes(message)
        except (TypeError, ValueError):
            return 0


def _rewritable_bytes(content: Content) -> int:
    sections = content.properties, content.application_properties
    return sum(map(len, filter(None, sections))) + len(content.message_annotations.items)


def _require_fit(twin: Message, header_bytes: int) -> None:
    if header_bytes > MAX_HEADER_BYTES:
        # The first sentence is Azure's.
        raise HeaderSizeError(
            "The size quota for this stream has been exceeded. The action has made the properties "
            f"{header_bytes} bytes long; {MAX_HEADER_BYTES} (64 KB) are allowed."
        )
    ids = (
        ("MessageId", twin.message_id),
        ("SessionId", twin.session_id),
        ("PartitionKey", twin.partition_key),
    )
    for name, value in ids:
        if isinstance(value, str) and len(value) > MAX_ID_CHARS:
            raise FilterError(
                f"sys.{name} cannot be set to a text of {len(value)} characters; it may have "
                f"{MAX_ID_CHARS} at most."
            )


def _set_system(
    message: Message, content: Content, name: str, value: Any, from_wire: ToWire
) -> None:
    """Set a system property of a copy; None removes it."""
    if field := FIELDS.get(name):
        properties = (
            Properties.decode_section(content.properties) if content.properties else Properties()
        )
        wire = Symbol(value) if field == "content_type" and value is not None else value
        setattr(properties, field, wire)
        content.properties = properties.encode()
        if field == "message_id":
            message.message_id = value
        elif field == "group_id":
            message.session_id = value
    elif name == "TimeToLive":
        seconds = None if value is None else value.total_seconds()
        is_for_ever = seconds is None or seconds >= MAX_TIME_TO_LIVE_SECONDS
        message.time_to_live = None if is_for_ever else seconds
    elif name == "PartitionKey":
        message.partition_key = value
        content.message_annotations = _annotated(content.message_annotations, PARTITION_KEY, value)
    elif name == "ScheduledEnqueueTimeUtc":
        # In its subscription it is scheduled no more; where it is forwarded to it is again.
        at: Any = None if value is None else wire_value(value)
        message.scheduled_enqueue_at = None if at is None else from_wire(at / 1000)
        content.message_annotations = _annotated(content.message_annotations, SCHEDULED, at)


def _annotated(annotations: Annotations, name: str, value: object) -> Annotations:
    """With this entry in place of that of the name; None is none."""
    section = build_map_section(MESSAGE_ANNOTATIONS, *annotations)
    kept = [raw for key, raw in map_items(section) if key != name]
    if value is not None:
        kept.append(encode(Symbol(name)) + encode(value))
    return Annotations(b"".join(kept), len(kept))


def _rewritten(section: bytes | None, wanted: Mapping[str, object]) -> bytes | None:
    """The section with these entries; one that has not changed keeps its bytes."""
    entries = []
    left = dict(wanted)
    for key, raw in map_items(section) if section else ():
        name = str(key)
        if name in left and _is_same(plain_value(value_of(raw)), left[name]):
            entries.append(raw)
            del left[name]
    entries += [encode(name) + encode(wire_value(value)) for name, value in left.items()]
    if not entries:
        return None
    rewritten = build_map_section(APPLICATION_PROPERTIES, b"".join(entries), len(entries))
    check_application_properties(rewritten)
    return rewritten


def _plain_items(section: bytes | None) -> list[tuple[str, object]]:
    if section is None:
        return []
    sent: dict[object, object] = decode(section)[0].value
    return [(str(key), plain_value(value)) for key, value in sent.items()]


def _is_same(one: object, other: object) -> bool:
    """Equal, and of one type: to Python, 1 and True are equal."""
    return type(one) is type(other) and one == other
