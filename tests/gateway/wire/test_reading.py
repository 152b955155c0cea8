"""A message costs what has to be walked through; the bytes of its data cost next to nothing."""

from typing import Any

import pytest

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.messaging import (
    AMQP_SEQUENCE,
    AMQP_VALUE,
    DATA,
    MESSAGE_ANNOTATIONS,
    Properties,
    encode_section,
)
from sbtutorial.amqp.sections import MAX_SECTIONS, split_sections
from sbtutorial.amqp.types import Array, Described, Symbol, ULong
from sbtutorial.amqp.types.skipping import STEP_BYTES
from sbtutorial.gateway.wire.reading import (
    AT_ONCE,
    UNITS_AT_ONCE,
    read_messages_in_steps,
    reading_cost,
)

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


def read_all(payloads: list[bytes]) -> tuple[list[Any], list[int]]:
    """The bodies that are read, and what each step has cost."""
    steps = read_messages_in_steps(payloads, 0.0, split_sections, told)
    costs: list[int] = []
    try:
        costs.append(next(steps))
        while True:
            costs.append(steps.send(float(len(costs))))
    except StopIteration as end:
        messages, now = end.value
        assert now == float(len(costs))
        return messages, costs


def told(number: int, error: Exception) -> Exception:
    return ValueError(f"{number}: {error}")


LONG = 500_000
NULLS = encode_section(AMQP_VALUE, [None] * LONG)


@pytest.mark.parametrize(
    "payload",
    [
        NULLS,
        encode_section(AMQP_VALUE, [[""] * 3] * (LONG // 9)),
        encode_section(AMQP_VALUE, [[[[None] * LONG]]]),
        encode_section(AMQP_VALUE, {"a": {"b": [True] * LONG}}),
        encode_section(AMQP_VALUE, Array([[None] * 100] * (LONG // 100))),
        encode_section(AMQP_VALUE, Described(ULong(1), [None] * LONG)),
        encode_section(AMQP_VALUE, Described([None] * LONG, ULong(1))),
        encode_section(AMQP_SEQUENCE, [None] * 1000) * (LONG // 1000),
        encode_section(AMQP_SEQUENCE, []) * MAX_SECTIONS,
        encode_section(AMQP_VALUE, ["\u00e9" * LONG] * 20),
    ],
    ids=lambda payload: f"{payload[:12].hex()}-{len(payload)}",
)
def test_long_message_is_walked_over_in_steps(payload: bytes) -> None:
    messages, costs = read_all([payload])
    assert messages == [split_sections(payload)]
    assert len(costs) > LONG // (16 * STEP_BYTES)
    assert max(costs) < 4 * UNITS_AT_ONCE


def test_messages_are_read_in_pieces_that_cost_little() -> None:
    dear, cheap = encode_section(AMQP_VALUE, [None] * 5000), encode_section(DATA, b"x")
    messages, costs = read_all([dear] * 4 + [cheap] * 100)
    assert messages == [split_sections(each) for each in [dear] * 4 + [cheap] * 100]
    assert max(costs) < 3 * UNITS_AT_ONCE
    assert len(costs) == 3  # two dear ones, two more, and 64 cheap ones; the rest is no step


def test_few_cheap_messages_take_no_step() -> None:
    cheap = [encode_section(DATA, b"x")] * (AT_ONCE - 1)
    assert read_all(cheap) == ([split_sections(each) for each in cheap], [])


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (NULLS[:-1], "cut short"),
        (NULLS[:-1] + b"\x01", "0x01 is not a format code"),
        (encode_section(AMQP_SEQUENCE, []) * (MAX_SECTIONS + 1), "more than 10000 sections"),
        (encode_section(AMQP_VALUE, "\u00e9" * LONG)[:-1] + b"x", "a text is not UTF-8"),
        (b"\x00" + NULLS[3:] + NULLS, "neither a ulong nor a symbol"),
        (NULLS + NULLS, "neither one amqp-value nor sections of one kind"),
    ],
    ids=["end", "code", "sections", "text", "descriptor", "twice"],
)
def test_long_message_that_cannot_be_read_is_told_by_its_number(payload: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=f"2: .*{why}"):
        read_all([encode_section(DATA, b"x"), payload])
    with pytest.raises(DecodeError, match=why):
        split_sections(payload)
