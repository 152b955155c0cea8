"""The sections of a message in few bytes and little time, and back when somebody looks at them.

Before the sections stand a byte for the version of this layout, a checksum of all that follows,
what the header says, how many entries each map of annotations has, and the length of each section.
Version 1 had no checksum.
"""

import struct
import zlib
from collections.abc import Callable
from typing import Any

from sbtutorial.gateway.wire.message import Annotations, Content

_VERSION = 2
_PREFIX = struct.Struct(">BI")
_LAYOUT = struct.Struct(">HHH6I2I")
# No value, and no section.
_NO_VALUE = 0xFFFF
_NO_SECTION = 0xFFFFFFFF


def write_content(content: Content) -> bytes:
    """All of a message that its sender sent and the broker does not own."""
    delivery, message = content.delivery_annotations, content.message_annotations
    sections = (
        delivery.items,
        message.items,
        content.properties,
        content.application_properties,
        content.body,
        content.footer,
    )
    durable, acquirer, priority = content.durable, content.first_acquirer, content.priority
    head = _LAYOUT.pack(
        _NO_VALUE if durable is None else durable,
        _NO_VALUE if priority is None else priority,
        _NO_VALUE if acquirer is None else acquirer,
        *[_NO_SECTION if one is None else len(one) for one in sections],
        delivery.entry_count,
        message.entry_count,
    )
    data = b"".join((head, *[one for one in sections if one is not None]))
    return _PREFIX.pack(_VERSION, zlib.crc32(data)) + data


def read_content(data: bytes) -> Content:
    """What `write_content` was given."""
    content = Content.__new__(Content)
    _fill(content, data)
    return content


class KeptContent(Content):
    """A content that a store has; it is read when the first of its sections is looked at.

    Args:
        read: Gives the bytes of a number.
        number: Its own.
    """

    __slots__ = ("_number", "_read")

    def __init__(self, read: Callable[[int], bytes], number: int) -> None:
        self._read = read
        self._number = number

    def __getattr__(self, name: str) -> Any:
        """What is not there yet; from then on, all of it is."""
        if name not in Content.__slots__:
            raise AttributeError(name)
        _fill(self, self._read(self._number))
        return object.__getattribute__(self, name)


def _fill(content: Content, data: bytes) -> None:
    start = _start(data)
    durable, priority, acquirer, *rest = _LAYOUT.unpack_from(data, start)
    lengths, (delivery_count, message_count) = rest[:6], rest[6:]
    at, sections = start + _LAYOUT.size, list[bytes | None]()
    for length in lengths:
        if length == _NO_SECTION:
            sections.append(None)
        else:
            sections.append(data[at : at + length])
            at += length
    content.durable = None if durable == _NO_VALUE else bool(durable)
    content.priority = None if priority == _NO_VALUE else priority
    content.first_acquirer = None if acquirer == _NO_VALUE else bool(acquirer)
    delivery, message, *plain = sections
    content.delivery_annotations = Annotations(delivery or b"", delivery_count)
    content.message_annotations = Annotations(message or b"", message_count)
    properties, application_properties, body, footer = plain
    content.properties = properties
    content.application_properties = application_properties
    content.body = body or b""
    content.footer = footer


def _start(data: bytes) -> int:
    """Where what the checksum is of begins.

    Raises:
        ValueError: The layout is unknown, or a byte has changed.
    """
    version = data[0] if data else 0
    if version == 1:
        return 1
    if version != _VERSION or len(data) < _PREFIX.size:
        raise ValueError(f"a content of layout {version} cannot be read")
    _, checksum = _PREFIX.unpack_from(data)
    if zlib.crc32(memoryview(data)[_PREFIX.size :]) != checksum:
        raise ValueError("what a message holds is damaged: its checksum is of something else")
    return _PREFIX.size
