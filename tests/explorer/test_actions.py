"""What the browser asks for, without one: each answer carries the line that does the same."""

import inspect
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.explorer import Explorer
from sbtutorial.explorer.view.actions import ACTIONS, Actions
from sbtutorial.explorer.view.calls import Call
from sbtutorial.explorer.view.typed import application_properties, message_options

DEAD = "orders/$DeadLetterQueue"


@pytest.fixture
def actions(explorer: Explorer) -> Actions:
    return Actions(explorer)


@pytest.fixture
def shop(explorer: Explorer) -> None:
    """A queue with one message ready and one dead, and a topic with a subscription."""
    explorer.create_queue("orders")
    explorer.create_topic("news")
    explorer.create_subscription("news/fans")
    explorer.send("orders", "cold tea", subject="drink")
    explorer.receive("orders")[0].dead_letter("cold")
    explorer.send("orders", "tea")


ASKED: list[tuple[str, dict[str, Any], str]] = [
    ("tree", {}, "explorer.tree()"),
    ("show", {"name": "orders"}, 'explorer.show("orders")'),
    ("properties", {"kind": "topic"}, 'explorer.properties("topic")'),
    (
        "create",
        {"kind": "queue", "name": "new", "properties": {"lock_duration": "30 s"}},
        'explorer.create_queue("new", lock_duration="30 s")',
    ),
    (
        "edit",
        {"name": "orders", "properties": {"max_delivery_count": "3"}},
        'explorer.edit("orders", max_delivery_count="3")',
    ),
    ("delete", {"name": "orders"}, 'explorer.delete("orders", confirm=True)'),
    (
        "browse",
        {"name": "orders", "start": 0, "count": 20, "text": "tea", "where": ""},
        'explorer.browse("orders", start=0, count=20, text="tea")',
    ),
    ("scheduled", {"name": "news"}, 'explorer.scheduled("news")'),
    ("message", {"name": "orders", "number": 2}, 'explorer.message("orders", 2)'),
    ("dead_letters", {"name": DEAD}, f'explorer.dead_letters("{DEAD}")'),
    (
        "send",
        {
            "name": "orders",
            "body": 'a "quoted" word',
            "subject": "drink",
            "time_to_live": "5 min",
            "repeat": "2",
            "own": [
                {"name": "color", "type": "text", "value": "green"},
                {"name": "cups", "type": "whole number", "value": "2"},
                {"name": "", "type": "text", "value": "nothing"},
            ],
        },
        'explorer.send("orders", \'a "quoted" word\', subject="drink", '
        'time_to_live=timedelta(seconds=300), application_properties={"color": "green", '
        '"cups": 2}, repeat=2)',
    ),
    ("receive", {"name": "orders", "count": "1"}, 'explorer.receive("orders", 1)'),
    (
        "settle",
        {"name": DEAD, "number": 1, "how": "complete", "reason": "x"},
        f'explorer.complete("{DEAD}", 1)',
    ),
    (
        "resubmit",
        {"name": DEAD, "numbers": [1], "body": "hot tea", "subject": None, "own": []},
        f'explorer.resubmit("{DEAD}", 1, body="hot tea", subject=None, '
        "application_properties={})",
    ),
    (
        "resubmit",
        {"name": DEAD, "reason": "cold", "message_id": "{}-again"},
        f'explorer.resubmit("{DEAD}", message_id="{{}}-again", reason="cold")',
    ),
    ("purge", {"name": "orders"}, 'explorer.purge("orders", confirm=True)'),
    ("rules", {"name": "news/fans"}, 'explorer.rules("news/fans")'),
    (
        "create_rule",
        {"name": "news/fans", "rule": "blue", "filter": "color = 'blue'", "action": None},
        'explorer.create_rule("news/fans", "blue", "color = \'blue\'")',
    ),
    (
        "delete_rule",
        {"name": "news/fans", "rule": "$Default"},
        'explorer.delete_rule("news/fans", "$Default")',
    ),
    (
        "test_rules",
        {"name": "news", "own": [{"name": "a", "type": "yes or no", "value": "yes"}]},
        'explorer.test_rules("news", "", application_properties={"a": True})',
    ),
    (
        "test_filter",
        {"filter": "a = 1", "own": []},
        'explorer.test_filter("a = 1", "")',
    ),
    (
        "start_sender",
        {"name": "orders", "body": "tea", "per_second": "50", "repeat": "1"},
        'explorer.start_sender("orders", "tea", per_second=50.0, repeat=1)',
    ),
    (
        "start_receiver",
        {"name": "orders", "think_seconds": "0.1"},
        'explorer.start_receiver("orders", think_seconds=0.1)',
    ),
    ("export_entities", {"format": "emulator"}, 'explorer.export_entities(format="emulator")'),
    ("export_messages", {"name": "orders"}, 'explorer.export_messages("orders")'),
    (
        "import_messages",
        {"name": "orders", "source": '{"body": "tea"}'},
        'explorer.import_messages("orders", \'{"body": "tea"}\')',
    ),
]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(("name", "asked", "line"), ASKED, ids=[one[2] for one in ASKED])
def test_an_answer_has_plain_values_and_the_line_that_was_called(
    actions: Actions, name: str, asked: dict[str, Any], line: str
) -> None:
    answer = actions.do(name, asked)
    assert answer["line"] == line
    assert json.loads(json.dumps(answer)) == answer


@pytest.mark.parametrize(("name", "asked", "line"), ASKED, ids=[one[2] for one in ASKED])
def test_a_line_is_a_call_that_a_learner_can_make(
    explorer: Explorer, name: str, asked: dict[str, Any], line: str
) -> None:
    call = ACTIONS[name](asked)

    class Recorder:
        def __getattr__(self, method: str) -> Any:
            def record(*arguments: Any, **options: Any) -> Call:
                inspect.signature(getattr(explorer, method)).bind(*arguments, **options)
                return Call(method, arguments, options)

            return record

    assert eval(line, {"explorer": Recorder(), "timedelta": timedelta}) == call


def test_a_scheduled_time_is_counted_from_now() -> None:
    call = ACTIONS["send"]({"name": "orders", "body": "tea", "scheduled_in": "5 min"})
    at = call.options["scheduled_enqueue_time_utc"]
    left = at - datetime.now(UTC)
    assert timedelta(minutes=4) < left <= timedelta(minutes=5)
    written = call.line().partition("scheduled_enqueue_time_utc=")[2][:-1]
    assert eval(written, {"datetime": datetime}) == at.replace(microsecond=0)


@pytest.mark.usefixtures("shop")
def test_a_received_message_is_marked_as_held(actions: Actions) -> None:
    actions.do("receive", {"name": "orders"})
    assert actions.do("browse", {"name": "orders"})["heldNumbers"] == [2]
    assert actions.do("message", {"name": "orders", "number": 2})["isHeld"]
    actions.do("settle", {"name": "orders", "number": 2, "how": "dead_letter", "reason": "late"})
    assert actions.do("browse", {"name": "orders"})["heldNumbers"] == []


def test_an_id_is_proposed_where_duplicates_are_detected(
    explorer: Explorer, actions: Actions
) -> None:
    for name, detects in (("plain", False), ("orders", True)):
        explorer.create_queue(name, requires_duplicate_detection=detects)
        explorer.send(name, "tea", message_id="m")
        explorer.receive(name)[0].dead_letter("cold")
        place = f"{name}/$DeadLetterQueue"
        answer = actions.do("message", {"name": place, "number": 1})
        assert answer["proposedId"] == ("{}-again" if detects else "")


def test_a_purge_tells_how_far_it_is(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea", repeat=600)
    told: list[str] = []
    answer = Actions(explorer, told.append).do("purge", {"name": "orders"})
    assert answer["said"] == "600 messages of orders deleted"
    assert told[-1] == "600 messages deleted …"
    assert len(told) > 1


@pytest.mark.usefixtures("shop")
def test_loads_are_listed_and_stopped(actions: Actions) -> None:
    actions.do("start_sender", {"name": "orders", "body": "tea", "per_second": "0.01"})
    (load,) = actions.loads()["loads"]
    assert load["does"] == "sends to orders"
    stopped = actions.stop_load(0)
    assert (stopped["isRunning"], stopped["line"]) == (False, "explorer.loads()[0].stop()")


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([{"name": "a", "type": "whole number", "value": "many"}], "'a' is a number; 'many'"),
        ([{"name": "a", "type": "whole number", "value": "1.5"}], "a whole number; '1.5'"),
        ([{"name": "a", "type": "whole number", "value": "inf"}], "a whole number; 'inf'"),
        ([{"name": "a", "type": "whole number", "value": "nan"}], "a whole number; 'nan'"),
        ([{"name": "a", "type": "yes or no", "value": "perhaps"}], "'perhaps' is neither"),
        ([{"name": "a", "value": "1"}, {"name": "a", "value": "2"}], "'a' is there twice"),
    ],
)
def test_what_is_none_of_its_type_is_named(rows: list[dict[str, str]], sentence: str) -> None:
    with pytest.raises(TutorialError, match=sentence):
        application_properties(rows)


def test_a_large_whole_number_keeps_its_last_digit() -> None:
    row = {"name": "a", "type": "whole number", "value": "9007199254740993"}
    assert application_properties([row]) == {"a": 9007199254740993}


def test_a_delay_that_is_none_is_named_by_its_own_field() -> None:
    with pytest.raises(TutorialError, match="scheduled_in takes a duration"):
        message_options({"scheduled_in": "soon"})
    assert message_options({"time_to_live": "2 d"}) == {"time_to_live": timedelta(days=2)}


def test_a_line_with_an_endless_number_is_python() -> None:
    line = Call("send", (), {"application_properties": {"a": float("inf")}}).line()
    assert line == 'explorer.send(application_properties={"a": float("inf")})'
