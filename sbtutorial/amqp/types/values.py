"""A Python class for each AMQP type that Python's own classes cannot tell apart.

`None`, `bool`, `float` (double), `bytes` (binary), `str` (string), `uuid.UUID`, `list` and `dict`
stand for the AMQP type of that name. A plain `int` is written as int when it fits 32 bits, and as
long beyond. Source: AMQP 1.0, 1.6.
"""

from collections.abc import Iterable
from typing import Any


class UByte(int):
    """ubyte: 8 bits, unsigned."""

    __slots__ = ()


class UShort(int):
    """ushort: 16 bits, unsigned."""

    __slots__ = ()


class UInt(int):
    """uint: 32 bits, unsigned."""

    __slots__ = ()


class ULong(int):
    """ulong: 64 bits, unsigned."""

    __slots__ = ()


class Byte(int):
    """byte: 8 bits, signed."""

    __slots__ = ()


class Short(int):
    """short: 16 bits, signed."""

    __slots__ = ()


class Int(int):
    """int: 32 bits, signed."""

    __slots__ = ()


class Long(int):
    """long: 64 bits, signed."""

    __slots__ = ()


class Timestamp(int):
    """timestamp: milliseconds since the Unix epoch, UTC; 64 bits, signed."""

    __slots__ = ()


class Float(float):
    """float: IEEE 754, 32 bits. A plain `float` is a double."""

    __slots__ = ()


class Symbol(str):
    """symbol: a name from some protocol's vocabulary, in ASCII."""

    __slots__ = ()


class Char(str):
    """char: one Unicode character."""

    __slots__ = ()


class Decimal32(bytes):
    """decimal32: its four bytes, as received."""

    __slots__ = ()


class Decimal64(bytes):
    """decimal64: its eight bytes, as received."""

    __slots__ = ()


class Decimal128(bytes):
    """decimal128: its sixteen bytes, as received."""

    __slots__ = ()


class Array(list[Any]):
    """array: values of one type. Arrays compare as the lists they are.

    Attributes:
        element_code: The format code that the elements came with. It decides only how an empty
            array is written; otherwise the elements' own type does.
    """

    __slots__ = ("element_code",)

    def __init__(self, items: Iterable[Any] = (), element_code: int = 0x40) -> None:
        super().__init__(items)
        self.element_code = element_code


class Described:
    """A value with a descriptor that this side has no class for, such as a source's filter."""

    __slots__ = ("descriptor", "value")

    def __init__(self, descriptor: Any, value: Any) -> None:
        self.descriptor = descriptor
        self.value = value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Described):
            return NotImplemented
        return bool(self.descriptor == other.descriptor and self.value == other.value)

    def __hash__(self) -> int:
        return hash((self.descriptor, self.value))

    def __repr__(self) -> str:
        return f"Described({self.descriptor!r}, {self.value!r})"
