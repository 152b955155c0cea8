"""Values to bytes, each in the shortest form of its type. Source: AMQP 1.0, 1.6."""

import struct
from collections.abc import Callable
from typing import Any
from uuid import UUID

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

Writer = Callable[[Any], bytes]

NULL = b"\x40"
_pack_uint = struct.Struct(">I").pack
_pack_code_and_uint = struct.Struct(">BI").pack
_pack_code_and_two_uints = struct.Struct(">BII").pack

_SMALL_UINTS = [b"\x43", *(bytes((0x52, number)) for number in range(1, 256))]
_SMALL_ULONGS = [b"\x44", *(bytes((0x53, number)) for number in range(1, 256))]
_BINARY8, _STRING8, _SYMBOL8 = (
    [bytes((code, size)) for size in range(256)] for code in (0xA0, 0xA1, 0xA3)
)
_pack_full_ulong = struct.Struct(">BQ").pack


def encode(value: Any) -> bytes:
    """Write one value as its own type; see `values` for which Python type is which.

    Raises:
        TypeError: AMQP has no type for the value.
        ValueError: The value is out of its type's range.
    """
    writer = _WRITERS.get(type(value))
    if writer is not None:
        try:
            return writer(value)
        except struct.error as error:
            raise ValueError(f"{value!r} is out of range for its AMQP type") from error
    for base in type(value).__mro__:
        if base in _WRITERS:
            return _WRITERS[base](value)
    raise TypeError(f"AMQP has no type for {value!r} of {type(value).__name__}")


def write_bool(value: bool) -> bytes:
    """A boolean, in one byte."""
    return b"\x41" if value else b"\x42"


def write_ubyte(value: int) -> bytes:
    """A ubyte."""
    return bytes((0x50, value))


def write_uint(value: int) -> bytes:
    """A uint, in one, two or five bytes."""
    if 0 <= value < 256:
        return _SMALL_UINTS[value]
    return _pack_code_and_uint(0x70, value)


def write_ulong(value: int) -> bytes:
    """A ulong, in one, two or nine bytes."""
    if 0 <= value < 256:
        return _SMALL_ULONGS[value]
    return _pack_full_ulong(0x80, value)


def _signed_writer(small_code: int, code: int, layout: str) -> Writer:
    pack_small = struct.Struct(">Bb").pack
    pack = struct.Struct(">B" + layout).pack
    return lambda value: (
        pack_small(small_code, value) if -128 <= value <= 127 else pack(code, value)
    )


def _fixed_writer(code: int, layout: str) -> Writer:
    pack = struct.Struct(">B" + layout).pack
    return lambda value: pack(code, value)


def _variable(short_forms: list[bytes], long_code: int, raw: bytes) -> bytes:
    size = len(raw)
    if size < 256:
        return short_forms[size] + raw
    return _pack_code_and_uint(long_code, size) + raw


def write_binary(value: bytes) -> bytes:
    """A binary."""
    return _variable(_BINARY8, 0xB0, value)


def write_string(value: str) -> bytes:
    """A string, in UTF-8."""
    return _variable(_STRING8, 0xB1, value.encode("utf-8"))


def write_symbol(value: str) -> bytes:
    """A symbol; any text in ASCII will do."""
    return _variable(_SYMBOL8, 0xB3, value.encode("ascii"))


def _write_uuid(value: UUID) -> bytes:
    return b"\x98" + value.bytes


def _decimal_writer(code: int, size: int) -> Writer:
    def write(value: bytes) -> bytes:
        if len(value) != size:
            raise ValueError(f"a decimal of {size} bytes cannot hold {len(value)}")
        return bytes((code,)) + value

    return write


def _write_char(value: str) -> bytes:
    return _pack_code_and_uint(0x73, ord(value))


write_int: Writer = _signed_writer(0x54, 0x71, "i")
write_long: Writer = _signed_writer(0x55, 0x81, "q")
write_timestamp: Writer = _fixed_writer(0x83, "q")
write_ushort: Writer = _fixed_writer(0x60, "H")


def _write_plain_int(value: int) -> bytes:
    if -0x80000000 <= value <= 0x7FFFFFFF:
        return write_int(value)
    return write_long(value)


def frame_compound(short_code: int, long_code: int, count: int, items: bytes) -> bytes:
    """A list, map or array around elements that are already encoded."""
    return compound_head(short_code, long_code, count, len(items)) + items


def compound_head(short_code: int, long_code: int, count: int, size: int) -> bytes:
    """What stands before the elements of a list, map or array, which have so many bytes."""
    if size < 255 and count < 256:
        return bytes((short_code, size + 1, count))
    return _pack_code_and_two_uints(long_code, size + 4, count)


def binary_head(size: int) -> bytes:
    """What stands before the bytes of a binary that is long."""
    return _pack_code_and_uint(0xB0, size)


def write_list(value: list[Any]) -> bytes:
    """A list of anything."""
    if not value:
        return b"\x45"
    return frame_compound(0xC0, 0xD0, len(value), b"".join(map(encode, value)))


def write_map(value: dict[Any, Any]) -> bytes:
    """A map of anything to anything."""
    items = b"".join(encode(key) + encode(entry) for key, entry in value.items())
    return frame_compound(0xC1, 0xD1, len(value) * 2, items)


def _write_described(value: Described) -> bytes:
    return b"\x00" + encode(value.descriptor) + encode(value.value)


def write_array(value: Array) -> bytes:
    """An array. All elements share one format code, so each is written in its type's full form.

    Raises:
        TypeError: The elements are of more than one type.
    """
    if not value:
        return frame_compound(0xE0, 0xF0, 0, bytes((value.element_code,)))
    if isinstance(value[0], Described):
        return _write_described_array(value)
    return frame_compound(0xE0, 0xF0, len(value), _elements(value))


def _write_described_array(value: Array) -> bytes:
    descriptor = value[0].descriptor
    if any(item.descriptor != descriptor for item in value):
        raise TypeError("the elements of an array must all have the same descriptor")
    elements = _elements([item.value for item in value])
    return frame_compound(0xE0, 0xF0, len(value), b"\x00" + encode(descriptor) + elements)


def _elements(items: list[Any]) -> bytes:
    """One format code, then the elements without theirs."""
    kind = _element_kind(items)
    code, write = _ELEMENT_WRITERS[kind]
    return bytes((code,)) + b"".join(map(write, items))


def _element_kind(items: list[Any]) -> type:
    kinds = {type(item) for item in items}
    if len(kinds) != 1:
        raise TypeError("the elements of an array must all be of one type")
    kind = kinds.pop()
    if kind is int:
        fits = all(-0x80000000 <= item <= 0x7FFFFFFF for item in items)
        kind = Int if fits else Long
    if kind not in _ELEMENT_WRITERS:
        raise TypeError(f"an array cannot hold values of {kind.__name__}")
    return kind


def _packer(layout: str) -> Writer:
    return struct.Struct(">" + layout).pack


def _sized(raw: bytes) -> bytes:
    return _pack_uint(len(raw)) + raw


def _compound_element(count: int, items: bytes) -> bytes:
    return _pack_uint(len(items) + 4) + _pack_uint(count) + items


def _list_element(value: list[Any]) -> bytes:
    return _compound_element(len(value), b"".join(map(encode, value)))


def _map_element(value: dict[Any, Any]) -> bytes:
    items = b"".join(encode(key) + encode(entry) for key, entry in value.items())
    return _compound_element(len(value) * 2, items)


def _array_element(value: Array) -> bytes:
    if not value:
        return _compound_element(0, bytes((value.element_code,)))
    return _compound_element(len(value), _elements(value))


_WRITERS: dict[type, Writer] = {
    type(None): lambda _value: NULL,
    bool: write_bool,
    int: _write_plain_int,
    UByte: write_ubyte,
    UShort: write_ushort,
    UInt: write_uint,
    ULong: write_ulong,
    Byte: _fixed_writer(0x51, "b"),
    Short: _fixed_writer(0x61, "h"),
    Int: write_int,
    Long: write_long,
    Float: _fixed_writer(0x72, "f"),
    float: _fixed_writer(0x82, "d"),
    Timestamp: write_timestamp,
    Char: _write_char,
    Decimal32: _decimal_writer(0x74, 4),
    Decimal64: _decimal_writer(0x84, 8),
    Decimal128: _decimal_writer(0x94, 16),
    UUID: _write_uuid,
    bytes: write_binary,
    bytearray: write_binary,
    memoryview: write_binary,
    str: write_string,
    Symbol: write_symbol,
    list: write_list,
    tuple: lambda value: write_list(list(value)),
    dict: write_map,
    Array: write_array,
    Described: _write_described,
}

# What an element looks like behind the array's own format code.
_ELEMENT_WRITERS: dict[type, tuple[int, Writer]] = {
    type(None): (0x40, lambda _value: b""),
    bool: (0x56, lambda value: b"\x01" if value else b"\x00"),
    UByte: (0x50, _packer("B")),
    UShort: (0x60, _packer("H")),
    UInt: (0x70, _packer("I")),
    ULong: (0x80, _packer("Q")),
    Byte: (0x51, _packer("b")),
    Short: (0x61, _packer("h")),
    Int: (0x71, _packer("i")),
    Long: (0x81, _packer("q")),
    Float: (0x72, _packer("f")),
    float: (0x82, _packer("d")),
    Timestamp: (0x83, _packer("q")),
    Char: (0x73, lambda value: _pack_uint(ord(value))),
    Decimal32: (0x74, bytes),
    Decimal64: (0x84, bytes),
    Decimal128: (0x94, bytes),
    UUID: (0x98, lambda value: value.bytes),
    bytes: (0xB0, _sized),
    str: (0xB1, lambda value: _sized(value.encode("utf-8"))),
    Symbol: (0xB3, lambda value: _sized(value.encode("ascii"))),
    list: (0xD0, _list_element),
    dict: (0xD1, _map_element),
    Array: (0xF0, _array_element),
}
