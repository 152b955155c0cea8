"""Every AMQP type, by format code: whole, cut short, and with more behind it."""

from enum import IntEnum, StrEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.types import (
    Array,
    Byte,
    Char,
    Decimal32,
    Decimal64,
    Decimal128,
    Described,
    Float,
    Int,
    Long,
    Short,
    Symbol,
    Timestamp,
    UByte,
    UInt,
    ULong,
    UShort,
    decode,
    encode,
    skip,
)
from sbtutorial.amqp.types.decoding import (
    MAX_DEPTH,
    MAX_EMPTY_ELEMENTS,
    MAX_FORGEABLE_KEYS,
    READERS,
)

ID = UUID("00112233-4455-6677-8899-aabbccddeeff")

ROWS: list[tuple[str, Any]] = [
    ("40", None),
    ("41", True),
    ("42", False),
    ("43", UInt(0)),
    ("44", ULong(0)),
    ("45", []),
    ("50 00", UByte(0)),
    ("50 ff", UByte(255)),
    ("51 80", Byte(-128)),
    ("51 7f", Byte(127)),
    ("52 ff", UInt(255)),
    ("53 ff", ULong(255)),
    ("54 80", Int(-128)),
    ("54 7f", Int(127)),
    ("55 80", Long(-128)),
    ("56 01", True),
    ("56 00", False),
    ("60 ffff", UShort(65_535)),
    ("61 8000", Short(-32_768)),
    ("70 ffffffff", UInt(0xFFFFFFFF)),
    ("71 80000000", Int(-(2**31))),
    ("71 7fffffff", Int(2**31 - 1)),
    ("72 3f800000", Float(1.0)),
    ("73 0001f600", Char("\U0001f600")),
    ("74 01020304", Decimal32(b"\1\2\3\4")),
    ("80 ffffffffffffffff", ULong(2**64 - 1)),
    ("81 8000000000000000", Long(-(2**63))),
    ("82 3ff8000000000000", 1.5),
    ("83 00000000000003e8", Timestamp(1000)),
    ("84 0102030405060708", Decimal64(b"\1\2\3\4\5\6\7\x08")),
    ("94" + "07" * 16, Decimal128(b"\7" * 16)),
    ("98" + ID.hex, ID),
    ("a0 00", b""),
    ("a0 02 0aff", b"\x0a\xff"),
    ("b0 00000002 0aff", b"\x0a\xff"),
    ("a1 03 e282ac", "€"),
    ("b1 00000003 e282ac", "€"),
    ("a3 01 61", Symbol("a")),
    ("b3 00000001 61", Symbol("a")),
    ("c0 03 02 4041", [None, True]),
    ("c0 01 00", []),
    ("d0 00000006 00000002 4041", [None, True]),
    ("c1 06 02 5401 a10178", {Int(1): "x"}),
    ("d1 00000009 00000002 5401 a10178", {Int(1): "x"}),
    ("e0 04 02 52 0102", Array([UInt(1), UInt(2)])),
    ("e0 06 02 a3 0161 0162", Array([Symbol("a"), Symbol("b")])),
    ("e0 02 00 70", Array([])),
    ("f0 00000007 00000002 52 0102", Array([UInt(1), UInt(2)])),
    ("e0 07 02 00 5324 50 0102", Array([Described(ULong(36), UByte(n)) for n in (1, 2)])),
    ("00 a30161 40", Described(Symbol("a"), None)),
    ("00 5399 45", Described(ULong(0x99), [])),
]
IDS = [row[0] for row in ROWS]
every_row = pytest.mark.parametrize(("wire", "value"), ROWS, ids=IDS)


def types_of(value: Any) -> Any:
    """The exact types all the way down: `==` alone takes uint 1 for int 1."""
    if isinstance(value, Array | list):
        return type(value), [types_of(item) for item in value]
    if isinstance(value, dict):
        return dict, [(types_of(key), types_of(item)) for key, item in value.items()]
    if isinstance(value, Described):
        return Described, types_of(value.descriptor), types_of(value.value)
    return type(value)


def test_every_format_code_has_a_row() -> None:
    assert {int(wire[:2], 16) for wire, _ in ROWS} == set(READERS)


@every_row
def test_value_decodes_with_its_exact_type(wire: str, value: Any) -> None:
    raw = bytes.fromhex(wire)
    decoded, end = decode(raw)
    assert decoded == value
    assert types_of(decoded) == types_of(value)
    assert end == len(raw)


@every_row
def test_value_decodes_in_the_midst_of_other_bytes(wire: str, value: Any) -> None:
    raw = bytes.fromhex(wire)
    assert decode(b"\xff\xff" + raw + b"\xff" * 20, 2) == (value, 2 + len(raw))


@every_row
def test_value_that_is_cut_short_is_a_decode_error(wire: str, value: Any) -> None:
    raw = bytes.fromhex(wire)
    for size in range(len(raw)):
        with pytest.raises(DecodeError):
            decode(raw[:size])
        with pytest.raises(DecodeError):
            skip(raw[:size], 0)


@every_row
def test_value_is_skipped_exactly(wire: str, value: Any) -> None:
    raw = bytes.fromhex(wire)
    assert skip(b"\xff" + raw + b"\xff", 1) == 1 + len(raw)


@every_row
def test_value_survives_encoding(wire: str, value: Any) -> None:
    again, _ = decode(encode(value))
    assert again == value
    assert types_of(again) == types_of(value)


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        (0, "54 00"),
        (-129, "71 ffffff7f"),
        (2**31 - 1, "71 7fffffff"),
        (2**31, "81 0000000080000000"),
        (UInt(0), "43"),
        (UInt(256), "70 00000100"),
        (ULong(0), "44"),
        (ULong(255), "53 ff"),
        (ULong(256), "80 0000000000000100"),
        (Long(-128), "55 80"),
        (True, "41"),
        ("a" * 256, "b1 00000100" + "61" * 256),
        (b"a" * 255, "a0 ff" + "61" * 255),
        ([], "45"),
        ({}, "c1 01 00"),
        ((None,), "c0 02 01 40"),
        (Array([ULong(1), ULong(300)]), "e0 12 02 80 0000000000000001 000000000000012c"),
        (Array([1, 2**40]), "e0 12 02 81 0000000000000001 0000010000000000"),
        (Array([True, False]), "e0 04 02 56 01 00"),
    ],
)
def test_value_is_written_in_its_shortest_form(value: Any, wire: str) -> None:
    assert encode(value).hex() == wire.replace(" ", "")


def test_list_and_map_grow_into_their_wide_form() -> None:
    assert encode([None] * 254)[0] == 0xC0
    assert encode([None] * 255)[0] == 0xD0
    assert decode(encode([None] * 300))[0] == [None] * 300
    assert encode({n: "x" * 9 for n in range(30)})[0] == 0xD1


def test_enumerations_are_written_as_what_they_are() -> None:
    assert encode(IntEnum("Number", "ONE").ONE) == encode(1)  # type: ignore[attr-defined]
    assert encode(StrEnum("Word", "A").A) == encode("a")  # type: ignore[attr-defined]


@pytest.mark.parametrize("value", [UByte(256), UInt(-1), Int(2**31), Long(2**63), 2**63])
def test_number_out_of_its_range_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"range|byte"):
        encode(value)


@pytest.mark.parametrize(
    "value", [object(), Array([1, "a"]), Array([object()]), {"a": object()}, {1, 2}]
)
def test_value_without_an_amqp_type_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        encode(value)


@pytest.mark.parametrize(
    "wire",
    [
        "3f",
        "57 00",
        "56 02",
        "73 00110000",
        "a1 01 ff",
        "a3 01 ff",
        "c1 02 01 40",
        "c0 03 01 4040",
        "c0 02 02 40",
        "c0 00 00",
        "d0 00000003 00000000",
        "d0 00000005 ffffffff 40",
        "f0 00000005 ffffffff 40",
        "e0 02 ff 40",
        "e0 04 01 00 00 40",
        "e0 03 02 50 01",
    ],
)
def test_malformed_value_is_a_decode_error(wire: str) -> None:
    with pytest.raises(DecodeError):
        decode(bytes.fromhex(wire))


@pytest.mark.parametrize("wire", ["c1 09 04 a10161 40 a10161 40", "c1 05 04 5401 40 5201 40"])
def test_map_never_loses_an_entry_silently(wire: str) -> None:
    raw = bytes.fromhex(wire)
    raw = raw[:1] + bytes((len(raw) - 2,)) + raw[2:]
    with pytest.raises(DecodeError, match="same key twice"):
        decode(raw)


def test_map_key_that_python_cannot_hash_is_a_decode_error() -> None:
    with pytest.raises(DecodeError, match="key"):
        decode(bytes.fromhex("c1 03 02 45 40"))


def test_elements_without_bytes_are_believed_up_to_a_limit() -> None:
    few, many = (bytes((0xE0, 2, count, 0x41)) for count in (MAX_EMPTY_ELEMENTS, 200))
    assert decode(few)[0] == [True] * MAX_EMPTY_ELEMENTS
    for walk in (decode, skip):
        with pytest.raises(DecodeError):
            walk(many, 0)


def nested(depth: int) -> bytes:
    raw = b"\x45"
    for _ in range(depth):
        raw = b"\xd0" + (len(raw) + 4).to_bytes(4, "big") + (1).to_bytes(4, "big") + raw
    return raw


def test_nesting_is_limited() -> None:
    decode(nested(MAX_DEPTH))
    skip(nested(MAX_DEPTH), 0)
    for walk in (decode, skip):
        with pytest.raises(DecodeError, match="deep"):
            walk(nested(MAX_DEPTH + 1), 0)
        with pytest.raises(DecodeError, match="deep"):
            walk(b"\x00" * 100_000, 0)


@pytest.mark.parametrize(
    "array",
    [
        Array([[Int(1)], [], ["a", None]]),
        Array([{"a": Int(1)}, {}]),
        Array([Array([UByte(1)]), Array([])]),
        Array(["a", "€" * 300]),
        Array([b"", b"x"]),
        Array([None, None]),
        Array([Char("a"), Char("€")]),
        Array([Described(Symbol("d"), "x"), Described(Symbol("d"), "y")]),
    ],
    ids=repr,
)
def test_array_of_any_type_comes_back(array: Array) -> None:
    raw = encode(array)
    again, end = decode(raw)
    assert (again, end) == (array, len(raw))
    assert types_of(again) == types_of(array)
    assert skip(raw, 0) == len(raw)


def uuid_map(count: int, described: bool) -> bytes:
    """A map with keys whose hashes are all the same, as a peer may choose them."""
    keys = [UUID(int=(number + 1) * (2**61 - 1)) for number in range(count)]
    assert len({hash(key) for key in keys}) == 1
    wrapped = [Described(Symbol("d"), key) if described else key for key in keys]
    return encode(dict.fromkeys(wrapped))


@pytest.mark.parametrize("described", [False, True])
def test_keys_that_can_be_made_to_collide_are_few(described: bool) -> None:
    few = uuid_map(MAX_FORGEABLE_KEYS, described)
    assert len(decode(few)[0]) == MAX_FORGEABLE_KEYS
    with pytest.raises(DecodeError, match="64 keys that are UUIDs"):
        decode(uuid_map(MAX_FORGEABLE_KEYS + 1, described))


def test_map_of_many_other_keys_is_read() -> None:
    whole = {f"k{number}": UUID(int=number) for number in range(1000)}
    assert decode(encode(whole))[0] == whole


def test_half_of_a_surrogate_pair_is_no_character() -> None:
    with pytest.raises(DecodeError):
        decode(bytes.fromhex("730000d800"))


def test_described_elements_must_share_their_descriptor() -> None:
    with pytest.raises(TypeError, match="same descriptor"):
        encode(Array([Described(Symbol("a"), 1), Described(Symbol("b"), 1)]))


@pytest.mark.parametrize(
    "wire",
    [
        "3f",
        "c1 02 01 40",
        "c0 03 01 4040",
        "c0 02 02 40",
        "e0 04 01 00 00 40",
        "e0 04 01 50 0102",
        "e0 03 01 3f 00",
        "a1 01 ff",
        "b1 00000002 c3 28",
        "a3 02 c3a9",
        "b3 00000001 80",
        "56 02",
        "e0 03 01 56 07",
        "73 00110000",
        "73 0000d800",
        "c1 05 02 a101ff 40",
        "e0 05 01 a1 02 c328",
        "00 a3 01 ff 40",
    ],
)
def test_malformed_value_is_not_skipped(wire: str) -> None:
    with pytest.raises(DecodeError):
        skip(bytes.fromhex(wire), 0)


@given(
    st.binary(max_size=40), st.sampled_from(["", "c0 20 03", "c1 20 04", "e0 20 04 a1", "00 a3"])
)
def test_what_was_skipped_can_be_decoded_but_for_keys_that_a_dict_cannot_hold(
    raw: bytes, start: str
) -> None:
    raw = bytes.fromhex(start) + raw
    try:
        end = skip(raw, 0)
    except DecodeError:
        return
    try:
        assert decode(raw)[1] == end
    except DecodeError as error:
        assert "a map has" in str(error)


def test_decimal_of_the_wrong_size_is_refused() -> None:
    with pytest.raises(ValueError, match="decimal"):
        encode(Decimal64(b"1"))


def test_described_values_compare_and_hash_by_what_they_hold() -> None:
    one, same = Described(Symbol("d"), 1), Described(Symbol("d"), 1)
    assert one == same
    assert len({one, same}) == 1
    assert one != Described(Symbol("d"), 2)
    assert one != 1
    assert repr(one) == "Described('d', 1)"


def test_empty_array_keeps_its_element_type() -> None:
    raw = bytes.fromhex("e0020070")
    assert encode(decode(raw)[0]) == raw
