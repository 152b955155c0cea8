"""Protocol headers and frames: where each begins and ends, whatever pieces they arrive in.

Source: AMQP 1.0, 2.2 and 2.3.
"""

import struct
from enum import IntEnum
from typing import NamedTuple

from sbtutorial.amqp.errors import FramingError

AMQP_FRAME, SASL_FRAME = 0, 1
FRAME_HEADER_SIZE = 8
PROTOCOL_HEADER_SIZE = 8
# What every peer must be able to take before it has said what more it can (AMQP 1.0, 2.3).
MIN_MAX_FRAME_SIZE = 512
HEARTBEAT = b"\x00\x00\x00\x08\x02\x00\x00\x00"

_LEAST_DOFF = 2
_pack_header = struct.Struct(">IBBH").pack
_unpack_header = struct.Struct(">IBBH").unpack_from


class ProtocolId(IntEnum):
    """Which layer a protocol header opens."""

    AMQP = 0
    TLS = 2
    SASL = 3


class Frame(NamedTuple):
    """One frame; `body` is empty for a heartbeat."""

    type: int
    channel: int
    body: bytes


def protocol_header(protocol: ProtocolId) -> bytes:
    """The eight bytes that open a layer, version 1.0.0."""
    return b"AMQP" + bytes((protocol, 1, 0, 0))


SUPPORTED_HEADERS = {
    protocol_header(ProtocolId.AMQP): ProtocolId.AMQP,
    protocol_header(ProtocolId.SASL): ProtocolId.SASL,
}


def frame_header(body_size: int, channel: int = 0, frame_type: int = AMQP_FRAME) -> bytes:
    """The eight bytes in front of a frame's body."""
    return _pack_header(FRAME_HEADER_SIZE + body_size, _LEAST_DOFF, frame_type, channel)


class FrameReader:
    """Turns pieces of any size into whole headers and frames, in time linear in the bytes.

    Args:
        max_frame_size: The largest frame that is taken, its header included.
    """

    def __init__(self, max_frame_size: int) -> None:
        self._max_frame_size = max_frame_size
        self._buffer = b""
        self._offset = 0
        # Pieces wait here, unjoined, until the frame that they belong to is complete.
        self._pieces: list[bytes] = []
        self._missing = 0

    def feed(self, data: bytes) -> None:
        """Take in the next piece."""
        self._missing -= len(data)
        if self._missing > 0:
            self._pieces.append(data)
            return
        rest = self._buffer[self._offset :] if self._offset < len(self._buffer) else b""
        if rest or self._pieces:
            data = b"".join((rest, *self._pieces, data))
            self._pieces.clear()
        self._buffer, self._offset, self._missing = data, 0, 0

    def next_protocol_header(self) -> bytes | None:
        """The next eight bytes, once they are there."""
        if not self._has(PROTOCOL_HEADER_SIZE):
            return None
        start = self._offset
        self._offset = start + PROTOCOL_HEADER_SIZE
        return self._buffer[start : self._offset]

    def next_frame(self) -> Frame | None:
        """The next frame, once all of it is there.

        Raises:
            FramingError: Its size is not possible or not allowed. What follows cannot be read.
        """
        start = self._offset
        if len(self._buffer) - start < FRAME_HEADER_SIZE:
            self._has(FRAME_HEADER_SIZE)
            return None
        size, doff, frame_type, channel = _unpack_header(self._buffer, start)
        if size > self._max_frame_size:
            raise FramingError(f"a frame of {size} bytes; at most {self._max_frame_size} are taken")
        body_offset = doff * 4
        if doff < _LEAST_DOFF or body_offset > size:
            raise FramingError(f"a frame of {size} bytes whose body begins at byte {body_offset}")
        end = start + size
        if len(self._buffer) < end:
            self._has(size)
            return None
        self._offset = end
        return Frame(frame_type, channel, self._buffer[start + body_offset : end])

    def _has(self, size: int) -> bool:
        if self._missing <= 0:
            self._missing = size - (len(self._buffer) - self._offset)
        return self._missing <= 0
