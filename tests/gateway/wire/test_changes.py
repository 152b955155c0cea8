from decimal import Decimal
from uuid import UUID

import pytest

from sbtutorial.amqp.types import Array, Described, Int, Symbol, Timestamp, ULong
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.gateway.wire.changes import property_changes, reason_text


@pytest.mark.parametrize(
    ("changes", "properties"),
    [
        (None, None),
        ({}, {}),
        ({"a": 1, Symbol("b"): None}, {"a": 1, "b": None}),
        ({"a": b"\xff", "b": ULong(2**64 - 1)}, {"a": b"\xff", "b": 2**64 - 1}),
    ],
)
def test_changes_are_properties_by_text(changes: object, properties: object) -> None:
    found = property_changes(changes)
    assert found == properties
    assert {type(name) for name in found or {}} <= {str}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (Int(5), "are 5; they must be a map"),
        ([("a", 1)], "must be a map"),
        ("a", "must be a map"),
        (b"a", "must be a map"),
        ({5: 1}, "name of a property to modify is 5"),
        ({None: 1}, "name of a property to modify is None"),
        ({b"a": 1}, "name of a property to modify is b'a'"),
        ({"a": [1]}, "'a' is a list"),
        ({"a": {}}, "'a' is a list or a map"),
        ({"a": Array([Int(1)])}, "'a' is an array"),
        ({"a": Described(Symbol("x"), 1)}, "'a' has a described type"),
        ({"a": Array([1, "mixed"])}, "cannot be written"),
        ({"a": object()}, "cannot be written"),
    ],
)
def test_changes_that_cannot_be_properties_are_refused(changes: object, problem: str) -> None:
    with pytest.raises(BrokerError, match=problem) as caught:
        property_changes(changes)
    assert caught.value.code is ErrorCode.ARGUMENT_ERROR
    assert "under its lock" in caught.value.message


def test_property_of_more_than_32_kilobytes_is_refused() -> None:
    with pytest.raises(BrokerError, match="property 'a' has") as caught:
        property_changes({"a": "x" * 40_000})
    assert caught.value.code is ErrorCode.MESSAGE_SIZE_EXCEEDED


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("why", "why"),
        (Symbol("why"), "why"),
        (b"why", "why"),
        (b"\xff", "\ufffd"),
        (5, "5"),
        (True, "True"),
        (1.5, "1.5"),
        (Decimal(5), "5"),
        (UUID(int=1), str(UUID(int=1))),
        (Timestamp(0), "1970-01-01T00:00:00+00:00"),
    ],
)
def test_reason_is_a_text_whatever_the_client_writes(value: object, text: str | None) -> None:
    reason = reason_text("deadletter-reason", value)
    assert reason == text
    assert type(reason) in (str, type(None))


@pytest.mark.parametrize("value", [[], {"a": 1}, Array([1]), Described(Symbol("x"), "y")])
def test_reason_that_is_no_simple_value_is_refused(value: object) -> None:
    with pytest.raises(BrokerError, match=r"'deadletter-reason' is .* must be a text"):
        reason_text("deadletter-reason", value)


def test_reason_of_more_than_32_kilobytes_is_refused() -> None:
    with pytest.raises(BrokerError, match="'deadletter-reason' has") as caught:
        reason_text("deadletter-reason", "x" * 40_000)
    assert caught.value.code is ErrorCode.MESSAGE_SIZE_EXCEEDED
