"""The picture of a queue, as text to the letter: lessons are saved with it."""

from dataclasses import replace
from typing import Any

from sbtutorial.snapshot import (
    DEAD,
    DEFERRED,
    LOCKED,
    READY,
    READY_OR_LOCKED,
    SCHEDULED,
    MessageSnapshot,
    QueueSnapshot,
    SessionSnapshot,
)
from sbtutorial.views.queue_picture import Picture
from sbtutorial.views.queue_text import draw, readable_name

RANDOM = "SBReceiver-0d3f6a52-9c1e-4b7a-8f00-1234567890ab"


def message(number: int, text: str | None, state: str = READY, **more: Any) -> MessageSnapshot:
    return MessageSnapshot(number, state, text, **more)


def queue(*messages: MessageSnapshot, **counts: int) -> QueueSnapshot:
    found = [one.state for one in messages]
    states = (READY, LOCKED, DEFERRED, SCHEDULED, DEAD)
    known = {state: counts.get(state, found.count(state)) for state in states}
    return QueueSnapshot("orders", 0.0, known, messages)


def picture(*messages: MessageSnapshot, **counts: int) -> list[str]:
    return draw(queue(*messages, **counts)).split("\n")


def test_messages_that_wait_stand_in_one_line() -> None:
    assert picture(message(1, "coffee"), message(2, "tea"), message(3, "cake")) == [
        "orders   ready   1 coffee   2 tea   3 cake",
        "         locked  –",
        "         dead    –",
    ]


def test_locked_message_says_whose_it_is_and_for_how_long() -> None:
    locked = message(
        2, "tea", "locked", locked_by="cashier", holder_attached=True, lock_seconds_left=29.7
    )
    gone = replace(locked, sequence_number=3, holder_attached=False, delivery_count=1)
    assert picture(message(1, "coffee"), locked, gone) == [
        "orders   ready   1 coffee",
        "         locked  2 tea   by cashier, about 30 s left, delivery count 0",
        "                 3 tea   by cashier (gone), about 30 s left, delivery count 1",
        "         dead    –",
    ]


def test_message_that_failed_before_shows_its_count() -> None:
    assert picture(message(1, "coffee", delivery_count=1), message(2, "tea"))[:2] == [
        "orders   ready   1 coffee   delivery count 1",
        "                 2 tea",
    ]


def test_dead_message_says_why() -> None:
    dead = message(
        1, "coffee", "dead", delivery_count=10, dead_letter_reason="MaxDeliveryCountExceeded"
    )
    assert picture(dead)[-1] == (
        "         dead    1 coffee   MaxDeliveryCountExceeded, delivery count 10"
    )


def test_of_a_dead_message_that_is_locked_reason_and_lock_stand_apart() -> None:
    dead = message(1, "coffee", "dead", dead_letter_reason="unreadable", delivery_count=1)
    dead = replace(dead, locked_by="clerk", lock_seconds_left=29.7)
    assert picture(dead)[-1] == (
        "         dead    1 coffee   unreadable · "
        "locked by clerk (gone), about 30 s left, delivery count 1"
    )
    unsaid = picture(replace(dead, dead_letter_reason=None))[-1]
    assert unsaid.endswith("1 coffee   by clerk (gone), about 30 s left, delivery count 1")


def test_deferred_and_scheduled_are_drawn_when_there_are_any() -> None:
    lines = picture(
        message(1, "coffee", "deferred"), message(2, "tea", "scheduled", scheduled_seconds=3599.0)
    )
    assert lines == [
        "orders   ready      –",
        "         locked     –",
        "         deferred   1 coffee",
        "         scheduled  2 tea   in about 60 min",
        "         dead       –",
    ]


def test_what_waits_for_a_short_time_only_says_how_long_it_has_to_live() -> None:
    assert picture(
        message(1, "coffee", seconds_to_live=35.0),
        message(2, "cake"),
        message(3, "wine", seconds_to_live=14 * 86_400.0),
        message(4, "tea", "locked", locked_by="x", lock_seconds_left=5.0, seconds_to_live=35.0),
    )[:4] == [
        "orders   ready   1 coffee   about 40 s to live",
        "                 2 cake",
        "                 3 wine",
        "         locked  4 tea   by x (gone), about 5 s left, delivery count 0",
    ]


def test_many_messages_end_in_a_count() -> None:
    assert picture(message(1, "coffee"), message(2, "tea"), ready=500)[0] == (
        "orders   ready   1 coffee   2 tea   … and 498 more"
    )


def test_messages_counted_but_not_shown_are_still_said() -> None:
    assert picture(locked=3)[1] == "         locked  3 messages"
    assert picture(locked=1)[1] == "         locked  1 message"


def test_what_peeking_cannot_tell_apart_is_drawn_as_one() -> None:
    counts = {READY_OR_LOCKED: 1, DEFERRED: 0, SCHEDULED: 0, DEAD: 0}
    snapshot = QueueSnapshot("orders", 0.0, counts, (message(1, "coffee", READY_OR_LOCKED),))
    assert draw(snapshot).split("\n") == [
        "orders   ready or locked  1 coffee",
        "         dead             –",
    ]


def test_long_texts_are_cut_and_those_of_several_lines_joined() -> None:
    first_line = picture(message(1, "a very long order of twenty cakes"), message(2, "a\n b"))[0]
    assert first_line == "orders   ready   1 a very long order of tw…   2 a b"


def test_message_without_readable_text_goes_by_its_number() -> None:
    assert picture(message(1, None), message(2, "\x00\x01"), message(3, ""))[0] == (
        "orders   ready   1   2   3"
    )


def test_times_are_rounded_so_that_they_read_the_same_every_time() -> None:
    def left(seconds: float) -> str:
        line = picture(message(1, "tea", "locked", locked_by="x", lock_seconds_left=seconds))[1]
        return line.split(", ")[1]

    times = [0.0, 4.8, 20.1, 29.2, 30.001, 52.0, 58.9, 119.0, 300.0, 86_399.0]
    assert [left(seconds) for seconds in times] == [
        "about 1 s left",
        "about 5 s left",
        "about 20 s left",
        "about 30 s left",
        "about 30 s left",
        "about 60 s left",
        "about 60 s left",
        "about 120 s left",
        "about 5 min left",
        "about 24 h left",
    ]


def test_names_made_up_at_random_are_left_out() -> None:
    assert readable_name(RANDOM) == "a receiver"
    assert readable_name(RANDOM.replace("Receiver", "Sender")) == "a sender"
    assert readable_name("cashier") == "cashier"


def test_picture_shows_itself_as_its_text() -> None:
    snapshot = queue(message(1, "coffee"))
    assert repr(Picture(snapshot)) == str(Picture(snapshot)) == draw(snapshot)


# --- sessions -------------------------------------------------------------------------------------

SESSIONS = (
    SessionSnapshot(
        "Anna",
        ready=2,
        locked=1,
        state_text="no nuts",
        locked_by="ada",
        holder_attached=True,
        locked_until=25.0,
    ),
    SessionSnapshot("Ben", ready=4, state_bytes=7),
    SessionSnapshot("", locked_by=RANDOM, locked_until=30.0),
)


def test_each_session_is_a_lane_with_its_messages_its_holder_and_what_it_keeps() -> None:
    messages = (
        message(1, "soup", LOCKED, session_id="Anna", locked_by="ada", delivery_count=1),
        message(2, "salad", session_id="Ben"),
        message(3, "steak", session_id="Anna"),
        message(4, "late", DEFERRED, session_id="Ben"),
        message(5, "cake", session_id="Anna"),
    )
    drawn = draw(replace(queue(*messages), sessions=SESSIONS, requires_session=True))
    assert drawn.split("\n") == [
        "orders   session Anna  1 soup (locked, delivery count 1)   3 steak   5 cake",
        "                       held by ada, about 30 s left, keeps “no nuts”",
        "         session Ben   2 salad   … and 3 more",
        "                       keeps 7 bytes",
        '         session ""    –',
        "                       held by a receiver (gone), about 30 s left",
        "         deferred      4 late",
        "         dead          –",
    ]


def test_without_sessions_a_queue_that_has_them_is_drawn_by_state() -> None:
    assert draw(replace(queue(), requires_session=True)).split("\n")[0] == "orders   ready   –"


def test_further_rows_stand_below_in_the_same_column() -> None:
    assert draw(queue(), ("done", "1 completed")).split("\n")[-2:] == [
        "         dead    –",
        "         done    1 completed",
    ]
