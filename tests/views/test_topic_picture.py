"""The picture of a topic: its subscriptions, as text to the letter, and as HTML."""

import re

from sbtutorial.snapshot import DEAD, LOCKED, READY, MessageSnapshot, QueueSnapshot
from sbtutorial.views.topic_picture import TopicPicture

TEA = MessageSnapshot(
    2, LOCKED, "tea", locked_by="clerk", holder_attached=True, lock_seconds_left=30
)


def subscription(name: str, *messages: MessageSnapshot) -> tuple[str, QueueSnapshot]:
    states = [one.state for one in messages]
    counts = {state: states.count(state) for state in (READY, LOCKED, DEAD)}
    return name, QueueSnapshot(f"counter/Subscriptions/{name}", 0.0, counts, messages)


PICTURE = TopicPicture(
    "counter",
    [
        subscription("kitchen", MessageSnapshot(1, READY, "<b>soup</b>")),
        subscription("bar"),
        subscription("till", MessageSnapshot(1, READY, "soup"), TEA),
    ],
)


def test_each_subscription_has_a_row_for_each_state_that_holds_something() -> None:
    assert repr(PICTURE).split("\n") == [
        "counter   kitchen  ready   1 <b>soup</b>",
        "          bar      –",
        "          till     ready   1 soup",
        "                   locked  2 tea   by clerk, about 30 s left, delivery count 0",
    ]


def test_html_says_the_same_and_escapes_what_was_sent() -> None:
    html = PICTURE._repr_html_()
    assert "<b>" not in html
    words = re.sub("<[^>]+>", " ", html)
    for part in ("counter", "kitchen", "bar –", "till", "by clerk, about 30 s left"):
        assert part in re.sub(r"\s+", " ", words)


def test_a_topic_without_subscriptions_says_what_that_means() -> None:
    nobody = TopicPicture("counter", [])
    assert repr(nobody) == "counter   no subscription: what is sent here is gone"
    assert "what is sent here is gone" in nobody._repr_html_()
