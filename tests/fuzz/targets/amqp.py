"""The AMQP engine and what it is made of: values, frames, connections, messages."""

from math import isnan
from uuid import UUID

from sbtutorial.amqp.errors import DecodeError, FramingError
from sbtutorial.amqp.frames import Frame, FrameReader
from sbtutorial.amqp.limits import UNPROVED
from sbtutorial.amqp.types import decode, encode, skip
from sbtutorial.amqp.types.composites import Composite, decode_composite
from sbtutorial.broker.errors import BrokerError
from sbtutorial.gateway.wire.message import encode_message, read_messages
from tests.wire import RawClient

WORDS = (
    b"\x00\x53\x10\xc0",
    b"\x00\x53\x14\xd0",
    b"\x00\x53\x70\x45",
    b"\x00\x53\x72\xc1",
    b"\x00\x53\x73\xc0",
    b"\x00\x53\x74\xc1",
    b"\x00\x53\x75\xa0",
    b"\x00\x53\x77\xa1",
    b"\x00\x80\x00\x00\x46\x8c\x00\x00\x00\x04",
    b"\xd1\x00\x00\x00\x08\x00\x00\x00\x02",
    b"\xe0\x03\x01\xa3",
    b"\xf0\x00\x00\x00\x05\xff\xff\xff\xff\x40",
    b"\x02\x00\x00\x00",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x40",
    b"\x41",
    b"\x45",
)
_MAX_FRAME_BYTES = 64 * 1024


def values(data: bytes) -> None:
    """What can be read can be written, and skipped; a composite too."""
    for read in (decode, decode_composite):
        try:
            value, end = read(data)
        except DecodeError:
            continue
        assert 0 < end <= len(data)
        again = value.encode() if isinstance(value, Composite) else encode(value)
        value_again, end_again = read(again)
        assert end_again == len(again)
        assert value_again == value or value != value or "nan" in repr(value)
        if read is decode:
            assert skip(data, 0) == end


def frames(data: bytes) -> None:
    """However the bytes arrive, the frames are the same."""
    assert _frames([data]) == _frames([data[at : at + 1] for at in range(len(data))])


def _frames(pieces: list[bytes]) -> list[Frame | str]:
    reader, found = FrameReader(_MAX_FRAME_BYTES), list[Frame | str]()
    for piece in pieces:
        reader.feed(piece)
        try:
            while (frame := reader.next_frame()) is not None:
                found.append(frame)
        except FramingError:
            return [*found, "broken"]
    return found


def engine(data: bytes) -> None:
    """A connection with a link either way bears anything, and keeps within its limits."""
    raw = RawClient(limits=UNPROVED)
    raw.attach_sender(0)
    raw.attach_receiver(1)
    connection = raw.server.connection
    connection.receive_data(data, now=0)
    connection.events()
    connection.data_to_send()
    use = raw.session.use
    assert use.link_count <= UNPROVED.max_links_per_session * UNPROVED.max_sessions
    assert 0 <= use.partial_bytes <= UNPROVED.max_partial_bytes
    connection.receive_eof()
    assert (use.link_count, use.partial_bytes) == (0, 0)


def message(data: bytes) -> None:
    """A message, or a batch of them, that is accepted can be given out and read again."""
    for message_format in (0, 0x80013700):
        try:
            read = read_messages(
                data, message_format, from_wire=float, new_id=lambda: UUID(int=1).hex
            )
        except (DecodeError, BrokerError):
            continue
        for one in read:
            payload = encode_message(one, to_wire=float)
            again = read_messages(payload, 0, from_wire=float, new_id=lambda: "new")[0]
            assert again.message_id == one.message_id or _is_nan(one.message_id)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and isnan(value)
