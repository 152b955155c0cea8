"""Frames, whatever the pieces they arrive in."""

from time import perf_counter

import pytest

from sbtutorial.amqp.errors import FramingError
from sbtutorial.amqp.frames import (
    HEARTBEAT,
    Frame,
    FrameReader,
    ProtocolId,
    frame_header,
    protocol_header,
)
from tests.wire import byte_by_byte, cut_at, whole

BODIES = [b"one", b"", b"x" * 500]
STREAM = b"".join(frame_header(len(body), 7) + body for body in BODIES)


def read(stream: bytes, cut: object = whole, limit: int = 1024) -> list[Frame]:
    reader, frames = FrameReader(limit), []
    for piece in cut(stream):  # type: ignore[operator]
        reader.feed(piece)
        while (frame := reader.next_frame()) is not None:
            frames.append(frame)
    return frames


@pytest.mark.parametrize("cut", [whole, byte_by_byte, *map(cut_at, range(len(STREAM)))])
def test_frames_come_whole_however_they_arrive(cut: object) -> None:
    assert read(STREAM, cut) == [Frame(0, 7, body) for body in BODIES]


def test_incomplete_frame_waits() -> None:
    reader = FrameReader(1024)
    reader.feed(STREAM[:10])
    assert reader.next_frame() is None
    assert reader.next_frame() is None
    reader.feed(STREAM[10:])
    assert reader.next_frame() == Frame(0, 7, b"one")


def test_heartbeat_is_a_frame_without_a_body() -> None:
    assert read(HEARTBEAT) == [Frame(0, 0, b"")]


def test_extended_header_is_stepped_over() -> None:
    assert read(bytes.fromhex("0000000e 03 00 0001 eeeeeeee 6162")) == [Frame(0, 1, b"ab")]


@pytest.mark.parametrize(
    "header",
    [
        "00000007 02 00 0000",
        "00000000 02 00 0000",
        "00000008 01 00 0000",
        "00000008 03 00 0000",
        "00000401 02 00 0000",
        "ffffffff 02 00 0000",
    ],
)
def test_impossible_frame_is_refused_before_its_body_has_come(header: str) -> None:
    with pytest.raises(FramingError):
        read(bytes.fromhex(header))


def test_protocol_header_is_read_across_pieces() -> None:
    reader = FrameReader(1024)
    header = protocol_header(ProtocolId.SASL)
    assert header == b"AMQP\x03\x01\x00\x00"
    reader.feed(header[:3])
    assert reader.next_protocol_header() is None
    reader.feed(header[3:] + HEARTBEAT)
    assert reader.next_protocol_header() == header
    assert reader.next_frame() == Frame(0, 0, b"")


def test_large_frame_in_tiny_pieces_costs_linear_time() -> None:
    def seconds(size: int) -> float:
        stream = frame_header(size) + bytes(size)
        started = perf_counter()
        read(stream, byte_by_byte, limit=1 << 30)
        return perf_counter() - started

    small = min(seconds(50_000) for _ in range(3))
    assert min(seconds(400_000) for _ in range(3)) < small * 8 * 4
