from collections.abc import Callable
from datetime import timedelta

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.draft import Draft
from sbtutorial.explorer.explorer import Explorer


def test_a_message_arrives_as_it_was_written(
    explorer: Explorer, receive_with_the_sdk: Callable
) -> None:
    explorer.create_queue("orders")
    sent = explorer.send(
        "orders",
        "tea",
        message_id="m",
        session_id="s",
        subject="drink",
        time_to_live=timedelta(seconds=90),
        application_properties={"color": "green", "big": 2**40, "hot": True, "cups": 1.5},
    )
    assert repr(sent) == "sent 1 message to orders"
    (message,) = receive_with_the_sdk("orders")
    assert str(message) == "tea"
    assert (message.message_id, message.session_id, message.subject) == ("m", "s", "drink")
    assert message.time_to_live == timedelta(seconds=90)
    assert message.application_properties == {
        b"color": b"green",
        b"big": 2**40,
        b"hot": True,
        b"cups": 1.5,
    }


def test_repeats_have_ids_of_their_own(explorer: Explorer) -> None:
    explorer.create_queue("orders", requires_duplicate_detection=True)
    assert explorer.send("orders", "tea", repeat=250, message_id="m").count == 250
    page = explorer.browse("orders", count=300)
    assert [one.message_id for one in page] == [f"m-{number}" for number in range(1, 251)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"repeat": 0}, "repeat is a number from 1"),
        ({"repeat": True}, "repeat is a number from 1"),
        ({"message_id": "x" * 129}, "message_id has 129 characters; it may have 128"),
        ({"time_to_live": 5}, "time_to_live takes a timedelta"),
        ({"scheduled_enqueue_time_utc": "soon"}, "takes a datetime"),
        ({"application_properties": ["a"]}, "are names and values"),
        ({"application_properties": {"a": b"\xff"}}, "only when they are text"),
        ({"application_properties": {"a": [1]}}, "application property 'a' is a list"),
        ({"application_properties": {"a": 1 << 63}}, "more than the 64 bits of a whole number"),
        ({"body": [1 << 63]}, "more than the 64 bits of a whole number"),
        ({"body": {"a": object()}}, "A body is text, bytes, or made of"),
        ({"label": "x"}, "A message has no property 'label'"),
        ({"subject": 5}, "subject takes a text"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_a_sentence(
    explorer: Explorer, arguments: dict[str, object], sentence: str
) -> None:
    explorer.create_queue("orders")
    with pytest.raises(TutorialError, match=sentence):
        explorer.send("orders", **{"body": "tea", **arguments})
    assert len(explorer.browse("orders")) == 0


@pytest.mark.parametrize("body", [0, False, [], {}, 2**40])
def test_a_body_that_would_arrive_as_nothing_is_refused(explorer: Explorer, body: object) -> None:
    explorer.create_queue("orders")
    with pytest.raises(TutorialError, match="send it as text"):
        explorer.send("orders", body)
    assert len(explorer.browse("orders")) == 0


def test_nobody_sends_to_a_subscription_or_to_dead_letters(explorer: Explorer) -> None:
    explorer.create_topic("news")
    explorer.create_subscription("news/fans")
    with pytest.raises(TutorialError, match="send to 'news'"):
        explorer.send("news/fans", "rain")
    with pytest.raises(TutorialError, match="Nobody sends to"):
        explorer.send("news/fans/$DeadLetterQueue", "rain")


def test_what_is_too_large_is_refused_with_its_size(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    with pytest.raises(TutorialError, match="too large"):
        explorer.send("orders", "x" * 300_000)


def test_a_message_that_was_seen_is_sent_again(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.create_queue("copies")
    explorer.send("orders", {"drink": "tea", "sizes": [1, 2]}, subject="drink")
    explorer.send("copies", explorer.message("orders", 1), subject="copy")
    copy = explorer.message("copies", 1)
    assert copy.draft.body == {"drink": "tea", "sizes": [1, 2]}
    assert copy.draft.properties["subject"] == "copy"


def test_a_draft_is_changed_without_touching_the_one_before() -> None:
    draft = Draft.of("tea", subject="drink", time_to_live=timedelta(seconds=1))
    changed = draft.changed(subject=None, body="cake")
    assert draft.said() == {"subject": "drink", "time_to_live": timedelta(seconds=1)}
    assert changed.said() == {"time_to_live": timedelta(seconds=1)}
    assert (draft.body, changed.body) == ([b"tea"], [b"cake"])
