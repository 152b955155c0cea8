"""A message as its sender writes it: every section of AMQP that the SDK can send."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sbtutorial.broker.limits import MAX_ID_CHARS
from sbtutorial.errors import TutorialError
from sbtutorial.explorer.values import (
    SIMPLE,
    readable,
    require_encodable,
    require_value,
    require_whole,
    sendable,
)

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusReceivedMessage
    from azure.servicebus.amqp import AmqpAnnotatedMessage

PARTITION_KEY = "x-opt-partition-key"
SCHEDULED = "x-opt-scheduled-enqueue-time"
# What the broker writes on a message, whoever sent it.
_OF_THE_BROKER = {
    *("x-opt-enqueued-time", "x-opt-sequence-number", "x-opt-enqueue-sequence-number"),
    *("x-opt-locked-until", "x-opt-lock-token", "x-opt-deadletter-source", "x-opt-message-state"),
    "x-opt-partition-id",
}
DEAD_LETTER_PROPERTIES = ("DeadLetterReason", "DeadLetterErrorDescription")
_PROPERTIES = (
    *("message_id", "user_id", "to", "subject", "reply_to", "correlation_id", "content_type"),
    *("content_encoding", "absolute_expiry_time", "creation_time", "group_id", "group_sequence"),
    "reply_to_group_id",
)
_HEADER = ("durable", "priority", "first_acquirer", "time_to_live")
# The SDK's name on a `ServiceBusMessage`: the name of AMQP's property.
_SDK_NAMES = {
    "message_id": "message_id",
    "session_id": "group_id",
    "subject": "subject",
    "correlation_id": "correlation_id",
    "content_type": "content_type",
    "to": "to",
    "reply_to": "reply_to",
    "reply_to_session_id": "reply_to_group_id",
}
_IDS = ("message_id", "session_id", "partition_key", "reply_to_session_id")
CHANGES = (
    *("body", "application_properties", *_SDK_NAMES, "time_to_live", "partition_key"),
    "scheduled_enqueue_time_utc",
)


class BodyKind(StrEnum):
    """How AMQP carries a body."""

    DATA = "data"  # bytes, in one piece or several
    VALUE = "value"  # one value of any type
    SEQUENCE = "sequence"  # lists of values


@dataclass(frozen=True)
class Draft:
    """All that a sender says; made by `Draft.of`, or from a message that was received.

    Attributes:
        body: A list of bytes; a value; or a list of lists, as `body_kind` says.
        properties: AMQP's own names: `group_id` is the session id.
        header: `time_to_live` in milliseconds, and AMQP's other fields.
        annotations: `x-opt-partition-key` and the like, without the broker's own.
    """

    body: Any = None
    body_kind: BodyKind = BodyKind.VALUE
    properties: Mapping[str, Any] = field(default_factory=dict)
    application_properties: Mapping[str, Any] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)
    annotations: Mapping[Any, Any] = field(default_factory=dict)
    delivery_annotations: Mapping[Any, Any] = field(default_factory=dict)
    footer: Mapping[Any, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, body: object = "", **properties: Any) -> "Draft":
        """A message to send, under the SDK's names.

        Args:
            body: Text or bytes go as data; None and other values as AMQP's value.
            properties: `CHANGES` has the names.

        Raises:
            TutorialError: There is no such property, or it cannot have that value.
        """
        return cls().changed(body=body, **properties)

    @classmethod
    def received(cls, message: "ServiceBusReceivedMessage") -> "Draft":
        """What the sender of a message has written."""
        raw = message.raw_amqp_message
        kind = BodyKind(raw.body_type.value)
        annotations = readable(raw.annotations or {})
        return cls(
            body=list(raw.body) if kind is BodyKind.DATA else readable(_listed(raw.body, kind)),
            body_kind=kind,
            properties=_fields(raw.properties, _PROPERTIES),
            application_properties=readable(raw.application_properties or {}),
            header=_fields(raw.header, _HEADER),
            annotations={
                key: value for key, value in annotations.items() if key not in _OF_THE_BROKER
            },
            delivery_annotations={
                key: value
                for key, value in readable(raw.delivery_annotations or {}).items()
                if key not in _OF_THE_BROKER
            },
            footer=readable(raw.footer or {}),
        )

    def changed(self, **changes: Any) -> "Draft":
        """The same with other values; None takes a property away.

        Raises:
            TutorialError: As `of`.
        """
        _require_known(changes)
        properties, header = dict(self.properties), dict(self.header)
        annotations, new = dict(self.annotations), {}
        for name, value in changes.items():
            if name in _IDS:
                _require_id(name, value)
            if name == "body":
                new.update(_body(value))
            elif name == "application_properties":
                new["application_properties"] = _application_properties(value)
            elif name == "time_to_live":
                _put(header, "time_to_live", _milliseconds(value))
            elif name == "partition_key":
                _put(annotations, PARTITION_KEY, value)
            elif name == "scheduled_enqueue_time_utc":
                _put(annotations, SCHEDULED, _instant(value))
            else:
                _put(properties, _SDK_NAMES[name], _text(name, value))
        return replace(self, properties=properties, header=header, annotations=annotations, **new)

    def renewed(self) -> "Draft":
        """To be sent once more: without a reason why it died, a time that is over, or an expiry."""
        own = {
            name: value
            for name, value in self.application_properties.items()
            if name not in DEAD_LETTER_PROPERTIES
        }
        properties = {
            name: value for name, value in self.properties.items() if name != "absolute_expiry_time"
        }
        annotations = {name: value for name, value in self.annotations.items() if name != SCHEDULED}
        return replace(
            self, application_properties=own, properties=properties, annotations=annotations
        )

    def said(self) -> dict[str, Any]:
        """What it says under the SDK's names, without a body and application properties."""
        said = {
            name: self.properties[own]
            for name, own in _SDK_NAMES.items()
            if self.properties.get(own) is not None
        }
        if (milliseconds := self.header.get("time_to_live")) is not None:
            said["time_to_live"] = timedelta(milliseconds=milliseconds)
        if (key := self.annotations.get(PARTITION_KEY)) is not None:
            said["partition_key"] = key
        return said

    @property
    def message_id(self) -> Any:
        """None when it has none."""
        return self.properties.get("message_id")

    @property
    def session_id(self) -> Any:
        """None outside sessions."""
        return self.properties.get("group_id")

    def to_sdk(self) -> "AmqpAnnotatedMessage":
        """What the SDK sends.

        Raises:
            TutorialError: The SDK would leave this body out, or cannot send it.
        """
        from azure.servicebus.amqp import (
            AmqpAnnotatedMessage,
            AmqpMessageHeader,
            AmqpMessageProperties,
        )

        if self.body_kind is BodyKind.VALUE:
            require_value(self.body)
        body = self.body if self.body_kind is BodyKind.DATA else sendable(self.body)
        return AmqpAnnotatedMessage(
            **{f"{self.body_kind}_body": body},
            properties=AmqpMessageProperties(**self.properties),
            application_properties=sendable(self.application_properties) or None,
            header=AmqpMessageHeader(**self.header) if self.header else None,
            annotations=_sendable_annotations(self.annotations) or None,
            delivery_annotations=sendable(self.delivery_annotations) or None,
            footer=sendable(self.footer) or None,
        )


SECTIONS = tuple(each.name for each in fields(Draft) if each.name not in ("body", "body_kind"))


def _sendable_annotations(annotations: Mapping[Any, Any]) -> dict[Any, Any]:
    """An instant goes as one: of its milliseconds nobody would know what they are."""
    wire = {key: sendable(value) for key, value in annotations.items()}
    if isinstance(at := annotations.get(SCHEDULED), int):
        wire[SCHEDULED] = datetime.fromtimestamp(at / 1000, UTC)
    return wire


def _fields(section: Any, names: tuple[str, ...]) -> dict[str, Any]:
    if section is None:
        return {}
    values = {name: readable(getattr(section, name)) for name in names}
    if isinstance(user := values.get("user_id"), str):
        values["user_id"] = user.encode()  # AMQP has bytes there
    return {name: value for name, value in values.items() if value is not None}


def _listed(body: Any, kind: BodyKind) -> Any:
    return list(body) if kind is BodyKind.SEQUENCE else body


def _put(section: dict[Any, Any], name: str, value: Any) -> None:
    if value is None:
        section.pop(name, None)
    else:
        section[name] = value


def _body(value: Any) -> dict[str, Any]:
    if isinstance(value, str | bytes):
        data = value.encode() if isinstance(value, str) else value
        return {"body": [data], "body_kind": BodyKind.DATA}
    require_encodable(value)
    return {"body": value, "body_kind": BodyKind.VALUE}


def _application_properties(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise TutorialError(
            f'application_properties are names and values, as in {{"color": "blue"}}; '
            f"{value!r} is something else."
        )
    for name, each in value.items():
        if not isinstance(each, SIMPLE):
            raise TutorialError(
                f"The application property '{name}' is a {type(each).__name__}; it may be a text, "
                "a number, True or False, a datetime, a UUID or None."
            )
        require_whole(each)
    return dict(value)


def _milliseconds(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, timedelta) or value <= timedelta(0):
        raise TutorialError(
            f"time_to_live takes a timedelta above 0, as in timedelta(minutes=5); {value!r} is not."
        )
    return round(value.total_seconds() * 1000)


def _instant(value: Any) -> datetime | None:
    if value is not None and not isinstance(value, datetime):
        raise TutorialError(
            "scheduled_enqueue_time_utc takes a datetime, as in datetime.now(UTC) + "
            f"timedelta(minutes=5); {value!r} is none."
        )
    return value


def _text(name: str, value: Any) -> Any:
    if value is not None and not isinstance(value, str) and name != "message_id":
        raise TutorialError(f"{name} takes a text; {value!r} is none.")
    return value


def _require_id(name: str, value: Any) -> None:
    if value is not None and len(str(value)) > MAX_ID_CHARS:
        raise TutorialError(
            f"{name} has {len(str(value))} characters; it may have {MAX_ID_CHARS} at most."
        )


def _require_known(changes: Mapping[str, Any]) -> None:
    for name in changes:
        if name not in CHANGES:
            close = get_close_matches(name, CHANGES, n=1)
            meant = f"; {close[0]} is meant, perhaps" if close else f": {', '.join(CHANGES)}"
            raise TutorialError(f"A message has no property '{name}'{meant}.")
