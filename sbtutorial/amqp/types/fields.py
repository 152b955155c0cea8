"""The types that fields of a composite can have: how each is read, and how it is written.

A field type reads exactly the format codes that its AMQP type allows, which is how a wrong type is
noticed, and gives plain Python values: a number in a typed field needs no class of its own.
Source: AMQP 1.0, 1.4 and 1.5.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.types import encoding
from sbtutorial.amqp.types.decoding import (
    READERS,
    Reader,
    constant_reader,
    fixed_reader,
    long_reader,
    short_reader,
    to_text,
)
from sbtutorial.amqp.types.encoding import Writer
from sbtutorial.amqp.types.values import Array, Symbol, ULong


@dataclass(frozen=True, slots=True, eq=False)
class FieldType:
    """One type of field.

    Attributes:
        name: As in the specification, for error messages.
        readers: A reader for each format code that is allowed. Null is everyone's and not here.
        write: From the value to its bytes; null is everyone's.
    """

    name: str
    readers: Mapping[int, Reader]
    write: Writer


def _only(*codes: int) -> dict[int, Reader]:
    return {code: READERS[code] for code in codes}


def _read_small(buffer: bytes, offset: int, _depth: int) -> tuple[int, int]:
    return buffer[offset], offset + 1


_ZERO = constant_reader(0)
_SYMBOLS = _only(0xA3, 0xB3)
_NUMBERS_BY_SIZE = {size: fixed_reader(size) for size in "HIQq"}

BOOLEAN = FieldType("boolean", _only(0x41, 0x42, 0x56), encoding.write_bool)
UBYTE = FieldType("ubyte", {0x50: _read_small}, encoding.write_ubyte)
USHORT = FieldType("ushort", {0x60: _NUMBERS_BY_SIZE["H"]}, encoding.write_ushort)
UINT = FieldType(
    "uint",
    {0x43: _ZERO, 0x52: _read_small, 0x70: _NUMBERS_BY_SIZE["I"]},
    encoding.write_uint,
)
ULONG = FieldType(
    "ulong",
    {0x44: _ZERO, 0x53: _read_small, 0x80: _NUMBERS_BY_SIZE["Q"]},
    encoding.write_ulong,
)
TIMESTAMP = FieldType("timestamp", {0x83: _NUMBERS_BY_SIZE["q"]}, encoding.write_timestamp)
BINARY = FieldType(
    "binary", {0xA0: short_reader(bytes), 0xB0: long_reader(bytes)}, encoding.write_binary
)
STRING = FieldType(
    "string", {0xA1: short_reader(to_text), 0xB1: long_reader(to_text)}, encoding.write_string
)
SYMBOL = FieldType("symbol", _SYMBOLS, encoding.write_symbol)
MAP = FieldType("map", _only(0xC1, 0xD1), encoding.write_map)
ANY = FieldType("any type", READERS, encoding.encode)


def _write_message_id(value: str | bytes | UUID | int) -> bytes:
    return encoding.encode(ULong(value) if type(value) is int else value)


MESSAGE_ID = FieldType(
    "message id (ulong, uuid, binary or string)",
    _only(0x44, 0x53, 0x80, 0x98, 0xA0, 0xB0, 0xA1, 0xB1),
    _write_message_id,
)


def _one_symbol(reader: Reader) -> Reader:
    def read(buffer: bytes, offset: int, depth: int) -> tuple[tuple[Symbol, ...], int]:
        symbol, end = reader(buffer, offset, depth)
        return (symbol,), end

    return read


def _symbol_array(reader: Reader) -> Reader:
    def read(buffer: bytes, offset: int, depth: int) -> tuple[tuple[Symbol, ...], int]:
        symbols, end = reader(buffer, offset, depth)
        if not all(type(symbol) is Symbol for symbol in symbols):
            raise DecodeError("an array of symbols holds something else")
        return tuple(symbols), end

    return read


def _write_symbols(value: tuple[str, ...]) -> bytes:
    """Always an array, also around one symbol; null for none."""
    return encoding.write_array(Array(map(Symbol, value))) if value else encoding.NULL


# "multiple": one symbol may stand alone, and null stands for none (AMQP 1.0, 1.4).
SYMBOLS = FieldType(
    "symbol, or array of symbols",
    {code: _one_symbol(reader) for code, reader in _SYMBOLS.items()}
    | {code: _symbol_array(READERS[code]) for code in (0xE0, 0xF0)},
    _write_symbols,
)

Boolean = Annotated[bool, BOOLEAN]
UByteField = Annotated[int, UBYTE]
UShortField = Annotated[int, USHORT]
UIntField = Annotated[int, UINT]
ULongField = Annotated[int, ULONG]
TimestampField = Annotated[int, TIMESTAMP]
Binary = Annotated[bytes, BINARY]
String = Annotated[str, STRING]
SymbolField = Annotated[str, SYMBOL]
Symbols = Annotated[tuple[str, ...], SYMBOLS]
Map = Annotated[dict[Any, Any], MAP]
MessageId = Annotated[str | bytes | UUID | int, MESSAGE_ID]
Anything = Annotated[Any, ANY]
