import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from sbtutorial.admin.config.reading import read_config
from sbtutorial.errors import TutorialError
from sbtutorial.explorer.draft import BodyKind, Draft
from sbtutorial.explorer.explorer import Explorer
from sbtutorial.explorer.message_files import read_messages
from sbtutorial.lab.lab import Lab

EVERYTHING = Draft(
    body=[b"one", b"\xff\x00", b""],
    body_kind=BodyKind.DATA,
    properties={
        "message_id": "m",
        "user_id": b"me",
        "to": "kitchen",
        "subject": "drink",
        "reply_to": "bar",
        "correlation_id": "c",
        "content_type": "text/plain",
        "content_encoding": "gzip",
        "group_id": "s",
        "group_sequence": 7,
        "reply_to_group_id": "r",
    },
    application_properties={
        "text": "tea",
        "whole": -5,
        "long": 2**40,
        "number": 1.5,
        "flag": True,
        "nothing": None,
        "id": UUID(int=5),
        "": "a name that is empty",
    },
    header={"durable": True, "priority": 3, "time_to_live": 600_000},
    annotations={"x-opt-partition-key": "s", "x-opt-mine": "a note"},
    delivery_annotations={"x-opt-for-the-way": 1},
    footer={"x-opt-end": "z"},
)
VALUES: list[Any] = [
    None,
    "text",
    5,
    [2**40],
    -1.5,
    True,
    UUID(int=9),
    b"\xff",
    [1, "two", [3.5, None]],
    {"a": {"b": [1]}, 5: "a number for a key"},
]


def same(explorer: Explorer, draft: Draft) -> tuple[Draft, Draft]:
    """A message as it was seen in a queue, and after it has been through a file."""
    explorer.create_queue("orders")
    explorer.create_queue("copies")
    explorer.send("orders", draft)
    assert explorer.import_messages("copies", explorer.export_messages("orders")).count == 1
    return explorer.message("orders", 1).draft, explorer.message("copies", 1).draft


def test_every_section_survives_a_file(explorer: Explorer) -> None:
    seen, copy = same(explorer, EVERYTHING)
    instants = ("creation_time", "absolute_expiry_time")  # which the SDK makes anew from a lifetime
    for each in (seen, copy):
        for name in instants:
            each.properties.pop(name)  # type: ignore[attr-defined]
    assert copy == seen
    assert seen.properties == EVERYTHING.properties
    assert seen.body == EVERYTHING.body
    assert seen.application_properties == EVERYTHING.application_properties
    assert seen.annotations == EVERYTHING.annotations
    assert seen.header["priority"] == 3


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_every_body_of_a_value_survives_a_file(explorer: Explorer, value: Any) -> None:
    seen, copy = same(explorer, Draft(value))
    assert (copy.body, copy.body_kind) == (seen.body, seen.body_kind) == (value, BodyKind.VALUE)


def test_a_body_of_sequences_survives_a_file(explorer: Explorer) -> None:
    seen, copy = same(explorer, Draft([[1, "two"], [3.5]], BodyKind.SEQUENCE))
    assert copy == seen
    assert (seen.body, seen.body_kind) == ([[1, "two"], [3.5]], BodyKind.SEQUENCE)


def test_a_scheduled_message_keeps_its_time(explorer: Explorer) -> None:
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    explorer.create_queue("orders")
    explorer.send("orders", "tea", scheduled_enqueue_time_utc=at)
    text = explorer.export_messages("orders")
    explorer.import_messages("orders", text)
    page = explorer.browse("orders")
    assert [one.service["scheduled_enqueue_time_utc"] for one in page] == [at, at]


def test_values_that_json_has_no_type_for_survive(explorer: Explorer) -> None:
    line = json.dumps(
        {
            "body": [{"$bytes": "/w=="}],
            "body_kind": "data",
            "application_properties": {
                "when": {"$datetime": "2026-01-02T03:04:05+00:00"},
                "price": {"$decimal": "1.50"},
                "id": {"$uuid": str(UUID(int=3))},
                "odd": {"$float": "inf"},
            },
            "footer": {"$map": [[5, "five"]]},
        }
    )
    (draft,) = read_messages([line, ""])
    assert draft.body == [b"\xff"]
    assert draft.application_properties == {
        "when": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "price": Decimal("1.50"),
        "id": UUID(int=3),
        "odd": float("inf"),
    }
    assert draft.footer == {5: "five"}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("tea", "Line 2 is no message"),
        ("[]", 'it has no "body"'),
        ('{"body": "tea", "colour": 1}', "'colour' is no section of a message"),
        ('{"body": "tea", "body_kind": "data"}', "a list of bytes"),
        ('{"body": ["a"], "body_kind": "sequence"}', "a list of lists"),
        ('{"body": {"$odd": 1}}', "'\\$odd' is no type"),
        ('{"body": {"$bytes": "?"}}', "Line 2 is no message"),
        ('{"body": "tea", "properties": 5}', "'properties' is to be names and values"),
        ('{"body": "tea", "body_kind": "soup"}', "soup"),
    ],
)
def test_a_line_that_is_no_message_is_named_and_nothing_is_sent(
    explorer: Explorer, line: str, sentence: str
) -> None:
    explorer.create_queue("orders")
    with pytest.raises(TutorialError, match=sentence):
        explorer.import_messages("orders", f'{{"body": "tea"}}\n{line}\n')
    assert len(explorer.browse("orders")) == 0


def make_everything(explorer: Explorer) -> None:
    explorer.create_queue("archive", status="SendDisabled", max_size_in_megabytes=2048)
    explorer.create_queue(
        "orders",
        lock_duration="30 s",
        requires_duplicate_detection=True,
        forward_dead_lettered_messages_to="archive",
        user_metadata="the shop's",
        auto_delete_on_idle="7 days",
    )
    explorer.create_topic("news", default_message_time_to_live="1 h")
    explorer.create_subscription("news/all", requires_session=True)
    explorer.create_subscription("news/blue", max_delivery_count=3, forward_to="archive")
    explorer.delete_rule("news/blue", "$Default")
    explorer.create_rule("news/blue", "sql", "color = 'blue'", "SET seen = 1")
    explorer.create_rule("news/blue", "fields", {"subject": "sport", "team": "red"})


def test_entities_survive_a_file_of_ours(explorer: Explorer, lab: Lab, tmp_path: Path) -> None:
    make_everything(explorer)
    file = tmp_path / "shop.json"
    text = explorer.export_entities(file)
    lab.reset()
    imported = explorer.import_entities(file)
    assert {step.outcome for step in imported} == {"created"}
    assert explorer.export_entities() == text
    assert explorer.show("news/blue")["forward_to"] == "archive"
    assert [rule.name for rule in explorer.rules("news/blue")] == ["fields", "sql"]


def test_entities_survive_a_file_of_the_emulators(explorer: Explorer, lab: Lab) -> None:
    make_everything(explorer)
    text = explorer.export_entities(format="emulator")
    lab.reset()
    explorer.import_entities(text)
    assert explorer.export_entities(format="emulator") == text
    assert set(read_config(text).queues) == {"archive", "orders"}


def test_what_the_emulator_does_not_take_is_brought_within_its_limits_and_told(
    explorer: Explorer, capsys: pytest.CaptureFixture[str]
) -> None:
    explorer.create_queue("orders", max_delivery_count=50)
    text = explorer.export_entities(format="emulator")
    assert read_config(text).queues["orders"].max_delivery_count == 10
    assert "max_delivery_count becomes 10 for 'orders'." in capsys.readouterr().out


def test_what_is_there_already_stays_as_it_is(explorer: Explorer) -> None:
    explorer.create_queue("orders", max_delivery_count=3)
    text = explorer.export_entities().replace('"max_delivery_count": 3', '"max_delivery_count": 9')
    assert [step.outcome for step in explorer.import_entities(text)] == ["there already"]
    assert explorer.show("orders")["max_delivery_count"] == 3


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: "{", "This is no JSON"),
        (lambda text: " ", "There is nothing in this file"),
        (lambda text: "{}", "'UserConfig' is missing"),
        (lambda text: text.replace("PT30S", "PT30M"), "queues.0..properties: lock_duration is 30"),
        (lambda text: text.replace("lock_duration", "lock"), "no property 'lock'"),
        (lambda text: text.replace('"topics"', '"topic"'), "'topic' is unknown"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(
    explorer: Explorer, change: Any, sentence: str
) -> None:
    explorer.create_queue("orders", lock_duration="30 s")
    text = change(explorer.export_entities())
    explorer.delete("orders", confirm=True)
    with pytest.raises(TutorialError, match=sentence):
        explorer.import_entities(text)
    assert not explorer.tree().nodes


def test_a_file_that_is_not_there_is_named(explorer: Explorer) -> None:
    with pytest.raises(TutorialError, match=r"\'nowhere.json' cannot be read"):
        explorer.import_entities("nowhere.json")
    with pytest.raises(TutorialError, match="format is one of ours, emulator"):
        explorer.export_entities(format="xml")  # type: ignore[arg-type]
