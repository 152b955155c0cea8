"""Flows, dispositions and transfers as clients write them, read without the general machinery.

Of all frames these come once for each message, and nearly all of a kind differ in a few numbers
only: what stands behind the numbers is one of few endings, which are known beforehand. Whatever
looks otherwise is read by `decode_composite`, which also says what is wrong with it.
"""

import struct
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from sbtutorial.amqp.messaging import Accepted, Released
from sbtutorial.amqp.performatives import Disposition, Flow, Transfer
from sbtutorial.amqp.types.composites import decode_composite

_UINT0, _SMALL_UINT, _UINT, _NULL, _BINARY8 = 0x43, 0x52, 0x70, 0x40, 0xA0
# Before the fields stand the descriptor and the list's code, its size and its count.
_SIZE_AT, _COUNT_AT, _FIELDS_AT = 4, 5, 6
_unpack_uint = struct.Struct(">I").unpack_from

_Read = tuple[Any, int]


class _OtherShape(Exception):
    """It is not written as clients do."""


def read_performative(body: bytes) -> _Read:
    """The performative of a frame, as `decode_composite` has it. Hot: runs for each frame.

    Returns:
        The performative, and the offset behind it.

    Raises:
        DecodeError: As `decode_composite`.
    """
    read = _QUICK.get(body[:_SIZE_AT])
    if read is not None:
        try:
            found = read(body)
        except (IndexError, struct.error, _OtherShape):  # it may be cut short
            found = None
        if found is not None:
            return found
    return decode_composite(body)


def _read_flow(body: bytes) -> _Read | None:
    count, size = body[_COUNT_AT], len(body)
    if body[_SIZE_AT] != size - _COUNT_AT or count < _NUMBERS_OF_FLOW:
        return None
    numbers, offset = _numbers(body, _FIELDS_AT, _NUMBERS_OF_FLOW)
    ending = _FLOW_ENDINGS.get(body[offset:])
    if ending is None or ending[0] != count or None in numbers[1:4]:
        return None
    return Flow(*numbers, *ending[1]), size


def _read_disposition(body: bytes) -> _Read | None:
    size = len(body)
    if body[_SIZE_AT] != size - _COUNT_AT:
        return None
    offset = _FIELDS_AT + 1 if body[_FIELDS_AT] != _BOOLEAN else _FIELDS_AT + 2
    role = _BOOLEANS.get(body[_FIELDS_AT:offset])
    (first, last), offset = _numbers(body, offset, 2)
    ending = _DISPOSITION_ENDINGS.get(body[offset:])
    if ending is None or ending[0] != body[_COUNT_AT] or role is None or first is None:
        return None
    return Disposition(role, first, last, *ending[1]), size


def _read_transfer(body: bytes) -> _Read | None:
    """Its payload stands behind it."""
    end = _COUNT_AT + body[_SIZE_AT]
    (handle, delivery_id), offset = _numbers(body, _FIELDS_AT, 2)
    if body[offset] != _BINARY8 or handle is None:
        return None
    start = offset + 2
    offset = start + body[offset + 1]
    tag = body[start:offset]
    (message_format,), offset = _numbers(body, offset, 1)
    ending = _TRANSFER_ENDINGS.get(body[offset:end]) if offset < end <= len(body) else None
    if ending is None or ending[0] != body[_COUNT_AT]:
        return None
    return Transfer(handle, delivery_id, tag, message_format, *ending[1]), end


def _numbers(body: bytes, offset: int, count: int) -> tuple[list[Any], int]:
    """So many fields, each an uint or null, and the offset behind them."""
    numbers: list[Any] = []
    for _ in range(count):
        code = body[offset]
        if code == _SMALL_UINT:
            numbers.append(body[offset + 1])
            offset += 2
        elif code == _UINT:
            numbers.append(_unpack_uint(body, offset + 1)[0])
            offset += 5
        elif code == _UINT0:
            numbers.append(0)
            offset += 1
        elif code == _NULL:
            numbers.append(None)
            offset += 1
        else:
            raise _OtherShape
    return numbers, offset


# -- The endings that are known: their bytes; how many fields there are with them, and which ------

_BOOLEAN = 0x56
_BOOLEANS = {b"\x41": True, b"\x42": False, b"\x56\x01": True, b"\x56\x00": False}
# A client writes booleans in one of two ways, and a default as such or as null.
_STYLES = ({True: b"\x41", False: b"\x42"}, {True: b"\x56\x01", False: b"\x56\x00"})
_Endings = dict[bytes, tuple[int, tuple[Any, ...]]]
_NUMBERS_OF_FLOW = 8


def _flow_endings() -> _Endings:
    """What follows `available`: drain, echo and no properties."""
    endings: _Endings = {}
    for style, drain, echo in product(_STYLES, (False, True), (False, True)):
        for drain_bytes in _forms(style, drain, default=False):
            endings[drain_bytes] = 9, (drain, False)
            for echo_bytes in _forms(style, echo, default=False):
                both = drain_bytes + echo_bytes
                endings[both] = 10, (drain, echo)
                endings[both + b"\x40"] = 11, (drain, echo)
    endings[b""] = 8, (False, False)
    return endings


def _disposition_endings() -> _Endings:
    """What follows `last`: settled, the outcome, and whether it is batchable."""
    endings: _Endings = {}
    for style, settled, kind in product(_STYLES, (False, True), (Accepted, Released)):
        outcome = decode_composite(kind().encode())[0]
        for settled_bytes in _forms(style, settled, default=False):
            both = settled_bytes + kind().encode()
            endings[both] = 5, (settled, outcome)
            for batchable in (False, True):
                for batchable_bytes in _forms(style, batchable, default=False):
                    endings[both + batchable_bytes] = 6, (settled, outcome, batchable)
    return endings


def _transfer_endings() -> _Endings:
    """What follows the format: settled, more, and fields that say nothing but `batchable`."""
    endings: _Endings = {}
    for style, settled, more in product(_STYLES, (False, True, None), (False, True)):
        for more_bytes in _forms(style, more, default=False):
            both = (b"\x40" if settled is None else style[settled]) + more_bytes
            endings[both] = 6, (settled, more)
            nothing = None, None, False, False
            for batchable, no in product((False, True), (b"\x40", style[False])):
                for batchable_bytes in _forms(style, batchable, default=False):
                    all_bytes = both + b"\x40\x40" + no + no + batchable_bytes
                    endings[all_bytes] = 11, (settled, more, *nothing, batchable)
    return endings


def _forms(style: dict[bool, bytes], value: bool, *, default: bool) -> Iterator[bytes]:
    """How a field may be written."""
    yield style[value]
    if value is default:
        yield b"\x40"


_FLOW_ENDINGS = _flow_endings()
_DISPOSITION_ENDINGS = _disposition_endings()
_TRANSFER_ENDINGS = _transfer_endings()
# By the descriptor, in its short form, and the code of a short list.
_QUICK: dict[bytes, Callable[[bytes], _Read | None]] = {
    bytes((0x00, 0x53, kind.CODE, 0xC0)): read
    for kind, read in (
        (Flow, _read_flow),
        (Disposition, _read_disposition),
        (Transfer, _read_transfer),
    )
}
