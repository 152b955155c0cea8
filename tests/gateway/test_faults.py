"""What was asked to fail fails, where and as often as asked, and is told; what was done stays."""

from collections.abc import Iterator

import pytest

from sbtutorial.amqp.messaging import Accepted, Modified, Rejected
from sbtutorial.clock import ManualClock
from sbtutorial.gateway import amqp_endpoint
from sbtutorial.gateway.faults import Faults, Occasion
from sbtutorial.store.stepped import ListKeeper, SteppedStore
from sbtutorial.testing import SteppedBroker
from tests.gateway.talk import Talk


@pytest.fixture
def broker() -> Iterator[SteppedBroker]:
    broker = SteppedBroker()
    yield broker
    broker.reactor.close()


@pytest.fixture
def talk(broker: SteppedBroker) -> Talk:
    talk = Talk(broker)
    talk.make_queue()
    return talk


def verdicts(talk: Talk) -> list[object]:
    states = [getattr(event, "state", None) for event in talk.events]
    return [state for state in states if state is not None]


def faults_told(broker: SteppedBroker) -> list[tuple[str, str, str]]:
    events = broker.trace.after(0)
    return [(one.entity, one.who, one.detail) for one in events if one.what == "fault"]


def test_an_occasion_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'sending' is not a valid Occasion"):
        Faults(ManualClock(), lambda strike: None).plan("sending")


def test_a_refusal_is_told_with_where_and_whom(broker: SteppedBroker, talk: Talk) -> None:
    broker.faults.plan("send", "com.microsoft:server-busy", path="Orders")
    link = talk.attach_sender()
    talk.send(link)
    talk.send(link)
    assert [type(state) for state in verdicts(talk)] == [Rejected, Accepted]
    assert faults_told(broker) == [("orders", "cashier", "send refused: com.microsoft:server-busy")]


# -- Done, and not told ---------------------------------------------------------------------------


def test_a_send_whose_acknowledgement_is_dropped_is_kept_and_the_connection_ends(
    broker: SteppedBroker, talk: Talk
) -> None:
    broker.faults.plan("sent", path="orders")
    queue = broker.namespace.directory.queue("orders")
    talk.send(talk.attach_sender())
    assert verdicts(talk) == []
    assert talk.is_closed
    assert queue.receivable.counts().active == 1
    assert faults_told(broker) == [("orders", "cashier", "acknowledgement of a send dropped")]
    assert broker.faults.planned == []


@pytest.mark.parametrize(
    ("outcome", "what"),
    [
        (Accepted(), "completed"),
        (Modified(True, False), "abandoned"),
        (Rejected(), "dead_lettered"),
    ],
)
def test_a_settlement_whose_acknowledgement_is_dropped_is_done(
    broker: SteppedBroker, talk: Talk, outcome: object, what: str
) -> None:
    talk.send(talk.attach_sender())
    receiver = talk.attach_receiver()
    receiver.grant(1)
    talk.pump()
    broker.faults.plan("settled", path="orders")
    before = verdicts(talk)
    (message,) = talk.received(receiver)
    receiver.settle(message.delivery_id, outcome, settled=False)
    talk.pump()
    assert verdicts(talk) == before
    assert talk.is_closed
    assert [event.what for event in broker.trace.after(0)][-2:] == [what, "fault"]


def test_the_rest_of_what_a_receiver_held_is_put_on_record_when_it_is_not_told_of_one(
    broker: SteppedBroker, talk: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    sender = talk.attach_sender()
    talk.send(sender)
    talk.send(sender)
    receiver = talk.attach_receiver()
    receiver.grant(2)
    talk.pump()
    first, _ = talk.received(receiver)
    broker.faults.plan("settled", path="orders")
    receiver.settle(first.delivery_id, Accepted(), settled=False)
    talk.pump()
    assert talk.is_closed
    talk.endpoint.connection_lost()
    broker.run()
    told = [(one.sequence_number, one.what) for one in broker.trace.after(0)]
    assert told[-1] == (2, "receiver_gone")
    assert caplog.messages == []


def test_what_is_refused_uses_up_no_dropped_acknowledgement(
    broker: SteppedBroker, talk: Talk
) -> None:
    talk.send(talk.attach_sender())
    receiver = talk.attach_receiver()
    receiver.grant(1)
    talk.pump()
    (message,) = talk.received(receiver)
    broker.advance(31)
    broker.faults.plan("settled", path="orders")
    receiver.settle(message.delivery_id, Accepted(), settled=False)
    talk.pump()
    assert isinstance(verdicts(talk)[-1], Rejected)
    assert len(broker.faults.planned) == 1


def test_a_dropped_acknowledgement_is_for_its_entity_alone(
    broker: SteppedBroker, talk: Talk
) -> None:
    talk.make_queue("photos")
    broker.faults.plan("sent", path="orders")
    talk.send(talk.attach_sender("photos"))
    assert verdicts(talk) == [Accepted()]
    assert not talk.is_closed


def test_what_was_answered_before_in_the_same_turn_still_arrives(
    broker: SteppedBroker, talk: Talk
) -> None:
    talk.make_queue("photos")
    orders, photos = talk.attach_sender(), talk.attach_sender("photos")
    broker.faults.plan("sent", path="orders")
    photos.send(b"\x00\x53\x75\xa0\x01x", delivery_tag=b"1", settled=False)
    orders.send(b"\x00\x53\x75\xa0\x01x", delivery_tag=b"2", settled=False)
    talk.pump()
    assert verdicts(talk) == [Accepted()]
    assert talk.is_closed


def test_the_connection_is_not_cut_before_what_was_done_is_safe() -> None:
    store = SteppedStore(ListKeeper())
    broker = SteppedBroker(store=store)
    talk = Talk(broker)
    talk.make_queue()
    link = talk.attach_sender()
    while store.step():
        talk.pump()
    broker.faults.plan("sent", path="orders")
    talk.send(link)
    assert not talk.is_closed
    assert len(store.waiting) == 1
    store.step()
    assert talk.is_closed
    assert verdicts(talk) == []
    broker.reactor.close()


@pytest.mark.parametrize(
    ("operation", "occasion"),
    [("schedule-message", Occasion.SENT), ("update-disposition", Occasion.SETTLED)],
)
def test_a_request_that_is_refused_uses_up_no_dropped_acknowledgement(
    broker: SteppedBroker, talk: Talk, operation: str, occasion: Occasion
) -> None:
    broker.faults.plan(occasion, path="orders")
    answer = talk.ask("orders/$management", {"operation": f"com.microsoft:{operation}"}, {})
    assert answer.status["statusCode"] == 400  # nothing was done
    assert len(broker.faults.planned) == 1


# -- Taken back -----------------------------------------------------------------------------------


def test_one_fault_is_taken_back_and_the_others_still_come() -> None:
    faults = Faults(ManualClock(), lambda strike: None)
    for _ in range(3):  # which only their numbers tell apart
        faults.plan("sent", path="orders")
    assert [fault.number for fault in faults.planned] == [1, 2, 3]
    assert faults.take_back(2)
    assert [fault.number for fault in faults.planned] == [1, 3]
    assert not faults.take_back(2)
    assert not faults.take_back(0)
    assert faults.next(Occasion.SENT, "orders") is not None
    assert not faults.take_back(1)
    faults.clear()
    faults.plan("send")
    assert [fault.number for fault in faults.planned] == [4]  # an old number means none that is new


def test_what_lasts_ends_when_it_is_taken_back(broker: SteppedBroker) -> None:
    broker.faults.delay(2)
    broker.faults.outage(600)
    delay, outage = broker.faults.delay_number, broker.faults.outage_number
    assert broker.faults.take_back(outage)
    assert (broker.faults.is_out, broker.faults.delay_seconds) == (False, 2)
    assert not broker.faults.take_back(outage)
    assert broker.faults.take_back(delay)
    assert broker.faults.delay_seconds == 0
    assert not broker.faults.take_back(delay)
    assert [detail for _, _, detail in faults_told(broker)][2:] == [
        "the outage is over",
        "answers are in time again",
    ]


def test_who_looks_on_is_told_of_every_plan_but_not_of_strikes_which_are_told() -> None:
    told: list[None] = []
    faults = Faults(ManualClock(), lambda strike: None, on_plan=lambda: told.append(None))
    for act in (
        lambda: faults.plan("send"),
        lambda: faults.take_back(1),
        lambda: faults.delay(1),
        lambda: faults.outage(1),
        lambda: faults.take_back(faults.outage_number),
        faults.clear,
    ):
        before = len(told)
        act()
        assert len(told) == before + 1
    faults.take_back(99)
    faults.plan("send")
    before = len(told)
    faults.next(Occasion.SEND)
    assert len(told) == before


# -- Connections that are cut ---------------------------------------------------------------------


def test_a_client_is_cut_off_by_its_name_and_others_stay(broker: SteppedBroker) -> None:
    cashier, relief = Talk(broker, who="cashier"), Talk(broker, who="relief")
    cashier.make_queue()
    cashier.attach_receiver()
    relief.attach_receiver()
    assert broker.cut_connections("cashier") == 1
    broker.run()
    assert cashier.is_closed
    assert not relief.is_closed
    assert faults_told(broker) == [("orders", "cashier", "connection cut")]


def test_all_are_cut_off_when_nobody_is_named(broker: SteppedBroker) -> None:
    talks = [Talk(broker, who=who) for who in ("cashier", "relief")]
    assert broker.cut_connections() == 2
    assert all(talk.is_closed for talk in talks)
    assert faults_told(broker) == [
        ("tutorial", "cashier", "connection cut"),
        ("tutorial", "relief", "connection cut"),
    ]


def test_who_has_no_name_of_its_own_is_cut_off_by_its_kind(broker: SteppedBroker) -> None:
    number = "0d3f6a52-9c1e-4b7a-8f00-1234567890ab"
    sender, receiver = (Talk(broker, who=f"{kind}-{number}") for kind in ("SBSender", "SBReceiver"))
    assert broker.clients.names == ["a receiver", "a sender"]
    assert broker.cut_connections("a sender") == 1
    assert (sender.is_closed, receiver.is_closed) == (True, False)


def test_who_is_gone_is_cut_off_no_more(broker: SteppedBroker) -> None:
    talk = Talk(broker)
    talk.wire.break_off()
    assert broker.cut_connections() == 0


def test_nothing_is_handed_out_to_who_was_cut_off(broker: SteppedBroker, talk: Talk) -> None:
    sender, receiver = Talk(broker, who="shop"), talk.attach_receiver()
    receiver.grant(5)
    talk.pump()
    broker.cut_connections("cashier")
    sender.send(sender.attach_sender())
    counts = broker.namespace.directory.queue("orders").receivable.counts()
    assert counts.active == 1
    assert "locked" not in [event.what for event in broker.trace.after(0)]


# -- Answers that are late ------------------------------------------------------------------------


def test_every_answer_is_so_late_and_in_its_order(broker: SteppedBroker, talk: Talk) -> None:
    link = talk.attach_sender()
    broker.faults.delay(2)
    talk.send(link)
    broker.tick(1)
    talk.send(link, b"")
    assert verdicts(talk) == []
    assert broker.namespace.directory.queue("orders").receivable.counts().active == 2
    broker.tick(1)
    talk.pump()
    assert len(verdicts(talk)) == 1
    broker.tick(1)
    talk.pump()
    assert len(verdicts(talk)) == 2


def test_what_is_held_back_comes_at_once_when_the_delay_ends(
    broker: SteppedBroker, talk: Talk
) -> None:
    link = talk.attach_sender()
    for end in (lambda: broker.faults.delay(0), broker.reset):
        broker.faults.delay(60)
        before = len(verdicts(talk))
        talk.send(link)
        assert len(verdicts(talk)) == before
        end()
        talk.pump()
        assert len(verdicts(talk)) == before + 1
    assert faults_told(broker)[:2] == [
        ("tutorial", "", "answers are 60 s late"),
        ("tutorial", "", "answers are in time again"),
    ]


def test_a_shorter_delay_counts_for_what_is_held_back_already(
    broker: SteppedBroker, talk: Talk
) -> None:
    link = talk.attach_sender()
    broker.faults.delay(60)
    talk.send(link)
    broker.tick(3)
    broker.faults.delay(5)
    broker.tick(2)
    talk.pump()
    assert verdicts(talk) == [Accepted()]


def test_somebody_who_connects_while_answers_are_late_has_the_time_for_it(
    broker: SteppedBroker,
) -> None:
    broker.faults.delay(15)
    talk = Talk(broker, put_token=False)
    for _ in range(4):
        broker.tick(15)
        talk.pump()
    assert not talk.is_closed


def test_only_so_much_is_held_back_for_a_receiver(broker: SteppedBroker, talk: Talk) -> None:
    link = talk.attach_sender()
    for _ in range(20):
        talk.send(link, bytes(100_000))
    receiver = talk.attach_receiver()
    broker.faults.delay(10)
    receiver.grant(20)
    talk.pump()
    counts = broker.namespace.directory.queue("orders").receivable.counts()
    assert counts.active > 10  # those that are not locked yet
    broker.tick(10)
    talk.pump()
    assert 0 < len(talk.received(receiver)) < 10
    while len(talk.received(receiver)) < 20:
        before = len(talk.received(receiver))
        broker.tick(10)
        talk.pump()
        assert len(talk.received(receiver)) > before


def test_a_client_whose_answers_pile_up_is_heard_no_further_until_they_are_out(
    broker: SteppedBroker, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(amqp_endpoint, "MAX_UNREAD_ANSWER_BYTES", 100)
    link = talk.attach_sender()
    broker.faults.delay(10)
    for number in range(50):
        talk.send(link, b"%d" % number)
    queue = broker.namespace.directory.queue("orders")
    assert queue.receivable.counts().active < 10
    assert not broker.reactor.is_due  # nobody asks again and again
    broker.faults.delay(0)
    talk.pump()
    assert queue.receivable.counts().active == 50
    assert len(verdicts(talk)) == 50


def test_who_is_cut_off_gets_nothing_of_what_is_late(broker: SteppedBroker, talk: Talk) -> None:
    link = talk.attach_sender()
    broker.faults.delay(10)
    talk.send(link)
    broker.cut_connections()
    assert talk.is_closed
    broker.tick(10)
    talk.pump()
    assert verdicts(talk) == []


def test_a_dropped_acknowledgement_is_late_too(broker: SteppedBroker, talk: Talk) -> None:
    talk.make_queue("photos")
    orders, photos = talk.attach_sender(), talk.attach_sender("photos")
    broker.faults.delay(10)
    broker.faults.plan("sent", path="orders")
    talk.send(photos)
    talk.send(orders)
    assert not talk.is_closed
    broker.tick(10)
    talk.pump()
    assert verdicts(talk) == [Accepted()]
    assert talk.is_closed


# -- Outages --------------------------------------------------------------------------------------


def test_in_an_outage_everybody_is_cut_off_and_nobody_served(
    broker: SteppedBroker, talk: Talk
) -> None:
    talk.attach_receiver()
    broker.faults.outage(10)
    assert talk.is_closed
    assert Talk(broker, put_token=False).is_closed
    assert broker.http("GET", "/orders").is_cut
    broker.tick(9)
    assert Talk(broker, put_token=False).is_closed
    broker.tick(1)
    assert not Talk(broker).is_closed
    assert broker.http("GET", "/orders").response.status == 200
    assert faults_told(broker) == [
        ("tutorial", "", "outage of 10 s"),
        ("orders", "cashier", "connection cut: outage"),
        ("tutorial", "", "connection refused: outage"),
        ("tutorial", "", "connection refused: outage"),
        ("tutorial", "", "connection refused: outage"),
    ]


def test_time_that_is_advanced_ends_no_outage(broker: SteppedBroker) -> None:
    broker.faults.outage(10)
    broker.advance(3600)
    assert Talk(broker, put_token=False).is_closed
    assert broker.faults.outage_seconds_left == 10


def test_a_reset_ends_an_outage(broker: SteppedBroker) -> None:
    broker.faults.outage(600)
    broker.reset()
    assert not Talk(broker).is_closed


# -- Over HTTP ------------------------------------------------------------------------------------


def test_over_http_a_send_or_a_settlement_is_done_and_not_told(broker: SteppedBroker) -> None:
    broker.create_queue("orders")
    broker.faults.plan("sent", path="orders")
    assert broker.http("POST", "/orders/messages", b"tea").is_cut
    locked = broker.http("POST", "/orders/messages/head").response
    place = dict(locked.headers)["Location"].partition("127.0.0.1")[2]
    broker.faults.plan("settled", path="orders")
    assert broker.http("POST", place).response.status == 200  # which is no settlement
    assert broker.http("DELETE", place).is_cut
    assert broker.namespace.directory.queue("orders").receivable.counts().total == 0


def test_over_http_a_send_is_refused_too(broker: SteppedBroker) -> None:
    broker.create_queue("orders")
    broker.faults.plan("send", status_code=503, text="Busy.", path="orders")
    refused = broker.http("POST", "/orders/messages", b"tea").response
    assert (refused.status, b"<Detail>Busy.</Detail>" in refused.body) == (503, True)
    assert broker.http("POST", "/orders/messages", b"tea").response.status == 201


def test_a_request_to_schedule_is_refused_as_a_send(broker: SteppedBroker, talk: Talk) -> None:
    broker.faults.plan("send", "com.microsoft:server-busy", status_code=503, path="orders")
    named = {"operation": "com.microsoft:schedule-message"}
    answer = talk.ask("orders/$management", named, {"messages": []})
    assert answer.status["statusCode"] == 503
    assert answer.status["errorCondition"] == "com.microsoft:server-busy"


# -- The end of it --------------------------------------------------------------------------------


def test_a_reset_ends_what_was_planned(broker: SteppedBroker, talk: Talk) -> None:
    broker.faults.plan("send", times=5)
    broker.faults.plan("settled", path="orders")
    broker.reset()
    assert broker.faults.planned == []
