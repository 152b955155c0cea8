"""Frames that are read quickly: always what the general reading gives, or the same refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbtutorial.amqp import quick_reading
from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.quick_reading import read_performative
from sbtutorial.amqp.types.composites import decode_composite


def body_of(code: int, fields: str) -> bytes:
    """A frame's body of fields in hexadecimal, one group each."""
    written = bytes.fromhex(fields)
    return bytes((0x00, 0x53, code, 0xC0, len(written) + 1, len(fields.split()))) + written


# As the Python SDK writes them, and as Qpid Proton does.
FLOW = body_of(0x13, "522c 700000ffd4 5201 700000ffff 5203 522b 5201 40 40 40 40")
DISPOSITION = body_of(0x15, "5601 522c 40 5600 00532445 40")
TRANSFER = body_of(0x14, "5203 5213 a00400000013 43 5600 5600 40 40 40 40 40") + b"payload"
PROTONS_FLOW = body_of(0x13, "43 707fffffff 43 707fffffff 43 43 520a 40 42")
PROTONS_DISPOSITION = body_of(0x15, "41 5207 5209 41 00532445")

UINTS = st.sampled_from((b"\x43", b"\x40", b"\x52\x07", b"\x70\x00\x00\xff\xd4", b"\x60\x00\x01"))
FLAGS = st.sampled_from((b"\x40", b"\x41", b"\x42", b"\x56\x00", b"\x56\x01", b"\x56\x02"))
TAGS = st.sampled_from(
    (b"\xa0\x04abcd", b"\xa0\x00", b"\xb0\x00\x00\x00\x02ab", b"\x40", b"\xa0\xff")
)
STATES = st.sampled_from(
    (
        b"\x40",
        b"\x00\x53\x24\x45",
        b"\x00\x53\x26\x45",
        b"\x00\x53\x24\xc0\x01\x00",
        b"\x00\x53\x25\xc0\x02\x01\x40",
        b"\x00\xa3\x12amqp:accepted:list\x45",
    )
)
FIELDS = {
    0x13: [UINTS] * 8 + [FLAGS, FLAGS, st.sampled_from((b"\x40", b"\xc1\x01\x00"))],
    0x14: [UINTS, UINTS, TAGS, UINTS, FLAGS, FLAGS, UINTS, STATES, FLAGS, FLAGS, FLAGS],
    0x15: [FLAGS, UINTS, UINTS, FLAGS, STATES, FLAGS],
}


def outcome(read: object, body: bytes) -> tuple[object, ...]:
    """What a reading gives: the performative, how long it is; or the text of its refusal."""
    try:
        performative, end = read(body)  # type: ignore[operator]
    except DecodeError as error:
        return ("refused", str(error))
    return type(performative), performative, end


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A frame's body of some shape that a client could write, or nearly."""
    code = draw(st.sampled_from(tuple(FIELDS)))
    written = [draw(field) for field in FIELDS[code]]
    written = written[: draw(st.integers(0, len(written)))]
    count = draw(st.sampled_from((0, 0, 0, 0, 1, -1))) + len(written)
    fields = b"".join(written)
    size = (draw(st.sampled_from((0, 0, 0, 0, 1, -1))) + len(fields) + 1) & 0xFF
    body = bytes((0x00, 0x53, code, 0xC0, size, max(count, 0))) + fields
    return body + draw(st.sampled_from((b"", b"", b"payload", b"\x40")))


@given(body=bodies())
def test_what_is_read_quickly_is_what_the_general_reading_gives(body: bytes) -> None:
    assert outcome(read_performative, body) == outcome(decode_composite, body)


@pytest.mark.parametrize(
    "body",
    [FLOW, DISPOSITION, TRANSFER, PROTONS_FLOW, PROTONS_DISPOSITION],
    ids=["flow", "disposition", "transfer", "flow of Proton", "disposition of Proton"],
)
def test_frames_of_clients_are_read_quickly(body: bytes) -> None:
    """Each is one of the known shapes; changed in any one byte or cut, it is still read rightly."""
    read = quick_reading._QUICK[body[:4]]
    assert read(body) == decode_composite(body)
    for at in range(len(body)):
        assert outcome(read_performative, body[:at]) == outcome(decode_composite, body[:at])
        for other in (0x00, 0x01, 0x40, 0x41, 0x43, 0x52, 0x56, 0x70, 0xA0, 0xFF):
            changed = body[:at] + bytes((other,)) + body[at + 1 :]
            assert outcome(read_performative, changed) == outcome(decode_composite, changed)
