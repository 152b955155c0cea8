"""Links: attaching, credit, drain, deliveries in one frame and many, settlement, detaching."""

import pytest

from sbtutorial.amqp.connection import ConnectionLimits
from sbtutorial.amqp.errors import Condition, LocalProtocolError
from sbtutorial.amqp.events import (
    DispositionReceived,
    LinkAttached,
    LinkDetached,
    LinkFlow,
    LinkRefused,
    MessageReceived,
    UnknownDelivery,
)
from sbtutorial.amqp.messaging import Accepted, Coordinator, Rejected, Released, Source, Target
from sbtutorial.amqp.performatives import (
    Attach,
    Detach,
    Disposition,
    End,
    Error,
    Flow,
    Transfer,
)
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.amqp.types import Symbol
from tests.wire import (
    RawClient,
    byte_by_byte,
    client_sends,
    cut_at,
    frame,
    performatives,
    server_sends,
    with_session,
)

NOT_FOUND = Error("amqp:not-found", "no such queue")


def test_attach_is_answered_with_its_own_name_modes_and_termini() -> None:
    wire, session, _ = with_session()
    source, target = Source("q", filter={Symbol("f"): "x"}), Target("here")
    link = session.attach_receiver("l", source=source, target=target, snd_settle_mode=1)
    wire.pump()
    server_link = wire.server.last(LinkAttached).link
    server_link.accept(properties={Symbol("p"): 1}, max_message_size=1024)
    wire.pump()
    answer = link.remote_attach
    assert answer is not None
    assert (answer.name, answer.role, answer.snd_settle_mode) == ("l", False, 1)
    assert (answer.source, answer.target) == (source, target)
    assert (answer.initial_delivery_count, answer.max_message_size) == (0, 1024)
    assert answer.properties == {"p": 1}
    assert link.is_attached
    assert server_link.is_attached


def test_link_may_be_granted_another_source_than_was_asked_for() -> None:
    wire, session, _ = with_session()
    link = session.attach_receiver("l", source=Source("any"))
    wire.pump()
    wire.server.last(LinkAttached).link.accept(source=Source("this"))
    wire.pump()
    assert link.source == Source("this")


def test_refusal_is_an_attach_without_termini_and_a_detach_in_one_piece() -> None:
    raw = RawClient()
    raw.say(Attach("l", 0, False, 0, 0, Source("s"), Target("nowhere")))
    raw.server.last(LinkAttached).link.refuse(NOT_FOUND)
    attach, detach = raw.answers()
    assert (attach.name, attach.role, attach.source, attach.target) == ("l", True, None, None)
    assert detach == Detach(attach.handle, True, NOT_FOUND)
    assert raw.say(Detach(0, True)) == []


def test_refused_link_says_why_to_the_one_who_asked() -> None:
    for asks in ("attach_sender", "attach_receiver"):
        wire, session, _ = with_session()
        link = getattr(session, asks)("l", source=Source("s"), target=Target("t"))
        wire.pump()
        wire.server.last(LinkAttached).link.refuse(NOT_FOUND)
        wire.pump()
        assert wire.client.of(LinkRefused) == [LinkRefused(link, NOT_FOUND)]
        assert not wire.client.of(LinkAttached)
        assert not link.is_attached


def test_attach_can_be_answered_much_later_and_keeps_the_credit_given_meanwhile() -> None:
    raw = RawClient()
    raw.say(Attach("l", 0, True, 0, 1, Source("q"), Target("t")))
    link = raw.server.last(LinkAttached).link
    assert isinstance(link, SenderLink)
    assert raw.say(Flow(None, 1000, 0, 1000, 0, None, 7, echo=True)) == []
    assert raw.server.of(LinkFlow) == [LinkFlow(link)]
    link.accept()
    assert [type(each) for each in raw.answers()] == [Attach]
    assert link.credit == 7


def test_link_is_answered_once() -> None:
    _, _, receiver = client_sends()
    with pytest.raises(LocalProtocolError, match="does not wait"):
        receiver.accept()
    with pytest.raises(LocalProtocolError, match="does not wait"):
        receiver.refuse(NOT_FOUND)


def test_coordinator_can_be_asked_for() -> None:
    wire, session, _ = with_session()
    session.attach_sender("txn", target=Coordinator((Symbol("amqp:local-transactions"),)))
    wire.pump()
    assert isinstance(wire.server.last(LinkAttached).link.target, Coordinator)


# --- deliveries


@pytest.mark.parametrize("size", [0, 1, 482, 483, 500, 512, 1024, 70_000])
@pytest.mark.parametrize("cut", [None, byte_by_byte, cut_at(9)])
def test_message_of_any_size_arrives_whole(size: int, cut: object) -> None:
    options = {"cut": cut} if cut else {}
    wire, sender, _ = client_sends(server={"max_frame_size": 512}, **options)
    payload = bytes(n % 251 for n in range(size))
    wire.client.forget()
    delivery_id = sender.send(payload, delivery_tag=b"tag", settled=False, message_format=5)
    wire.pump()
    message = wire.server.last(MessageReceived)
    assert (message.payload, message.delivery_id) == (payload, delivery_id)
    assert (message.delivery_tag, message.message_format) == (b"tag", 5)
    assert not message.settled
    transfers = performatives(bytes(wire.client.sent))
    assert (len(transfers) == 1) is (size <= 482)
    assert [each.more for each in transfers] == [True] * (len(transfers) - 1) + [False]
    assert {each.delivery_id for each in transfers[1:]} <= {None}
    assert {each.delivery_tag for each in transfers[1:]} <= {None}


def test_frames_never_exceed_what_the_peer_takes() -> None:
    wire, sender, _ = client_sends(server={"max_frame_size": 600})
    wire.client.forget()
    sender.send(b"x" * 5000, delivery_tag=b"t", settled=True)
    wire.pump()
    sent, sizes = bytes(wire.client.sent), []
    while sent:
        size = int.from_bytes(sent[:4], "big")
        sizes.append(size)
        sent = sent[size:]
    assert max(sizes) == 600


def test_delivery_ids_follow_each_other_across_links() -> None:
    raw = RawClient()
    one, two = raw.attach_receiver(0, "one"), raw.attach_receiver(1, "two")
    ids = [link.send(b"x" * 9, delivery_tag=b"t", settled=True) for link in (one, two, one, two)]
    assert ids == [0, 1, 2, 3]
    assert [each.delivery_id for each in raw.answers()] == ids


def test_aborted_delivery_is_forgotten() -> None:
    raw = RawClient()
    raw.attach_sender()
    raw.say(Transfer(0, 0, b"t", 0, more=True), Transfer(0, aborted=True))
    raw.say(Transfer(0, 1, b"u", 0, aborted=True), Transfer(0, 2, b"v", 0))
    assert [each.delivery_id for each in raw.server.of(MessageReceived)] == [2]


def test_continuation_may_repeat_or_leave_out_the_delivery_id() -> None:
    raw = RawClient()
    raw.attach_sender()
    raw.send(
        frame(Transfer(0, 5, b"t", 0, more=True), b"a", channel=1)
        + frame(Transfer(0, 5, b"t", 0, more=True), b"b", channel=1)
        + frame(Transfer(0, settled=True), b"c", channel=1)
    )
    message = raw.server.last(MessageReceived)
    assert (message.payload, message.settled) == (b"abc", True)


def test_delivery_inside_another_ends_the_link() -> None:
    raw = RawClient()
    raw.attach_sender()
    answers = raw.say(Transfer(0, 0, b"t", 0, more=True), Transfer(0, 1, b"u", 0))
    assert answers == [Detach(0, True, answers[0].error)]
    assert answers[0].error.condition == Condition.NOT_ALLOWED


def test_first_transfer_without_an_id_ends_the_connection() -> None:
    raw = RawClient()
    raw.attach_sender()
    (close,) = raw.say(Transfer(0))
    assert close.error.condition == Condition.INVALID_FIELD


# --- credit


def test_sender_without_credit_cannot_send() -> None:
    wire, sender, receiver = client_sends()
    receiver.grant(1)
    wire.pump()
    sender.send(b"x", delivery_tag=b"t", settled=True)
    with pytest.raises(LocalProtocolError, match="no credit"):
        sender.send(b"x", delivery_tag=b"u", settled=True)


def test_credit_is_absolute_and_counts_what_is_on_its_way() -> None:
    wire, sender, receiver = client_sends()
    for _ in range(4):
        sender.send(b"x", delivery_tag=b"t", settled=True)
    receiver.grant(6)
    data = wire.server.connection.data_to_send()
    wire.client.connection.receive_data(data, now=0)
    assert sender.credit == 2
    wire.pump()
    assert receiver.available_credit == 2


def test_sender_that_overruns_its_credit_is_served_all_the_same() -> None:
    raw = RawClient()
    link = raw.attach_sender(credit=1)
    assert raw.say(*(Transfer(0, n, b"t", 0) for n in range(3))) == []
    assert len(raw.server.of(MessageReceived)) == 3
    assert link.available_credit == -2
    link.grant(5)
    (flow,) = raw.answers()
    assert (flow.delivery_count, flow.link_credit) == (3, 5)


def test_credit_is_kept_up_with_one_flow_for_every_half_of_it() -> None:
    raw = RawClient()
    link = raw.attach_sender(credit=4)
    flows = []
    for n in range(6):
        raw.say(Transfer(0, n, b"t", 0))
        link.keep_credit(4)
        flows.append([(each.delivery_count, each.link_credit) for each in raw.answers()])
    assert flows == [[], [(2, 4)], [], [(4, 4)], [], [(6, 4)]]


def test_sender_may_send_flows_of_its_own() -> None:
    raw = RawClient()
    link = raw.attach_sender()
    assert raw.say(Flow(0, 1000, 0, 1000, 0, 0, 10_000)) == []
    assert link.available_credit == 10


def test_every_flow_carries_the_session_and_the_link() -> None:
    raw = RawClient()
    link = raw.attach_sender(credit=0)
    link.grant(3)
    assert raw.answers() == [Flow(0, 65_536, 0, 65_536, 0, 0, 3)]


def test_drained_link_gives_its_credit_back() -> None:
    wire, sender, receiver = server_sends()
    sender.send(b"x", delivery_tag=b"t", settled=True)
    wire.pump()
    receiver.grant(9, drain=True)
    wire.pump()
    assert sender.drain
    wire.server.forget()
    sender.drained()
    wire.pump()
    (flow,) = performatives(bytes(wire.server.sent))
    assert (flow.delivery_count, flow.link_credit, flow.available, flow.drain) == (10, 0, 0, True)
    assert (sender.credit, sender.drain) == (0, False)
    assert (receiver.available_credit, receiver.delivery_count) == (0, 10)


def test_drain_without_credit_is_reported_and_answered() -> None:
    raw = RawClient()
    link = raw.attach_receiver(credit=0)
    raw.server.forget()
    raw.say(Flow(0, 1000, 0, 1000, 0, 0, 0, drain=True))
    assert raw.server.of(LinkFlow) == [LinkFlow(link)]
    assert link.drain
    link.drained()
    (flow,) = raw.answers()
    assert (flow.link_credit, flow.delivery_count, flow.drain) == (0, 0, True)


@pytest.mark.parametrize("attach", ["attach_sender", "attach_receiver"])
def test_echo_is_answered_once(attach: str) -> None:
    raw = RawClient()
    getattr(raw, attach)()
    answers = raw.say(Flow(0, 1000, 0, 1000, 0, 0, 4, echo=True))
    assert [(type(each), each.handle, each.echo) for each in answers] == [(Flow, 0, False)]


# --- settlement


def test_receiver_settles_and_the_sender_learns_the_outcome() -> None:
    wire, sender, receiver = client_sends()
    outcome = Rejected(Error("amqp:link:message-size-exceeded", "too large"))
    delivery_id = sender.send(b"x", delivery_tag=b"t", settled=False)
    wire.pump()
    assert sender.unsettled == receiver.unsettled == {delivery_id: b"t"}
    receiver.settle(delivery_id, outcome)
    wire.pump()
    assert wire.client.last(DispositionReceived) == DispositionReceived(
        sender, delivery_id, b"t", outcome, True
    )
    assert sender.unsettled == receiver.unsettled == {}


def test_settlement_in_two_steps_ends_with_the_senders_echo() -> None:
    wire, sender, receiver = server_sends()
    delivery_id = sender.send(b"x", delivery_tag=b"t", settled=False)
    wire.pump()
    receiver.settle(delivery_id, Accepted(), settled=False)
    wire.pump()
    verdict = wire.server.last(DispositionReceived)
    assert (verdict.link, verdict.settled) == (sender, False)
    assert sender.unsettled
    sender.settle(delivery_id, Accepted())
    wire.pump()
    echo = wire.client.last(DispositionReceived)
    assert (echo.link, echo.settled, echo.state) == (receiver, True, Accepted())
    assert sender.unsettled == receiver.unsettled == {}
    assert not wire.client.of(UnknownDelivery)


def test_equal_outcomes_of_neighbours_go_out_as_one_disposition() -> None:
    raw = RawClient()
    link = raw.attach_sender()
    raw.say(*(Transfer(0, n, b"t", 0) for n in range(6)))
    for delivery_id in (0, 1, 2):
        link.settle(delivery_id, Accepted())
    link.settle(3, Released())
    link.settle(5, Released())
    assert raw.answers() == [
        Disposition(True, 0, 2, True, Accepted()),
        Disposition(True, 3, 3, True, Released()),
        Disposition(True, 5, 5, True, Released()),
    ]


def test_disposition_goes_out_before_whatever_is_sent_after_it() -> None:
    raw = RawClient()
    link = raw.attach_sender()
    out = raw.attach_receiver(1)
    raw.say(Transfer(0, 0, b"t", 0), Transfer(0, 1, b"t", 0))
    link.settle(0, Accepted())
    out.send(b"x", delivery_tag=b"t", settled=True)
    link.settle(1, Accepted())
    link.grant(5)
    kinds = [type(each) for each in raw.answers()]
    assert kinds == [Disposition, Transfer, Disposition, Flow]


def test_range_of_dispositions_is_taken_apart() -> None:
    raw = RawClient()
    link = raw.attach_receiver()
    for n in range(3):
        link.send(b"x", delivery_tag=b"%d" % n, settled=False)
    raw.say(Disposition(True, 0, 2, True, Accepted()))
    verdicts = raw.server.of(DispositionReceived)
    assert [(each.delivery_id, each.delivery_tag) for each in verdicts] == [
        (0, b"0"),
        (1, b"1"),
        (2, b"2"),
    ]


def test_verdict_on_an_unknown_delivery_can_be_answered() -> None:
    raw = RawClient()
    raw.attach_receiver()
    raw.say(Disposition(True, 77, None, False, Accepted()))
    assert raw.server.last(UnknownDelivery) == UnknownDelivery(raw.session, 77, Accepted(), False)
    raw.session.settle(77, Rejected(NOT_FOUND))
    assert raw.answers() == [Disposition(False, 77, 77, True, Rejected(NOT_FOUND))]


def test_disposition_of_the_other_role_does_not_touch_our_deliveries() -> None:
    raw = RawClient()
    link = raw.attach_receiver()
    link.send(b"x", delivery_tag=b"t", settled=False)
    raw.server.forget()
    raw.say(Disposition(False, 0, 0, True, Accepted()))
    assert raw.server.events == []
    assert link.unsettled == {0: b"t"}


# --- detaching


@pytest.mark.parametrize("closed", [True, False])
def test_detach_is_answered_in_kind(closed: bool) -> None:
    raw = RawClient()
    link = raw.attach_sender(handle=3)
    assert raw.say(Detach(3, closed)) == [Detach(link.handle, closed)]
    assert raw.server.last(LinkDetached) == LinkDetached(link, closed, None)


def test_detached_link_ignores_what_it_is_told() -> None:
    raw = RawClient()
    receiver, sender = raw.attach_sender(0), raw.attach_receiver(1)
    raw.say(Transfer(0, 0, b"t", 0))
    raw.say(Detach(0, True), Detach(1, True))
    receiver.settle(0, Accepted())
    receiver.grant(5)
    receiver.flow()
    receiver.detach()
    sender.drained()
    sender.settle(0, Accepted())
    sender.flow()
    assert raw.answers() == []
    assert sender.credit == 0
    with pytest.raises(LocalProtocolError, match="not attached"):
        sender.send(b"x", delivery_tag=b"t", settled=True)


def test_detach_from_our_side_carries_the_error_and_is_reported_when_answered() -> None:
    wire, sender, receiver = server_sends()
    wire.client.forget()
    wire.server.forget()
    sender.detach(NOT_FOUND)
    wire.pump()
    assert wire.client.of(LinkDetached) == [LinkDetached(receiver, True, NOT_FOUND)]
    assert wire.server.of(LinkDetached) == [LinkDetached(sender, True, None)]


def test_handle_and_name_are_free_again_after_detach() -> None:
    raw = RawClient()
    first = raw.attach_sender(0, "l")
    raw.say(Detach(0, True))
    second = raw.attach_sender(0, "l")
    assert second is not first
    assert second.handle == first.handle
    raw.say(Transfer(0, 0, b"t", 0))
    assert raw.server.last(MessageReceived).link is second


def test_second_link_of_the_same_name_takes_it_over() -> None:
    raw = RawClient()
    first = raw.attach_sender(0, "l")
    answers = raw.say(Attach("l", 1, False, 0, 0, Source("s"), Target("t")))
    assert answers[0].error.condition == Condition.STOLEN
    second = raw.server.last(LinkAttached).link
    assert raw.server.of(LinkDetached)[0].link is first
    second.accept()
    raw.say(Detach(0, True), Transfer(1, 0, b"t", 0))
    assert raw.server.last(MessageReceived).link is second


def test_one_name_serves_both_directions() -> None:
    raw = RawClient()
    assert raw.attach_sender(0, "l").is_attached
    assert raw.attach_receiver(1, "l").is_attached
    with pytest.raises(LocalProtocolError, match="has a link 'l'"):
        raw.session.attach_sender("l")


def test_handle_that_is_taken_ends_the_session() -> None:
    raw = RawClient()
    raw.attach_sender(0, "one")
    (end,) = raw.say(Attach("two", 0, False, 0, 0, Source("s"), Target("t")))
    assert isinstance(end, End)
    assert end.error is not None
    assert end.error.condition == Condition.HANDLE_IN_USE


@pytest.mark.parametrize("said", [Transfer(9, 0, b"t"), Flow(0, 1, 0, 1, 9), Detach(9)])
def test_handle_that_was_never_attached_ends_the_session(said: Transfer | Flow | Detach) -> None:
    raw = RawClient()
    (end,) = raw.say(said)
    assert end.error.condition == Condition.UNATTACHED_HANDLE


def test_transfer_the_wrong_way_ends_the_connection() -> None:
    raw = RawClient()
    raw.attach_receiver()
    (close,) = raw.say(Transfer(0, 0, b"t", 0))
    assert close.error.condition == Condition.NOT_ALLOWED


def test_too_many_links_are_refused_one_by_one() -> None:
    raw = RawClient(limits=ConnectionLimits(max_links_per_session=2))
    raw.attach_sender(0, "a")
    raw.attach_sender(1, "b")
    attach, detach = raw.say(Attach("c", 2, False, 0, 0, Source("s"), Target("t")))
    assert attach.target is None
    assert detach.error.condition == Condition.RESOURCE_LIMIT_EXCEEDED
    assert raw.say(Transfer(0, 0, b"t", 0)) == []
