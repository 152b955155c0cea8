"""Messages cut into sections, and put together again byte for byte."""

import pytest

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.messaging import (
    AMQP_SEQUENCE,
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    DATA,
    DELIVERY_ANNOTATIONS,
    FOOTER,
    MESSAGE_ANNOTATIONS,
    Header,
    Properties,
    build_map_section,
    data_sections,
    encode_section,
    map_items,
    split_sections,
)
from sbtutorial.amqp.sections import (
    Ends,
    check_in_steps,
    data_sections_in_steps,
    structure_bytes,
)
from sbtutorial.amqp.types import Symbol, UInt, decode, encode

HEADER = Header(durable=True).encode()
DELIVERY = encode_section(DELIVERY_ANNOTATIONS, {Symbol("x-opt-d"): 1})
ANNOTATIONS = encode_section(MESSAGE_ANNOTATIONS, {Symbol("x-opt-a"): [1, {"b": None}]})
PROPERTIES = Properties(message_id="m").encode()
APPLICATION = encode_section(APPLICATION_PROPERTIES, {"k": "v"})
BODY = encode_section(DATA, b"hello") + encode_section(DATA, b"x" * 300)
FOOT = encode_section(FOOTER, {Symbol("f"): 1})
IN_ORDER = (HEADER, DELIVERY, ANNOTATIONS, PROPERTIES, APPLICATION, BODY, FOOT)


def test_each_section_is_found_byte_for_byte() -> None:
    assert split_sections(b"".join(IN_ORDER)) == IN_ORDER


def test_sections_may_come_in_any_order() -> None:
    payload = b"".join((HEADER, ANNOTATIONS, PROPERTIES, APPLICATION, BODY, FOOT, DELIVERY))
    assert split_sections(payload) == IN_ORDER


def test_absent_sections_are_none_and_an_absent_body_is_empty() -> None:
    sections = split_sections(b"")
    assert sections == (None, None, None, None, None, b"", None)


def test_null_body_is_not_an_absent_body() -> None:
    assert split_sections(encode_section(AMQP_VALUE, None)).body == b"\x00\x53\x77\x40"


def test_several_sequences_are_one_body() -> None:
    body = encode_section(AMQP_SEQUENCE, [1]) + encode_section(AMQP_SEQUENCE, [])
    assert split_sections(body).body == body


@pytest.mark.parametrize(
    "descriptor", [b"\x80" + (0x75).to_bytes(8, "big"), b"\xa3\x10amqp:data:binary"]
)
def test_long_descriptor_gets_the_short_form(descriptor: bytes) -> None:
    assert split_sections(b"\x00" + descriptor + b"\xa0\x01x").body == b"\x00\x53\x75\xa0\x01x"


def test_message_cut_short_anywhere_between_borders_is_a_decode_error() -> None:
    payload = b"".join(IN_ORDER)
    borders = {0}
    offset = 0
    for section in (
        *IN_ORDER[:5],
        encode_section(DATA, b"hello"),
        encode_section(DATA, b"x" * 300),
        FOOT,
    ):
        offset += len(section)
        borders.add(offset)
    for size in range(len(payload)):
        if size not in borders:
            with pytest.raises(DecodeError):
                split_sections(payload[:size])


@pytest.mark.parametrize(
    "payload",
    [
        HEADER + HEADER,
        DELIVERY + BODY + DELIVERY,
        encode_section(AMQP_VALUE, 1) * 2,
        encode_section(DATA, b"") + encode_section(AMQP_VALUE, 1),
        b"\x00\x53\x79\x40",
        b"\x00\x53\x24\x45",
        b"\x00\xa3\x01x\x40",
        b"\x00\x53\x75\xa1\x01x",
        b"\x00\x53\x70\xc1\x01\x00",
        b"\x00\x53\x72\x45",
        b"\x40",
        b"\x00\x40\x40",
        b"junk",
    ],
)
def test_what_is_not_a_message_is_a_decode_error(payload: bytes) -> None:
    with pytest.raises(DecodeError):
        split_sections(payload)


def test_entries_of_a_map_come_with_their_bytes() -> None:
    items = map_items(ANNOTATIONS)
    assert [key for key, _ in items] == ["x-opt-a"]
    assert items[0][1] == encode(Symbol("x-opt-a")) + encode([1, {"b": None}])


def test_keys_that_python_takes_for_equal_stay_apart() -> None:
    raw = encode(Symbol("a")) + b"\x40" + encode("a") + b"\x41"
    keys = [key for key, _ in map_items(build_map_section(FOOTER, raw, 2))]
    assert [type(key) for key in keys] == [Symbol, str]


@pytest.mark.parametrize("count", [1, 100])
def test_map_rebuilt_from_its_entries_is_the_same(count: int) -> None:
    section = encode_section(
        MESSAGE_ANNOTATIONS, {Symbol(f"key-{n}"): UInt(n) for n in range(count)}
    )
    items = map_items(section)
    assert (
        build_map_section(MESSAGE_ANNOTATIONS, b"".join(raw for _, raw in items), count) == section
    )


@pytest.mark.parametrize("section", [HEADER, BODY, ANNOTATIONS + b"\x40", ANNOTATIONS * 2])
def test_only_one_section_with_a_map_has_entries(section: bytes) -> None:
    with pytest.raises(DecodeError):
        map_items(section)


def test_messages_of_a_batch_are_its_data_sections() -> None:
    messages = [b"one", b"x" * 300, b""]
    payload = PROPERTIES + b"".join(encode_section(DATA, each) for each in messages) + FOOT
    assert data_sections(payload) == messages


def test_batch_of_anything_but_data_is_a_decode_error() -> None:
    with pytest.raises(DecodeError, match="data sections"):
        data_sections(encode_section(AMQP_VALUE, "x"))


def test_section_with_a_value_decodes_to_it() -> None:
    described, _ = decode(encode_section(AMQP_VALUE, {"a": 1}))
    assert (described.descriptor, described.value) == (AMQP_VALUE, {"a": 1})


@pytest.mark.parametrize("count", [0, 1, 3, 9000])
def test_data_sections_are_found_in_steps_as_at_once(count: int) -> None:
    envelope = Properties(message_id="m").encode() * 5
    payload = envelope + b"".join(encode_section(DATA, b"%d" % n) for n in range(count))
    steps = data_sections_in_steps(payload, 9000)
    seen = 0
    try:
        while True:
            next(steps)
            seen += 1
    except StopIteration as end:
        assert end.value == data_sections(payload)
    assert seen == 0 if count < 10 else seen > 1


def test_no_more_data_sections_are_found_in_steps_than_one_too_many() -> None:
    steps = data_sections_in_steps(encode_section(DATA, b"x") * 9, 5)
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value == [b"x"] * 6


def test_what_is_no_batch_is_no_batch_in_steps_either() -> None:
    with pytest.raises(DecodeError, match="data sections"):
        next(data_sections_in_steps(encode_section(AMQP_VALUE, "x"), 5))


def test_of_very_many_sections_all_counts_as_structure() -> None:
    section = encode_section(DATA, b"x" * 200)
    assert structure_bytes(section * 1000) < 20_000
    assert structure_bytes(section * 1001) == len(section) * 1001


def checked(payload: bytes) -> Ends:
    steps = check_in_steps(payload)
    try:
        while True:
            next(steps)
    except StopIteration as end:
        ends: Ends = end.value
        return ends


@pytest.mark.parametrize("code", [DATA, AMQP_VALUE])
@pytest.mark.parametrize("before", [b"", PROPERTIES], ids=["body alone", "properties"])
@pytest.mark.parametrize("after", [b"", FOOT], ids=["", "footer"])
@pytest.mark.parametrize("count", [1, 2])
def test_a_large_body_is_copied_before_sections_are_split(
    code: int, before: bytes, after: bytes, count: int
) -> None:
    body = encode_section(code, b"x" * 2_000_000)
    payload = before + body * (count if code == DATA else 1) + after
    ends = checked(payload)
    is_copied = (count == 1 or code == AMQP_VALUE) and bool(before or after)
    assert (ends.body is not None) == is_copied
    assert split_sections(payload, ends) == split_sections(payload)
    if is_copied:
        assert split_sections(payload, ends).body is ends.body
