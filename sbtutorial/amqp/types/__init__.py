"""AMQP's type system in one place: values, and how they become bytes and come back.

Source: AMQP 1.0, part 1.
"""

from sbtutorial.amqp.types.decoding import decode
from sbtutorial.amqp.types.encoding import encode
from sbtutorial.amqp.types.serial import serial_add, serial_distance, serial_precedes
from sbtutorial.amqp.types.skipping import skip, skip_in_steps
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

__all__ = [
    "Array",
    "Byte",
    "Char",
    "Decimal32",
    "Decimal64",
    "Decimal128",
    "Described",
    "Float",
    "Int",
    "Long",
    "Short",
    "Symbol",
    "Timestamp",
    "UByte",
    "UInt",
    "ULong",
    "UShort",
    "decode",
    "encode",
    "serial_add",
    "serial_distance",
    "serial_precedes",
    "skip",
    "skip_in_steps",
]
