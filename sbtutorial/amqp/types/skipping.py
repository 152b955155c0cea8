"""Walking over a value without building it: how a message is checked and cut into sections.

What is long is walked over in steps, so that nobody else waits for it.

Source: AMQP 1.0, 1.2: the upper half of a format code says how far its value reaches.
"""

import struct
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable, Generator

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.types.decoding import (
    DESCRIBED,
    MAX_EMPTY_ELEMENTS,
    READERS,
    WIDTHS,
    check_depth,
    read_borders,
)

Skipper = Callable[[bytes, int, int], int]
# Yields about how many bytes a step has walked over; returns where the value ends.
Walk = Generator[int, None, int]

_unpack_uint = struct.Struct(">I").unpack_from


def skip(buffer: bytes, offset: int) -> int:
    """Find the end of the value at `offset`, in one pass and without keeping anything.

    Every format code, every size, every text and every boolean on the way is checked: what was
    skipped here can be decoded later, but for maps with keys that a `dict` cannot hold.

    Raises:
        DecodeError: The bytes are cut short, nested too deeply, or not AMQP.
    """
    try:
        return _within(buffer, _skip_value(buffer, offset, 0))
    except _MALFORMED as error:
        raise _told(error) from error


def skip_in_steps(buffer: bytes, offset: int) -> Walk:
    """As `skip`, of a value that may be long.

    Raises:
        DecodeError: As `skip`.
    """
    try:
        return _within(buffer, (yield from _walk_value(buffer, offset, 0)))
    except _MALFORMED as error:
        raise _told(error) from error


_MALFORMED = (IndexError, struct.error, UnicodeDecodeError)


def _told(error: Exception) -> DecodeError:
    if isinstance(error, UnicodeDecodeError):
        return DecodeError(f"a text is not UTF-8: {error}")
    return DecodeError("the bytes end in the middle of a value")


def _within(buffer: bytes, end: int) -> int:
    if end > len(buffer):
        raise DecodeError("the bytes end in the middle of a value")
    return end


def _skip_value(buffer: bytes, offset: int, depth: int) -> int:
    code = buffer[offset]
    if (width := _FIXED.get(code)) is not None:
        return offset + 1 + width
    skipper = _SKIPPERS.get(code)
    if skipper is None:
        raise _no_format_code(code)
    return skipper(buffer, offset + 1, depth)


def _no_format_code(code: int) -> DecodeError:
    return DecodeError(f"0x{code:02x} is not a format code of AMQP")


def _skip_short(buffer: bytes, offset: int, _depth: int) -> int:
    return offset + 1 + buffer[offset]


def _skip_long(buffer: bytes, offset: int, _depth: int) -> int:
    return offset + 4 + int(_unpack_uint(buffer, offset)[0])


def _skip_short_text(buffer: bytes, offset: int, _depth: int) -> int:
    end = offset + 1 + buffer[offset]
    raw = buffer[offset + 1 : end]
    if not raw.isascii():
        raw.decode("utf-8")
    return end


def _skip_long_text(buffer: bytes, offset: int, _depth: int) -> int:
    end = offset + 4 + int(_unpack_uint(buffer, offset)[0])
    raw = buffer[offset + 4 : end]
    if not raw.isascii():
        raw.decode("utf-8")
    return end


def _skip_short_symbol(buffer: bytes, offset: int, _depth: int) -> int:
    end = offset + 1 + buffer[offset]
    return _check_symbol(buffer[offset + 1 : end], end)


def _skip_long_symbol(buffer: bytes, offset: int, _depth: int) -> int:
    end = offset + 4 + int(_unpack_uint(buffer, offset)[0])
    return _check_symbol(buffer[offset + 4 : end], end)


def _check_symbol(raw: bytes, end: int) -> int:
    if not raw.isascii():
        raise DecodeError("a symbol is not ASCII")
    return end


def _skip_boolean(buffer: bytes, offset: int, _depth: int) -> int:
    if buffer[offset] > 1:
        raise DecodeError(f"0x{buffer[offset]:02x} is neither true nor false")
    return offset + 1


def _skip_char(buffer: bytes, offset: int, _depth: int) -> int:
    code_point = _unpack_uint(buffer, offset)[0]
    if code_point > sys.maxunicode or code_point in _SURROGATES:
        raise DecodeError(f"0x{code_point:x} is no Unicode character")
    return offset + 4


def _skip_described(buffer: bytes, offset: int, depth: int) -> int:
    check_depth(depth)
    return _skip_value(buffer, _skip_value(buffer, offset, depth + 1), depth + 1)


def _compound_skipper(*, wide: bool, is_map: bool = False) -> Skipper:
    def skip_items(buffer: bytes, offset: int, depth: int) -> int:
        count, offset, end = _open_items(buffer, offset, depth, wide=wide, is_map=is_map)
        # Written out, since a hostile message is one long list of next to nothing.
        widths, skippers = _FIXED.get, _SKIPPERS.get
        for _ in range(count):
            code = buffer[offset]
            if (width := widths(code)) is not None:
                offset += 1 + width
            elif skipper := skippers(code):
                offset = skipper(buffer, offset + 1, depth + 1)
            else:
                raise _no_format_code(code)
        return _close_items(offset, end)

    return skip_items


def _open_items(
    buffer: bytes, offset: int, depth: int, *, wide: bool, is_map: bool
) -> tuple[int, int, int]:
    """As `read_borders`, of a list or a map."""
    count, offset, end = read_borders(buffer, offset, wide=wide)
    check_depth(depth)
    if count > end - offset:
        raise DecodeError(f"{count} elements cannot stand in {end - offset} bytes")
    if is_map and count % 2:
        raise DecodeError("a map has a key without a value")
    return count, offset, end


def _close_items(offset: int, end: int) -> int:
    if offset != end:
        raise DecodeError("a list or map does not end where its elements do")
    return end


def _array_skipper(*, wide: bool) -> Skipper:
    def skip_array(buffer: bytes, offset: int, depth: int) -> int:
        count, offset, end = read_borders(buffer, offset, wide=wide)
        check_depth(depth)
        if buffer[offset] == DESCRIBED:
            offset = _skip_value(buffer, offset + 1, depth + 1)
        code, offset = _element_code(buffer, offset, count, end)
        if (width := _FIXED.get(code)) is not None:
            return _close_array(offset + count * width, end)
        skipper = _SKIPPERS[code]
        for _ in range(count):
            offset = skipper(buffer, offset, depth + 1)
        return _close_array(offset, end)

    return skip_array


def _element_code(buffer: bytes, offset: int, count: int, end: int) -> tuple[int, int]:
    """The format code that all elements of an array have, and where the first one begins."""
    code = buffer[offset]
    offset += 1
    if count > max(end - offset, MAX_EMPTY_ELEMENTS):
        raise DecodeError(f"{count} elements cannot stand in {end - offset} bytes")
    if code == DESCRIBED or not (code in _FIXED or code in _SKIPPERS):
        raise DecodeError(f"0x{code:02x} is not a format code for array elements")
    return code, offset


def _close_array(offset: int, end: int) -> int:
    if offset != end:
        raise DecodeError("an array does not end where its elements do")
    return end


# -- In steps: what is short is skipped, and what is long is gone into ---------------------------


def _walk_value(buffer: bytes, offset: int, depth: int) -> Walk:
    code = buffer[offset]
    if code == DESCRIBED:
        check_depth(depth)
        offset = yield from _walk_value(buffer, offset + 1, depth + 1)
        return (yield from _walk_value(buffer, offset, depth + 1))
    if code in _LONG_WALKS:
        return (yield from _walk_contents(code, buffer, offset + 1, depth))
    return _skip_value(buffer, offset, depth)


def _walk_contents(code: int, buffer: bytes, offset: int, depth: int) -> Walk:
    """What is behind a format code: alone, or that of an array's elements."""
    if code in _LONG_WALKS and _unpack_uint(buffer, offset)[0] > STEP_BYTES:
        return (yield from _LONG_WALKS[code](buffer, offset, depth))
    return _SKIPPERS[code](buffer, offset, depth)


def _items_walk(*, is_map: bool = False) -> Callable[[bytes, int, int], Walk]:
    def walk_items(buffer: bytes, offset: int, depth: int) -> Walk:
        count, offset, end = _open_items(buffer, offset, depth, wide=True, is_map=is_map)
        rest = offset + STEP_BYTES
        for _ in range(count):
            if buffer[offset] in _MAY_BE_LONG:
                offset = yield from _walk_value(buffer, offset, depth + 1)
            else:
                offset = _skip_value(buffer, offset, depth + 1)
            if offset > rest:
                yield STEP_BYTES
                rest = offset + STEP_BYTES
        return _close_items(offset, end)

    return walk_items


def _walk_array(buffer: bytes, offset: int, depth: int) -> Walk:
    count, offset, end = read_borders(buffer, offset, wide=True)
    check_depth(depth)
    if buffer[offset] == DESCRIBED:
        offset = yield from _walk_value(buffer, offset + 1, depth + 1)
    code, offset = _element_code(buffer, offset, count, end)
    if (width := _FIXED.get(code)) is not None:
        return _close_array(offset + count * width, end)
    rest = offset + STEP_BYTES
    for _ in range(count):
        offset = yield from _walk_contents(code, buffer, offset, depth + 1)
        if offset > rest:
            yield STEP_BYTES
            rest = offset + STEP_BYTES
    return _close_array(offset, end)


def _walk_text(buffer: bytes, offset: int, _depth: int) -> Walk:
    decode = getincrementaldecoder("utf-8")().decode
    end = offset + 4 + int(_unpack_uint(buffer, offset)[0])
    there = min(end, len(buffer))
    for start in range(offset + 4, there, _TEXT_BYTES):
        rest = start + _TEXT_BYTES
        decode(buffer[start : min(rest, there)], final=rest >= there)
        yield STEP_BYTES
    return end


# What a step walks over, and what is gone into when it is longer; of a text, which is quick, more.
STEP_BYTES = 8 * 1024
_TEXT_BYTES = 1024 * 1024
_LONG_WALKS: dict[int, Callable[[bytes, int, int], Walk]] = {
    0xD0: _items_walk(),
    0xD1: _items_walk(is_map=True),
    0xF0: _walk_array,
    0xB1: _walk_text,
}
_MAY_BE_LONG = frozenset({DESCRIBED, *_LONG_WALKS})


_SURROGATES = range(0xD800, 0xE000)
_BOOLEAN, _CHAR = 0x56, 0x73
_CHECKED = frozenset({_BOOLEAN, _CHAR})
_FIXED = {
    code: WIDTHS[code >> 4] for code in READERS if code >> 4 in WIDTHS and code not in _CHECKED
}

_SKIPPERS: dict[int, Skipper] = {
    DESCRIBED: _skip_described,
    0xA0: _skip_short,
    _BOOLEAN: _skip_boolean,
    _CHAR: _skip_char,
    0xA1: _skip_short_text,
    0xA3: _skip_short_symbol,
    0xB0: _skip_long,
    0xB1: _skip_long_text,
    0xB3: _skip_long_symbol,
    0xC0: _compound_skipper(wide=False),
    0xC1: _compound_skipper(wide=False, is_map=True),
    0xD0: _compound_skipper(wide=True),
    0xD1: _compound_skipper(wide=True, is_map=True),
    0xE0: _array_skipper(wide=False),
    0xF0: _array_skipper(wide=True),
}
