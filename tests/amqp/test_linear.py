"""Twice as much costs twice the work: counted in lines of Python that run, not in seconds."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from sbtutorial.amqp.connection import MAX_WAITING_EVENTS
from sbtutorial.amqp.frames import HEARTBEAT, FrameReader, frame_header
from sbtutorial.amqp.incoming_dispositions import UnknownDelivery
from sbtutorial.amqp.messaging import (
    APPLICATION_PROPERTIES,
    DATA,
    Accepted,
    data_sections,
    encode_section,
    map_items,
    split_sections,
)
from sbtutorial.amqp.performatives import Detach, Disposition, Flow, Transfer
from sbtutorial.amqp.types import Array, decode, encode, skip
from tests.amqp.test_limits import attach
from tests.wire import RawClient, frame

FEW, MANY = 200, 400


def work(do: Callable[[], object]) -> int:
    """How many lines of Python run."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        do()
    finally:
        sys.settrace(before)
    return count


def feeding(*pieces: bytes, credit: int = 10) -> Callable[[], object]:
    """A peer that sends these to a server with a link either way."""
    raw = RawClient()
    raw.attach_sender(0, credit=credit)
    raw.attach_receiver(1, credit=credit)

    def feed() -> None:
        for piece in pieces:
            raw.server.connection.receive_data(piece, now=0)
        raw.server.connection.events()
        raw.server.connection.data_to_send()

    return feed


def _one_delivery(count: int) -> Callable[[], object]:
    first = frame(Transfer(0, 0, b"t", more=True), b"x", channel=1)
    return feeding(first + frame(Transfer(0, more=True), b"x", channel=1) * count)


def _empty_frames(count: int) -> Callable[[], object]:
    return feeding(HEARTBEAT * count)


def _one_byte_at_a_time(count: int) -> Callable[[], object]:
    data = frame(Transfer(0, 0, b"t"), b"x" * count, channel=1)
    return feeding(*(data[at : at + 1] for at in range(len(data))))


def _deliveries(count: int) -> Callable[[], object]:
    return feeding(
        b"".join(frame(Transfer(0, n, b"t"), b"x", channel=1) for n in range(count)), credit=count
    )


def _thrown_away(count: int) -> Callable[[], object]:
    raw = RawClient()
    link = raw.attach_sender(0)
    link.max_message_size = 10
    data = frame(Transfer(0, 0, b"t", more=True), b"x" * 20, channel=1)
    data += frame(Transfer(0, more=True), b"x" * 20, channel=1) * count
    return lambda: raw.server.connection.receive_data(data, now=0)


def _flows(count: int) -> Callable[[], object]:
    return feeding(frame(Flow(0, 10, 0, 10, 1, 0, 5, echo=True), channel=1) * count)


def _attaches(count: int) -> Callable[[], object]:
    said = (frame(attach(n), channel=1) + frame(Detach(n), channel=1) for n in range(2, count))
    return feeding(b"".join(said))


def _unknown_deliveries(count: int) -> Callable[[], object]:
    disposition = Disposition(True, 5, 0x7FFFFFFF, False, Accepted())
    return feeding(frame(disposition, channel=1) * count)


def _settlements(count: int) -> Callable[[], object]:
    raw = RawClient()
    link = raw.attach_receiver(1, credit=count)
    for _ in range(count):
        link.send(b"x", delivery_tag=b"t", settled=False)
    said = (frame(Disposition(True, n, n, True, Accepted()), channel=1) for n in range(count))
    data = b"".join(said)
    return lambda: raw.server.connection.receive_data(data, now=0)


def _blocked(count: int) -> Callable[[], object]:
    raw = RawClient()
    link = raw.attach_receiver(1, credit=count)
    raw.say(Flow(0, 0, 0, 0))
    for _ in range(count):
        link.send(b"x", delivery_tag=b"t", settled=True)
    data = b"".join(frame(Flow(n, 1, 0, 0), channel=1) for n in range(count))
    return lambda: raw.server.connection.receive_data(data, now=0)


def _values(count: int) -> Callable[[], object]:
    raw = encode([{"a": None, "b": Array([True] * 9)}] * count)
    return lambda: (decode(raw), skip(raw, 0))


def _sections(count: int) -> Callable[[], object]:
    payload = encode_section(DATA, b"") * count
    return lambda: (data_sections(payload), split_sections(payload))


def _properties(count: int) -> Callable[[], object]:
    section = encode_section(APPLICATION_PROPERTIES, {f"p{n}": n for n in range(count)})
    return lambda: map_items(section)


CASES = [
    _one_delivery,
    _empty_frames,
    _one_byte_at_a_time,
    _deliveries,
    _thrown_away,
    _flows,
    _attaches,
    _unknown_deliveries,
    _settlements,
    _blocked,
    _values,
    _sections,
    _properties,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__.strip("_"))
def test_work_grows_with_what_is_sent_and_no_faster(
    case: Callable[[int], Callable[[], object]],
) -> None:
    few, many = work(case(FEW)), work(case(MANY))
    assert few > FEW
    assert many < 2.1 * few


class CountingReader(FrameReader):
    """Counts the bytes that are copied from one buffer into another."""

    copied = 0

    def _join(self, size: int) -> bool:
        joined = super()._join(size)
        self.copied += len(self._buffer) if joined else 0
        return joined


@pytest.mark.parametrize("piece", [1, 7, 512, 4096, 65_536, 3_000_000])
@pytest.mark.parametrize("size", [8, 512, 65_536])
def test_bytes_of_frames_are_joined_once_whatever_pieces_they_come_in(
    piece: int, size: int
) -> None:
    total = 70_000 if piece < 512 else 2_000_000
    data = (frame_header(size - 8) + b"x" * (size - 8)) * (total // size)
    reader, count = CountingReader(65_536), 0
    for at in range(0, len(data), piece):
        reader.feed(data[at : at + piece])
        while reader.next_frame() is not None:
            count += 1
    assert count == len(data) // size
    # The header of a frame may be looked at before the rest of it has come.
    assert reader.copied <= 2 * len(data) + 8 * count


def test_bytes_that_wait_to_be_read_are_not_copied_again_by_what_follows() -> None:
    reader = CountingReader(65_536)
    data = frame_header(504) + b"x" * 504
    for _ in range(500):
        reader.feed(data * 8)
        assert reader.next_frame() is not None
    while reader.next_frame() is not None:
        pass
    assert reader.copied <= 2 * 500 * 8 * 512


def test_a_range_of_very_many_deliveries_is_told_of_a_few_at_a_time() -> None:
    count = 3 * MAX_WAITING_EVENTS
    raw = RawClient()
    link = raw.attach_receiver(0, credit=count)
    connection = raw.server.connection
    for number in range(count):
        if number % 500 == 0:
            raw.say(Flow(number, 1000, 0, 1000))
        link.send(b"x", delivery_tag=b"%d" % number, settled=False)
    connection.data_to_send()
    connection.events()
    said = frame(Disposition(True, 0, count - 1, True, Accepted()), channel=1)
    connection.feed(said + frame(Disposition(True, 0, 99_999, True, Accepted()), channel=1), now=0)
    told = []
    while connection.read_frames(32) == 32:
        events = connection.events()
        assert len(events) <= MAX_WAITING_EVENTS
        told += events
    told += connection.events()
    assert [event.delivery_id for event in told[:count]] == list(range(count))
    assert [(type(event), event.count) for event in told[count:]] == [(UnknownDelivery, 100_000)]


def test_a_window_that_opens_for_very_many_links_is_told_of_a_few_at_a_time() -> None:
    links, times = 200, MAX_WAITING_EVENTS // 50
    raw = RawClient()
    for handle in range(links):
        raw.attach_receiver(handle, f"from-q-{handle}", credit=1)
    connection = raw.server.connection
    connection.events()
    shut, opened = (frame(Flow(0, window, 0, 100), channel=1) for window in (0, 5))
    connection.feed((shut + opened) * times, now=0)
    told = 0
    while connection.read_frames(32) == 32:
        events = connection.events()
        assert len(events) <= MAX_WAITING_EVENTS
        told += len(events)
    assert told + len(connection.events()) == times * links
