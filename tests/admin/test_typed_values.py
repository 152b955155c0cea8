from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from xml.etree.ElementTree import Element, fromstring, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbtutorial.admin.atom import SERVICE_BUS, described
from sbtutorial.admin.typed_values import read_pairs, write_pairs
from sbtutorial.broker.errors import BrokerError, ErrorCode

INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


def written(values: dict[str, Any]) -> str:
    root = described("Parameters")
    write_pairs(root, values)
    return tostring(root, encoding="unicode")


def pairs_of(inner: str) -> Element:
    return fromstring(
        f'<Parameters xmlns="{SERVICE_BUS}" xmlns:p4="{INSTANCE}">{inner}</Parameters>'
    )


def value_of(type_name: str, text: str) -> object:
    value = f'<Value p4:type="l28:{type_name}" xmlns:l28="http://www.w3.org/2001/XMLSchema">'
    (found,) = read_pairs(
        pairs_of(
            f"<KeyValueOfstringanyType><Key>k</Key>{value}{text}</Value></KeyValueOfstringanyType>"
        )
    ).values()
    return found


def test_a_value_is_written_as_clients_look_for_it():
    assert written({"@n": 5}) == (
        f'<Parameters xmlns="{SERVICE_BUS}" xmlns:i="{INSTANCE}"><KeyValueOfstringanyType>'
        '<Key>@n</Key><Value i:type="d6p1:int" xmlns:d6p1="http://www.w3.org/2001/XMLSchema">5'
        "</Value></KeyValueOfstringanyType></Parameters>"
    )


@pytest.mark.parametrize(
    ("value", "type_name", "text"),
    [
        ("a <b>", "string", "a &lt;b&gt;"),
        (True, "boolean", "true"),
        (False, "boolean", "false"),
        (2**31 - 1, "int", "2147483647"),
        (-(2**31), "int", "-2147483648"),
        (2**31, "long", "2147483648"),
        (-(2**63), "long", "-9223372036854775808"),
        (1.5, "double", "1.5"),
        (float("inf"), "double", "INF"),
        (float("-inf"), "double", "-INF"),
        (Decimal("1E+3"), "decimal", "1000"),
        (Decimal("1E+6000"), "decimal", "1E+6000"),
        (Decimal("-1.5E-6000"), "decimal", "-1.5E-6000"),
        (datetime(2020, 7, 5, 11, 12, 13), "dateTime", "2020-07-05T11:12:13"),
        (datetime(2020, 7, 5, 11, 12, 13, tzinfo=UTC), "dateTime", "2020-07-05T11:12:13Z"),
        (
            datetime(2020, 7, 5, 11, tzinfo=timezone(timedelta(hours=2))),
            "dateTime",
            "2020-07-05T11:00:00+02:00",
        ),
        (timedelta(days=1, seconds=2), "duration", "P1DT2S"),
        (
            UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff"),
            "guid",
            "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        ),
        (b"ab", "base64Binary", "YWI="),
    ],
)
def test_values_of_every_type_go_both_ways(value, type_name, text):
    xml = written({"k": value})
    assert f'i:type="d6p1:{type_name}"' in xml
    assert f">{text}</Value>" in xml
    (again,) = read_pairs(fromstring(xml)).values()
    assert (again, type(again)) == (value, type(value))
    assert getattr(again, "tzinfo", None) == getattr(value, "tzinfo", None)


def test_what_is_nothing_goes_both_ways():
    assert read_pairs(fromstring(written({"k": None}))) == {"k": None}


def test_no_number_is_a_number_for_doubles():
    (again,) = read_pairs(fromstring(written({"k": float("nan")}))).values()
    assert again != again


@given(
    st.dictionaries(st.from_regex("[@a-z]+", fullmatch=True), st.integers() | st.floats(width=64))
)
def test_names_and_numbers_come_back_in_their_order(values):
    values = {k: v for k, v in values.items() if v == v and not abs(v) >= 2**63}
    again = read_pairs(fromstring(written(values)))
    assert list(again.items()) == list(values.items())


@pytest.mark.parametrize(
    ("type_name", "text", "value"),
    [
        ("double", "5", 5.0),
        ("long", "5", 5),
        ("short", " 5 ", 5),
        ("float", "2.5", 2.5),
        ("boolean", "TRUE", True),
        ("string", " a ", " a "),
        ("string", "", ""),
        ("dateTime", "2020-07-05T11:12:13.1234567Z", datetime(2020, 7, 5, 11, 12, 13, 123456, UTC)),
        ("duration", "0:00:30", timedelta(seconds=30)),
    ],
)
def test_other_clients_write_their_own_way(type_name, text, value):
    assert value_of(type_name, text) == value


def test_a_value_without_a_type_is_a_text():
    inner = "<KeyValueOfstringanyType><Key>k</Key><Value>5</Value></KeyValueOfstringanyType>"
    assert read_pairs(pairs_of(inner)) == {"k": "5"}


@pytest.mark.parametrize(
    ("type_name", "text"),
    [
        ("int", "1.5"),
        ("int", "١"),
        ("int", "9" * 30),
        ("int", "2147483648"),
        ("long", "9223372036854775808"),
        ("unsignedLong", "18446744073709551615"),
        ("unsignedByte", "-1"),
        ("unsignedByte", "256"),
        ("byte", "128"),
        ("short", "-32769"),
        ("decimal", "1E999999999"),
        ("decimal", "1E-999999999"),
        ("decimal", "NaN"),
        ("decimal", "Infinity"),
        ("decimal", "1" * 41),
        ("double", "x"),
        ("boolean", "yes"),
        ("dateTime", "now"),
        ("duration", "soon"),
        ("decimal", "x"),
        ("guid", "x"),
        ("base64Binary", "!"),
    ],
)
def test_what_is_no_value_of_its_type_is_refused(type_name, text):
    with pytest.raises(
        BrokerError, match=f"'k' is '{text[:80]}', which is no {type_name}"
    ) as refusal:
        value_of(type_name, text)
    assert refusal.value.code is ErrorCode.ARGUMENT_ERROR


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ("<Pair/>", "'Pair' with nothing; it must hold KeyValueOfstringanyType with Key and Value"),
        ("<KeyValueOfstringanyType><Key>k</Key></KeyValueOfstringanyType>", "with Key; it must"),
        (
            "<KeyValueOfstringanyType><Key>k</Key><Value>1</Value></KeyValueOfstringanyType>" * 2,
            "'Parameters' has 'k' twice",
        ),
        (
            '<KeyValueOfstringanyType><Key>k</Key><Value p4:type="colour">1</Value>'
            "</KeyValueOfstringanyType>",
            "'k' is of type 'colour'; it may be of one of string, int",
        ),
    ],
)
def test_what_is_no_list_of_pairs_is_refused(inner, words):
    with pytest.raises(BrokerError) as refusal:
        read_pairs(pairs_of(inner))
    assert words in refusal.value.message
