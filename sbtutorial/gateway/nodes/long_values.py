"""Bodies with very many elements: read and written some elements a step, so that nobody waits long.

A request about thousands of messages is a map with a list or an array of thousands. What is read
here is what `decode` would read, and what is written is what `encode` would write.
"""

from collections.abc import Callable, Generator
from typing import Any

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.types import Array, decode, encode
from sbtutorial.amqp.types.decoding import WIDTHS, read_borders, said_end
from sbtutorial.amqp.types.encoding import binary_head, compound_head, frame_compound

# What is shorter is read, or has been written, in no time.
LONG_BYTES = 16 * 1024

# What may be read at once: no field of a request but its lists of things is as long.
LONGEST_BYTES = 128 * 1024
MOST_ELEMENTS = 100_000
_MOST_FIELDS = 1000

_AT_ONCE = 64
_LOOKED_INTO_AT_ONCE = 8 * 1024
_BYTES_A_UNIT = 256
_BYTES_AT_ONCE = 256 * 1024
_UNITS = 10
_ARRAY_ELEMENTS_A_STEP = 512

_LIST32, _MAP32, _ARRAY32 = 0xD0, 0xD1, 0xF0
_DESCRIBED = b"\x00"
_COMPOUNDS = (_LIST32, _MAP32)
# The upper halves of the format codes of binaries and texts.
_TAKEN_AS_THEY_ARE = (0xA, 0xB)


def read_in_steps(encoded: bytes, offset: int) -> Generator[int, float, Any]:
    """The value at an offset of bytes that are well-formed, as `skip` finds them.

    Yields:
        What a step has cost, in units of a turn.

    Raises:
        DecodeError: As `decode`; or there are too many fields, or one that is too long.
    """
    if encoded[offset] != _MAP32:
        return _decode(encoded, offset)[0]
    count, offset, _ = read_borders(encoded, offset + 1, wide=True)
    if count // 2 > _MOST_FIELDS:
        raise DecodeError(f"it has {count // 2} fields; no request has more than {_MOST_FIELDS}")
    found: dict[str, Any] = {}
    for _ in range(count // 2):
        key, offset = _decode(encoded, offset)
        if not isinstance(key, str):
            raise DecodeError("the names of its fields are texts")
        if key in found:
            raise DecodeError("a map has the same key twice")
        found[key], offset = yield from _value(encoded, offset)
        yield 1
    return found


def _value(encoded: bytes, offset: int) -> Generator[int, float, tuple[Any, int]]:
    code = encoded[offset]
    if code == _LIST32:
        return (yield from _list(encoded, offset + 1))
    if code == _ARRAY32 and (width := WIDTHS.get(encoded[offset + 9] >> 4)):
        return (yield from _array(encoded, offset + 1, width))
    return _decode(encoded, offset)


def _list(encoded: bytes, offset: int) -> Generator[int, float, tuple[list[Any], int]]:
    count, offset, end = _few_elements(encoded, offset)
    values: list[Any] = []
    begun = weight = 0
    while len(values) < count:
        weight += _weight(encoded, offset)
        value, offset = _decode(encoded, offset)
        values.append(value)
        if len(values) - begun == _AT_ONCE or weight > _LOOKED_INTO_AT_ONCE:
            yield _UNITS + weight // _BYTES_A_UNIT
            begun, weight = len(values), 0
    yield _UNITS
    return values, end


def _few_elements(encoded: bytes, offset: int) -> tuple[int, int, int]:
    """As `read_borders`.

    Raises:
        DecodeError: There are more elements than anybody would ask about at once.
    """
    count, offset, end = read_borders(encoded, offset, wide=True)
    if count > MOST_ELEMENTS:
        raise DecodeError(f"a list has {count} elements; a request may have {MOST_ELEMENTS} in one")
    return count, offset, end


def _decode(encoded: bytes, offset: int) -> tuple[Any, int]:
    """A value that is read at once, and where it ends.

    Raises:
        DecodeError: It is too long for that, or as `decode`.
    """
    weight = _weight(encoded, offset)
    if weight > LONGEST_BYTES:
        raise DecodeError(
            f"a field has {weight} bytes; {LONGEST_BYTES} are enough for what a request may say"
        )
    return decode(encoded, offset)


def _weight(encoded: bytes, offset: int) -> int:
    """How many bytes of a value are looked into; binaries and texts are taken as they are."""
    end = said_end(encoded, offset)
    size = end - offset
    if encoded[offset] >> 4 in _TAKEN_AS_THEY_ARE:
        return 0
    if size <= LONG_BYTES or encoded[offset] not in _COMPOUNDS:
        return size
    count, offset, _ = read_borders(encoded, offset + 1, wide=True)
    if count > LONG_BYTES:
        return size
    weight = count
    for _ in range(count):
        end = said_end(encoded, offset)
        if encoded[offset] >> 4 not in _TAKEN_AS_THEY_ARE:
            weight += end - offset
        offset = end
    return weight


def _array(encoded: bytes, offset: int, width: int) -> Generator[int, float, tuple[list[Any], int]]:
    """An array of elements of one width, as several shorter ones."""
    count, offset, end = _few_elements(encoded, offset)
    constructor, offset = encoded[offset : offset + 1], offset + 1
    values = Array([], constructor[0])
    while len(values) < count:
        some = min(_ARRAY_ELEMENTS_A_STEP, count - len(values))
        elements = encoded[offset : offset + some * width]
        values += decode(frame_compound(0xE0, _ARRAY32, some, constructor + elements))[0]
        offset += len(elements)
        yield _UNITS
    return values, end


def encode_in_steps(value: Any) -> Generator[int, float, list[bytes]]:
    """A value in bytes, in pieces: who joined very many of them would keep others waiting.

    Its lists are empty afterwards, for to be rid of very many things at once takes long, too.

    Yields:
        What a step has cost, in units of a turn.
    """
    if not isinstance(value, dict):
        return [encode(value)]
    items: list[bytes] = []
    for key, each in value.items():
        items.append(encode(key))
        write = _IN_STEPS.get(type(each))
        items += [encode(each)] if write is None else (yield from write(each))
    return _compound(0xC1, _MAP32, 2 * len(value), items)


def _compound(short_code: int, long_code: int, count: int, items: list[bytes]) -> list[bytes]:
    return [compound_head(short_code, long_code, count, sum(map(len, items))), *items]


def _list_in_bytes(values: list[Any]) -> Generator[int, float, list[bytes]]:
    if not values:
        return [encode(values)]
    pieces: list[bytes] = []
    items: list[bytes] = []
    size = count = 0
    in_all = len(values)
    values.reverse()
    while values:
        value = values.pop()
        if count == _AT_ONCE or size > _BYTES_AT_ONCE:
            yield _UNITS
            pieces.append(b"".join(items))
            items.clear()
            size = count = 0
        if type(value) is dict and any(map(_is_large, value.values())):
            pieces += (b"".join(items), *_with_large_values(value))
            items.clear()
            size += _BYTES_AT_ONCE
        else:
            items.append(encode(value))
            size += len(items[-1])
        count += 1
    return _compound(0xC0, _LIST32, in_all, [*pieces, b"".join(items)])


def _is_large(value: Any) -> bool:
    return type(value) is bytes and len(value) > _BYTES_AT_ONCE


def _with_large_values(value: dict[Any, Any]) -> list[bytes]:
    """A map such as that of one message, whose bytes are not copied."""
    items: list[bytes] = []
    for key, each in value.items():
        items.append(encode(key))
        items += (binary_head(len(each)), each) if _is_large(each) else (encode(each),)
    return _compound(0xC1, _MAP32, 2 * len(value), items)


def _array_in_bytes(values: Array) -> Generator[int, float, list[bytes]]:
    if len(values) <= _AT_ONCE:
        return [encode(values)]
    constructor, elements = b"", bytearray()
    for start in range(0, len(values), _ARRAY_ELEMENTS_A_STEP):
        if start:
            yield _UNITS
        some = encode(Array(values[start : start + _ARRAY_ELEMENTS_A_STEP]))
        first = _FIRST_ELEMENT[some[0]]
        before, constructor = constructor, some[first - 1 : first]
        # Numbers of which some are too large for the others' type, or what has a type of its own.
        if before not in (b"", constructor) or constructor == _DESCRIBED:
            return [encode(values)]
        elements += some[first:]
    return [frame_compound(0xE0, _ARRAY32, len(values), constructor + elements)]


# Where the first element stands in an array, behind the code that holds for all.
_FIRST_ELEMENT = {0xE0: 4, _ARRAY32: 10}

_IN_STEPS: dict[type, Callable[[Any], Generator[int, float, list[bytes]]]] = {
    list: _list_in_bytes,
    Array: _array_in_bytes,
}
