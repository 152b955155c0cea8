"""Between an AMQP message on the wire and the broker's `Message`.

A message is kept as it was received, section by section, in bytes. What the broker owns (delivery
count, lock, sequence number, times) is taken out when a message comes in and stamped on when it
goes out; everything else leaves byte for byte as it came.
Source: AMQP 1.0, part 3.2; Azure Service Bus, "Messages, payloads, and serialization".
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from sbtutorial.amqp.errors import DecodeError
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
from sbtutorial.amqp.pieces import Payload, Pieces
from sbtutorial.amqp.sections import NOT_CHECKED, Ends
from sbtutorial.amqp.types import Int, Symbol, encode
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import MAX_HEADER_BYTES, STANDARD
from sbtutorial.broker.message import AssignedId, Message
from sbtutorial.broker.states import MessageState
from sbtutorial.gateway.wire.admission import (
    PARTITION_KEY,
    SCHEDULED,
    check_annotations,
    check_application_properties,
    check_footer,
    partition_key,
    scheduled_ms,
    time_to_live,
)
from sbtutorial.gateway.wire.decimals import rewrite_item, rewritten_items
from sbtutorial.gateway.wire.values import FIRST_INSTANT_MS, LAST_INSTANT_MS, value_of, wire_value

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

_BEFORE_ONLY_LOCK_TOKEN = build_map_section(DELIVERY_ANNOTATIONS, _LOCK_TOKEN_KEY + bytes(16), 1)[
    :-16
]
_EMPTY_ANNOTATIONS = build_map_section(DELIVERY_ANNOTATIONS, b"", 0)
_pack_long = struct.Struct(">q").pack
# What nearly every message has that is handed out under a lock.
_USUAL = build_map_section(
    MESSAGE_ANNOTATIONS,
    bytes(8).join((_ENQUEUED_TIME_KEY, _SEQUENCE_NUMBER_KEY, _LOCKED_UNTIL_KEY, b"")),
    3,
)
_BEFORE_USUAL = _USUAL[: _USUAL.index(_ENQUEUED_TIME_KEY) + len(_ENQUEUED_TIME_KEY)]
_pack_usual = struct.Struct(
    f">{len(_BEFORE_USUAL)}sq{len(_SEQUENCE_NUMBER_KEY)}sq{len(_LOCKED_UNTIL_KEY)}sq"
).pack
_MAX_UINT_MS = 0xFFFFFFFF
_LARGE_BYTES = 256 * 1024
_SHORT_TEXT_CHARS = 256

ToWire = Callable[[float], float]
NewId = Callable[[], str]


class Annotations(NamedTuple):
    """The sender's own entries of an annotations map: already encoded, key and value joined."""

    items: bytes
    entry_count: int


_NO_ANNOTATIONS = Annotations(b"", 0)


class _Annotated(NamedTuple):
    """Both maps of a message, and what those of its entries ask for that the broker acts on."""

    delivery: Annotations
    message: Annotations
    scheduled: object = None
    partition_key: object = None


_NOT_ANNOTATED = _Annotated(_NO_ANNOTATIONS, _NO_ANNOTATIONS)


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

    def __init__(self, sections: Sections, header: Header | None, annotations: "_Annotated"):
        self.durable = header.durable if header else None
        self.priority = header.priority if header else None
        self.first_acquirer = header.first_acquirer if header else None
        self.delivery_annotations = annotations.delivery
        self.message_annotations = annotations.message
        self.properties = sections.properties
        self.application_properties = sections.application_properties
        self.body = sections.body
        self.footer = sections.footer


def batch_parts(payload: bytes, at_most: int) -> list[bytes]:
    """The messages of a batch, each encoded: its data sections. The envelope says nothing.

    Args:
        payload: Of one transfer with message format 0x80013700, all frames joined.
        at_most: What the tier allows in one batch.

    Raises:
        DecodeError: The bytes are no batch.
        BrokerError: MESSAGE_SIZE_EXCEEDED: it has too many messages.
    """
    return of_number(data_sections(payload, at_most), at_most)


def of_number(parts: list[bytes], at_most: int) -> list[bytes]:
    """The messages of a batch, unless they are too many.

    Raises:
        BrokerError: MESSAGE_SIZE_EXCEEDED.
    """
    if len(parts) > at_most:
        raise BrokerError(
            ErrorCode.MESSAGE_SIZE_EXCEEDED,
            f"The batch has more than {at_most} messages, all that one batch may have, however "
            "small they are. Send them in several batches.",
        )
    return parts


def read_messages(
    payload: bytes,
    message_format: int,
    *,
    from_wire: ToWire,
    new_id: NewId,
    at_most: int = STANDARD.max_batch_messages,
) -> list[Message]:
    """Every message in one transfer: one, or those of a batch, ready for `Queue.send`.

    Args:
        payload: The transfer's payload, all frames joined.
        message_format: 0, or 0x80013700 for a batch.
        from_wire: Turns an instant on the client's clock into broker time.
        new_id: Makes a message id, for a message without.
        at_most: How many a batch may have.

    Raises:
        DecodeError: The bytes are not an AMQP message.
        BrokerError: As `admission` refuses what a message may not hold, and `batch_parts` what is
            too many; ARGUMENT_ERROR: a decimal has too many digits.
    """
    if message_format == BATCH_MESSAGE_FORMAT:
        parts = batch_parts(payload, at_most)
        return list(read_parts(parts, 1, from_wire=from_wire, new_id=new_id))
    return [_read(payload, from_wire, new_id)]


def read_parts(
    parts: Iterable[bytes], first_number: int, *, from_wire: ToWire, new_id: NewId
) -> Iterator[Message]:
    """The messages of a batch, or some of them, of which the first has this number.

    Raises:
        DecodeError: As `read_messages`; BrokerError, too. Both say which message it is.
    """
    for number, part in enumerate(parts, first_number):
        yield _read_part(part, number, from_wire, new_id)


def _read_part(payload: bytes, number: int, from_wire: ToWire, new_id: NewId) -> Message:
    try:
        return _read(payload, from_wire, new_id)
    except (DecodeError, BrokerError) as refusal:
        raise of_batch(number, refusal) from refusal


def of_batch(number: int, refusal: DecodeError | BrokerError) -> DecodeError | BrokerError:
    """The same refusal, which says the message of which number in a batch it is about."""
    if isinstance(refusal, DecodeError):
        return DecodeError(f"message {number} of the batch: {refusal}")
    text = f"Message {number} of the batch is refused. {refusal.message}"
    return BrokerError(refusal.code, text)


def read_message(
    payload: bytes, ends: Ends = NOT_CHECKED, *, from_wire: ToWire, new_id: NewId
) -> Message:
    """One encoded message; `ends` as for `split_sections`."""
    return _read(payload, from_wire, new_id, ends)


def _read(payload: bytes, from_wire: ToWire, new_id: NewId, ends: Ends = NOT_CHECKED) -> Message:
    sections = split_sections(payload, ends)
    header_bytes = len(payload) - len(sections.body) - len(sections.footer or b"")
    # A header that is too long is not looked into: the entity refuses the message.
    is_fit = header_bytes <= MAX_HEADER_BYTES
    annotated = _look_into(sections) if is_fit else _NOT_ANNOTATED
    scheduled = scheduled_ms(annotated.scheduled)
    own = sections.application_properties
    if is_fit and own is not None and (items := rewritten_items(own)) is not None:
        own = build_map_section(APPLICATION_PROPERTIES, b"".join(items), len(items))
        sections = sections._replace(application_properties=own)
    header = Header.decode_section(sections.header) if sections.header else None
    properties = (
        Properties.decode_section(sections.properties) if sections.properties else Properties()
    )
    added = 0
    message_id = properties.message_id
    if message_id is None:
        # As on Azure: no message is without, and clients keep account of theirs by it.
        properties.message_id = new_id()
        message_id = AssignedId(properties.message_id)
        named = properties.encode()
        added = len(named) - len(sections.properties or b"")
        sections = sections._replace(properties=named)
    return Message(
        Content(sections, header, annotated),
        size_bytes=len(payload) + added,
        header_bytes=header_bytes + added,
        message_id=message_id,
        session_id=properties.group_id,
        partition_key=partition_key(annotated.partition_key),
        time_to_live=time_to_live(header, properties),
        scheduled_enqueue_at=None if scheduled is None else from_wire(scheduled / 1000),
    )


def _look_into(sections: Sections) -> _Annotated:
    """Refuse what the broker could not hand on, and take in what is for the broker."""
    if sections.application_properties is not None:
        check_application_properties(sections.application_properties)
    if sections.footer is not None:
        check_footer(sections.footer)
    if sections.message_annotations is None and sections.delivery_annotations is None:
        return _NOT_ANNOTATED
    found: dict[object, object] = {}
    delivery = _own_annotations(sections.delivery_annotations, {})
    message = _own_annotations(sections.message_annotations, found)
    return _Annotated(delivery, message, found.get(SCHEDULED), found.get(PARTITION_KEY))


def _own_annotations(section: bytes | None, found: dict[object, object]) -> Annotations:
    """The sender's own entries; those that the broker acts on are put into `found`, too."""
    if section is None:
        return _NO_ANNOTATIONS
    kept: list[bytes] = []
    for key, raw in check_annotations(section):
        if key in _BROKER_OWNED:
            continue
        kept.append(rewrite_item(raw))
        if key in (SCHEDULED, PARTITION_KEY):
            found[key] = value_of(raw)
    return Annotations(b"".join(kept), len(kept))


def encode_message(message: Message, *, to_wire: ToWire) -> bytes:
    """The message as a receiver gets it: what was sent, and what the broker says of it now.

    Hot: runs for each message that is handed out.

    A lock token, the end of its lock and a state other than active are written when the message
    has them, so one form serves deferred messages and peeked ones.
    """
    return b"".join(_sections(message, _delivery_annotations(message), to_wire))


def encode_delivery(message: Message, *, to_wire: ToWire) -> Payload:
    """The message as a link delivers it: delivery annotations are always there, if only empty.

    Azure does so in receive-and-delete, where it has nothing to say in them. Nobody waits for a
    copy of a large body: it goes out a frame at a time.
    """
    sections = _sections(message, _delivery_annotations(message) or _EMPTY_ANNOTATIONS, to_wire)
    return b"".join(sections) if message.size_bytes < _LARGE_BYTES else Pieces(sections)


def _sections(message: Message, delivery_annotations: bytes, to_wire: ToWire) -> tuple[bytes, ...]:
    content: Content = message.content  # type: ignore[assignment]
    return (
        _header(message, content),
        delivery_annotations,
        _message_annotations(message, content, to_wire),
        _properties(message, content, to_wire),
        _application_properties(message.properties, content),
        content.body,
        content.footer or b"",
    )


def _header(message: Message, content: Content) -> bytes:
    ttl = None
    if message.expires_at is not None:
        lifetime_ms = round((message.expires_at - message.enqueued_at) * 1000)
        ttl = max(min(lifetime_ms, _MAX_UINT_MS), 0)
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


def _delivery_annotations(message: Message) -> bytes:
    content: Content = message.content  # type: ignore[assignment]
    items, count = content.delivery_annotations
    if message.lock_token is not None:
        if not count:  # as a rule
            token = message.lock_token.int.to_bytes(16, "big")  # as its `bytes`; hot
            return _BEFORE_ONLY_LOCK_TOKEN + token
        items += _LOCK_TOKEN_KEY + message.lock_token.bytes
        count += 1
    return build_map_section(DELIVERY_ANNOTATIONS, items, count) if count else b""


def _message_annotations(message: Message, content: Content, to_wire: ToWire) -> bytes:
    own, count = content.message_annotations
    shift = to_wire(0.0)  # one look at the clocks is enough
    number, until = message.sequence_number, message.locked_until
    enqueued_ms = round((message.enqueued_at + shift) * 1000)
    locked_ms = None if until is None else round((until + shift) * 1000)
    is_usual = (
        message.dead_letter_source is None
        and message.enqueued_sequence_number is None
        and message.state is MessageState.LOCKED
    )
    if is_usual and locked_ms is not None and not count:  # as a rule: of fixed size
        return _pack_usual(
            _BEFORE_USUAL, enqueued_ms, _SEQUENCE_NUMBER_KEY, number, _LOCKED_UNTIL_KEY, locked_ms
        )
    items = [_ENQUEUED_TIME_KEY, _pack_long(enqueued_ms), _SEQUENCE_NUMBER_KEY, _pack_long(number)]
    count += 2
    if locked_ms is not None:
        items += (_LOCKED_UNTIL_KEY, _pack_long(locked_ms))
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
    expires_ms = round(to_wire(message.expires_at) * 1000)
    properties.absolute_expiry_time = max(min(expires_ms, LAST_INSTANT_MS), FIRST_INSTANT_MS)
    return properties.encode()


def _application_properties(changed: Mapping[str, object] | None, content: Content) -> bytes:
    """As sent, with what a settlement or the broker has set since laid over it."""
    if not changed:
        return content.application_properties or b""
    kept = [raw for key, raw in _items(content.application_properties) if key not in changed]
    added = [_property(str(key), value) for key, value in changed.items()]
    return build_map_section(APPLICATION_PROPERTIES, b"".join(kept + added), len(kept) + len(added))


def _property(name: str, value: object) -> bytes:
    if isinstance(value, int) or (type(value) is str and len(value) <= _SHORT_TEXT_CHARS):
        return _short_property(name, value)
    return encode(name) + encode(wire_value(value))


@lru_cache(maxsize=256, typed=True)
def _short_property(name: str, value: int | str) -> bytes:
    """What says why a message is a dead letter, for one, says it of thousands of others, too."""
    return encode(name) + encode(wire_value(value))


def merged_bytes(message: Message, properties: Mapping[str, object] | None = None) -> int:
    """By how much what was set since the message came makes its properties longer.

    Args:
        message: Has `Message.properties` laid over those that it was sent with.
        properties: Others in their place.
    """
    laid_over = message.properties if properties is None else properties
    if not laid_over:
        return 0
    content: Content = message.content  # type: ignore[assignment]
    own = len(content.application_properties or b"")
    return len(_application_properties(laid_over, content)) - own


def _items(section: bytes | None) -> Iterator[tuple[object, bytes]]:
    return iter(map_items(section)) if section else iter(())
