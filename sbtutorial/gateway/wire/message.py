"""Between an AMQP message on the wire and the broker's `Message`.

A message is kept as it was received, section by section, in bytes. What the broker owns (delivery
count, lock, sequence number, times) is taken out when a message comes in and stamped on when it
goes out; everything else leaves byte for byte as it came.
Source: AMQP 1.0, part 3.2; Azure Service Bus, "Messages, payloads, and serialization".
"""

import struct
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from sbtutorial.amqp.messaging import (
    APPLICATION_PROPERTIES,
    BATCH_MESSAGE_FORMAT,
    DELIVERY_ANNOTATIONS,
    MESSAGE_ANNOTATIONS,
    Header,
    Properties,
    Sections,
    build_map_section,
    data_sections,
    map_items,
    split_sections,
)
from sbtutorial.amqp.types import Int, Symbol, decode, encode
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import MAX_PROPERTY_BYTES
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import MessageState

_SCHEDULED = "x-opt-scheduled-enqueue-time"
_PARTITION_KEY = "x-opt-partition-key"
# A client that sends on what it received sends these along; only the broker's word counts.
_BROKER_OWNED = frozenset(
    {
        "x-opt-enqueued-time",
        "x-opt-sequence-number",
        "x-opt-enqueue-sequence-number",
        "x-opt-locked-until",
        "x-opt-lock-token",
        "x-opt-message-state",
        "x-opt-deadletter-source",
        "x-opt-partition-id",
    }
)
_MESSAGE_STATE = {
    MessageState.DEFERRED: 1,
    MessageState.DEFERRED_LOCKED: 1,
    MessageState.SCHEDULED: 2,
}

_LOCK_TOKEN_KEY = encode(Symbol("x-opt-lock-token")) + b"\x98"
_ENQUEUED_TIME_KEY = encode(Symbol("x-opt-enqueued-time")) + b"\x83"
_SEQUENCE_NUMBER_KEY = encode(Symbol("x-opt-sequence-number")) + b"\x81"
_LOCKED_UNTIL_KEY = encode(Symbol("x-opt-locked-until")) + b"\x83"
_ENQUEUE_SEQUENCE_NUMBER_KEY = encode(Symbol("x-opt-enqueue-sequence-number")) + b"\x81"
_MESSAGE_STATE_KEY = encode(Symbol("x-opt-message-state"))
_DEADLETTER_SOURCE_KEY = encode(Symbol("x-opt-deadletter-source"))

_pack_long = struct.Struct(">q").pack
_MAX_UINT_MS = 0xFFFFFFFF

ToWire = Callable[[float], float]
NewId = Callable[[], str]


class Annotations(NamedTuple):
    """The sender's own entries of an annotations map: already encoded, key and value joined."""

    items: bytes
    entry_count: int


_NO_ANNOTATIONS = Annotations(b"", 0)


class Content:
    """The sections of one message as received, without what the broker owns."""

    __slots__ = (
        "application_properties",
        "body",
        "delivery_annotations",
        "durable",
        "first_acquirer",
        "footer",
        "message_annotations",
        "priority",
        "properties",
    )

    def __init__(self, sections: Sections, header: Header | None, annotations: Annotations):
        self.durable = header.durable if header else None
        self.priority = header.priority if header else None
        self.first_acquirer = header.first_acquirer if header else None
        self.delivery_annotations = _split_annotations(sections.delivery_annotations)[0]
        self.message_annotations = annotations
        self.properties = sections.properties
        self.application_properties = sections.application_properties
        self.body = sections.body
        self.footer = sections.footer


def read_messages(
    payload: bytes, message_format: int, *, from_wire: ToWire, new_id: NewId
) -> list[Message]:
    """Every message in one transfer: one, or those of a batch, ready for `Queue.send`.

    Args:
        payload: The transfer's payload, all frames joined.
        message_format: 0, or 0x80013700 for a batch: each data section holds a whole message, and
            the envelope around them says nothing that counts.
        from_wire: Turns an instant on the client's clock into broker time.
        new_id: Makes a message id, for a message without.

    Raises:
        DecodeError: The bytes are not an AMQP message.
        BrokerError: MESSAGE_SIZE_EXCEEDED: one of its properties is too long.
    """
    if message_format == BATCH_MESSAGE_FORMAT:
        return [_read(part, from_wire, new_id) for part in data_sections(payload)]
    return [_read(payload, from_wire, new_id)]


def read_message(payload: bytes, *, from_wire: ToWire, new_id: NewId) -> Message:
    """One encoded message, as `schedule-message` carries it."""
    return _read(payload, from_wire, new_id)


def _read(payload: bytes, from_wire: ToWire, new_id: NewId) -> Message:
    sections = split_sections(payload)
    own = sections.application_properties
    if own is not None and len(own) > MAX_PROPERTY_BYTES:
        _refuse_long_property(own)
    header = Header.decode_section(sections.header) if sections.header else None
    properties = (
        Properties.decode_section(sections.properties) if sections.properties else Properties()
    )
    if properties.message_id is None:
        # As on Azure: no message is without, and clients keep account of theirs by it.
        properties.message_id = new_id()
        sections = sections._replace(properties=properties.encode())
    annotations, found = _split_annotations(sections.message_annotations)
    scheduled, partition_key = found.get(_SCHEDULED), found.get(_PARTITION_KEY)
    return Message(
        Content(sections, header, annotations),
        size_bytes=len(payload),
        header_bytes=len(payload) - len(sections.body) - len(sections.footer or b""),
        message_id=properties.message_id,
        session_id=properties.group_id,
        partition_key=partition_key if isinstance(partition_key, str) else None,
        time_to_live=_time_to_live(header, properties),
        scheduled_enqueue_at=from_wire(scheduled / 1000) if isinstance(scheduled, int) else None,
    )


def _refuse_long_property(section: bytes) -> None:
    for name, raw in map_items(section):
        if len(raw) > MAX_PROPERTY_BYTES:
            raise BrokerError(
                ErrorCode.MESSAGE_SIZE_EXCEEDED,
                f"The application property '{name}' has {len(raw)} bytes with its name; "
                f"{MAX_PROPERTY_BYTES} (32 KB) are allowed. Put long values into the body.",
            )


def _time_to_live(header: Header | None, properties: Properties) -> float | None:
    """Seconds to live; a life longer than header.ttl can say comes as a creation and an end."""
    if header is not None and header.ttl is not None:
        return header.ttl / 1000
    if properties.creation_time is None or properties.absolute_expiry_time is None:
        return None
    return (properties.absolute_expiry_time - properties.creation_time) / 1000


def _split_annotations(section: bytes | None) -> tuple[Annotations, dict[str, object]]:
    """The sender's own entries, and the two among them that the broker acts on."""
    if section is None:
        return _NO_ANNOTATIONS, {}
    kept: list[bytes] = []
    found: dict[str, object] = {}
    for key, raw in map_items(section):
        if key in _BROKER_OWNED:
            continue
        kept.append(raw)
        if key in (_SCHEDULED, _PARTITION_KEY):
            _, value_at = decode(raw)
            found[str(key)] = decode(raw, value_at)[0]
    return Annotations(b"".join(kept), len(kept)), found


def encode_message(message: Message, *, to_wire: ToWire) -> bytes:
    """The message as a receiver gets it: what was sent, and what the broker says of it now.

    A lock token, the end of its lock and a state other than active are written when the message
    has them, so one form serves deliveries, deferred messages and peeked ones.
    """
    content: Content = message.content  # type: ignore[assignment]
    return b"".join(
        (
            _header(message, content),
            _delivery_annotations(message, content),
            _message_annotations(message, content, to_wire),
            _properties(message, content, to_wire),
            _application_properties(message, content),
            content.body,
            content.footer or b"",
        )
    )


def _header(message: Message, content: Content) -> bytes:
    ttl = None
    if message.expires_at is not None:
        ttl = min(round((message.expires_at - message.enqueued_at) * 1000), _MAX_UINT_MS)
    return _encode_header(
        content.durable, content.priority, ttl, content.first_acquirer, message.delivery_count
    )


@lru_cache(maxsize=256)
def _encode_header(
    durable: bool | None,
    priority: int | None,
    ttl: int | None,
    first_acquirer: bool | None,
    delivery_count: int,
) -> bytes:
    """Few headers differ: nearly every delivery has one that was written before."""
    return Header(durable, priority, ttl, first_acquirer, delivery_count).encode()


def _delivery_annotations(message: Message, content: Content) -> bytes:
    items, count = content.delivery_annotations
    if message.lock_token is not None:
        items += _LOCK_TOKEN_KEY + message.lock_token.bytes
        count += 1
    return build_map_section(DELIVERY_ANNOTATIONS, items, count) if count else b""


def _message_annotations(message: Message, content: Content, to_wire: ToWire) -> bytes:
    own, count = content.message_annotations
    items = [
        _ENQUEUED_TIME_KEY,
        _pack_timestamp(to_wire(message.enqueued_at)),
        _SEQUENCE_NUMBER_KEY,
        _pack_long(message.sequence_number),
    ]
    count += 2
    if message.locked_until is not None:
        items += (_LOCKED_UNTIL_KEY, _pack_timestamp(to_wire(message.locked_until)))
        count += 1
    if (state := _MESSAGE_STATE.get(message.state)) is not None:
        items += (_MESSAGE_STATE_KEY, encode(Int(state)))
        count += 1
    if message.dead_letter_source is not None:
        items += (_DEADLETTER_SOURCE_KEY, encode(message.dead_letter_source))
        count += 1
    if message.enqueued_sequence_number is not None:
        items += (_ENQUEUE_SEQUENCE_NUMBER_KEY, _pack_long(message.enqueued_sequence_number))
        count += 1
    items.append(own)
    return build_map_section(MESSAGE_ANNOTATIONS, b"".join(items), count)


def _properties(message: Message, content: Content, to_wire: ToWire) -> bytes:
    """As sent; the two times of a message that can expire are the broker's."""
    if message.expires_at is None:
        return content.properties or b""
    properties = (
        Properties.decode_section(content.properties) if content.properties else Properties()
    )
    properties.creation_time = round(to_wire(message.enqueued_at) * 1000)
    properties.absolute_expiry_time = round(to_wire(message.expires_at) * 1000)
    return properties.encode()


def _application_properties(message: Message, content: Content) -> bytes:
    """As sent, with what a settlement or the broker has set since laid over it."""
    changed = message.properties
    if not changed:
        return content.application_properties or b""
    kept = [raw for key, raw in _items(content.application_properties) if key not in changed]
    added = [encode(str(key)) + encode(value) for key, value in changed.items()]
    return build_map_section(APPLICATION_PROPERTIES, b"".join(kept + added), len(kept) + len(added))


def _items(section: bytes | None) -> Iterator[tuple[object, bytes]]:
    return iter(map_items(section)) if section else iter(())


def _pack_timestamp(seconds: float) -> bytes:
    return _pack_long(round(seconds * 1000))
