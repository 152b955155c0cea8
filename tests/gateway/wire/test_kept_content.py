"""What a message holds comes back as it was, or not at all."""

from uuid import uuid4

import pytest

from sbtutorial.amqp.messaging import DATA, FOOTER, Header, Properties, encode_section
from sbtutorial.gateway.wire.kept_content import KeptContent, read_content, write_content
from sbtutorial.gateway.wire.message import Content, encode_delivery
from tests.store.wiring import read, same

PAYLOADS = [
    encode_section(DATA, b""),
    Properties(message_id=uuid4()).encode() + encode_section(DATA, b"tea" * 400),
    Header(durable=True, priority=7).encode()
    + encode_section(DATA, b"tea")
    + encode_section(FOOTER, {"a": 1}),
]


def content_of(payload: bytes) -> Content:
    content = read(payload).content
    assert isinstance(content, Content)
    return content


@pytest.mark.parametrize("payload", PAYLOADS, ids=["empty", "long", "with a footer"])
def test_it_goes_out_as_it_would_have_gone_before(payload: bytes) -> None:
    message = read(payload)
    before = encode_delivery(message, to_wire=same)
    assert isinstance(message.content, Content)
    message.content = read_content(write_content(message.content))
    assert encode_delivery(message, to_wire=same) == before


@pytest.mark.parametrize("payload", PAYLOADS, ids=["empty", "long", "with a footer"])
def test_the_layout_before_is_read(payload: bytes) -> None:
    data = write_content(content_of(payload))
    before = b"\x01" + data[5:]  # it had no checksum
    assert write_content(read_content(before)) == data


def test_a_bit_that_has_changed_is_noticed_by_whoever_looks() -> None:
    data = write_content(content_of(PAYLOADS[2]))
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]
        kept = KeptContent(lambda _, changed=changed: changed, 1)
        with pytest.raises(ValueError, match=r"damaged|cannot be read"):
            _ = kept.body


@pytest.mark.parametrize("data", [b"", b"\x02", b"\x02\0\0\0", b"\x03rest"], ids=repr)
def test_what_is_no_content_is_told(data: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        read_content(data)
