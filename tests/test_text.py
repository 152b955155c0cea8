import datetime
import enum
import json
import uuid
from collections.abc import Callable
from decimal import Decimal

import pytest

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
)
from sbtutorial.text import (
    MAX_TEXT_CHARS,
    about,
    about_to_come,
    clock_face,
    elapsed,
    rounded,
    text_of,
    wrapped,
)

# --- values ---------------------------------------------------------------------------------------


class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError("not today")


class Colour(enum.StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("coffee", "coffee"),
        ("", ""),
        (Colour.RED, "red"),
        (b"bytes", "bytes"),
        (b"", ""),
        (memoryview(b"view"), "view"),
        (bytearray(b"array"), "array"),
        ("café".encode(), "café"),
        (b"\xff\xfe", "0xfffe"),
        (b"\x00\x01", "0x0001"),
        ("half \ud800", "half \\ud800"),
        (None, "None"),
        (True, "True"),
        (7, "7"),
        (-0.5, "-0.5"),
        (float("nan"), "nan"),
        (Decimal("1.50"), "1.50"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), "2026-01-02 00:00:00+00:00"),
        ({"a": b"b", 1: [None, "c"]}, "{a: b, 1: [None, c]}"),
        ((1, 2), "[1, 2]"),
        ({b"\xff": "\udc00"}, "{0xff: \\udc00}"),
        (Unspeakable(), "<Unspeakable>"),
    ],
)
def test_any_value_has_a_text(value: object, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    "value",
    [
        *(kind(1) for kind in (UByte, UShort, UInt, ULong, Byte, Short, Int, Long, Timestamp)),
        ULong(2**64 - 1),
        Timestamp(2**63 - 1),
        Timestamp(-(2**63)),
        Float(1.5),
        Char("\ud800"),
        Symbol("com.microsoft:server-busy"),
        Decimal32(b"\x22\x50\x00\x01"),
        Decimal64(bytes(8)),
        Decimal128(b"\xff" * 16),
        Array([Int(1), Int(2)]),
        Array([]),
        Described(Symbol("a:b"), {"key": b"\xff"}),
        Described(ULong(0x70), ["\udfff"]),
        {Symbol("nested"): [[[[[[["deep"]]]]]]]},
        10**5000,
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_of_every_type_of_amqp_can_be_encoded_and_printed(value: object) -> None:
    text = text_of(value)
    assert 0 < len(text) <= MAX_TEXT_CHARS
    assert text.encode().decode() == text
    assert json.loads(json.dumps(text)) == text


def test_a_value_that_contains_itself_comes_to_an_end() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert text_of(endless) == "[[[[[…]]]]]"


@pytest.mark.parametrize(
    "huge", ["x" * 10**7, b"x" * 10**7, b"\xff" * 10**7, ["x"] * 10**6, dict.fromkeys(range(10**6))]
)
def test_a_huge_value_is_cut_off_with_a_mark(huge: object) -> None:
    text = text_of(huge)
    assert len(text) <= MAX_TEXT_CHARS
    assert "…" in text


def test_bytes_that_are_cut_off_inside_a_character_are_still_text() -> None:
    for start in range(4):
        text = text_of(b"x" * start + "é€".encode() * 10_000)
        assert text.startswith("x" * start + "é€")


# --- times ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (7199, "1 h"), (90_000, "1 d")],
)
def test_what_has_elapsed_is_told_in_its_largest_fitting_unit(seconds: float, text: str) -> None:
    assert elapsed(seconds) == text


@pytest.mark.parametrize(
    ("told", "seconds", "text"),
    [
        (about, 0.2, "about 1 s"),
        (about, 34.9, "about 30 s"),
        (about, 299.0, "about 5 min"),
        (about, 86_000.0, "about 24 h"),
        (about_to_come, 20.1, "about 20 s"),
        (about_to_come, 21.1, "about 30 s"),
        (about_to_come, 3601.0, "about 60 min"),
    ],
)
def test_a_time_is_told_in_steps(told: Callable[[float], str], seconds: float, text: str) -> None:
    assert told(seconds) == text


def test_a_rounded_time_is_what_is_told_of_it() -> None:
    for seconds in (3.0, 12.0, 34.9, 299.0, 9500.0, 86_000.0):
        assert about(rounded(seconds)) == about(seconds)


@pytest.mark.parametrize(("seconds", "text"), [(65.4, "00:01:05"), (3 * 3600, "03:00:00")])
def test_a_time_is_written_as_on_a_clock(seconds: float, text: str) -> None:
    assert clock_face(seconds) == text


# --- lines ----------------------------------------------------------------------------------------


def test_long_lines_are_broken_between_words_and_short_ones_stay() -> None:
    text = "short\n\n" + "word " * 30
    lines = wrapped(text.strip()).split("\n")
    assert lines[:2] == ["short", ""]
    assert all(len(line) <= 72 for line in lines)
    assert "x" * 100 in wrapped("x" * 100)
