"""Bytes to values: one row for each format code. Source: AMQP 1.0, 1.2 and 1.6.

A reader is called with the buffer, the offset just behind the format code, and how deep the value
is nested; it gives the value and the offset behind it. No count is believed before the bytes that
it promises are there.
"""

import struct
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.types.values import (
    Array,
    Byte,
    Char,
    Decimal32,
    Decimal64,
    Decimal128,
    Described,
    Float,
    Int,
    Long,
    Short,
    Symbol,
    Timestamp,
    UByte,
    UInt,
    ULong,
    UShort,
)

Reader = Callable[[bytes, int, int], tuple[Any, int]]

MAX_DEPTH = 64
# By the upper half of a format code: how many bytes are behind it, of those that have one width;
# and of variable widths, compounds and arrays, how their size is written.
WIDTHS = {0x4: 0, 0x5: 1, 0x6: 2, 0x7: 4, 0x8: 8, 0x9: 16}
_SIZE_IN_ONE_BYTE = frozenset({0xA, 0xC, 0xE})
_SIZE_IN_FOUR_BYTES = frozenset({0xB, 0xD, 0xF})
# Elements without any bytes of their own (null, true, list0) cost nothing to promise.
MAX_EMPTY_ELEMENTS = 32
# Keys whose hashes a peer can choose, so that each falls on the last: a map of thousands would
# take seconds.
MAX_FORGEABLE_KEYS = 64
_FORGEABLE = frozenset({UUID, Described})

_unpack_uint = struct.Struct(">I").unpack_from
_unpack_two_uints = struct.Struct(">II").unpack_from


def decode(buffer: bytes, offset: int = 0) -> tuple[Any, int]:
    """Read one value, of exactly the type it has on the wire.

    A described value without a class of its own comes as `Described`. Two keys of a map that
    Python takes for equal, such as uint 1 and int 1, cannot both be kept in a `dict`: they are an
    error, like the true duplicates that AMQP forbids, rather than a silent loss.

    Returns:
        The value, and the offset behind it.

    Raises:
        DecodeError: The bytes are cut short, nested too deeply, or not AMQP.
    """
    try:
        value, end = read_value(buffer, offset, 0)
    except (IndexError, struct.error) as error:
        raise _cut_short() from error
    except (ValueError, OverflowError) as error:
        raise DecodeError(f"a value is malformed: {error}") from error
    if end > len(buffer):
        raise _cut_short()
    return value, end


def read_value(buffer: bytes, offset: int, depth: int) -> tuple[Any, int]:
    """Read one value as `decode` does, for readers: whatever is wrong may raise as it likes."""
    reader = READERS.get(buffer[offset])
    if reader is None:
        raise DecodeError(f"0x{buffer[offset]:02x} is not a format code of AMQP")
    return reader(buffer, offset + 1, depth)


def constant_reader(value: Any) -> Reader:
    """A reader of a format code that says it all by itself."""
    return lambda _buffer, offset, _depth: (value, offset)


def fixed_reader(layout: str, build: Callable[[Any], Any] | None = None) -> Reader:
    """A reader of a fixed number of bytes, by their `struct` layout."""
    fixed = struct.Struct(">" + layout)
    unpack, size = fixed.unpack_from, fixed.size
    if build is None:
        return lambda buffer, offset, _depth: (unpack(buffer, offset)[0], offset + size)
    return lambda buffer, offset, _depth: (build(unpack(buffer, offset)[0]), offset + size)


def short_reader(build: Callable[[bytes], Any]) -> Reader:
    """A reader of up to 255 bytes, their number first."""

    def read(buffer: bytes, offset: int, _depth: int) -> tuple[Any, int]:
        start = offset + 1
        end = start + buffer[offset]
        if end > len(buffer):
            raise _cut_short()
        return build(buffer[start:end]), end

    return read


def long_reader(build: Callable[[bytes], Any]) -> Reader:
    """A reader of up to 4 GB, their number first."""

    def read(buffer: bytes, offset: int, _depth: int) -> tuple[Any, int]:
        start = offset + 4
        end = start + _unpack_uint(buffer, offset)[0]
        if end > len(buffer):
            raise _cut_short()
        return build(buffer[start:end]), end

    return read


def read_borders(buffer: bytes, offset: int, *, wide: bool) -> tuple[int, int, int]:
    """The size and count that open a list, map or array, checked against the bytes at hand.

    Returns:
        The number of elements, where they begin, and where the whole ends.
    """
    if wide:
        size, count = _unpack_two_uints(buffer, offset)
        start, end = offset + 8, offset + 4 + size
    else:
        size, count = buffer[offset], buffer[offset + 1]
        start, end = offset + 2, offset + 1 + size
    if end > len(buffer) or end < start:
        raise DecodeError("a list, map or array is cut short")
    return count, start, end


def said_end(buffer: bytes, offset: int) -> int:
    """Where a value ends, as its first bytes say; of one that is described they say nothing.

    That one may go on to the end of the buffer.
    """
    kind = buffer[offset] >> 4
    if (width := WIDTHS.get(kind)) is not None:
        return offset + 1 + width
    if kind in _SIZE_IN_ONE_BYTE:
        return offset + 2 + buffer[offset + 1]
    if kind in _SIZE_IN_FOUR_BYTES:
        return offset + 5 + int(_unpack_uint(buffer, offset + 1)[0])
    return len(buffer)


def _cut_short() -> DecodeError:
    return DecodeError("the bytes end in the middle of a value")


def check_depth(depth: int) -> None:
    """Refuse what is nested deeper than any honest message is."""
    if depth >= MAX_DEPTH:
        raise DecodeError(f"values are nested more than {MAX_DEPTH} deep")


def _read_items(
    buffer: bytes, offset: int, depth: int, borders: tuple[int, int, int]
) -> tuple[list[Any], int]:
    count, offset, end = borders
    check_depth(depth)
    if count > end - offset:
        raise DecodeError(f"{count} elements cannot stand in {end - offset} bytes")
    items = []
    for _ in range(count):
        value, offset = read_value(buffer, offset, depth + 1)
        items.append(value)
    if offset != end:
        raise DecodeError("a list or map does not end where its elements do")
    return items, end


def _list_reader(*, wide: bool) -> Reader:
    return lambda buffer, offset, depth: _read_items(
        buffer, offset, depth, read_borders(buffer, offset, wide=wide)
    )


def _map_reader(*, wide: bool) -> Reader:
    def read(buffer: bytes, offset: int, depth: int) -> tuple[dict[Any, Any], int]:
        items, end = _read_items(buffer, offset, depth, read_borders(buffer, offset, wide=wide))
        return _pair(items), end

    return read


def _pair(items: list[Any]) -> dict[Any, Any]:
    if len(items) % 2:
        raise DecodeError("a map has a key without a value")
    if len(items) > 2 * MAX_FORGEABLE_KEYS:
        _check_keys(items[::2])
    try:
        pairs = dict(zip(items[::2], items[1::2], strict=True))
    except TypeError as error:
        raise DecodeError("a map has a key that is itself a list, map or array") from error
    if len(pairs) * 2 != len(items):
        raise DecodeError("a map has the same key twice")
    return pairs


def _check_keys(keys: list[Any]) -> None:
    """Refuse keys with which a `dict` can be made slow: it takes a UUID's number for its hash."""
    if sum(type(key) in _FORGEABLE for key in keys) > MAX_FORGEABLE_KEYS:
        raise DecodeError(f"a map has more than {MAX_FORGEABLE_KEYS} keys that are UUIDs")


def _array_reader(*, wide: bool) -> Reader:
    def read(buffer: bytes, offset: int, depth: int) -> tuple[Array, int]:
        count, offset, end = read_borders(buffer, offset, wide=wide)
        check_depth(depth)
        code = buffer[offset]
        if code == DESCRIBED:
            return _read_described_array(buffer, offset + 1, depth, count, end)
        items = _read_elements(buffer, offset, depth, count, end)
        return Array(items, code), end

    return read


def _read_described_array(
    buffer: bytes, offset: int, depth: int, count: int, end: int
) -> tuple[Array, int]:
    descriptor, offset = read_value(buffer, offset, depth + 1)
    items = _read_elements(buffer, offset, depth, count, end)
    return Array([Described(descriptor, item) for item in items]), end


def _read_elements(buffer: bytes, offset: int, depth: int, count: int, end: int) -> list[Any]:
    """The elements of an array, behind the one format code that they share."""
    reader = READERS.get(buffer[offset])
    if reader is None or buffer[offset] == DESCRIBED:
        raise DecodeError(f"0x{buffer[offset]:02x} is not a format code for array elements")
    offset += 1
    if count > max(end - offset, MAX_EMPTY_ELEMENTS):
        raise DecodeError(f"{count} elements cannot stand in {end - offset} bytes")
    items = []
    for _ in range(count):
        value, offset = reader(buffer, offset, depth + 1)
        items.append(value)
    if offset != end:
        raise DecodeError("an array does not end where its elements do")
    return items


def _read_described(buffer: bytes, offset: int, depth: int) -> tuple[Described, int]:
    check_depth(depth)
    descriptor, offset = read_value(buffer, offset, depth + 1)
    value, end = read_value(buffer, offset, depth + 1)
    return Described(descriptor, value), end


def _bytes_to_bool(value: int) -> bool:
    if value > 1:
        raise DecodeError(f"0x{value:02x} is neither true nor false")
    return bool(value)


def to_text(raw: bytes) -> str:
    """A string's bytes as text."""
    return raw.decode("utf-8")


def to_symbol(raw: bytes) -> Symbol:
    """A symbol's bytes as a symbol."""
    return Symbol(raw.decode("ascii"))


def _to_char(code_point: int) -> Char:
    char = Char(chr(code_point))
    char.encode("utf-8")  # the halves of a surrogate pair are no characters
    return char


def _to_uuid(raw: bytes) -> UUID:
    return UUID(bytes=raw)


DESCRIBED = 0x00
NULL = 0x40

READERS: dict[int, Reader] = {
    DESCRIBED: _read_described,
    NULL: constant_reader(None),
    0x41: constant_reader(True),
    0x42: constant_reader(False),
    0x43: constant_reader(UInt(0)),
    0x44: constant_reader(ULong(0)),
    0x45: lambda _buffer, offset, _depth: ([], offset),
    0x50: fixed_reader("B", UByte),
    0x51: fixed_reader("b", Byte),
    0x52: fixed_reader("B", UInt),
    0x53: fixed_reader("B", ULong),
    0x54: fixed_reader("b", Int),
    0x55: fixed_reader("b", Long),
    0x56: fixed_reader("B", _bytes_to_bool),
    0x60: fixed_reader("H", UShort),
    0x61: fixed_reader("h", Short),
    0x70: fixed_reader("I", UInt),
    0x71: fixed_reader("i", Int),
    0x72: fixed_reader("f", Float),
    0x73: fixed_reader("I", _to_char),
    0x74: fixed_reader("4s", Decimal32),
    0x80: fixed_reader("Q", ULong),
    0x81: fixed_reader("q", Long),
    0x82: fixed_reader("d"),
    0x83: fixed_reader("q", Timestamp),
    0x84: fixed_reader("8s", Decimal64),
    0x94: fixed_reader("16s", Decimal128),
    0x98: fixed_reader("16s", _to_uuid),
    0xA0: short_reader(bytes),
    0xA1: short_reader(to_text),
    0xA3: short_reader(to_symbol),
    0xB0: long_reader(bytes),
    0xB1: long_reader(to_text),
    0xB3: long_reader(to_symbol),
    0xC0: _list_reader(wide=False),
    0xC1: _map_reader(wide=False),
    0xD0: _list_reader(wide=True),
    0xD1: _map_reader(wide=True),
    0xE0: _array_reader(wide=False),
    0xF0: _array_reader(wide=True),
}
