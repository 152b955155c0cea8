"""Outgoing transfers: cut to the peer's frame size, held back by its window."""

from itertools import product

import pytest

from sbtutorial.amqp.messaging import Accepted
from sbtutorial.amqp.performatives import Begin, Transfer
from sbtutorial.amqp.pieces import Pieces
from sbtutorial.amqp.transfer_writer import TransferWriter
from sbtutorial.amqp.types.composites import decode_composite
from sbtutorial.amqp.windows import SessionWindows


class Carrier:
    """A connection that keeps the frames it is given."""

    max_send_frame_size = 512

    def __init__(self) -> None:
        self.frames: list[tuple[Transfer, bytes]] = []
        self.last_head = b""
        self.has_room = True
        self.waiting: list[TransferWriter] = []

    def wait_for_room(self, writer: TransferWriter) -> None:
        self.waiting.append(writer)

    def write_frame(self, channel: int, performative: bytes, payload: bytes = b"") -> None:
        assert channel == 3
        self.last_head = performative
        self.frames.append((decode_composite(performative)[0], payload))
        assert 8 + len(performative) + len(payload) <= self.max_send_frame_size


def make(window: int) -> tuple[Carrier, SessionWindows, TransferWriter]:
    carrier, windows = Carrier(), SessionWindows()
    windows.on_begin(Begin(None, 0, window, 0))
    return carrier, windows, TransferWriter(carrier, 3, windows)


def test_delivery_is_cut_to_the_frame_size_and_named_in_its_first_frame_only() -> None:
    carrier, windows, writer = make(10)
    payload = bytes(n % 251 for n in range(1200))
    writer.write(Transfer(7, 5, b"tag", 0, True), payload)
    heads = [head for head, _ in carrier.frames]
    assert b"".join(piece for _, piece in carrier.frames) == payload
    assert [head.more for head in heads] == [True, True, False]
    assert [(head.handle, head.delivery_id) for head in heads] == [(7, 5), (7, None), (7, None)]
    assert windows.sendable == 7


@pytest.mark.parametrize("tag", [b"", b"t", b"t" * 32])
@pytest.mark.parametrize("number", [0, 1, 255, 256, 2**32 - 1])
def test_head_of_a_delivery_is_written_as_any_performative(number: int, tag: bytes) -> None:
    carrier, _, writer = make(100)
    kinds = product((None, 0, 1), (None, False, True), (None, Accepted()))
    for message_format, settled, state in kinds:
        head = Transfer(number, number, tag, message_format, settled, state=state)
        writer.write(head, b"payload")
        assert carrier.last_head == head.encode()


def test_frames_beyond_the_window_wait_in_order() -> None:
    carrier, windows, writer = make(2)
    writer.write(Transfer(7, 0, b"t", 0, True), b"a" * 1200)
    writer.write(Transfer(8, 1, b"t", 0, True), b"b")
    assert [head.handle for head, _ in carrier.frames] == [7, 7]
    windows.sendable = 1
    writer.resume()
    assert [head.handle for head, _ in carrier.frames] == [7, 7, 7]
    windows.sendable = 1
    writer.resume()
    assert [head.handle for head, _ in carrier.frames] == [7, 7, 7, 8]


def test_a_large_delivery_and_what_comes_behind_it_wait_for_room() -> None:
    carrier, _, writer = make(10)
    said: list[str] = []
    carrier.has_room = False
    writer.write(Transfer(7, 0, b"t", 0, True), b"a" * 1200)
    writer.after(7, lambda: said.append("drained"))
    writer.write(Transfer(8, 1, b"t", 0, True), b"b")
    assert (carrier.frames, carrier.waiting, said) == ([], [writer], [])
    carrier.has_room = True
    writer.resume()
    assert [head.handle for head, _ in carrier.frames] == [7, 7, 7, 8]
    assert said == ["drained"]
    assert not writer.blocked
    writer.after(7, lambda: said.append("at once"))
    assert said == ["drained", "at once"]


def test_pieces_are_sent_as_what_they_are_together() -> None:
    carrier, _, writer = make(10)
    parts = [b"", b"a" * 700, b"b", b"c" * 800, b""]
    writer.write(Transfer(7, 0, b"t", 0, True), Pieces(parts))
    assert b"".join(payload for _, payload in carrier.frames) == b"".join(parts)
    assert len(carrier.frames) == 4


@pytest.mark.parametrize("parts", [[], [b"abc"], [b"a", b"", b"bcd", b"e" * 5, b"f"]])
def test_slices_of_pieces_are_those_of_the_whole(parts: list[bytes]) -> None:
    whole, pieces = b"".join(parts), Pieces(parts)
    assert len(pieces) == len(whole)
    ends = range(len(whole) + 2)
    assert all(pieces[a:b] == whole[a:b] for a in ends for b in ends)
    assert pieces[:] == whole


def test_what_a_detached_link_has_not_sent_is_dropped() -> None:
    carrier, windows, writer = make(0)
    writer.write(Transfer(7, 0, b"t", 0, True), b"a")
    writer.write(Transfer(8, 1, b"t", 0, True), b"b")
    writer.forget(7)
    windows.sendable = 9
    writer.resume()
    assert [(head.handle, payload) for head, payload in carrier.frames] == [(8, b"b")]
    windows.sendable = 0
    writer.write(Transfer(8, 2, b"t", 0, True), b"c")
    writer.clear()
    windows.sendable = 9
    writer.resume()
    assert len(carrier.frames) == 1
