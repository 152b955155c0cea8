"""Message sections in bytes: cut apart, looked into and put together, never rebuilt.

A broker owns a few entries of a few sections; everything else must leave as it came, type for type.
So a section is a slice of what was received, checked but not decoded. A long message is checked in
steps first (`check_in_steps`), which says where its long values end.
Source: AMQP 1.0, 3.2; Azure Service Bus, message format 0x80013700 (a batch).
"""

import struct
from collections.abc import Generator
from io import BytesIO
from typing import Any, NamedTuple

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.types.decoding import decode, read_borders, said_end
from sbtutorial.amqp.types.encoding import encode, frame_compound
from sbtutorial.amqp.types.skipping import STEP_BYTES, skip, skip_in_steps
from sbtutorial.amqp.types.values import Symbol, ULong

HEADER = 0x70
DELIVERY_ANNOTATIONS = 0x71
MESSAGE_ANNOTATIONS = 0x72
PROPERTIES = 0x73
APPLICATION_PROPERTIES = 0x74
DATA = 0x75
AMQP_SEQUENCE = 0x76
AMQP_VALUE = 0x77
FOOTER = 0x78

BATCH_MESSAGE_FORMAT = 0x80013700

_DESCRIPTOR_SIZE = 3
_LISTS = frozenset({0x45, 0xC0, 0xD0})
_MAPS = frozenset({0xC1, 0xD1})
_BINARIES = frozenset({0xA0, 0xB0})
_MAP32 = 0xD1
# Format codes of ulongs and symbols, which say what section it is.
_DESCRIPTORS = frozenset({0x44, 0x53, 0x80, 0xA3, 0xB3})
# No sender cuts a message's body into more pieces.
MAX_SECTIONS = 10_000
# What is looked at in a data section takes as long as so many bytes of other sections.
_SECTION_COST = 8
# Of a large body so much is copied at once, which costs as much as to walk over so many bytes.
_COPIED_AT_ONCE, _COPY_COST = 1024 * 1024, 4 * 1024
# To count the bytes of so many sections takes less than a millisecond.
_MOST_LOOKED_AT = 1000
_NO_BATCH = "a batch must be made of data sections"


class Ends(dict[int, int]):
    """Where values end that were checked already, by where they begin.

    Attributes:
        body: The body, where it is one large section: it was copied a part at a time.
    """

    body: bytes | None = None


NOT_CHECKED = Ends()


class _Kind(NamedTuple):
    """A section: the name of its symbolic descriptor, and the format codes it may have."""

    symbol: Symbol
    format_codes: frozenset[int] | None


_KINDS: dict[int, _Kind] = {
    HEADER: _Kind(Symbol("amqp:header:list"), _LISTS),
    DELIVERY_ANNOTATIONS: _Kind(Symbol("amqp:delivery-annotations:map"), _MAPS),
    MESSAGE_ANNOTATIONS: _Kind(Symbol("amqp:message-annotations:map"), _MAPS),
    PROPERTIES: _Kind(Symbol("amqp:properties:list"), _LISTS),
    APPLICATION_PROPERTIES: _Kind(Symbol("amqp:application-properties:map"), _MAPS),
    DATA: _Kind(Symbol("amqp:data:binary"), _BINARIES),
    AMQP_SEQUENCE: _Kind(Symbol("amqp:amqp-sequence:list"), _LISTS),
    AMQP_VALUE: _Kind(Symbol("amqp:amqp-value:*"), None),
    FOOTER: _Kind(Symbol("amqp:footer:map"), _MAPS),
}
_CODES_BY_SYMBOL = {kind.symbol: code for code, kind in _KINDS.items()}
_BODY = frozenset({DATA, AMQP_SEQUENCE, AMQP_VALUE})
# Who needs to know what is in them decodes them whole, and so checks them: that is not done twice.
_COMPOSITES = frozenset({HEADER, PROPERTIES})


class Sections(NamedTuple):
    """The sections of one message, each with its descriptor; None for one that is not there.

    `body` is all of the body's sections, one behind the other; empty when there is no body.
    """

    header: bytes | None
    delivery_annotations: bytes | None
    message_annotations: bytes | None
    properties: bytes | None
    application_properties: bytes | None
    body: bytes
    footer: bytes | None


def split_sections(payload: bytes, ends: Ends = NOT_CHECKED) -> Sections:
    """Cut a message into its sections, in whatever order they come.

    A section whose descriptor is written the long way gets the short form: clients read no other.
    What is in the header and in the properties is for `decode_section` to check, for it does.

    Args:
        payload: A whole message.
        ends: What `check_in_steps` has said of it.

    Raises:
        DecodeError: A section is unknown, repeated, malformed or cut short, the body is a mixture
            of kinds, or there are more than `MAX_SECTIONS`.
    """
    found: dict[int, bytes] = {}
    body: list[bytes] = []
    body_code = 0
    offset, size = 0, len(payload)
    while offset < size:
        code, start, end = _next_section(payload, offset, ends)
        if ends.body is not None and code in _BODY:
            section = ends.body
        else:
            section = _section_bytes(payload, offset, code, start, end)
        offset = end
        if code not in _BODY:
            if code in found:
                raise DecodeError(f"the message has two sections 0x{code:02x}")
            found[code] = section
            continue
        if body and (code != body_code or code == AMQP_VALUE):
            raise DecodeError("the body is neither one amqp-value nor sections of one kind")
        body_code = code
        body.append(section)
        if len(body) > MAX_SECTIONS:
            raise DecodeError(f"the body is in more than {MAX_SECTIONS} sections")
    get = found.get
    return Sections(
        get(HEADER),
        get(DELIVERY_ANNOTATIONS),
        get(MESSAGE_ANNOTATIONS),
        get(PROPERTIES),
        get(APPLICATION_PROPERTIES),
        b"".join(body),
        get(FOOTER),
    )


def check_in_steps(payload: bytes) -> Generator[int, None, Ends]:
    """Walk over what is long in a message, which takes long, before `split_sections` does not.

    Yields:
        About how many bytes a step has walked over.

    Returns:
        For `split_sections`.

    Raises:
        DecodeError: As `split_sections`.
    """
    ends = Ends()
    bodies: list[tuple[int, int]] = []
    offset = count = walked = 0
    while offset < len(payload) and count <= MAX_SECTIONS:
        begin = offset
        code, start = _head_of_section(payload, offset)
        if code == DATA:
            offset = skip(payload, start)
        else:
            offset = yield from skip_in_steps(payload, start)
            walked += offset - start
            if offset - start > STEP_BYTES:
                ends[start] = offset
        if code in _BODY and start - begin == _DESCRIPTOR_SIZE:
            bodies.append((begin, offset))
        count += 1
        walked += _SECTION_COST
        if walked > STEP_BYTES:
            yield STEP_BYTES
            walked = 0
    begin, end = bodies[0] if len(bodies) == 1 else (0, 0)
    if _COPIED_AT_ONCE < end - begin < len(payload):
        ends.body = yield from _copied(payload, begin, end)
    return ends


def _copied(payload: bytes, begin: int, end: int) -> Generator[int, None, bytes]:
    copy, view = BytesIO(), memoryview(payload)
    for start in range(begin, end, _COPIED_AT_ONCE):
        copy.write(view[start : min(start + _COPIED_AT_ONCE, end)])
        yield _COPY_COST
    return copy.getvalue()  # which copies nothing


def data_sections(payload: bytes, at_most: int | None = None) -> list[bytes]:
    """The contents of each data section: in a batch, the messages. The envelope says nothing.

    Args:
        payload: A whole message.
        at_most: After so many and one more, nobody looks on.

    Raises:
        DecodeError: The payload is malformed, or its body is not made of data sections.
    """
    contents = []
    offset, size = 0, len(payload)
    while offset < size:
        code, start, end = _next_section(payload, offset)
        if code == DATA:
            contents.append(_content_of_data(payload, start, end))
            if at_most is not None and len(contents) > at_most:
                break
        elif code in _BODY:
            raise DecodeError(_NO_BATCH)
        offset = end
    return contents


def data_sections_in_steps(payload: bytes, at_most: int) -> Generator[int, None, list[bytes]]:
    """As `data_sections`, of what may have very many sections, or long ones.

    Yields:
        About how many bytes a step has walked over.
    """
    contents: list[bytes] = []
    offset = walked = 0
    while offset < len(payload) and len(contents) <= at_most:
        code, start = _head_of_section(payload, offset)
        if code == DATA:
            offset = skip(payload, start)
            contents.append(_content_of_data(payload, start, offset))
        elif code in _BODY:
            raise DecodeError(_NO_BATCH)
        else:
            offset = yield from skip_in_steps(payload, start)
            walked += offset - start
        walked += _SECTION_COST
        if walked > STEP_BYTES:
            yield STEP_BYTES
            walked = 0
    return contents


def _content_of_data(payload: bytes, start: int, end: int) -> bytes:
    return payload[start + (2 if payload[start] == 0xA0 else 5) : end]


def structure_bytes(payload: bytes) -> int:
    """How much of a message has to be walked through to check it: all but the contents of data.

    It costs next to nothing for an honest message; of more sections than one has, all counts.
    Nothing is checked here.
    """
    size = offset = count = 0
    try:
        while offset < len(payload):
            count += 1
            if count > _MOST_LOOKED_AT or payload[offset : offset + 2] != b"\x00\x53":
                return len(payload)
            start = offset + _DESCRIPTOR_SIZE
            end = said_end(payload, start)
            is_data = payload[offset + 2] == DATA
            size += _SECTION_COST if is_data else end - offset
            offset = end
    except (IndexError, struct.error):
        return len(payload)
    return size


def map_items(section: bytes) -> list[tuple[Any, bytes]]:
    """The entries of a map section, in order: each key, and the bytes of key and value together.

    Keys that Python takes for equal, such as symbol `a` and string `a`, stay apart here.

    Raises:
        DecodeError: The section is not a map, or it is malformed.
    """
    code, start, end = _next_section(section, 0)
    if _KINDS[code].format_codes is not _MAPS or end != len(section):
        raise DecodeError("this is not one section with a map")
    count, offset, _ = read_borders(section, start + 1, wide=section[start] == _MAP32)
    items = []
    for _ in range(count // 2):
        key, value_at = decode(section, offset)
        end = skip(section, value_at)
        items.append((key, section[offset:end]))
        offset = end
    return items


def build_map_section(code: int, items: bytes, count: int) -> bytes:
    """A map section from entries that are already encoded.

    Args:
        code: Which section, such as `MESSAGE_ANNOTATIONS`.
        items: Keys and values in turn, joined.
        count: The number of entries, each a key and a value.
    """
    return bytes((0x00, 0x53, code)) + frame_compound(0xC1, 0xD1, count * 2, items)


def encode_section(code: int, value: Any) -> bytes:
    """A section with one value, such as `AMQP_VALUE`."""
    return bytes((0x00, 0x53, code)) + encode(value)


def _next_section(payload: bytes, offset: int, ends: Ends = NOT_CHECKED) -> tuple[int, int, int]:
    """The section at `offset`: its code, where its value begins, and where it ends."""
    code, start = _head_of_section(payload, offset)
    if code in _COMPOSITES:
        return code, start, _said_end(payload, start)
    return code, start, ends.get(start) or skip(payload, start)


def _said_end(payload: bytes, start: int) -> int:
    try:
        end = said_end(payload, start)
    except (IndexError, struct.error):
        end = len(payload) + 1
    if end > len(payload):
        raise DecodeError("the message ends in the middle of a section")
    return end


def _head_of_section(payload: bytes, offset: int) -> tuple[int, int]:
    """The section at `offset`: its code, and where its value begins."""
    if payload[offset : offset + 2] == b"\x00\x53" and offset + _DESCRIPTOR_SIZE < len(payload):
        code, start = payload[offset + 2], offset + _DESCRIPTOR_SIZE
    else:
        code, start = _long_descriptor(payload, offset)
    kind = _KINDS.get(code)
    if kind is None:
        raise DecodeError(f"0x{code:02x} is not a section of a message")
    if kind.format_codes is not None and payload[start] not in kind.format_codes:
        raise DecodeError(f"section {kind.symbol} cannot have format 0x{payload[start]:02x}")
    return code, start


def _long_descriptor(payload: bytes, offset: int) -> tuple[int, int]:
    if payload[offset] != 0x00:
        raise DecodeError(f"a section cannot begin with 0x{payload[offset]:02x}")
    if not _DESCRIPTORS.issuperset(payload[offset + 1 : offset + 2]):
        raise DecodeError("the descriptor of a section is neither a ulong nor a symbol")
    descriptor, start = decode(payload, offset + 1)
    if start >= len(payload):
        raise DecodeError("the message ends behind a descriptor")
    if isinstance(descriptor, ULong):
        return int(descriptor), start
    if isinstance(descriptor, Symbol) and descriptor in _CODES_BY_SYMBOL:
        return _CODES_BY_SYMBOL[descriptor], start
    raise DecodeError(f"{descriptor!r} is not a section of a message")


def _section_bytes(payload: bytes, offset: int, code: int, start: int, end: int) -> bytes:
    if start - offset == _DESCRIPTOR_SIZE:
        return payload[offset:end]
    return bytes((0x00, 0x53, code)) + payload[start:end]
