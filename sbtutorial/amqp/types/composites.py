"""Declare the fields of a composite once; get its class, its decoder, its encoder and its rules.

    @composite("detach", 0x16, written=3)
    class Detach(Composite):
        handle: UIntField                   # mandatory: no default, cannot be None
        closed: Boolean = False             # null or left out means the default
        error: ErrorField | None = None

What is declared is enforced when reading: a mandatory field that is missing, a field of another
type, and a field that the composite does not have are all decode errors that name the field.
Instances are mutable for speed's sake and by convention left alone once they are sent.
Source: AMQP 1.0, 1.4.
"""

import struct
import typing
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from operator import attrgetter
from typing import Annotated, Any, ClassVar, NamedTuple, Self, TypeVar, dataclass_transform

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.types.decoding import (
    DESCRIBED,
    MAX_DEPTH,
    NULL,
    check_depth,
    read_borders,
    read_value,
)
from sbtutorial.amqp.types.encoding import NULL as NULL_BYTES
from sbtutorial.amqp.types.encoding import Writer, frame_compound
from sbtutorial.amqp.types.encoding import encode as encode_value
from sbtutorial.amqp.types.fields import FieldType
from sbtutorial.amqp.types.values import Described, Symbol, ULong

_SMALL_ULONG, _ULONG = 0x53, 0x80
_LIST0, _LIST8, _LIST32 = 0x45, 0xC0, 0xD0


class Composite:
    """What every declared composite can do.

    Attributes:
        NAME: As in the specification.
        CODE: The number that is its descriptor.
        FIELD_NAMES: Its fields, in the order of the wire.
    """

    __slots__ = ()

    NAME: ClassVar[str]
    CODE: ClassVar[int]
    FIELD_NAMES: ClassVar[tuple[str, ...]]
    _read_fields: ClassVar[Callable[[bytes, int, int], tuple[Any, int]]]

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.FIELD_NAMES)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.FIELD_NAMES)
        return f"{type(self).__name__}({fields})"

    def encode(self) -> bytes:
        """The composite as bytes, with its descriptor in the short form `00 53 xx`."""
        raise NotImplementedError("each declared composite has its own")

    @classmethod
    def decode_section(cls, section: bytes) -> Self:
        """Read an encoded composite of exactly this class.

        Raises:
            DecodeError: It is another one, or it is malformed.
        """
        value, end = decode_composite(section, 0)
        if type(value) is not cls or end != len(section):
            raise DecodeError(f"this is not the encoding of one {cls.NAME}")
        return value


_C = TypeVar("_C", bound=Composite)

_BY_CODE: dict[int, type[Composite]] = {}
_BY_SYMBOL: dict[Symbol, type[Composite]] = {}
# Composites without fields, by what is written behind 0x00: the outcomes that are seen most.
_EMPTY: dict[bytes, Composite] = {}


class _Field(NamedTuple):
    name: str
    type: FieldType
    default: Any
    mandatory: bool


@dataclass_transform()
def composite(
    name: str, code: int, *, written: int = 0, filled: int | None = None
) -> Callable[[type[_C]], type[_C]]:
    """Make a class of annotated fields an AMQP composite.

    Args:
        name: As in the specification; `amqp:<name>:list` is the symbolic descriptor.
        code: The numeric descriptor.
        written: How many fields are written even when they are null. Some clients count on the
            presence of fields that may be left out.
        filled: How many of these are seldom null, where speed counts: the bytes of the others,
            while they are null, are kept ready.
    """

    def declare(bare: type[_C]) -> type[_C]:
        # Comparison and repr are inherited: making them anew for each class costs every start.
        cls = dataclass(slots=True, eq=False, repr=False, match_args=False)(bare)
        rows = [_row(field) for field in fields(typing.cast(Any, cls))]
        cls.NAME, cls.CODE = name, code
        cls.FIELD_NAMES = tuple(row.name for row in rows)
        cls._read_fields = staticmethod(_reader(cls, rows))
        cls.encode = _writer(code, rows, written, filled)  # type: ignore[assignment]
        _BY_CODE[code] = cls
        _BY_SYMBOL[Symbol(f"amqp:{name}:list")] = cls
        return cls

    return declare


def composite_field(*kinds: type[Composite]) -> FieldType:
    """A field that holds one of some composites, or a described value that nobody declared."""
    names = " or ".join(kind.NAME for kind in kinds)
    welcome = (*kinds, Described)

    def read(buffer: bytes, offset: int, depth: int) -> tuple[Any, int]:
        value, end = _EMPTY.get(buffer[offset : offset + 3]), offset + 3
        if value is None:
            value, end = _read_described(buffer, offset, depth)
        if not isinstance(value, welcome):
            raise DecodeError(f"{value.NAME} cannot stand where {names} is due")
        return value, end

    return FieldType(names, {DESCRIBED: read}, _write_composite)


def decode_composite(buffer: bytes, offset: int = 0) -> tuple[Any, int]:
    """Read one described value: its declared class, or `Described` when there is none.

    Returns:
        The value, and the offset behind it.

    Raises:
        DecodeError: It is malformed, or breaks the rules of its class.
    """
    try:
        if buffer[offset] != DESCRIBED:
            raise DecodeError("a composite must begin with its descriptor")
        cls = _BY_CODE.get(buffer[offset + 2]) if buffer[offset + 1] == _SMALL_ULONG else None
        if cls is not None:
            value, end = cls._read_fields(buffer, offset + 3, 0)
        else:
            value, end = _read_described(buffer, offset + 1, 0)
    except (IndexError, struct.error) as error:
        raise DecodeError("the bytes end in the middle of a composite") from error
    except (ValueError, OverflowError) as error:
        raise DecodeError(f"a field is malformed: {error}") from error
    if end > len(buffer):
        raise DecodeError("the bytes end in the middle of a composite")
    return value, end


def _read_described(buffer: bytes, offset: int, depth: int) -> tuple[Any, int]:
    """Hot: runs for each frame, and for each composite in its fields."""
    if buffer[offset] == _SMALL_ULONG:
        cls = _BY_CODE.get(buffer[offset + 1])
        if cls is not None:
            return cls._read_fields(buffer, offset + 2, depth)
    descriptor, offset = read_value(buffer, offset, depth + 1)
    cls = _class_of(descriptor)
    if cls is not None:
        return cls._read_fields(buffer, offset, depth)
    value, end = read_value(buffer, offset, depth + 1)
    return Described(descriptor, value), end


def _class_of(descriptor: object) -> type[Composite] | None:
    if isinstance(descriptor, ULong):
        return _BY_CODE.get(descriptor)
    if isinstance(descriptor, Symbol):
        return _BY_SYMBOL.get(descriptor)
    return None


def _write_composite(value: Any) -> bytes:
    if isinstance(value, Described):
        return encode_value(value)
    encoded: bytes = value.encode()
    return encoded


def _row(field: Any) -> _Field:
    """A field's rules, from its annotation: `T` is mandatory, `T | None` and `T = x` are not."""
    hint = field.type
    options = typing.get_args(hint) if typing.get_origin(hint) is not Annotated else (hint,)
    annotated = next(option for option in options if typing.get_origin(option) is Annotated)
    field_type = next(arg for arg in annotated.__metadata__ if isinstance(arg, FieldType))
    has_default = field.default is not MISSING
    mandatory = not has_default and type(None) not in options
    return _Field(field.name, field_type, field.default if has_default else None, mandatory)


def _reader(cls: type[_C], rows: list[_Field]) -> Callable[[bytes, int, int], tuple[_C, int]]:
    if not rows:
        return _empty_reader(cls)
    readers, most = [row.type.readers for row in rows], len(rows)
    defaults = [MISSING if row.mandatory else row.default for row in rows]
    mandatory = [position for position, row in enumerate(rows) if row.mandatory]

    def read(buffer: bytes, offset: int, depth: int) -> tuple[_C, int]:
        if depth >= MAX_DEPTH:
            check_depth(depth)
        count, offset, end = _list_borders(cls, buffer, offset, most)
        values = defaults.copy()
        position = 0
        depth += 1
        try:
            for position in range(count):
                code = buffer[offset]
                offset += 1
                if code != NULL:
                    values[position], offset = readers[position][code](buffer, offset, depth)
        except KeyError:
            raise _wrong_type(cls, rows[position], code) from None
        if offset != end:
            raise DecodeError(f"{cls.NAME} does not end where its fields do")
        for position in mandatory:
            if values[position] is MISSING:
                raise DecodeError(f"{cls.NAME}.{rows[position].name} is mandatory and missing")
        return cls(*values), end

    return read


def _empty_reader(cls: type[_C]) -> Callable[[bytes, int, int], tuple[_C, int]]:
    """A composite without fields is the same every time: one instance serves all."""
    instance = cls()
    _EMPTY[bytes((_SMALL_ULONG, cls.CODE, _LIST0))] = instance

    def read(buffer: bytes, offset: int, depth: int) -> tuple[_C, int]:
        _, _, end = _list_borders(cls, buffer, offset, 0)
        return instance, end

    return read


def _list_borders(
    cls: type[Composite], buffer: bytes, offset: int, most: int
) -> tuple[int, int, int]:
    """The number of fields, where they begin, and where the composite ends."""
    code = buffer[offset]
    if code == _LIST8:
        count, start, end = buffer[offset + 2], offset + 3, offset + 2 + buffer[offset + 1]
        if not start <= end <= len(buffer):
            raise DecodeError(f"{cls.NAME} is cut short")
    elif code == _LIST32:
        count, start, end = read_borders(buffer, offset + 1, wide=True)
    elif code == _LIST0:
        return 0, offset + 1, offset + 1
    else:
        raise DecodeError(f"{cls.NAME} must be a list, not 0x{code:02x}")
    if count > most:
        raise DecodeError(f"{cls.NAME} has {most} fields, not {count}")
    return count, start, end


def _wrong_type(cls: type[Composite], row: _Field, code: int) -> DecodeError:
    return DecodeError(f"{cls.NAME}.{row.name} must be {row.type.name}, not format 0x{code:02x}")


def _writer(
    code: int, rows: list[_Field], written: int, filled: int | None
) -> Callable[[Any], bytes]:
    descriptor = bytes((DESCRIBED, _SMALL_ULONG, code))
    if not rows:
        empty = descriptor + bytes((_LIST0,))
        return lambda _value: empty
    names = [row.name for row in rows]
    values_of = attrgetter(*names) if len(names) > 1 else lambda value: (getattr(value, names[0]),)
    writers = [row.type.write for row in rows]
    defaults = tuple(row.default for row in rows)
    least = max(written, *(at + 1 if row.mandatory else 0 for at, row in enumerate(rows)))
    filled = least if filled is None else filled
    unfilled_defaults = defaults[filled:]
    unfilled = _encoded(defaults[filled:least], writers[filled:])

    def write(value: Any) -> bytes:
        values, behind = values_of(value), b""
        if values[filled:] == unfilled_defaults:
            values, behind = values[:filled], unfilled
            count = least
        else:
            count = len(values)
            while count > least and values[count - 1] == defaults[count - 1]:
                count -= 1
            values = values[:count]
        if not count:
            return descriptor + b"\x45"
        items = b"".join(
            [
                NULL_BYTES if field is None else write_field(field)
                for field, write_field in zip(values, writers, strict=False)
            ]
        )
        return descriptor + frame_compound(_LIST8, _LIST32, count, items + behind)

    return write


def _encoded(values: tuple[Any, ...], writers: list[Writer]) -> bytes:
    return b"".join(
        NULL_BYTES if value is None else write(value)
        for value, write in zip(values, writers, strict=False)
    )
