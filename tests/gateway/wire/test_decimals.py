"""Decimals, received one way and handed out another; with the SDK itself, see sdk/."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sbtutorial.amqp.messaging import (
    APPLICATION_PROPERTIES,
    DATA,
    DELIVERY_ANNOTATIONS,
    MESSAGE_ANNOTATIONS,
    encode_section,
    split_sections,
)
from sbtutorial.amqp.types import (
    Array,
    Decimal32,
    Decimal64,
    Decimal128,
    Described,
    Symbol,
    decode,
)
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.gateway.wire.decimals import (
    carried,
    read_decimal,
    with_carried_decimals,
    write_decimal,
)
from sbtutorial.gateway.wire.message import encode_delivery, read_message
from sbtutorial.gateway.wire.properties import WirePropertyAccess

BODY = encode_section(DATA, b"x")


def sent(value: Decimal) -> Decimal128:
    """As clients send it, and AMQP has it."""
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    significand = int("".join(map(str, digits)))
    whole = sign << 127 | (exponent + 6176) << 113 | significand
    return Decimal128(whole.to_bytes(16, "big"))


def got(raw: bytes) -> Decimal:
    """As .NET reads it, and the Python SDK as long as the significand has 32 bits."""
    if raw[0] & 0x60 == 0x60:
        return Decimal("NaN")
    exponent = ((raw[0] & 0x7F) << 9 | raw[1] >> 1) - 6176
    digits = tuple(map(int, str(int.from_bytes(raw[4:], "big"))))
    return Decimal((raw[0] >> 7, digits, exponent))


def delivered(payload: bytes) -> Any:
    message = read_message(payload, from_wire=lambda at: at, new_id=str)
    message.sequence_number, message.enqueued_at = 1, 0.0
    return split_sections(encode_delivery(message, to_wire=lambda at: at))


def values_of(section: bytes | None) -> dict[Any, Any]:
    assert section is not None
    value: dict[Any, Any] = decode(section)[0].value
    return value


@pytest.mark.parametrize(
    "text", ["0", "1", "-1", "12.50", "-0.001", "4294967295", "1E+10", "1E-28", "-0.00", "7E+95"]
)
def test_what_the_sdk_sends_it_can_read_when_it_comes_back(text: str) -> None:
    value = Decimal(text)
    assert read_decimal(sent(value)) == value
    assert got(carried(sent(value))) == value


@pytest.mark.parametrize(
    ("text", "first", "second", "significand"),
    [("12.50", 0x0C, 0x3C, 1250), ("-1", 0x8C, 0x40, 1), ("0", 0x0C, 0x40, 0), ("3E+2", 12, 68, 3)],
)
def test_exponent_is_where_azures_clients_look_for_it(
    text: str, first: int, second: int, significand: int
) -> None:
    raw = write_decimal(Decimal(text))
    assert (raw[0], raw[1], int.from_bytes(raw[2:], "big")) == (first, second, significand)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_every_value_is_carried_whole_or_refused(value: Decimal) -> None:
    try:
        raw = write_decimal(value)
    except BrokerError as refusal:
        assert refusal.code is ErrorCode.ARGUMENT_ERROR
        return
    assert read_decimal(raw) == value
    assert carried(raw) is raw


@given(st.integers(-(10**28) + 1, 10**28 - 1), st.integers(-28, 28))
def test_clients_read_back_what_they_have_sent(significand: int, exponent: int) -> None:
    value = Decimal(significand).scaleb(exponent)
    assert got(carried(sent(value))) == value


@given(
    st.one_of(
        *(
            st.binary(min_size=size, max_size=size).map(kind)
            for kind, size in ((Decimal32, 4), (Decimal64, 8), (Decimal128, 16))
        )
    )
)
def test_any_bytes_are_carried_or_refused(raw: Any) -> None:
    try:
        written = carried(raw)
    except BrokerError:
        return
    assume(not read_decimal(raw).is_nan())
    assert read_decimal(written) == read_decimal(raw)
    got(written)


@pytest.mark.parametrize("text", ["1E+200", "1E-40", "79228162514264337593543950336", "1" * 34])
def test_what_cannot_be_carried_is_refused_in_words(text: str) -> None:
    with pytest.raises(BrokerError, match="too many digits"):
        write_decimal(Decimal(text))


@pytest.mark.parametrize("text", ["1E+120", "10E-29", "792281625142643375935439503350"])
def test_number_is_shifted_until_it_can_be_carried(text: str) -> None:
    assert read_decimal(write_decimal(Decimal(text))) == Decimal(text)


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_can_be_read(text: str) -> None:
    got(write_decimal(Decimal(text)))
    assert not read_decimal(write_decimal(Decimal(text))).is_snan()


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (Decimal32.fromhex("b2000019"), "-2.5"),
        (Decimal64.fromhex("b1a0000000000019"), "-2.5"),
        (Decimal128.fromhex("b03e0000000000000000000000000019"), "-2.5"),
    ],
)
def test_every_decimal_of_a_message_is_handed_out_as_decimal128(raw: Any, text: str) -> None:
    written = write_decimal(Decimal(text))
    key = Symbol("x-opt-own")
    out = delivered(
        encode_section(DELIVERY_ANNOTATIONS, {key: raw})
        + encode_section(MESSAGE_ANNOTATIONS, {key: {Symbol("deep"): [raw, Array([raw])]}})
        + encode_section(APPLICATION_PROPERTIES, {"text": "t", "price": raw, "t": 1})
        + BODY
    )
    assert values_of(out.delivery_annotations) == {key: written}
    assert values_of(out.message_annotations)[key] == {"deep": [written, [written]]}
    assert values_of(out.application_properties) == {"text": "t", "price": written, "t": 1}
    assert type(values_of(out.application_properties)["price"]) is Decimal128


def test_body_with_a_decimal_stays_as_it_was_sent() -> None:
    body = encode_section(0x77, sent(Decimal("2.5")))
    assert delivered(body).body == body


def test_decimal_inside_any_kind_of_value_is_found() -> None:
    raw, written = sent(Decimal(1)), write_decimal(Decimal(1))
    value = {raw: [raw], "d": Described(Symbol("d"), raw), "a": Array([raw]), "n": None}
    assert with_carried_decimals(value) == {
        written: [written],
        "d": Described(Symbol("d"), written),
        "a": [written],
        "n": None,
    }


def test_message_whose_decimal_cannot_be_carried_is_refused() -> None:
    for code in (APPLICATION_PROPERTIES, MESSAGE_ANNOTATIONS, DELIVERY_ANNOTATIONS):
        section = encode_section(code, {"price": sent(Decimal("1E+200"))})
        with pytest.raises(BrokerError, match="too many digits"):
            read_message(section + BODY, from_wire=lambda at: at, new_id=str)


def test_filters_and_actions_see_the_value() -> None:
    section = encode_section(APPLICATION_PROPERTIES, {"price": sent(Decimal("2.5"))})
    message = read_message(section + BODY, from_wire=lambda at: at, new_id=str)
    message.sequence_number, message.enqueued_at = 1, 0.0
    message.properties = {"tip": Decimal64.fromhex("31c0000000000001")}
    contents = WirePropertyAccess(lambda at: at, lambda at: at)
    seen = contents.view(message).application
    assert seen == {"price": Decimal("2.5"), "tip": 1}
    twin = contents.edited(message, {**seen, "double": Decimal("5.0")}, {})
    out = split_sections(encode_delivery(twin, to_wire=lambda at: at))
    assert {name: got(raw) for name, raw in values_of(out.application_properties).items()} == {
        "price": Decimal("2.5"),
        "tip": 1,
        "double": 5,
    }


def test_decimal_that_a_settlement_sets_is_handed_out_as_azure_writes_it() -> None:
    message = read_message(BODY, from_wire=lambda at: at, new_id=str)
    message.sequence_number, message.enqueued_at = 1, 0.0
    message.properties = {"tip": sent(Decimal("2.5"))}
    out = split_sections(encode_delivery(message, to_wire=lambda at: at))
    assert got(values_of(out.application_properties)["tip"]) == Decimal("2.5")
