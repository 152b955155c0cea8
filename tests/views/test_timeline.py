"""The text of a timeline, to the letter: lessons are saved with it."""

import re
from collections.abc import Sequence
from html import unescape

import pytest

from sbtutorial.trace import Event
from sbtutorial.views.life import State
from sbtutorial.views.lives import Life, life_of
from sbtutorial.views.timeline import QueueTimeline, Timeline

RANDOM = "SBReceiver-0d3f6a52-9c1e-4b7a-8f00-1234567890ab"


def event(at: float, what: str, who: str = "", count: int = 0, detail: str = "") -> Event:
    return Event(0, at, what, "orders", 2, "id", count, who, detail)


CRASH = [
    event(0.0, "sent", "shop"),
    event(1.3, "locked", "cashier"),
    event(1.4, "receiver_gone", "cashier"),
    event(31.3, "lock_expired", "cashier", 1),
    event(32.9, "locked", "relief", 1),
    event(33.0, "completed", "relief", 1),
]


def timeline(*events: Event, now: float = 100.0, moves: Sequence[Event] = ()) -> Timeline:
    return Timeline("orders, message 2", life_of(events, 2, now) or Life(2), moves)


def rows(*events: Event, now: float = 100.0) -> list[str]:
    return [
        " | ".join(filter(None, (span.label, span.length, span.remarks)))
        for span in timeline(*events, now=now).spans
    ]


def test_crash_reads_as_a_story() -> None:
    assert repr(timeline(*CRASH)).split("\n") == [
        "orders, message 2",
        "",
        "waiting                   a moment",
        "locked by cashier         a moment    ✗ cashier vanished",
        "locked by cashier (gone)  about 30 s  the lock ran out, delivery count 1",
        "waiting                   a moment",
        "locked by relief          a moment    completed by relief",
    ]


@pytest.mark.parametrize("delay", [0.0, 0.4, 3.0])
def test_slower_machine_tells_the_same_story(delay: float) -> None:
    delays = (0, delay, delay, delay, 2 * delay, 2 * delay)
    slower = [one._replace(at=one.at + more) for one, more in zip(CRASH, delays, strict=True)]
    assert repr(timeline(*slower)) == repr(timeline(*CRASH))


def test_what_lasts_still_says_so() -> None:
    assert rows(*CRASH[:3], now=21.4) == [
        "waiting | a moment",
        "locked by cashier | a moment | ✗ cashier vanished",
        "locked by cashier (gone) | about 20 s so far",
    ]


def test_slow_receiver_is_no_dead_one() -> None:
    slow = [one for one in CRASH if one.what != "receiver_gone"]
    assert rows(*slow)[1] == "locked by cashier | about 30 s | the lock ran out, delivery count 1"


def test_renewed_lock_is_one_span() -> None:
    assert rows(
        event(0, "sent"),
        event(0, "locked", "cashier"),
        event(20, "lock_renewed", "cashier"),
        event(40, "completed", "cashier"),
    )[1:] == ["locked by cashier | about 40 s | lock renewed once, completed by cashier"]


def test_last_failure_and_burial_end_one_span() -> None:
    dead = [
        event(0, "sent"),
        event(1, "locked", "cashier"),
        event(2, "abandoned", "cashier", 1),
        event(2, "dead_lettered", "", 1, "MaxDeliveryCountExceeded"),
    ]
    assert rows(*dead, now=3)[1:] == [
        "locked by cashier | a moment | abandoned by cashier, delivery count 1, "
        "dead-lettered: MaxDeliveryCountExceeded",
        "dead | a moment so far",
    ]
    assert repr(timeline(*dead, now=3)).split("\n")[3:] == [
        "locked by cashier  a moment         abandoned by cashier, delivery count 1",
        "                                    dead-lettered: MaxDeliveryCountExceeded",
        "dead               a moment so far",
    ]


def test_dead_message_that_is_looked_at_and_put_back_is_still_dead() -> None:
    states = [
        span.state
        for span in timeline(
            event(0, "sent"),
            event(1, "dead_lettered"),
            event(2, "locked", "clerk"),
            event(3, "abandoned", "clerk", 1),
        ).spans
    ]
    assert states == [State.WAITING, State.DEAD, State.LOCKED, State.DEAD]


@pytest.mark.parametrize(
    ("what", "ending"),
    [
        ("taken", "taken and deleted by cashier"),
        ("expired", "its time to live was over"),
    ],
)
def test_life_may_end_while_waiting(what: str, ending: str) -> None:
    assert rows(event(0, "sent"), event(60, what, "cashier")) == [
        f"waiting | about 60 s | {ending}"
    ]


def test_scheduled_message_waits_when_its_time_has_come() -> None:
    assert rows(event(0, "scheduled"), event(3600, "activated"), now=3601) == [
        "scheduled | about 60 min",
        "waiting | a moment so far",
    ]


def test_deferred_message_goes_back_to_being_deferred() -> None:
    assert rows(
        event(0, "sent"),
        event(1, "locked", "cashier"),
        event(2, "deferred", "cashier"),
        event(3, "locked", "cashier"),
        event(33, "lock_expired", "cashier", 1),
        now=34,
    )[2:] == [
        "deferred | a moment",
        "locked by cashier | about 30 s | the lock ran out, delivery count 1",
        "deferred | a moment so far",
    ]


def test_given_back_message_waits_again() -> None:
    assert rows(event(0, "sent"), event(1, "locked", "a"), event(2, "released", "a"), now=3) == [
        "waiting | a moment",
        "locked by a | a moment | given back by a",
        "waiting | a moment so far",
    ]


def test_name_made_up_at_random_is_left_out() -> None:
    assert rows(event(0, "sent"), event(1, "locked", RANDOM), now=2)[1] == (
        "locked by a receiver | a moment so far"
    )


@pytest.mark.parametrize(
    ("seconds", "length"),
    [(9.9, "a moment"), (10.4, "about 10 s"), (119, "about 120 s"), (86_399, "about 24 h")],
)
def test_lengths_are_rounded(seconds: float, length: str) -> None:
    assert rows(event(0, "sent"), event(seconds, "expired"))[0].split(" | ")[1] == length


def test_events_of_other_kinds_are_no_part_of_the_story() -> None:
    assert rows(event(0, "sent"), event(1, "duplicate_dropped"), now=2) == [
        "waiting | a moment so far"
    ]


def test_a_queue_of_which_nothing_is_known_has_a_description_too() -> None:
    assert QueueTimeline("orders", []).description == "Timeline of orders, 0 messages."


def test_timeline_of_nothing_is_its_title() -> None:
    assert repr(timeline()) == "orders, message 2"


def test_html_tells_the_same_as_a_list() -> None:
    html = timeline(*CRASH)._repr_html_()
    items = [unescape(re.sub("<[^>]+>", "", item)) for item in re.findall("<li>(.*?)</li>", html)]
    assert items == [
        "waiting a moment",
        "locked by cashier a moment – ✗ cashier vanished",
        "locked by cashier (gone) about 30 s – the lock ran out, delivery count 1",
        "waiting a moment",
        "locked by relief a moment – completed by relief",
    ]
    assert "orders, message 2" in html


def test_html_of_a_hostile_name_is_text() -> None:
    html = timeline(event(0, "sent"), event(1, "locked", "<img src=x onerror=alert(1)>"))
    assert "<img" not in html._repr_html_()


def test_description_is_the_story_in_one_line() -> None:
    assert timeline(*CRASH[:3], now=21.4).description == (
        "Timeline of orders, message 2: waiting a moment; locked by cashier a moment, "
        "✗ cashier vanished; locked by cashier (gone) about 20 s so far."
    )
