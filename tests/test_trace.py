from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from sbtutorial.broker.changes import ACCOUNTS, Change, ChangeKind, NamespaceChange
from sbtutorial.broker.descriptions import QueueDescription
from sbtutorial.broker.message import Message
from sbtutorial.broker.namespace import Namespace
from sbtutorial.trace import Event, Trace


def happening(
    at: float = 0.0,
    kind: str = "sent",
    entity: str = "orders",
    sequence_number: int = 0,
    message_id: object = None,
    delivery_count: int = 0,
    who: str = "",
    detail: str = "",
) -> SimpleNamespace:
    return SimpleNamespace(**locals())


@pytest.fixture
def trace() -> Trace:
    return Trace(capacity=5)


def recorded(trace: Trace, what: Any) -> Event:
    trace.record(what)
    (event,) = trace.after(trace.last_number - 1)
    return event


def fill(trace: Trace, count: int, entity: str = "orders") -> None:
    for n in range(count):
        trace.record(happening(float(n), entity=entity, sequence_number=n))


def test_events_are_numbered_from_one(trace: Trace) -> None:
    first = recorded(trace, happening(1.5, "locked", "orders", 7, "id", 2, "cashier", "why"))
    assert first == Event(1, 1.5, "locked", "orders", 7, "id", 2, "cashier", "why")
    assert trace.last_number == 1


@pytest.mark.parametrize(
    ("given", "kept"), [(None, None), ("a", "a"), (7, "7"), (UUID(int=1), str(UUID(int=1)))]
)
def test_message_id_is_kept_as_text(trace: Trace, given: object, kept: str | None) -> None:
    assert recorded(trace, happening(message_id=given)).message_id == kept


def test_oldest_events_make_room_and_are_counted(trace: Trace) -> None:
    fill(trace, 8)
    assert len(trace) == 5
    assert trace.dropped == 3
    assert [event.number for event in trace.after(0)] == [4, 5, 6, 7, 8]


def test_after_gives_what_is_newer_than_a_number(trace: Trace) -> None:
    fill(trace, 8)
    assert [event.number for event in trace.after(6)] == [7, 8]
    assert trace.after(8) == trace.after(99) == []


def test_after_gives_the_oldest_first_up_to_a_limit(trace: Trace) -> None:
    fill(trace, 4)
    assert [event.number for event in trace.after(1, limit=2)] == [2, 3]
    assert trace.after(0, limit=0) == []


def test_after_can_be_narrowed_to_a_queue_and_its_dead_letters(trace: Trace) -> None:
    for entity in ("orders", "orders2", "Orders/$DeadLetterQueue", "orders/b"):
        fill(trace, 1, entity)
    assert [event.number for event in trace.after(0, "ORDERS")] == [1, 3]
    assert [event.number for event in trace.after(0, "orders/$deadletterqueue")] == [3]


def test_subscriber_has_every_event_until_it_stops(trace: Trace) -> None:
    seen: list[Event] = []
    stop = trace.subscribe(seen.append)
    fill(trace, 2)
    stop()
    stop()
    fill(trace, 1)
    assert [event.number for event in seen] == [1, 2]


def test_stopping_one_subscription_leaves_another_of_the_same_callback(trace: Trace) -> None:
    seen: list[Event] = []
    stop = trace.subscribe(seen.append)
    trace.subscribe(seen.append)
    stop()
    fill(trace, 1)
    assert len(seen) == 1


def test_subscriber_may_stop_from_within_its_call(trace: Trace) -> None:
    seen: list[str] = []

    def once(event: Event) -> None:
        seen.append("once")
        stop()

    stop = trace.subscribe(once)
    trace.subscribe(lambda event: seen.append("other"))
    fill(trace, 2)
    assert seen == ["once", "other", "other"]


def test_event_is_frozen(trace: Trace) -> None:
    with pytest.raises(AttributeError):
        recorded(trace, happening()).what = "else"  # type: ignore[misc]


def test_that_time_was_advanced_is_an_event_with_its_seconds(trace: Trace) -> None:
    told: list[Change] = []
    Namespace("tutorial", journal=told.append).advance(60.0, now=100.0)
    (change,) = told
    assert isinstance(change, NamespaceChange)
    event = recorded(trace, change)
    assert (event.entity, event.detail) == ("tutorial", "by 60 s")
    assert (event.what, event.at, event.seconds) == ("advanced", 100.0, 60.0)
    assert recorded(trace, happening()).seconds == 0.0


def test_a_change_of_the_broker_is_recorded_as_it_is(trace: Trace) -> None:
    told: list[Change] = []
    queue = Namespace("tutorial", journal=told.append).create("orders", QueueDescription(), now=1.5)
    message = Message("x", size_bytes=1, message_id=b"\xff")
    message.sequence_number, message.delivery_count = 7, 2
    queue.main.report(ChangeKind.LOCKED, message, 1.5, "cashier", "why")
    (_, change) = told
    event = recorded(trace, change)
    assert event == Event(1, 1.5, "locked", "orders", 7, "0xff", 2, "cashier", "why")


def test_what_is_no_event_to_anybody_who_reads_is_left_out() -> None:
    trace = Trace(ignoring=ACCOUNTS)
    trace.record(happening(kind=ChangeKind.ACCESSED))
    trace.record(happening(kind=ChangeKind.LOCKED))
    assert [(event.number, event.what) for event in trace.after(0)] == [(1, "locked")]


def test_what_is_packed_is_there_for_whoever_asks() -> None:
    trace = Trace(capacity=4)
    for number in range(1, 4):
        trace.record(happening(sequence_number=number))
    before = trace.after(0)
    trace.pack()
    assert (len(trace), trace.dropped, trace.last_number) == (3, 0, 3)
    assert trace.after(3) == []
    assert trace.after(0) == before


def test_what_is_packed_makes_room_for_what_comes() -> None:
    trace = Trace(capacity=4)
    for number in range(1, 4):
        trace.record(happening(sequence_number=number))
    trace.pack()
    for number in range(4, 7):
        trace.record(happening(sequence_number=number))
    assert (len(trace), trace.dropped) == (4, 2)
    assert [event.number for event in trace.after(4)] == [5, 6]
    assert [event.number for event in trace.after(0)] == [3, 4, 5, 6]
    trace.pack()
    trace.pack()
    assert [event.sequence_number for event in trace.after(0)] == [3, 4, 5, 6]


# -- Many at once -----------------------------------------------------------------------------


def alike(count: int) -> list[Any]:
    """Things that happen together; ids of every kind."""
    ids = [None, "a", 7, UUID(int=1), b"b"]
    return [
        happening(float(n), "cancelled", "Orders", n, ids[n % 5], n % 3, "sender", "why")
        for n in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, 3, 5, 6, 12])
@pytest.mark.parametrize("is_packed", [False, True])
def test_many_that_happen_together_are_events_like_any(count: int, is_packed: bool) -> None:
    one_by_one, together = Trace(capacity=5), Trace(capacity=5)
    for trace in (one_by_one, together):
        fill(trace, 2)
        if is_packed:
            trace.pack()
    for each in alike(count):
        one_by_one.record(each)
    together.record_all(alike(count))
    for trace in (one_by_one, together):
        trace.record(happening(9.0, entity="tables"))
    for after in range(16):
        assert together.after(after) == one_by_one.after(after)
        assert together.after(after, "orders", 2) == one_by_one.after(after, "orders", 2)
    assert (len(together), together.dropped) == (len(one_by_one), one_by_one.dropped)
    together.pack()
    assert together.after(0) == one_by_one.after(0)


def test_of_many_that_happen_together_subscribers_hear_of_the_last(trace: Trace) -> None:
    heard: list[Event] = []
    trace.subscribe(heard.append)
    trace.record_all(alike(3))
    assert heard == trace.after(2)
    assert [event.number for event in heard] == [3]
