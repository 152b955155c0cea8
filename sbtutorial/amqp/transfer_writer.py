"""Outgoing transfers: a delivery cut to the peer's max-frame-size and held to its window.

Frames beyond the session's remote-incoming-window wait here, in order, until a flow opens it; those
of a delivery that is larger than may be written at once, until what was written is on its way.
Source: AMQP 1.0, 2.5.6 and 2.6.14.
"""

import struct
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from sbtutorial.amqp.frames import FRAME_HEADER_SIZE
from sbtutorial.amqp.performatives import Transfer
from sbtutorial.amqp.pieces import Payload
from sbtutorial.amqp.types.encoding import write_bool, write_uint
from sbtutorial.amqp.windows import SessionWindows


class FrameCarrier(Protocol):
    """What is needed of the connection."""

    @property
    def max_send_frame_size(self) -> int:
        """The largest frame that may be sent now, its header included."""

    @property
    def has_room(self) -> bool:
        """Whether another frame of a large delivery may be written now."""

    def wait_for_room(self, writer: "TransferWriter") -> None:
        """Have a writer resume when there is room."""

    def write_frame(self, channel: int, performative: bytes, payload: bytes = b"") -> None:
        """Queue one frame."""


class TransferWriter:
    """Writes the transfer frames of one session.

    Args:
        carrier: The connection.
        channel: Our number for the session.
        windows: The session's; counted down here.

    Attributes:
        blocked: What waits for the peer's window or for room, each with the handle of its link:
            frames, which are made when they are sent.
    """

    __slots__ = ("_carrier", "_channel", "_windows", "blocked")

    def __init__(self, carrier: FrameCarrier, channel: int, windows: SessionWindows) -> None:
        self._carrier = carrier
        self._channel = channel
        self._windows = windows
        self.blocked: deque[tuple[int, Iterator[tuple[bytes, bytes]]]] = deque()

    def write(self, head: Transfer, payload: Payload) -> None:
        """Send a delivery, in as many frames as the peer's max-frame-size asks for."""
        most = self._carrier.max_send_frame_size - FRAME_HEADER_SIZE
        encoded = head.encode()
        if len(encoded) + len(payload) <= most:
            self._write_frame(head.handle, encoded, payload[:])
        else:
            self._write_frames(head, payload, most)

    def write_plain(
        self, handle: int, delivery_id: int, tag: bytes, settled: bool, payload: Payload
    ) -> None:
        """As `write`, of a plain format and without a state. Hot: nearly every delivery is such."""
        if len(tag) == _TOKEN_SIZE:
            numbers = 0x70, handle, 0x70, delivery_id, 0xA0, _TOKEN_SIZE
            encoded = _pack_plain(_HEAD, *numbers, tag, _PLAIN[settled])
        else:
            encoded = Transfer(handle, delivery_id, tag, 0, settled).encode()
        most = self._carrier.max_send_frame_size - FRAME_HEADER_SIZE
        if len(encoded) + len(payload) > most:
            self._write_frames(Transfer(handle, delivery_id, tag, 0, settled), payload, most)
        elif self.blocked or self._windows.sendable <= 0:
            self.blocked.append((handle, iter(((encoded, payload[:]),))))
        else:
            self._windows.on_sent()
            self._carrier.write_frame(self._channel, encoded, payload[:])

    def resume(self) -> None:
        """Send what has waited, as far as the window and the room go."""
        carrier, windows, blocked = self._carrier, self._windows, self.blocked
        while blocked and windows.sendable > 0:
            if not carrier.has_room:
                carrier.wait_for_room(self)
                break
            frame = next(blocked[0][1], None)
            if frame is None:
                blocked.popleft()
            else:
                windows.on_sent()
                carrier.write_frame(self._channel, *frame)

    def after(self, handle: int, action: Callable[[], None]) -> None:
        """Do something when what waits of a link, and what waits before it, has been sent."""
        if self.blocked:
            self.blocked.append((handle, _act(action)))
        else:
            action()

    def forget(self, handle: int) -> None:
        """Drop what a link that is detached has not sent yet."""
        if any(waiting[0] == handle for waiting in self.blocked):
            kept = [waiting for waiting in self.blocked if waiting[0] != handle]
            self.blocked = deque(kept)

    def clear(self) -> None:
        """Drop all that waits: the session is over."""
        self.blocked.clear()

    def _write_frames(self, head: Transfer, payload: Payload, most: int) -> None:
        self.blocked.append((head.handle, _frames(head, payload, most)))
        if len(self.blocked) == 1:
            self.resume()

    def _write_frame(self, handle: int, head: bytes, payload: bytes) -> None:
        if self.blocked or self._windows.sendable <= 0:
            self.blocked.append((handle, iter(((head, payload),))))
            return
        self._windows.on_sent()
        self._carrier.write_frame(self._channel, head, payload)


def _frames(head: Transfer, payload: Payload, most: int) -> Iterator[tuple[bytes, bytes]]:
    """The delivery-id and tag go with the first frame only; the handle says the rest."""
    handle = head.handle
    head.more = True
    encoded = head.encode()
    offset = max(most - len(encoded), 0)
    yield encoded, payload[:offset]
    middle = Transfer(handle, more=True).encode()
    room = most - len(middle)
    while len(payload) - offset > room:
        yield middle, payload[offset : offset + room]
        offset += room
    yield Transfer(handle).encode(), payload[offset:]


def _act(action: Callable[[], None]) -> Iterator[tuple[bytes, bytes]]:
    action()
    yield from ()


# Nearly every transfer is written as one of fixed size: its tag is a lock token, its numbers are
# not in their shortest form; what stands behind them is a plain format, whether it is settled, and
# that there is nothing else to say.
_TOKEN_SIZE = 16
_FIELDS = 11
_REST = write_bool(False) + b"\x40\x40" + 3 * write_bool(False)
_PLAIN = {settled: write_uint(0) + write_bool(settled) + _REST for settled in (False, True)}
_NUMBERS = "BIBIBB"
_SIZE = struct.calcsize(f">{_NUMBERS}{_TOKEN_SIZE}s") + len(_PLAIN[False])
_HEAD = bytes((0x00, 0x53, Transfer.CODE, 0xC0, _SIZE + 1, _FIELDS))
_pack_plain = struct.Struct(f">{len(_HEAD)}s{_NUMBERS}{_TOKEN_SIZE}s{len(_PLAIN[False])}s").pack
