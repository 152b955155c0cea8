from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from sbtutorial.amqp.messaging import (
    APPLICATION_PROPERTIES,
    DATA,
    MESSAGE_ANNOTATIONS,
    Properties,
    encode_section,
)
from sbtutorial.amqp.types import Described, Long, Symbol, Timestamp, UInt
from sbtutorial.broker.message import Message
from sbtutorial.broker.rules.filters.actions import parse_action
from sbtutorial.broker.rules.filters.properties import MISSING, SYSTEM_PROPERTIES
from sbtutorial.gateway.wire.message import encode_message, read_message
from sbtutorial.gateway.wire.properties import WirePropertyAccess, WireView

HOUR = 3600.0
CONTENTS = WirePropertyAccess(lambda at: at + HOUR)  # the broker's time was moved back by an hour


def message(application: dict[str, Any] | None = None, **properties: Any) -> Message:
    payload = (
        encode_section(MESSAGE_ANNOTATIONS, {Symbol("x-opt-partition-key"): "left"})
        + Properties(**properties).encode()
        + (encode_section(APPLICATION_PROPERTIES, application) if application else b"")
        + encode_section(DATA, b"coffee")
    )
    made = read_message(payload, from_wire=lambda at: at - HOUR)
    made.enqueued_at = 100.0
    made.sequence_number = 7
    return made


def edited(original: Message, sql: str) -> Message:
    edits = parse_action(sql).apply(CONTENTS.view(original))
    return CONTENTS.edited(original, edits.application, edits.system)


def on_the_wire(made: Message) -> WireView:
    """What a receiver would read of it."""
    payload = encode_message(made, to_wire=lambda at: at + HOUR)
    return CONTENTS.view(read_message(payload, from_wire=lambda at: at - HOUR))


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
