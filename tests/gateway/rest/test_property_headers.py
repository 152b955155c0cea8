from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from sbtutorial.amqp.types import Long, Timestamp
from sbtutorial.gateway.rest.property_headers import (
    escape,
    format_date,
    parse_date,
    parse_value,
    read_properties,
    write_properties,
)

BIRTHDAY = datetime(2011, 12, 14, tzinfo=UTC)
AT = round(BIRTHDAY.timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"world"', "world"),
        ('""', ""),
        ('"a \\"b\\" c"', 'a "b" c'),
        ('"C:\\new"', "C:\\new"),
        ('"42"', "42"),
        ('"Wed, 14 Dec 2011 00:00:00 GMT"', Timestamp(AT)),
        ('"Wed, 14 Dec 2011"', "Wed, 14 Dec 2011"),
        ('"Thu, 31 Feb 2011 00:00:00 GMT"', "Thu, 31 Feb 2011 00:00:00 GMT"),
        ("true", True),
        ("false", False),
        ("42", Long(42)),
        ("-8555111000", Long(-8555111000)),
        ("9223372036854775807", Long(2**63 - 1)),
        ("9223372036854775808", 2.0**63),
        ("3.14", 3.14),
        (".5", 0.5),
        ("1e3", 1000.0),
    ],
)
def test_value_has_the_type_that_it_looks_like(text: str, value: object) -> None:
    parsed = parse_value(text)
    assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize(
    "text", ["world", "True", "nan", "inf", "1_000", "٤", '"', "", "1 2", "0x1"]
)
def test_what_looks_like_no_value_is_none(text: str) -> None:
    assert parse_value(text) is None


def test_properties_keep_the_capital_letters_of_their_names() -> None:
    headers = (("Priority", '"High"'), ("Customer", '"12345,ABC"'), ("Table", "4"))
    assert read_properties(headers) == {"Priority": "High", "Customer": "12345,ABC", "Table": 4}


@pytest.mark.parametrize(
    "header",
    [
        ("Content-Length", "5"),
        ("If-Match", '"etag"'),
        ("Sec-CH-UA", '"Chromium"'),
        ("X-Forwarded-Port", "443"),
        ("User-Agent", "curl/8"),
        ("x-ms-retrypolicy", "NoRetry"),
        ("traceparent", "00-ab-cd-01"),
    ],
)
def test_headers_that_are_no_properties_are_ignored(header: tuple[str, str]) -> None:
    assert read_properties((header,)) == {}


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_letters_are_read_in_latin_1_and_in_utf_8(encoding: str) -> None:
    value = '"Zoë"'.encode(encoding).decode("latin-1")
    assert read_properties((("Who", value),)) == {"Who": "Zoë"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("world", '"world"'),
        ('a "b"', r'"a \"b\""'),
        ("C:\\new", '"C:\\new"'),
        ("Zoë", '"Zoë"'),
        ("two\r\nlines", '"two\\r\\nlines"'),
        ("啊", '"\\u554a"'),
        (True, "true"),
        (42, "42"),
        (3.14, "3.14"),
        (Decimal("1.50"), "1.50"),
        (timedelta(minutes=1), "60.0"),
        (BIRTHDAY, '"Wed, 14 Dec 2011 00:00:00 GMT"'),
        (UUID(int=7), '"00000000-0000-0000-0000-000000000007"'),
    ],
)
def test_value_is_written_as_its_type_looks(value: object, text: str) -> None:
    assert list(write_properties({"It": value})) == [("It", text)]


@pytest.mark.parametrize(
    "properties",
    [
        {"not a name": 1},
        {"näme": 1},
        {"": 1},
        {"Content-Length": 1},
        {"transfer-encoding": "x"},
        {"BrokerProperties": "x"},
        {"bytes": b"x"},
        {"nothing": None},
        {"a: b\r\nc": 1},
    ],
)
def test_what_cannot_be_a_header_is_left_out(properties: dict[str, object]) -> None:
    assert list(write_properties({**properties, "Table": 4})) == [("Table", "4")]


@pytest.mark.parametrize("value", ["plain", 'He said "no"', "C:\\temp\\new", "Zoë", "42", "true"])
def test_text_survives_both_ways(value: str) -> None:
    assert read_properties(tuple(write_properties({"It": value}))) == {"It": value}


def test_dates_survive_both_ways() -> None:
    assert parse_date(f" {format_date(BIRTHDAY)} ") == BIRTHDAY.timestamp()


def test_only_what_cannot_stand_in_a_header_is_escaped() -> None:
    assert escape('text/plain; x="ü"') == 'text/plain; x="ü"'
    assert escape("a\r\nb\x7f\u2026") == "a\\r\\nb\\u007f\\u2026"
