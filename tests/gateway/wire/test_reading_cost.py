"""A message costs what has to be walked through; the bytes of its data cost next to nothing."""

import pytest

from sbtutorial.amqp.messaging import (
    AMQP_SEQUENCE,
    AMQP_VALUE,
    DATA,
    MESSAGE_ANNOTATIONS,
    Properties,
    encode_section,
)
from sbtutorial.amqp.types import Symbol
from sbtutorial.gateway.wire.reading_cost import parts_by_cost, reading_cost

MANY = 10_000


def test_data_costs_next_to_nothing_however_long() -> None:
    head = Properties(message_id="m").encode()
    assert reading_cost(encode_section(DATA, b"x")) == 0
    assert reading_cost(head + encode_section(DATA, b"x" * 250_000)) == 0
    assert reading_cost(encode_section(DATA, b"x" * 1000) * 8) == 0


@pytest.mark.parametrize(
    "payload",
    [
        encode_section(AMQP_VALUE, [None] * MANY),
        encode_section(AMQP_VALUE, [[]] * MANY),
        encode_section(AMQP_SEQUENCE, []) * MANY,
        encode_section(DATA, b"") * MANY,
        encode_section(MESSAGE_ANNOTATIONS, {Symbol("a"): [None] * MANY}),
        b"\x00\xa3\x10amqp:amqp-value:*" + encode_section(AMQP_VALUE, [None] * MANY)[3:],
        b"\x00\x53\x77\x00" * MANY,
        b"\x00" * MANY,
        encode_section(DATA, b"x" * MANY)[:-1] + b"\x00\x53",
    ],
    ids=lambda payload: f"{payload[:6].hex()}-{len(payload)}",
)
def test_what_has_to_be_walked_through_costs_by_its_length(payload: bytes) -> None:
    assert reading_cost(payload) >= MANY // 256


def test_messages_are_read_in_pieces_that_cost_little() -> None:
    dear, cheap = encode_section(AMQP_VALUE, [None] * MANY), encode_section(DATA, b"x")
    pieces = [piece for piece, _ in parts_by_cost([dear] * 3 + [cheap] * 100, 64, 24)]
    assert [len(piece) for piece in pieces] == [1, 1, 1, 64, 36]
    assert [each for piece in pieces for each in piece] == [dear] * 3 + [cheap] * 100
