"""Decimals in the binary integer encoding; the vectors are IEEE 754-2008's and Intel's."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbtutorial.amqp.types import Decimal32, Decimal64, Decimal128
from sbtutorial.amqp.types.decimals import DecimalBytes, from_bid

VECTORS: list[tuple[DecimalBytes, str]] = [
    (Decimal32.fromhex("32800001"), "1"),
    (Decimal32.fromhex("b2800001"), "-1"),
    (Decimal32.fromhex("32000019"), "2.5"),
    (Decimal32.fromhex("77f8967f"), "9.999999E+96"),
    (Decimal32.fromhex("00000001"), "1E-101"),
    (Decimal32.fromhex("6cb8967f"), "9999999"),
    (Decimal32.fromhex("6cb89680"), "0"),
    (Decimal64.fromhex("31c0000000000001"), "1"),
    (Decimal64.fromhex("b1a0000000000019"), "-2.5"),
    (Decimal64.fromhex("77fb86f26fc0ffff"), "9.999999999999999E+384"),
    (Decimal128.fromhex("30400000000000000000000000000001"), "1"),
    (Decimal128.fromhex("b03e0000000000000000000000000019"), "-2.5"),
    (Decimal128.fromhex("5fffed09bead87c0378d8e63ffffffff"), f"{'9' * 34}E+6111"),
    (Decimal128.fromhex("6c100000000000000000000000000001"), "0"),
    (Decimal32.fromhex("78000000"), "Infinity"),
    (Decimal64.fromhex("f800000000000000"), "-Infinity"),
    (Decimal128.fromhex("7c000000000000000000000000000000"), "NaN"),
    (Decimal32.fromhex("7e000000"), "NaN"),
]


@pytest.mark.parametrize(("raw", "text"), VECTORS, ids=lambda each: str(each)[:40])
def test_bytes_have_the_value_that_the_standard_gives_them(raw: DecimalBytes, text: str) -> None:
    value, wanted = from_bid(raw), Decimal(text)
    assert str(value) == str(wanted) if wanted.is_nan() or wanted.is_infinite() else value == wanted


@given(
    st.one_of(
        *(
            st.binary(min_size=size, max_size=size).map(kind)
            for kind, size in ((Decimal32, 4), (Decimal64, 8), (Decimal128, 16))
        )
    )
)
def test_any_bytes_have_a_value_that_can_be_compared(raw: DecimalBytes) -> None:
    value = from_bid(raw)
    assert value == value or value.is_qnan()
