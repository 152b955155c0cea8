"""What a live view is told, and what it says where nothing moves, from facts alone."""

from collections.abc import Sequence

from sbtutorial.snapshot import (
    DEAD,
    DEFERRED,
    LOCKED,
    READY,
    SCHEDULED,
    ClientSnapshot,
    MessageSnapshot,
    QueueSnapshot,
    SessionSnapshot,
)
from sbtutorial.trace import Event
from sbtutorial.views.live import twin
from sbtutorial.views.live.cast import Actor
from sbtutorial.views.live.history import History
from sbtutorial.views.live.picture import next_deadline, picture
from sbtutorial.views.live.planned import ToldFault

NOW = 1000.0
COUNTS = {READY: 2, LOCKED: 1, DEFERRED: 0, SCHEDULED: 1, DEAD: 1}
MESSAGES = (
    MessageSnapshot(1, READY, "coffee", message_id="a"),
    MessageSnapshot(
        2,
        LOCKED,
        "tea",
        message_id="b",
        locked_by="cashier",
        locked_until=NOW + 18,
        lock_seconds_left=18.0,
        delivery_count=1,
    ),
    MessageSnapshot(4, SCHEDULED, "cake", scheduled_at=NOW + 300, scheduled_seconds=300.0),
    MessageSnapshot(5, DEAD, None, dead_letter_reason="unreadable"),
)
CASHIER = Actor("cashier", False, "working", 'killed at checkpoint "working"')
HI = "<i>hi</i>"
RELIEF = Actor("relief", True, "pouring")


def snapshot(messages: Sequence[MessageSnapshot] = MESSAGES, **more: object) -> QueueSnapshot:
    return QueueSnapshot("orders", NOW, COUNTS, tuple(messages), lock_seconds=30.0, **more)  # type: ignore[arg-type]


def event(number: int, what: str, message: int = 0, who: str = "", **more: object) -> Event:
    more = {"entity": "orders", **more}
    return Event(number, NOW, what, sequence_number=message, who=who, **more)  # type: ignore[arg-type]


def history(*events: Event) -> History:
    told = History("orders")
    told.note_all(events)
    return told


def test_each_message_is_a_card_in_the_lane_of_its_state() -> None:
    drawn = picture(snapshot(), history(), [])
    lanes = {lane["state"]: lane for lane in drawn["lanes"]}
    assert [card["number"] for card in lanes[LOCKED]["cards"]] == [2]
    assert [card["number"] for card in lanes[DEAD]["cards"]] == [5]
    assert (lanes[READY]["count"], lanes[READY]["more"]) == (2, 1)
    [locked] = lanes[LOCKED]["cards"]
    assert locked["until"] == NOW + 18
    assert (locked["holder"], locked["is_gone"], locked["failed"]) == ("cashier", True, 1)


def test_what_has_not_long_to_live_carries_when_that_ends() -> None:
    messages = [
        MessageSnapshot(1, READY, "coffee", expires_at=NOW + 35, seconds_to_live=35.0),
        MessageSnapshot(2, READY, "wine", expires_at=NOW + 1e7, seconds_to_live=1e7),
    ]
    lanes = {lane["state"]: lane for lane in picture(snapshot(messages), history(), [])["lanes"]}
    assert [card["expires"] for card in lanes[READY]["cards"]] == [NOW + 35, None]


def test_ten_thousand_messages_are_as_few_cards_as_ten() -> None:
    messages = [MessageSnapshot(number, READY, "coffee") for number in range(1, 21)]
    many = QueueSnapshot("orders", NOW, {READY: 10_000}, tuple(messages))
    lanes = {lane["state"]: lane for lane in picture(many, history(), [])["lanes"]}
    assert len(lanes[READY]["cards"]) + lanes[READY]["more"] == 10_000
    assert len(lanes[READY]["cards"]) < 10


def test_a_card_is_known_by_the_id_of_its_message_when_no_other_has_it() -> None:
    twins = [MessageSnapshot(7, READY, "x", message_id="t"), MessageSnapshot(8, READY, "y", "t")]
    twins[1] = MessageSnapshot(8, READY, "y", message_id="t")
    lanes = picture(snapshot([MESSAGES[0], *twins]), history(), [])["lanes"]
    assert [card["key"] for lane in lanes for card in lane["cards"]] == ["id a", "#7", "#8"]


def test_what_is_gone_is_counted_and_the_last_of_it_shown() -> None:
    told = history(
        *(event(number, "completed", number, "relief") for number in range(1, 6)),
        event(6, "taken", 6, "relief"),
        event(7, "completed", 9, "somebody", entity="payments"),
    )
    drawn = picture(snapshot(), told, [])
    assert drawn["gone"] == {"completed": 5, "taken": 1}
    assert [one["number"] for one in drawn["recent"]] == [4, 5, 6]
    assert drawn["last"] == "relief took and deleted message 6"
    told.know([MessageSnapshot(6, READY, "tea\n\nfor two")])
    drawn = picture(snapshot(), told, [])
    assert drawn["last"] == "relief took and deleted message 6 (tea for two)"
    assert drawn["recent"][-1]["text"] == "tea for two"


def test_events_are_counted_once_and_from_anew_when_the_queue_is_made_anew() -> None:
    told = history(event(1, "completed", 1, "relief"))
    assert told.note_all([event(1, "completed", 1, "relief")]) is False
    assert told.gone["completed"] == 1
    assert told.note_all([event(2, "queue_created")]) is True
    assert not told.gone
    assert not told.people


def test_everybody_is_shown_who_takes_part_is_connected_or_lives() -> None:
    told = history(
        event(1, "sent", 1, "shop"),
        event(2, "locked", 1, "cashier"),
        event(3, "receiver_gone", 1, "cashier"),
    )
    clients = (ClientSnapshot("waiter", False),)
    people = picture(snapshot(clients=clients), told, [CASHIER, RELIEF])["people"]
    assert [(one["name"], one["state"], one["did"]) for one in people] == [
        ("shop", "", "1 sent"),
        ("cashier", 'killed at checkpoint "working"', "1 received"),
        ("waiter", "connected", ""),
        ("relief", 'at "pouring"', ""),
    ]
    assert [one["is_lost"] for one in people] == [False, True, False, False]


def test_a_worker_that_ended_elsewhere_is_not_of_this_queue() -> None:
    assert list(picture(snapshot(), history(), [CASHIER])["people"]) == []


def test_the_next_deadline_is_the_nearest_of_all() -> None:
    assert next_deadline(snapshot()) == NOW + 18
    assert next_deadline(snapshot([MESSAGES[0], MESSAGES[2]])) == NOW + 300
    assert next_deadline(snapshot([MESSAGES[0], MESSAGES[3]])) is None
    held = SessionSnapshot("door", locked_until=NOW + 5)
    assert next_deadline(snapshot(sessions=(held,))) == NOW + 5


def test_the_twin_in_text_has_the_same_facts() -> None:
    told = history(event(1, "sent", 1, "shop"), event(2, "completed", 3, "cashier"))
    assert twin.text(snapshot(), told, [CASHIER]).split("\n") == [
        "orders   ready      1 coffee   … and 1 more",
        "         locked     2 tea   by cashier (gone), about 20 s left, delivery count 1",
        "         scheduled  4 cake   in about 5 min",
        "         dead       5   unreadable",
        "         done       1 completed",
        "shop  1 sent",
        'cashier  killed at checkpoint "working", 1 done',
    ]


def test_what_is_planned_to_fail_is_told_with_its_line_and_until_when() -> None:
    line = 'lab.faults.drop_next_ack("orders")'
    faults = [ToldFault(3, "lab.faults.outage(9)", "nobody is served", 9.0), ToldFault(2, line, HI)]
    assert picture(snapshot(), history(), [], faults)["faults"] == [
        {
            "number": 3,
            "line": "lab.faults.outage(9)",
            "words": "nobody is served",
            "until": NOW + 9,
        },
        {"number": 2, "line": line, "words": HI, "until": None},
    ]
    assert picture(snapshot(), history(), [])["faults"] == []
    assert twin.text(snapshot(), history(), [], faults).split("\n")[-2:] == [
        "fault  nobody is served  lab.faults.outage(9)",
        f"fault  {HI}  {line}",
    ]
    page = twin.html(snapshot(), history(), [], faults)
    assert "<code>lab.faults.outage(9)</code>" in page
    assert "&lt;i&gt;" in page
    assert "<i>" not in page


def test_the_twin_in_html_escapes_whatever_was_sent() -> None:
    hostile = "<script>alert(1)</script>"
    shown = [MessageSnapshot(1, DEAD, hostile, dead_letter_reason=hostile)]
    session = SessionSnapshot(hostile, state_text=hostile, locked_by=hostile)
    told = history(event(1, "sent", 1, hostile))
    page = twin.folded(snapshot(shown, sessions=(session,)), told, [])
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") == 6
