from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbtutorial.amqp.messaging import (
    APPLICATION_PROPERTIES,
    DATA,
    MESSAGE_ANNOTATIONS,
    Properties,
    build_map_section,
    encode_section,
)
from sbtutorial.amqp.types import (
    Decimal32,
    Decimal64,
    Decimal128,
    Described,
    Long,
    Symbol,
    Timestamp,
    UByte,
    UInt,
)
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.message import Message
from sbtutorial.broker.rules.filters.actions import parse_action
from sbtutorial.broker.rules.filters.errors import FilterError
from sbtutorial.broker.rules.filters.properties import MISSING, SYSTEM_PROPERTIES
from sbtutorial.broker.rules.filters.sql import parse_filter
from sbtutorial.gateway.wire.message import encode_message, merged_bytes, read_message
from sbtutorial.gateway.wire.properties import WirePropertyAccess, WireView

HOUR = 3600.0
CONTENTS = WirePropertyAccess(lambda at: at + HOUR, lambda at: at - HOUR)  # of a clock moved back


def message(application: dict[str, Any] | None = None, **properties: Any) -> Message:
    payload = (
        encode_section(MESSAGE_ANNOTATIONS, {Symbol("x-opt-partition-key"): "left"})
        + Properties(**properties).encode()
        + (encode_section(APPLICATION_PROPERTIES, application) if application else b"")
        + encode_section(DATA, b"coffee")
    )
    made = read_message(payload, from_wire=lambda at: at - HOUR, new_id=str)
    made.enqueued_at = 100.0
    made.sequence_number = 7
    return made


def edited(original: Message, sql: str) -> Message:
    edits = parse_action(sql).apply(CONTENTS.view(original))
    return CONTENTS.edited(original, edits.application, edits.system)


def on_the_wire(made: Message) -> WireView:
    """What a receiver would read of it."""
    payload = encode_message(made, to_wire=lambda at: at + HOUR)
    return CONTENTS.view(read_message(payload, from_wire=lambda at: at - HOUR, new_id=str))


def test_system_properties_come_from_the_message_and_from_the_broker() -> None:
    view = CONTENTS.view(message(message_id="7", subject="order", group_id="s", to="desk"))
    seen = {name: view.system(name) for name in SYSTEM_PROPERTIES}
    there = {name: value for name, value in seen.items() if value is not MISSING}
    assert there == {
        "DeliveryCount": 0,
        "EnqueuedSequenceNumber": 7,
        "EnqueuedTimeUtc": datetime.fromtimestamp(100 + HOUR, UTC),
        "ForcePersistence": False,
        "Label": "order",
        "MessageId": "7",
        "PartitionKey": "left",
        "SequenceNumber": 7,
        "SessionId": "s",
        "Size": view.system("Size"),
        "State": 0,
        "To": "desk",
    }


def test_values_of_application_properties_are_plain() -> None:
    view = CONTENTS.view(
        message(
            {
                "at": Timestamp(1000),
                "number": UInt(3),
                "id": UUID(int=1),
                "long": Described(Symbol("com.microsoft:timespan"), Long(600_000_000)),
            }
        )
    )
    assert view.application == {
        "at": datetime.fromtimestamp(1, UTC),
        "number": 3,
        "id": UUID(int=1),
        "long": timedelta(minutes=1),
    }


def test_what_the_broker_has_set_goes_over_what_was_sent() -> None:
    original = message({"colour": "red", "size": 1})
    original.properties = {"colour": "blue"}
    assert CONTENTS.view(original).application == {"colour": "blue", "size": 1}


@pytest.mark.parametrize(
    ("sql", "application"),
    [
        ("SET size = size + 1", {"size": 2, "colour": "red"}),
        ("SET size = TRUE", {"size": True, "colour": "red"}),
        ("REMOVE colour", {"size": 1}),
        ("REMOVE colour; REMOVE size", {}),
        ("SET new = 'x'", {"size": 1, "colour": "red", "new": "x"}),
    ],
)
def test_edited_copy_carries_the_new_application_properties(
    sql: str, application: dict[str, Any]
) -> None:
    original = message({"size": 1, "colour": "red"}, message_id="7")
    view = on_the_wire(edited(original, sql))
    # As texts, for to == 1 and True are the same.
    assert repr(sorted(view.application.items())) == repr(sorted(application.items()))
    assert view.system("MessageId") == "7"
    assert CONTENTS.view(original).application == {"size": 1, "colour": "red"}


@pytest.mark.parametrize(
    ("sql", "name", "value"),
    [
        ("SET sys.Label = 'urgent'", "Label", "urgent"),
        ("SET sys.MessageId = '8'", "MessageId", "8"),
        ("SET sys.SessionId = 'b'", "SessionId", "b"),
        ("SET sys.ContentType = 'text/plain'", "ContentType", "text/plain"),
        ("SET sys.PartitionKey = 'right'", "PartitionKey", "right"),
        ("REMOVE sys.Label", "Label", MISSING),
        ("REMOVE sys.PartitionKey", "PartitionKey", MISSING),
    ],
)
def test_edited_copy_carries_the_new_system_property_and_the_original_the_old(
    sql: str, name: str, value: object
) -> None:
    original = message(message_id="7", subject="order", group_id="a")
    before = CONTENTS.view(original).system(name)
    assert on_the_wire(edited(original, sql)).system(name) == value
    assert CONTENTS.view(original).system(name) == before


def test_edited_ids_count_for_the_broker_too() -> None:
    copy = edited(message(message_id="7", group_id="a"), "SET sys.SessionId = 'b'")
    assert copy.session_id == "b"
    assert edited(message(message_id="7"), "SET sys.MessageId = '8'").message_id == "8"


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("SET a = 9223372036854775807 + 1", "64 bits"),
        ("SET number = '300'", "cannot be written"),
        ("SET a = @longest", "cannot be written"),
        ("SET sys.ContentType = 'naïve'", "cannot be written"),
        ("SET sys.MessageId = @wide", "sys.MessageId cannot be set to a text of 129 characters"),
        ("SET sys.SessionId = @wide", "sys.SessionId cannot be set to a text of 129 characters"),
        ("SET sys.PartitionKey = @wide", "sys.PartitionKey cannot be set to a text of 129"),
        ("SET a = @huge", "32768 .32 KB. are allowed"),
        ("SET a = @half", "cannot be written"),
        ("SET a = @large SET b = @large SET c = @large", "stream has been exceeded"),
        ("SET sys.Label = @large SET sys.To = @large SET sys.ReplyTo = @large", "exceeded"),
    ],
)
def test_result_that_no_message_can_have_fails_the_action(sql: str, problem: str) -> None:
    original = message({"number": UByte(1)}, message_id="7")
    edits = parse_action(
        sql,
        {
            "longest": timedelta.max,
            "wide": "x" * 129,
            "large": "x" * 30_000,
            "huge": "€" * 20_000,
            "half": "\ud800",
        },
    )
    with pytest.raises(FilterError, match=problem):
        changed = edits.apply(CONTENTS.view(original))
        CONTENTS.edited(original, changed.application, changed.system)
    assert CONTENTS.view(original).application == {"number": 1}


def test_properties_that_an_action_makes_too_long_have_a_reason_of_their_own() -> None:
    original = message()
    with pytest.raises(FilterError) as caught:
        CONTENTS.edited(original, {f"p{i}": "x" * 30_000 for i in range(3)}, {})
    assert caught.value.reason == "HeaderSizeExceeded"
    with pytest.raises(FilterError) as caught:
        CONTENTS.edited(original, {"p": object()}, {})
    assert caught.value.reason == "FilterException"


@pytest.mark.parametrize(
    "value",
    [
        float("inf"),
        float("nan"),
        Decimal("1e6144"),
        Decimal("sNaN"),
        Decimal("-Infinity"),
        datetime.max,
        datetime.min,
        datetime.max.replace(tzinfo=UTC),
        -(2**63),
        b"\xff" * 1000,
        "\0",
        "",
        None,
    ],
    ids=repr,
)
def test_value_at_the_end_of_its_type_is_written_or_fails_the_action(value: object) -> None:
    try:
        copy = CONTENTS.edited(message(), {"it": value}, {})
    except FilterError:
        return
    assert "it" in on_the_wire(copy).application


def test_sizes_of_a_copy_are_those_of_what_it_is() -> None:
    original = message({"a": "x"}, message_id="7")
    for sql in (
        "SET a = 'longer' + a",
        "REMOVE a",
        "SET sys.Label = 'label'; REMOVE sys.MessageId",
    ):
        copy = edited(original, sql)
        content = copy.content
        parts = (content.properties, content.application_properties, content.body)  # type: ignore[attr-defined]
        annotations = build_map_section(MESSAGE_ANNOTATIONS, *content.message_annotations)  # type: ignore[attr-defined]
        assert copy.size_bytes == sum(map(len, filter(None, parts))) + len(annotations)
        assert copy.header_bytes == copy.size_bytes - len(content.body)  # type: ignore[attr-defined]


def test_what_was_set_since_counts_once_in_the_size_of_a_copy() -> None:
    original = message({"a": "x"})
    plain = edited(original, "SET b = 1")
    original.properties = {"note": "n" * 100}
    original.header_bytes += merged_bytes(original)
    original.size_bytes += merged_bytes(original)
    copy = edited(original, "SET b = 1; REMOVE note")
    assert (copy.size_bytes, copy.header_bytes) == (plain.size_bytes, plain.header_bytes)


@given(st.binary(min_size=4, max_size=16))
def test_decimal_of_any_bits_is_seen_and_carried_or_refused(raw: bytes) -> None:
    kinds = {4: Decimal32, 8: Decimal64, 16: Decimal128}
    kind = kinds.get(len(raw))
    if kind is None:
        return
    try:
        original = message({"it": kind(raw)})
    except BrokerError:
        return
    view = CONTENTS.view(original)
    with suppress(FilterError):
        parse_filter("it > 1 OR it + 1 = 2 OR it = 1.5").matches(view)
    on_the_wire(CONTENTS.edited(original, dict(view.application), {}))
