"""What a message on the wire may hold, beyond being AMQP: checked when it comes in.

A message that passes here can be delivered, copied, changed by rules and settlements, forwarded,
dead-lettered and shown. Each refusal names what is wrong; nothing of the message is kept.

    application properties    names are texts, each once; values are simple: numbers, booleans,
                              texts, times, UUIDs, bytes, null, and .NET's three described types
    annotations, footer       keys are symbols (texts are taken for them) or AMQP's reserved ulongs
    the sender's two          `x-opt-scheduled-enqueue-time` is a timestamp of our calendar,
                              `x-opt-partition-key` a text
    time to live              no time at all at the least; beyond the calendar it is for ever

Of the body only the structure counts, and that its texts are texts: `amqp.sections` sees to it.
Source: AMQP 1.0, 3.2; Azure Service Bus, "Messages, payloads, and serialization", "Quotas"; "AMQP
1.0 in .NET", described types.
"""

import struct
from typing import NoReturn

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.messaging import Header, Properties, map_items
from sbtutorial.amqp.types import Described, Symbol, ULong, decode, skip
from sbtutorial.amqp.types.decoding import WIDTHS
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import LONGEST_LIFE, MAX_HEADER_BYTES, MAX_PROPERTY_BYTES
from sbtutorial.gateway.wire.values import DATETIME_OFFSET, LAST_INSTANT_MS, TIMESPAN, URI

SCHEDULED = "x-opt-scheduled-enqueue-time"
PARTITION_KEY = "x-opt-partition-key"
MAX_TIME_TO_LIVE_SECONDS = LONGEST_LIFE.total_seconds()

_SHOWN_CHARS = 40
_MAP8 = 0xC1
_DESCRIBED = 0x00
_TEXT8, _TEXT32, _SYMBOL8, _SYMBOL32 = 0xA1, 0xB1, 0xA3, 0xB3
_SHORT_TEXTS = frozenset({_TEXT8, _SYMBOL8})
_LONG_TEXTS = frozenset({_TEXT32, _SYMBOL32})
_EMPTY_LIST = 0x45
# How many bytes a simple value has behind its format code; those with a length of their own apart.
_FIXED = {code: WIDTHS[code >> 4] for code in range(0x40, 0xA0) if code != _EMPTY_LIST}
_SHORT = frozenset({0xA0, *_SHORT_TEXTS})
_LONG = frozenset({0xB0, *_LONG_TEXTS})
_FIRST_COMPOUND = 0xC0
_ANNOTATION_KEYS = frozenset({Symbol, str, ULong})
_DOT_NETS = (TIMESPAN, URI, DATETIME_OFFSET)
_COMPOUNDS = (list, dict, Described)
_COMPOUND = {
    0x4: "a list",
    0xC: "a list or a map",
    0xD: "a list or a map",
    0xE: "an array",
    0xF: "an array",
}

_unpack_uint = struct.Struct(">I").unpack_from


def check_application_properties(section: bytes) -> None:
    """Refuse names that are no texts, that come twice, and values that are not simple.

    Args:
        section: Well-formed, as `split_sections` gives it.

    Raises:
        DecodeError: A name or a value is of a type that AMQP does not allow there.
        BrokerError: MESSAGE_SIZE_EXCEEDED: a property is longer than 32 KB.
    """
    offset, count = (6, section[5]) if section[3] == _MAP8 else (12, _unpack_uint(section, 8)[0])
    names = set()
    for _ in range(count >> 1):
        start = offset
        code = section[offset]
        if code in _SHORT_TEXTS:
            name_at, offset = offset + 2, offset + 2 + section[offset + 1]
        elif code in _LONG_TEXTS:
            name_at, offset = offset + 5, offset + 5 + _unpack_uint(section, offset + 1)[0]
        else:
            _refuse_name(section, offset)
        name = section[name_at:offset]
        names.add(name)
        code = section[offset]
        if (width := _FIXED.get(code)) is not None:
            offset += 1 + width
        elif code in _SHORT:
            offset += 2 + section[offset + 1]
        elif code in _LONG:
            offset += 5 + _unpack_uint(section, offset + 1)[0]
        else:
            offset = _end_of_described(section, offset, name)
        if offset - start > MAX_PROPERTY_BYTES:
            _refuse_length(name, offset - start)
    if len(names) * 2 != count:
        _refuse_twice(section)


def check_annotations(section: bytes) -> list[tuple[object, bytes]]:
    """The entries of an annotations map: each key, and the bytes of key and value together.

    Raises:
        DecodeError: A key is neither a symbol nor a text nor a ulong, or comes twice; or a value
            holds a map that nobody can read, since two of its keys are alike.
    """
    items = map_items(section)
    for key, raw in items:
        if type(key) not in _ANNOTATION_KEYS:
            raise DecodeError(
                f"an annotation has the key {_shown(key)}; keys are symbols, such as 'x-opt-note'"
            )
        value_at = skip(raw, 0)
        if raw[value_at] >= _FIRST_COMPOUND or raw[value_at] == _DESCRIBED:
            decode(raw, value_at)
    if len(items) > 1 and len({key for key, _ in items}) != len(items):
        raise DecodeError("an annotation is there twice")
    return items


def check_footer(section: bytes) -> None:
    """Refuse a footer as annotations are refused, and one that is longer than a header may be.

    Raises:
        DecodeError: As `check_annotations`.
        BrokerError: MESSAGE_SIZE_EXCEEDED.
    """
    if len(section) > MAX_HEADER_BYTES:
        raise BrokerError(
            ErrorCode.MESSAGE_SIZE_EXCEEDED,
            f"The footer of the message has {len(section)} bytes; {MAX_HEADER_BYTES} (64 KB) are "
            "allowed. Put long values into the body.",
        )
    check_annotations(section)


def scheduled_ms(value: object) -> int | None:
    """When the sender wants the message to be enqueued, in milliseconds; None for at once.

    Raises:
        BrokerError: ARGUMENT_ERROR: it is no instant; ARGUMENT_OUT_OF_RANGE: it lies beyond the
            year 9999, where no client can read it.
    """
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR,
            f"The annotation '{SCHEDULED}' is {_shown(value)}; it must be a timestamp.",
        )
    if value > LAST_INSTANT_MS:
        raise BrokerError(
            ErrorCode.ARGUMENT_OUT_OF_RANGE,
            f"The annotation '{SCHEDULED}' is {int(value)}, which lies beyond the year 9999. Give "
            "an earlier time.",
        )
    return value


def partition_key(value: object) -> str | None:
    """The sender's partition key.

    Raises:
        BrokerError: ARGUMENT_ERROR: it is no text.
    """
    if value is None or isinstance(value, str):
        return value
    raise BrokerError(
        ErrorCode.ARGUMENT_ERROR,
        f"The annotation '{PARTITION_KEY}' is {_shown(value)}; it must be a text.",
    )


def time_to_live(header: Header | None, properties: Properties) -> float | None:
    """Seconds to live, from no time at all up; None for ever.

    A life longer than header.ttl can say comes as a creation and an end. An end before the
    creation leaves no time at all; one beyond the calendar is none.
    """
    if header is not None and header.ttl is not None:
        return header.ttl / 1000
    created, ends = properties.creation_time, properties.absolute_expiry_time
    if created is None or ends is None or ends >= LAST_INSTANT_MS:
        return None
    seconds = (ends - created) / 1000
    return max(seconds, 0.0) if seconds < MAX_TIME_TO_LIVE_SECONDS else None


def _end_of_described(section: bytes, offset: int, name: bytes) -> int:
    """.NET has three types that AMQP has not: a duration, an address, and a time with its zone."""
    code = section[offset]
    if code != _DESCRIBED:
        raise DecodeError(
            f"the application property '{_text(name)}' is {_COMPOUND.get(code >> 4, 'of a type')} "
            "that cannot be a property; values are texts, numbers, booleans, times, UUIDs or bytes"
        )
    end = skip(section, offset)
    described, _ = decode(section, offset)
    if described.descriptor not in _DOT_NETS or isinstance(described.value, _COMPOUNDS):
        raise DecodeError(
            f"the application property '{_text(name)}' has a described type that cannot be a "
            f"property's: {_shown(described)}"
        )
    return end


def _refuse_name(section: bytes, offset: int) -> NoReturn:
    try:
        shown = _shown(decode(section, offset)[0])
    except DecodeError:
        shown = f"of format 0x{section[offset]:02x}"
    raise DecodeError(f"the name of an application property is {shown}; it must be a text")


def _refuse_twice(section: bytes) -> NoReturn:
    seen: set[str] = set()
    for key, _ in map_items(section):
        if str(key) in seen:
            raise DecodeError(f"the application property '{key[:_SHOWN_CHARS]}' is there twice")
        seen.add(str(key))
    raise AssertionError("no name is there twice")


def _refuse_length(name: bytes, size: int) -> NoReturn:
    raise BrokerError(
        ErrorCode.MESSAGE_SIZE_EXCEEDED,
        f"The application property '{_text(name)}' has {size} bytes with its name; "
        f"{MAX_PROPERTY_BYTES} (32 KB) are allowed. Put long values into the body.",
    )


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")[:_SHOWN_CHARS]


def _shown(value: object) -> str:
    return repr(value)[:_SHOWN_CHARS]
