import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus import ServiceBusMessage

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.explorer import Explorer
from sbtutorial.lab.lab import Lab
from tests.explorer.conftest import kill


def test_pages_follow_each_other_to_the_end(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea", repeat=7)
    seen: list[int] = []
    page = explorer.browse("orders", count=3)
    while True:
        seen += [message.sequence_number for message in page]
        if page.next_number is None:
            break
        page = explorer.browse("orders", start=page.next_number, count=3)
    assert seen == [1, 2, 3, 4, 5, 6, 7]
    assert len(page) == 1


def test_browsing_takes_nothing(explorer: Explorer, receive_with_the_sdk: Callable) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea")
    explorer.browse("orders")
    assert [str(message) for message in receive_with_the_sdk("orders")] == ["tea"]


def test_a_page_is_a_table(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "coffee", subject="drink", message_id="a")
    explorer.send("orders", "tea", repeat=2)
    assert repr(explorer.browse("orders", count=2)) == (
        "message  state            message id  subject  body\n"
        "1        ready or locked  a           drink    coffee\n"
        "2        ready or locked                       tea\n"
        "… and more from message 3 on"
    )


def test_states_are_told_apart(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea", repeat=2)
    later = datetime.now(UTC) + timedelta(hours=1)
    explorer.send("orders", "cake", scheduled_enqueue_time_utc=later)
    explorer.receive("orders")[0].defer()
    states = {message.body: message.state for message in explorer.browse("orders")}
    assert states == {"tea": "ready or locked", "cake": "scheduled"}
    assert [one.state for one in explorer.browse("orders")] == [
        "deferred",
        "ready or locked",
        "scheduled",
    ]


def test_a_scheduled_message_is_taken_back(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    later = datetime.now(UTC) + timedelta(hours=1)
    explorer.send("orders", "cake", scheduled_enqueue_time_utc=later)
    number = explorer.browse("orders")[0].sequence_number
    assert explorer.cancel_scheduled("orders", number) == "1 message taken back"
    assert len(explorer.browse("orders")) == 0


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ({"text": "COFFEE"}, [1]),
        ({"text": "brown"}, [1]),
        ({"text": "no such thing"}, []),
        ({"where": "color = 'green'"}, [2]),
        ({"where": "sys.Label LIKE 'dr%' AND cups > 1"}, [1]),
        ({"where": "sys.SequenceNumber >= 2"}, [2, 3]),
        ({"where": "cups / 0 = 1"}, []),
        ({"text": "tea", "where": "color IS NULL"}, []),
    ],
)
def test_messages_are_found_by_body_and_by_property(
    explorer: Explorer, conditions: dict[str, str], found: list[int]
) -> None:
    explorer.create_queue("orders")
    own = {"color": "brown", "cups": 2}
    explorer.send("orders", "Coffee", subject="drink", application_properties=own)
    explorer.send("orders", "tea", application_properties={"color": "green", "cups": 1})
    explorer.send("orders", "cake")
    numbers = [message.sequence_number for message in explorer.browse("orders", **conditions)]
    assert numbers == found


def test_a_condition_that_cannot_be_read_says_where(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    with pytest.raises(TutorialError, match=r"line 1, column 8.*One = compares"):
        explorer.browse("orders", where="color == 'blue'")


def test_a_topic_keeps_no_messages(explorer: Explorer) -> None:
    explorer.create_topic("news")
    explorer.create_subscription("news/fans")
    with pytest.raises(TutorialError, match="a topic keeps no messages"):
        explorer.browse("news")
    with pytest.raises(TutorialError, match="a topic has no dead letters"):
        explorer.browse("news/$DeadLetterQueue")


def test_what_is_scheduled_to_a_topic_is_told_by_the_events(explorer: Explorer, lab: Lab) -> None:
    explorer.create_topic("news")
    explorer.create_subscription("news/fans")
    assert repr(explorer.scheduled("news")) == "news: nothing scheduled"
    for hours, identity in enumerate(("rain", "sun", "snow"), 1):
        later = datetime.now(UTC) + timedelta(hours=hours)
        explorer.send("news", "it comes", scheduled_enqueue_time_utc=later, message_id=identity)
    explorer.cancel_scheduled("news", 2)
    assert repr(explorer.scheduled("news")) == (
        "message  message id  state\n1        rain        scheduled\n3        snow        scheduled"
    )
    lab.advance(2 * 3600)
    assert [one.message_id for one in explorer.scheduled("news")] == ["snow"]
    assert explorer.tree()["news"].scheduled == 1
    explorer.delete("news", confirm=True)
    explorer.create_topic("news")
    assert len(explorer.scheduled("news")) == 0


def test_nobody_tells_what_is_scheduled_to_a_topic_elsewhere(lab: Lab, explorer: Explorer) -> None:
    explorer.create_topic("news")
    with pytest.raises(TutorialError, match="Only on the offline broker"):
        Explorer(lab.connection_string).scheduled("news")


def test_a_broker_that_was_killed_is_found_again(explorer: Explorer, lab: Lab) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea")
    explorer.browse("orders")
    lab.kill_broker()
    assert [one.body for one in explorer.browse("orders")] == ["tea"]
    explorer.send("orders", "cake")
    assert explorer.tree()["orders"].active == 2


def test_a_subscription_and_its_dead_letters_are_browsed(explorer: Explorer) -> None:
    explorer.create_topic("news")
    explorer.create_subscription("news/fans")
    explorer.send("news", "rain", repeat=2)
    kill(explorer, "news/fans", "dull")
    assert [one.sequence_number for one in explorer.browse("news/fans")] == [2]
    assert [one.reason for one in explorer.browse("news/fans/$DeadLetterQueue")] == ["dull"]
    assert len(explorer.browse("news/Subscriptions/fans")) == 1


def test_every_section_of_a_message_is_shown(
    explorer: Explorer, send_with_the_sdk: Callable
) -> None:
    explorer.create_queue("orders")
    send_with_the_sdk(
        "orders",
        ServiceBusMessage(
            '{"drink": "tea"}',
            message_id="m",
            subject="drink",
            correlation_id="c",
            content_type="application/json",
            to="kitchen",
            reply_to="bar",
            reply_to_session_id="r",
            partition_key="p",
            time_to_live=timedelta(minutes=5),
            application_properties={"color": "green", "id": uuid.UUID(int=7), "hot": True},
        ),
    )
    message = explorer.message("orders", 1)
    rows = {(row.section, row.name): row.value for row in message.sections()}
    assert rows["properties", "message_id"] == "m"
    assert rows["properties", "subject"] == "drink"
    assert rows["properties", "correlation_id"] == "c"
    assert rows["properties", "content_type"] == "application/json"
    assert rows["properties", "to"] == "kitchen"
    assert rows["properties", "reply_to"] == "bar"
    assert rows["properties", "reply_to_group_id"] == "r"
    assert rows["annotations", "x-opt-partition-key"] == "p"
    assert rows["header", "time_to_live"] == 300_000
    assert rows["application properties", "color"] == "green"
    assert rows["application properties", "id"] == uuid.UUID(int=7)
    assert rows["application properties", "hot"] is True
    assert ("service", "expires_at_utc") in rows
    assert message.bodies()["JSON"] == '{\n  "drink": "tea"\n}'


def test_the_text_of_a_message_is_the_same_on_every_run(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea", time_to_live=timedelta(minutes=5))
    assert repr(explorer.message("orders", 1)) == (
        "message 1 in orders: ready or locked\n"
        "section  property         value\n"
        "service  sequence_number  1\n"
        "         delivery_count   0\n"
        "header   time_to_live     300000\n"
        "other on each run, see .sections(): enqueued_time_utc, expires_at_utc, message_id, "
        "absolute_expiry_time, creation_time, x-opt-enqueued-time, x-opt-sequence-number\n"
        "body (data):\n"
        "tea"
    )


def test_a_long_body_is_never_cut(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    body = "<b>" + "long " * 20_000 + "end"
    explorer.send("orders", body)
    message = explorer.message("orders", 1)
    assert message.body == body
    assert body in repr(message)
    assert body.replace("<", "&lt;").replace(">", "&gt;") in message._repr_html_()
    assert message.bodies()["hex"].splitlines()[-1].endswith("end")


def test_bytes_that_are_no_text_are_shown_in_hexadecimal(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", b"\xff\x00tea")
    message = explorer.message("orders", 1)
    assert message.body == "00000000  ff 00 74 65 61" + " " * 35 + "··tea"
    assert set(message.bodies()) == {"text", "hex"}


def test_hostile_text_stays_text(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "<script>alert(1)</script>", subject="<i>")
    for html in (
        explorer.browse("orders")._repr_html_(),
        explorer.message("orders", 1)._repr_html_(),
    ):
        assert "<script>" not in html
        assert "<i>" not in html


def test_a_message_that_is_not_there_is_named(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea", repeat=2)
    with pytest.raises(TutorialError, match="There is no message 3 in 'orders' now"):
        explorer.message("orders", 3)


def test_a_queue_with_sessions_is_browsed_across_and_by_session(explorer: Explorer) -> None:
    explorer.create_queue("orders", requires_session=True)
    for session in "abab":
        explorer.send("orders", f"for {session}", session_id=session)
    assert [one.body for one in explorer.browse("orders")] == ["for a", "for b"] * 2
    assert [one.sequence_number for one in explorer.browse("orders", session="b")] == [2, 4]
    first = explorer.browse("orders", count=3)
    assert first.next_number == 4
    explorer.receive("orders", session="a")
    page = explorer.browse("orders")
    assert (page.held, [one.sequence_number for one in page]) == (("a",), [2, 4])


def test_count_is_a_number_above_0(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    with pytest.raises(TutorialError, match="count says how many"):
        explorer.browse("orders", count=0)
    with pytest.raises(TutorialError, match="known by its sequence number; 'first' is none"):
        explorer.message("orders", "first")  # type: ignore[arg-type]


def test_what_forwards_has_nothing_to_look_at_and_says_where_to_look(explorer: Explorer) -> None:
    explorer.create_queue("stove")
    explorer.create_topic("parties")
    explorer.create_subscription("parties/small", forward_to="stove")
    with pytest.raises(TutorialError, match="each goes on to 'stove' at once") as refusal:
        explorer.browse("parties/small")
    assert 'explorer.dead_letters("parties/small")' in str(refusal.value)
    assert len(explorer.browse("parties/small/$DeadLetterQueue")) == 0
