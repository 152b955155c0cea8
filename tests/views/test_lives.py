"""The lives of a queue's messages, and their text to the letter."""

import re
from itertools import accumulate, pairwise

import matplotlib.pyplot as plt
from hypothesis import given, settings
from hypothesis import strategies as st

from sbtutorial.trace import Event
from sbtutorial.views.life import State
from sbtutorial.views.lives import life_of, lives, ranges
from sbtutorial.views.timeline import QueueTimeline, Timeline
from tests.views.test_timeline import CRASH, event
from tests.views.test_timeline_plots import message

TAKEN = event(0, "sent"), event(1, "taken", "a")


def test_a_scheduled_message_is_found_by_either_number() -> None:
    events = [*message(1, event(0, "scheduled")), *message(7, event(60, "activated"))]
    for number in (1, 7):
        life = life_of(events, number, 100.0)
        assert life is not None
        assert (life.number, [span.state for span in life.spans]) == (
            7,
            [State.SCHEDULED, State.WAITING],
        )


def test_a_message_that_never_was_has_no_life() -> None:
    assert life_of(CRASH, 3, 100.0) is None


def test_the_end_of_a_queue_is_the_end_of_what_lasts_in_it() -> None:
    (life,) = lives([event(0, "sent"), event(20, "queue_deleted")._replace(sequence_number=0)], 90)
    assert life.spans[0].end == 20
    assert (life.spans[0].length, life.spans[0].remarks) == ("about 20 s", "gone with its queue")


def test_a_message_goes_with_its_queue_and_not_with_one_before_it() -> None:
    deleted = event(20, "queue_deleted")._replace(sequence_number=0)
    life = life_of([event(0, "sent"), deleted], 2, 90.0)
    assert life is not None and life.spans[0].end == 20
    life = life_of([deleted, event(30, "sent")], 2, 90.0)
    assert life is not None and life.spans[0].end == 90


def test_an_id_that_comes_again_is_said_to() -> None:
    events = [one for number in (1, 2) for one in message(number, event(0, "sent"), name="tea")]
    assert [life.label for life in lives(events, 1)] == ["1 tea", "2 tea (again)"]


def test_ids_made_up_at_random_are_no_names() -> None:
    name = "0d3f6a52-9c1e-4b7a-8f00-1234567890ab"
    (life,) = lives(message(1, event(0, "sent"), name=name), 1)
    assert life.label == "1"


def test_numbers_are_told_in_ranges() -> None:
    assert ranges([1, 3, 4, 5, 9]) == "1, 3–5, 9"
    assert ranges(range(0, 20, 2)) == "0, 2, 4, 6, 8, …"


def test_messages_of_the_same_story_are_told_together() -> None:
    events = [
        *message(1, *TAKEN, name="one"),
        *message(2, *CRASH, name="two"),
        *message(3, *TAKEN, name="three"),
        *message(4, *TAKEN, name="four"),
    ]
    assert repr(QueueTimeline("orders", lives(events, 100.0))).split("\n") == [
        "orders, 4 messages",
        "",
        "messages 1, 3–4 (3)",
        "  waiting  a moment  taken and deleted by a",
        "",
        "message 2 two",
        "  waiting                   a moment",
        "  locked by cashier         a moment    ✗ cashier vanished",
        "  locked by cashier (gone)  about 30 s  the lock ran out, delivery count 1",
        "  waiting                   a moment",
        "  locked by relief          a moment    completed by relief",
    ]


def test_a_copy_that_was_dropped_is_told() -> None:
    events = message(1, *TAKEN, event(2, "duplicate_dropped"), name="tea")
    assert "message 1 tea, a copy of it dropped" in repr(
        QueueTimeline("orders", lives(events, 100.0))
    )


def test_of_very_many_stories_the_rest_is_counted() -> None:
    events = [
        one
        for number in range(1, 31)
        for one in message(number, event(0, "sent"), event(60.0 * number, "expired"))
    ]
    timeline = QueueTimeline("orders", lives(events, 2000.0))
    assert repr(timeline).endswith("\n\n… and 18 more")
    assert timeline.description.endswith("… and 18 more.")
    assert "… and 18 more" in timeline._repr_html_()


KINDS = [
    *("sent", "scheduled", "activated", "locked", "lock_renewed", "lock_expired", "abandoned"),
    *("receiver_gone", "released", "deferred", "dead_lettered", "completed", "taken", "expired"),
    *("cancelled", "copied", "forwarded", "duplicate_dropped", "queue_deleted", "session_locked"),
]
STEPS = st.lists(
    st.tuples(
        st.floats(0, 1000),
        st.sampled_from(KINDS),
        st.integers(0, 4),
        st.sampled_from([None, "tea", "<b>", "a\n$b"]),
        st.text("ab é$<^_\\\n\x00", max_size=3),
    ),
    max_size=30,
)


def happened(steps) -> list[Event]:
    """Events in order; they may begin anywhere in a life: the oldest are forgotten."""
    instants = accumulate(seconds for seconds, *_ in steps)
    return [
        Event(0, at, what, "orders", number, name, 1, who, who)
        for at, (_, what, number, name, who) in zip(instants, steps, strict=True)
    ]


def end_of(events: list[Event]) -> float:
    return events[-1].at if events else 0.0


@given(STEPS)
def test_whatever_happened_can_be_told(steps) -> None:
    events = happened(steps)
    found = lives(events, end_of(events))
    for life in found:
        assert all(before.end <= after.start for before, after in pairwise(life.spans))
        assert all(span.start <= span.end for span in life.spans)
    timeline = QueueTimeline("orders", found)
    for text in (repr(timeline), timeline.description):
        assert text.isprintable() or "\n" in text
    assert "<b>" not in re.sub("<b>[^<]*</b>", "", timeline._repr_html_())


@given(STEPS)
@settings(max_examples=10, deadline=None)
def test_whatever_happened_can_be_drawn(steps) -> None:
    events = happened(steps)
    figure, (left, right) = plt.subplots(1, 2)
    try:
        found = lives(events, end_of(events))
        QueueTimeline("orders", found).plot(left)
        for life in found[:1]:
            Timeline("orders, message", life).plot(right)
        figure.canvas.draw()
    finally:
        plt.close(figure)
