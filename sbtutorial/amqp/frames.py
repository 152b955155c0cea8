"""Framing: protocol headers and frames, where each begins and ends, whatever pieces they arrive in.

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
    """Cuts a byte stream into protocol headers and frames, whatever pieces it arrives in.

    Hot: `feed` and `next_frame` run for each frame that arrives. Time is linear in the bytes: a
    frame is cut out once, and pieces are joined once, when the frame that they belong to is whole.

    Attributes:
        max_frame_size: The largest frame that is taken, its header included.
    """

    def __init__(self, max_frame_size: int) -> None:
        self.max_frame_size = max_frame_size
        self._buffer = b""
        self._offset = 0
        # What has come in since, not joined to the buffer yet.
        self._pieces: list[bytes] = []
        self._pieces_size = 0

    def feed(self, data: bytes) -> None:
        """Take in the next piece."""
        if self._offset == len(self._buffer) and not self._pieces:  # as a rule: all has been read
            self._buffer, self._offset = data, 0
        elif data:
            self._pieces.append(data)
            self._pieces_size += len(data)

    def next_protocol_header(self) -> bytes | None:
        """The next eight bytes, once they are there."""
        start = self._offset
        if len(self._buffer) - start < PROTOCOL_HEADER_SIZE:
            if not self._join(PROTOCOL_HEADER_SIZE):
                return None
            start = 0
        self._offset = start + PROTOCOL_HEADER_SIZE
        return self._buffer[start : self._offset]

    def next_frame(self) -> Frame | None:
        """The next frame, once all of it is there.

        Raises:
            FramingError: Its size is not possible or not allowed. What follows cannot be read.
        """
        start = self._offset
        rest = len(self._buffer) - start
        if rest < FRAME_HEADER_SIZE:
            if rest + self._pieces_size < FRAME_HEADER_SIZE:  # as a rule: all has been read
                return None
            self._join(FRAME_HEADER_SIZE)
            start = 0
        size, doff, frame_type, channel = _unpack_header(self._buffer, start)
        if size > self.max_frame_size:
            raise FramingError(f"a frame of {size} bytes; at most {self.max_frame_size} are taken")
        body_offset = doff * 4
        if doff < _LEAST_DOFF or body_offset > size:
            raise FramingError(f"a frame of {size} bytes whose body begins at byte {body_offset}")
        end = start + size
        if len(self._buffer) < end:
            if not self._join(size):
                return None
            start, end = 0, size
        self._offset = end
        # Hot: a named tuple's own way to make one takes twice as long.
        fields = frame_type, channel, self._buffer[start + body_offset : end]
        return tuple.__new__(Frame, fields)

    def clear(self) -> None:
        """Drop all that is unread."""
        self._buffer, self._offset = b"", 0
        self._pieces.clear()
        self._pieces_size = 0

    def _join(self, size: int) -> bool:
        """Have `size` bytes in one buffer, from its beginning on, if that many have come."""
        rest = len(self._buffer) - self._offset
        if rest + self._pieces_size < size:
            return False
        if rest:
            self._pieces.insert(0, self._buffer[self._offset :])
        self._buffer, self._offset = b"".join(self._pieces), 0
        self._pieces.clear()
        self._pieces_size = 0
        return True
