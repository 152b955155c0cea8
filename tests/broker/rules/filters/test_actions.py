from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.rules.filters.actions import Edits, parse_action
from sbtutorial.broker.rules.filters.errors import FilterError
from sbtutorial.broker.rules.filters.properties import MISSING
from tests.broker.rules.filters.messages import Sample, having

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
VARIOUS = having(
    a=1,
    text="x",
    price=1.5,
    exact=Decimal(1),
    open=True,
    at=NOON,
    wait=HOUR,
    id=UUID(int=1),
    raw=b"x",
)


def applied(text: str, message: Sample | None = None, **parameters: Any) -> Edits:
    return parse_action(text, parameters).apply(message or having())


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("SET quantity = quantity / 2;", {"quantity": 11}, {"quantity": 5}),
        ("SET color = 'red'", {}, {"color": "red"}),
        ("SET COLOR = 'red'", {"Color": "blue"}, {"Color": "red"}),
        ("SET user.a = 1; SET b = a + 1", {}, {"a": 1, "b": 2}),
        ("SET [a b] = TRUE", {}, {"a b": True}),
        ("SET a = nowhere", {"a": 1}, {"a": None}),
        ("SET a = NULL", {}, {"a": None}),
        ("SET a = p('b')", {"b": 2}, {"b": 2, "a": 2}),
        ("SET a = b SET b = a", {"a": 1, "b": 2}, {"a": 2, "b": 2}),
        ("REMOVE a", {"a": 1, "b": 2}, {"b": 2}),
        ("REMOVE A", {"a": 1}, {}),
        ("REMOVE nowhere", {"a": 1}, {"a": 1}),
        ("SET a = 1 REMOVE a", {}, {}),
        ("REMOVE a SET a = 2", {"a": 1}, {"a": 2}),
        ("REMOVE a SET b = a", {"a": 1}, {"b": None}),
        ("SET price = 3", {"price": 1.5}, {"price": 3.0}),
        ("SET price = 3", {"price": Decimal("1.5")}, {"price": Decimal(3)}),
        ("SET price = '3'", {"price": 1.5}, {"price": 3.0}),
        ("SET price = '3'", {"price": Decimal("1.5")}, {"price": Decimal(3)}),
        ("SET count = ' +7 '", {"count": 1}, {"count": 7}),
        ("SET open = 'False'", {"open": True}, {"open": False}),
        ("SET at = '2026-01-01T12:00:00'", {"at": NOON + HOUR}, {"at": NOON}),
        ("SET at = '2026-01-01T14:00:00+02:00'", {"at": NOON + HOUR}, {"at": NOON}),
        ("SET wait = '01:00:00'", {"wait": 2 * HOUR}, {"wait": HOUR}),
        ("SET wait = '-1.01:00'", {"wait": HOUR}, {"wait": -25 * HOUR}),
        ("SET id = '" + str(UUID(int=9)) + "'", {"id": UUID(int=1)}, {"id": UUID(int=9)}),
        ("SET note = 'x'", {"note": None}, {"note": "x"}),
        ("REMOVE price SET price = 'free'", {"price": 1.5}, {"price": "free"}),
        ("SET price = 5", {"price": "free"}, {"price": 5}),
        ("SET count = 2.5", {"count": 1}, {"count": 2.5}),
    ],
)
def test_application_properties(
    text: str, before: dict[str, object], after: dict[str, object]
) -> None:
    edits = applied(text, having(**before))
    assert edits.application == after
    assert {k: type(v) for k, v in edits.application.items()} == {
        k: type(v) for k, v in after.items()
    }
    assert edits.system == {}


@pytest.mark.parametrize(
    ("text", "system"),
    [
        ("SET sys.CorrelationId = 'low'", {"CorrelationId": "low"}),
        ("SET sys.label = 'a' + sys.Label", {"Label": "aold"}),
        ("SET sys.Subject = 5", {"Label": "5"}),
        ("SET sys.To = NULL", {"To": MISSING}),
        ("REMOVE sys.Label", {"Label": MISSING}),
        ("SET sys.MessageId = newid()", {"MessageId": str(UUID(int=9))}),
        ("SET sys.TimeToLive = @hour", {"TimeToLive": timedelta(hours=1)}),
        ("SET sys.TimeToLive = '01:00:00'", {"TimeToLive": timedelta(hours=1)}),
        (
            "SET sys.ScheduledEnqueueTimeUtc = '2026-01-01T12:00:00Z'",
            {"ScheduledEnqueueTimeUtc": NOON},
        ),
        (
            "SET sys.ScheduledEnqueueTimeUtc = sys.EnqueuedTimeUtc + @hour",
            {"ScheduledEnqueueTimeUtc": NOON + timedelta(hours=1)},
        ),
        ("SET sys.To = sys.Label; SET sys.Label = 'x'", {"To": "old", "Label": "x"}),
        ("REMOVE sys.Label; SET sys.To = sys.Label", {"Label": MISSING, "To": MISSING}),
    ],
)
def test_system_properties(text: str, system: dict[str, object]) -> None:
    parameters = {"hour": timedelta(hours=1)}
    action = parse_action(text, parameters, new_id=lambda: UUID(int=9))
    edits = action.apply(Sample({"a": 1}, Label="old", EnqueuedTimeUtc=NOON))
    assert edits == Edits({"a": 1}, system)


def test_statements_see_what_the_ones_before_have_set() -> None:
    edits = applied("SET sys.Label = 'new'; SET a = sys.Label; REMOVE sys.Label; SET b = sys.Label")
    assert edits.application == {"a": "new", "b": None}


def test_message_stays_as_it_is() -> None:
    message = having(a=1, b=2)
    applied("SET a = 2; REMOVE b; SET c = 3", message)
    assert message.application == {"a": 1, "b": 2}


def test_example_of_the_documentation() -> None:
    edits = applied(
        "SET quantity = quantity / 2; REMOVE priority;SET sys.CorrelationId = 'low';",
        having(color="red", quantity=10, priority="high"),
    )
    assert edits == Edits({"color": "red", "quantity": 5}, {"CorrelationId": "low"})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("SET a = a / 0", "division by zero"),
        ("SET a = -text", "a text has no sign"),
        ("SET sys.TimeToLive = 5", "sys.TimeToLive cannot be set to 5: it is a duration"),
        ("SET sys.TimeToLive = '5 minutes'", "cannot be set to '5 minutes': it is a duration"),
        ("SET sys.TimeToLive = '-00:00:01'", "cannot be set to '-00:00:01'"),
        ("SET sys.TimeToLive = '00:00'", "cannot be set to '00:00'"),
        ("SET sys.ScheduledEnqueueTimeUtc = 'now'", "cannot be set to 'now': it is a date"),
        ("SET a = 'red'", "SET cannot change 1 to 'red': the property is a whole number"),
        ("SET a = '9223372036854775808'", "the property is a whole number"),
        ("SET A = '1.5'", "the property is a whole number"),
        ("SET a = text", "SET cannot change 1 to 'x'"),
        ("SET price = 'free'", "the property is a number"),
        ("SET price = '1e999'", "the property is a number"),
        ("SET price = 'nan'", "the property is a number"),
        ("SET exact = '1e'", "the property is a decimal number"),
        ("SET open = 'yes'", "the property is a boolean"),
        ("SET at = 'noon'", "the property is a date"),
        ("SET wait = '25:00'", "the property is a duration"),
        ("SET id = 'x'", "the property is a UUID"),
        ("SET raw = 'x'", "the property is bytes"),
        ("SET a = p('sys.Nothing')", "no system property Nothing"),
    ],
)
def test_statement_that_cannot_be_computed_fails(text: str, problem: str) -> None:
    with pytest.raises(FilterError, match=problem):
        applied(text, VARIOUS)


def test_action_keeps_text_and_parameters() -> None:
    action = parse_action("SET a = @x", {"@x": 5})
    assert (action.expression, action.parameters) == ("SET a = @x", {"@x": 5})
    assert action == parse_action("SET a = @x", {"@x": 5})
    assert action != parse_action("SET a = @x", {"@x": 6})


@pytest.mark.parametrize("text", ["SET a = @nowhere", "SET a = 1 SET b = 2 * @nowhere"])
def test_missing_parameter_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(BrokerError, match="there is no parameter @nowhere") as caught:
        parse_action(text)
    assert caught.value.code is ErrorCode.ARGUMENT_ERROR
    assert f"column {text.index('@') + 1})" in caught.value.message


class Narrow(int):
    """As the numbers of the wire are: ints that know their width."""


def test_whole_number_that_a_text_changes_stays_as_wide_as_it_was() -> None:
    edits = applied("SET a = '5'", having(a=Narrow(1)))
    assert type(edits.application["a"]) is Narrow


def test_properties_are_found_in_any_case_however_often_they_change() -> None:
    edits = applied(
        "SET B = 2; REMOVE b; SET b = 3; REMOVE A; SET a = nowhere; SET Aa = 1; SET AA = 2",
        having(a=1, b=1),
    )
    assert edits.application == {"b": 3, "a": None, "Aa": 2}
