import time
from uuid import UUID

import pytest

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    BATCH_MESSAGE_FORMAT,
    DATA,
    DELIVERY_ANNOTATIONS,
    FOOTER,
    MESSAGE_ANNOTATIONS,
    Header,
    Properties,
    build_map_section,
    encode_section,
)
from sbtutorial.amqp.types import (
    Array,
    Byte,
    Char,
    Decimal128,
    Described,
    Float,
    Int,
    Long,
    Symbol,
    Timestamp,
    UInt,
    ULong,
    encode,
)
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.gateway.wire.message import encode_message, read_messages

BODY = encode_section(DATA, b"coffee")
NULL = b"\x40"
LAST_MS = 253_402_300_799_999


def same(at: float) -> float:
    return at


def read(payload: bytes, message_format: int = 0) -> list[Message]:
    return read_messages(payload, message_format, from_wire=same, new_id=lambda: "new")


def application(*entries: tuple[bytes, bytes]) -> bytes:
    items = b"".join(key + value for key, value in entries)
    return build_map_section(APPLICATION_PROPERTIES, items, len(entries))


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        Byte(-1),
        UInt(5),
        Long(2**63 - 1),
        ULong(2**64 - 1),
        Float(1.5),
        float("nan"),
        Decimal128(bytes.fromhex("0c40" + "00" * 13 + "07")),
        Char("€"),
        Timestamp(-(2**63)),
        UUID(int=1),
        b"\xff" * 300,
        "€" * 300,
        "",
        Symbol("s"),
        Described(Symbol("com.microsoft:timespan"), Long(5)),
        Described(Symbol("com.microsoft:uri"), "https://example.org"),
        Described(Symbol("com.microsoft:datetime-offset"), Long(5)),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_simple_value_may_be_a_property(value: object) -> None:
    section = encode_section(APPLICATION_PROPERTIES, {"first": 1, "it": value, "last": "x"})
    (message,) = read(section + BODY)
    assert section in encode_message(message, to_wire=same)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ([], "a list"),
        ([1], "a list or a map"),
        ({"a": 1}, "a list or a map"),
        ([0] * 300, "a list or a map"),
        (Array([Int(1)]), "an array"),
        (Described(Symbol("com.example:mine"), 1), "a described type"),
        (Described(Symbol("com.microsoft:timespan"), [1]), "a described type"),
        (Described([1], 1), "a described type"),
        (Described(ULong(0x70), "x"), "a described type"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_value_that_is_not_simple_is_refused_by_the_name_of_its_property(
    value: object, what: str
) -> None:
    section = encode_section(APPLICATION_PROPERTIES, {"first": "x", "it": value})
    with pytest.raises(DecodeError, match=f"the application property 'it' .*{what}"):
        read(section + BODY)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (encode(5), "5"),
        (encode(b"raw"), "b'raw'"),
        (NULL, "None"),
        (encode(True), "True"),
        (encode([1]), "\\[1\\]"),
        (encode(UUID(int=1)), "UUID"),
        (encode({"a": 1}), "{'a': 1}"),
    ],
)
def test_name_that_is_no_text_is_refused(name: bytes, shown: str) -> None:
    section = application((encode("first"), encode(1)), (name, encode(1)))
    with pytest.raises(DecodeError, match=f"name of an application property is {shown}"):
        read(section + BODY)


@pytest.mark.parametrize("name", ["a1 01 ff", "b1 00000002 c328", "a3 01 80"])
def test_name_that_is_no_unicode_is_refused(name: str) -> None:
    with pytest.raises(DecodeError, match=r"text is not UTF-8|symbol is not ASCII"):
        read(application((bytes.fromhex(name), NULL)) + BODY)


def test_text_that_is_no_unicode_is_refused_wherever_it_stands() -> None:
    bad = b"\xa1\x01\xff"
    for section in (
        application((encode("a"), bad)),
        build_map_section(MESSAGE_ANNOTATIONS, encode(Symbol("a")) + bad, 1),
        bytes((0, 0x53, AMQP_VALUE)) + bad,
        build_map_section(FOOTER, encode(Symbol("a")) + bad, 1),
    ):
        with pytest.raises(DecodeError, match="UTF-8"):
            read(section)


@pytest.mark.parametrize("other", ["it", Symbol("it")])
def test_name_that_is_there_twice_is_refused(other: str) -> None:
    section = application(
        (encode("first"), NULL), (encode("it"), encode(1)), (encode(other), encode(2))
    )
    with pytest.raises(DecodeError, match="property 'it' is there twice"):
        read(section + BODY)


def test_ten_thousand_names_are_looked_at_in_no_time() -> None:
    entries = [(encode(f"{number:x}"), NULL) for number in range(9000)]
    started = time.thread_time()
    with pytest.raises(DecodeError, match="property '0' is there twice"):
        read(application(*entries, entries[0]) + BODY)
    assert time.thread_time() - started < 0.5


@pytest.mark.parametrize("code", [MESSAGE_ANNOTATIONS, DELIVERY_ANNOTATIONS, FOOTER])
@pytest.mark.parametrize(
    "key", [encode(Int(5)), encode(b"raw"), NULL, encode([1]), encode(Described([1], 1))]
)
def test_annotation_whose_key_is_no_symbol_is_refused(code: int, key: bytes) -> None:
    with pytest.raises(DecodeError, match="an annotation has the key"):
        read(BODY + build_map_section(code, key + NULL, 1))


@pytest.mark.parametrize("code", [MESSAGE_ANNOTATIONS, DELIVERY_ANNOTATIONS, FOOTER])
def test_annotation_that_nobody_can_read_is_refused(code: int) -> None:
    twice = encode(Symbol("a")) + NULL
    with pytest.raises(DecodeError, match="twice"):
        read(BODY + build_map_section(code, twice * 2, 2))
    unreadable = bytes.fromhex("c1 03 02 45 40")  # a map whose key is a list
    with pytest.raises(DecodeError, match="key"):
        read(BODY + build_map_section(code, encode(Symbol("a")) + unreadable, 1))


@pytest.mark.parametrize("code", [MESSAGE_ANNOTATIONS, DELIVERY_ANNOTATIONS, FOOTER])
@pytest.mark.parametrize("key", [Symbol("x-opt-mine"), "mine", ULong(7)])
def test_annotation_may_hold_anything_that_can_be_read(code: int, key: object) -> None:
    section = encode_section(code, {key: [{"a": [1, None]}, Array([UInt(1)])]})
    (message,) = read(BODY + section)
    assert section[6:] in encode_message(message, to_wire=same)


def annotated(name: str, value: object) -> bytes:
    return encode_section(MESSAGE_ANNOTATIONS, {Symbol(name): value}) + BODY


@pytest.mark.parametrize("value", ["soon", True, 1.5, b"\x00", [1], UUID(int=1)])
def test_schedule_that_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(BrokerError, match=r"x-opt-scheduled-enqueue-time.*must be a timestamp"):
        read(annotated("x-opt-scheduled-enqueue-time", value))


@pytest.mark.parametrize("at", [LAST_MS + 1, 2**63 - 1])
def test_schedule_beyond_the_calendar_is_refused(at: int) -> None:
    with pytest.raises(BrokerError, match="beyond the year 9999") as caught:
        read(annotated("x-opt-scheduled-enqueue-time", Timestamp(at)))
    assert caught.value.code is ErrorCode.ARGUMENT_OUT_OF_RANGE


@pytest.mark.parametrize("at", [LAST_MS, 0, -1, -(2**63), None])
def test_schedule_of_the_calendar_or_of_the_past_is_taken(at: int | None) -> None:
    value = None if at is None else Timestamp(at)
    (message,) = read(annotated("x-opt-scheduled-enqueue-time", value))
    assert message.scheduled_enqueue_at == (None if at is None else at / 1000)


@pytest.mark.parametrize("value", [5, b"k", [1], True])
def test_partition_key_that_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(BrokerError, match=r"x-opt-partition-key.*must be a text"):
        read(annotated("x-opt-partition-key", value))


@pytest.mark.parametrize(
    ("header", "created_ms", "ends_ms", "seconds"),
    [
        (Header(ttl=0), None, None, 0.0),
        (Header(ttl=2**32 - 1), 0, 5, 4_294_967.295),
        (None, 1000, 61_000, 60.0),
        (None, 1000, 500, 0.0),
        (None, 2**63 - 1, -(2**63), 0.0),
        (None, 0, 2**63 - 1, None),
        (None, -(2**63), 2**63 - 1, None),
        (None, 0, LAST_MS, None),
        (None, -(2**63), 5, None),
        (None, None, 2**63 - 1, None),
        (None, 2**63 - 1, None, None),
        (None, 2**63 - 1, 2**63 - 1, None),
    ],
)
def test_times_at_their_extremes_are_a_life_that_can_be_told(
    header: Header | None, created_ms: int | None, ends_ms: int | None, seconds: float | None
) -> None:
    properties = Properties(creation_time=created_ms, absolute_expiry_time=ends_ms)
    (message,) = read((header.encode() if header else b"") + properties.encode() + BODY)
    assert message.time_to_live == seconds
    message.enqueued_at = 1.7e9
    if seconds is not None:
        message.expires_at = message.enqueued_at + seconds
    encode_message(message, to_wire=same)


@pytest.mark.parametrize("expires_at", [-9.3e15, 0.0, 9.3e15, 1e300])
def test_instant_beyond_what_can_be_written_is_cut(expires_at: float) -> None:
    (message,) = read(BODY)
    message.expires_at = expires_at
    encode_message(message, to_wire=same)


@pytest.mark.parametrize(
    "payload",
    [
        bytes.fromhex("005370 c00501a10178"),  # a header whose durable is a text
        bytes.fromhex("005370 c0080640404040404040"),  # a header of six fields
        bytes.fromhex("005373 c003015405"),  # a message id that is an int
        bytes.fromhex("005373 c0040240 5405"),  # a user id that is an int
        bytes.fromhex("005373 c00804 40404040") + b"\xa0\x01x",  # a list that does not add up
        BODY + bytes.fromhex("005379 c10100"),  # no section at all
        Header().encode() * 2,
        BODY + encode_section(AMQP_VALUE, 1),
        encode_section(AMQP_VALUE, 1) * 2,
        bytes.fromhex("005374 c00100"),  # application properties that are a list
        bytes.fromhex("005374 c10301a10140"),  # and a map with a key and no value
        bytes.fromhex("005375 a10178"),  # data that is a text
        b"\x00",
        b"\x00\x53",
        b"\x00\x53\x75",
    ],
    ids=lambda payload: payload.hex()[:30],
)
def test_what_is_no_message_is_a_decode_error_and_nothing_else(payload: bytes) -> None:
    with pytest.raises(DecodeError):
        read(payload)
    with pytest.raises(DecodeError, match="message 2 of the batch"):
        read(encode_section(DATA, BODY) + encode_section(DATA, payload), BATCH_MESSAGE_FORMAT)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        Properties(message_id="m").encode(),
        encode_section(DATA, b"a") * 3,
        encode_section(0x76, [1]) * 2,
        Properties(message_id=ULong(2**64 - 1), correlation_id=UUID(int=1)).encode(),
        Properties(message_id=b"\xff", correlation_id=b"", user_id=b"\x00").encode(),
        Properties(group_sequence=2**32 - 1).encode() + Header(priority=255).encode(),
        Header(delivery_count=2**32 - 1).encode(),
    ],
    ids=lambda payload: payload.hex()[:30],
)
def test_odd_message_is_taken_and_can_be_delivered(payload: bytes) -> None:
    (message,) = read(payload)
    assert message.message_id is not None
    again = read(encode_message(message, to_wire=same))
    assert again[0].message_id == message.message_id


def test_refusal_of_one_message_of_a_batch_says_which() -> None:
    bad = annotated("x-opt-partition-key", 5)
    expected = r"Message 2 of the batch is refused.*x-opt-partition-key"
    with pytest.raises(BrokerError, match=expected):
        read(encode_section(DATA, BODY) + encode_section(DATA, bad), BATCH_MESSAGE_FORMAT)


def test_message_without_an_id_counts_with_the_one_that_it_is_given() -> None:
    (message,) = read(b"")
    assert message.size_bytes == message.header_bytes == len(message.content.properties)  # type: ignore[attr-defined]
    (with_subject,) = read(Properties(subject="tea").encode() + BODY)
    stored = with_subject.content.properties  # type: ignore[attr-defined]
    assert with_subject.size_bytes == len(stored) + len(BODY)


def test_header_that_is_too_long_is_not_looked_into() -> None:
    many = application(*[(encode(f"{number}"), encode([])) for number in range(20_000)])
    (message,) = read(many + BODY)
    assert message.header_bytes > 64 * 1024


def test_footer_has_the_limit_of_a_header() -> None:
    with pytest.raises(BrokerError, match="footer of the message has") as caught:
        read(BODY + encode_section(FOOTER, {Symbol("a"): b"x" * 65_536}))
    assert caught.value.code is ErrorCode.MESSAGE_SIZE_EXCEEDED
