"""A consumer that is really killed, and what its message's timeline says of it."""

import re
from datetime import timedelta

import matplotlib.pyplot as plt
import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage

from sbtutorial.errors import TutorialError
from sbtutorial.lab.lab import Lab
from sbtutorial.views.timeline_axes import Mark
from sbtutorial.workers.worker import Worker

pytestmark = pytest.mark.sdk
plt.switch_backend("Agg")

LOCK_SECONDS = 300  # it outlasts a busy machine
_LENGTH = re.compile(r" +(a moment|about [\d.]+ \w+)")

CASHIER = """
from azure.servicebus import ServiceBusClient

with ServiceBusClient.from_connection_string(lab.connection_string) as client:
    with client.get_queue_receiver("orders", client_identifier="cashier") as receiver:
        order = receiver.receive_messages(max_wait_time=60)[0]
        checkpoint("working")
"""


def send(lab: Lab, body: str) -> None:
    lab.fresh_queue("orders", lock_duration=timedelta(seconds=LOCK_SECONDS))
    with (
        ServiceBusClient.from_connection_string(lab.connection_string) as client,
        client.get_queue_sender("orders") as sender,
    ):
        sender.send_messages(ServiceBusMessage(body))


def run_cashier(lab: Lab, kill_at: str | None) -> None:
    worker = Worker("cashier", CASHIER, kill_at=kill_at, connection_string=lab.connection_string)
    worker.run(show=lambda line: None)


def told(timeline: object) -> list[str]:
    """What a timeline says but for how long each took, which is the machine's."""
    return [" ".join(_LENGTH.sub(" …", line).split()) for line in repr(timeline).split("\n")[2:]]


def test_killed_consumer_leaves_a_cross_and_its_lock(lab: Lab) -> None:
    send(lab, "tea")
    run_cashier(lab, kill_at="working")
    lab.show("orders")  # a call to the broker, after which it has seen the end of the connection
    lab.advance(200)
    timeline = lab.timeline("orders", 1)
    assert told(timeline) == [
        "waiting …",
        "locked by cashier … ✗ cashier vanished",
        "locked by cashier (gone) … so far",
    ]
    gone = timeline.spans[-1]
    assert gone.end - gone.start >= 200
    lab.advance(101)
    timeline = lab.timeline("orders", 1)
    assert told(timeline)[2:] == [
        "locked by cashier (gone) … the lock ran out, delivery count 1",
        "waiting … so far",
    ]
    locked, gone = timeline.spans[1:3]
    assert gone.end - locked.start >= LOCK_SECONDS - 1


def test_consumer_that_says_goodbye_leaves_no_cross(lab: Lab) -> None:
    send(lab, "tea")
    run_cashier(lab, kill_at=None)
    lab.advance(LOCK_SECONDS + 1)
    assert [span.is_cut_off for span in lab.timeline("orders", 1).spans] == [False] * 3


def test_picture_of_the_queue_has_the_crash_and_the_mark_of_the_clock(lab: Lab) -> None:
    send(lab, "tea")
    run_cashier(lab, kill_at="working")
    lab.show("orders")
    lab.advance(LOCK_SECONDS + 1)
    timeline = lab.timeline("orders")
    assert told(timeline) == [
        "message 1",
        "waiting …",
        "locked by cashier … ✗ cashier vanished",
        "locked by cashier (gone) … the lock ran out, delivery count 1",
        "waiting … so far",
    ]
    for axes in (timeline.plot(), lab.timeline("orders", 1).plot()):
        found = axes.get_legend()
        assert found is not None
        assert {mark.value for mark in (Mark.CRASH, Mark.CLOCK)} <= {
            text.get_text() for text in found.get_texts()
        }


def test_a_long_body_is_shown_whole_in_html_and_by_its_beginning_in_text(lab: Lab) -> None:
    body = " ".join(f"line {number}" for number in range(1000))
    send(lab, body)
    picture = lab.show("orders")
    assert body in picture._repr_html_()
    assert repr(picture).split("\n")[0] == "orders   ready   1 line 0 line 1 line 2 li…"


def test_messages_of_one_id_can_be_seen_alone(lab: Lab) -> None:
    lab.fresh_queue("orders")
    with (
        ServiceBusClient.from_connection_string(lab.connection_string) as client,
        client.get_queue_sender("orders") as sender,
    ):
        for name in ("tea", "cake", "tea"):
            sender.send_messages(ServiceBusMessage("one", message_id=name))
    timeline = lab.timeline("orders", message_id="tea")
    assert [life.label for life in timeline.lives] == ["1 tea", "3 tea (again)"]
    with pytest.raises(TutorialError, match="messages with the id 'pie' in 'orders'"):
        lab.timeline("orders", message_id="pie")


def test_message_that_never_was_is_an_error_in_a_sentence(lab: Lab) -> None:
    send(lab, "tea")
    with pytest.raises(TutorialError, match="a message 7 in 'orders'"):
        lab.timeline("orders", 7)
