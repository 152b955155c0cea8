"""Sessions: channels, windows, ends."""

import pytest

from sbtutorial.amqp.connection import ConnectionLimits
from sbtutorial.amqp.errors import Condition, LocalProtocolError
from sbtutorial.amqp.events import (
    DispositionReceived,
    LinkDetached,
    MessageReceived,
    SessionBegun,
    SessionEnded,
    UnknownDelivery,
)
from sbtutorial.amqp.messaging import Accepted
from sbtutorial.amqp.performatives import (
    Begin,
    Close,
    Detach,
    End,
    Error,
    Flow,
    Transfer,
)
from sbtutorial.amqp.session import Session
from sbtutorial.amqp.windows import INCOMING_WINDOW
from tests.wire import RawClient, client_sends, frame, frames, opened, server_sends, with_session


def test_begin_is_answered_on_a_channel_of_our_own() -> None:
    raw = RawClient()
    raw.server.connection.receive_data(frame(Begin(None, 7, 10, 10), channel=44), now=0)
    ((channel, begin),) = frames(raw.server.connection.data_to_send())
    assert (channel, begin.remote_channel) == (1, 44)
    assert (begin.incoming_window, begin.handle_max) == (65_536, 0xFFFFFFFF)


def test_both_sides_hear_of_a_session() -> None:
    wire, session, server_session = with_session()
    assert wire.client.of(SessionBegun) == [SessionBegun(session)]
    assert server_session.remote_begin is not None


def test_end_is_answered_with_end() -> None:
    raw = RawClient()
    assert raw.say(End()) == [End()]
    assert raw.server.of(SessionEnded) == [SessionEnded(raw.session, None)]


def test_end_by_our_side_carries_its_error() -> None:
    wire, session, server_session = with_session()
    error = Error("amqp:resource-deleted", "gone")
    server_session.end(error)
    wire.pump()
    assert wire.client.last(SessionEnded) == SessionEnded(session, error)
    assert wire.server.last(SessionEnded) == SessionEnded(server_session, None)


def test_links_go_with_their_session() -> None:
    wire, sender, receiver = client_sends()
    sender.session.end()
    wire.pump()
    assert not sender.is_attached
    assert not receiver.is_attached
    receiver.grant(5)
    receiver.settle(0, Accepted())
    assert wire.server.connection.data_to_send() == b""
    with pytest.raises(LocalProtocolError, match="session is over"):
        sender.session.attach_sender("again")


def test_link_frames_after_the_end_mean_nothing() -> None:
    raw = RawClient()
    raw.attach_sender(0)
    assert raw.say(End(), Detach(0), Transfer(0, 0, b"t"), Flow(0, 1, 0, 1)) == [End()]
    assert raw.send(frame(Close())) == [Close()]
    assert not raw.server.of(LinkDetached)


def test_channel_can_be_used_again_after_end() -> None:
    raw = RawClient()
    raw.say(End())
    assert isinstance(raw.say(Begin(None, 0, 1, 1))[0], Begin)
    raw.session = raw.server.last(SessionBegun).session
    raw.attach_sender()


def test_begin_on_a_channel_in_use_ends_the_connection() -> None:
    raw = RawClient()
    (close,) = raw.say(Begin(None, 0, 1, 1))
    assert close.error.condition == Condition.ILLEGAL_STATE


def test_channel_beyond_the_highest_ends_the_connection() -> None:
    raw = RawClient(channel_max=5)
    (close,) = raw.send(frame(Begin(None, 0, 1, 1), channel=6))
    assert close.error.condition == Condition.FRAMING_ERROR


def test_frame_on_a_channel_without_a_session_ends_the_connection() -> None:
    raw = RawClient()
    (close,) = raw.send(frame(Flow(0, 1, 0, 1), channel=9))
    assert close.error.condition == Condition.NOT_ALLOWED


def test_answer_to_a_begin_that_nobody_sent_ends_the_connection() -> None:
    raw = RawClient()
    (close,) = raw.send(frame(Begin(3, 0, 1, 1), channel=9))
    assert close.error.condition == Condition.NOT_ALLOWED


def test_sessions_are_counted() -> None:
    raw = RawClient(limits=ConnectionLimits(max_sessions=2))
    raw.send(frame(Begin(None, 0, 1, 1), channel=2))
    (close,) = raw.send(frame(Begin(None, 0, 1, 1), channel=3))
    assert close.error.condition == Condition.RESOURCE_LIMIT_EXCEEDED


def test_client_learns_that_no_session_is_left() -> None:
    wire = opened(client={"limits": ConnectionLimits(max_sessions=2)})
    first = wire.client.connection.begin()
    wire.client.connection.begin()
    with pytest.raises(LocalProtocolError, match="2 sessions"):
        wire.client.connection.begin()
    wire.pump()
    first.end()
    wire.pump()
    assert wire.client.connection.begin().channel == first.channel


def test_either_side_can_begin() -> None:
    wire = opened()
    session = wire.server.connection.begin()
    wire.pump()
    assert isinstance(wire.client.last(SessionBegun).session, Session)
    assert wire.server.last(SessionBegun).session is session


# --- windows


def test_transfers_wait_for_the_peers_window_and_go_on_with_its_flow() -> None:
    raw = RawClient()
    link = raw.attach_receiver(credit=100)
    raw.say(Flow(0, 2, 0, 1000))
    for n in range(5):
        link.send(b"%d" % n, delivery_tag=b"t", settled=True)
    assert [each.delivery_id for each in raw.answers()] == [0, 1]
    assert [each.delivery_id for each in raw.say(Flow(2, 1, 0, 1000))] == [2]
    # A flow sent before the last transfer was seen: that one still counts.
    assert raw.say(Flow(2, 1, 0, 1000)) == []
    assert [each.delivery_id for each in raw.say(Flow(3, 100, 0, 1000))] == [3, 4]


def test_frames_of_a_large_message_wait_too() -> None:
    wire, sender, receiver = server_sends(client={"max_frame_size": 512})
    sender.session.windows.sendable = 3  # as if the client had said so
    sender.send(b"x" * 3000, delivery_tag=b"t", settled=True)
    wire.pump()
    assert not wire.client.of(MessageReceived)
    receiver.grant(5)
    wire.pump()
    assert len(wire.client.last(MessageReceived).payload) == 3000


def test_detach_takes_waiting_transfers_along() -> None:
    raw = RawClient()
    leaving, staying = raw.attach_receiver(0, "a"), raw.attach_receiver(1, "b")
    raw.say(Flow(0, 0, 0, 1000))
    leaving.send(b"x", delivery_tag=b"t", settled=True)
    staying.send(b"y", delivery_tag=b"t", settled=True)
    leaving.detach()
    assert [type(each) for each in raw.answers()] == [Detach]
    assert [each.handle for each in raw.say(Flow(0, 10, 0, 1000))] == [staying.handle]


def test_our_window_is_opened_again_at_half() -> None:
    raw = RawClient()
    raw.attach_sender()
    data = frame(Transfer(0, 0, b"t", 0, True), channel=1)
    half = INCOMING_WINDOW // 2
    assert raw.send(data * (half - 1)) == []
    assert raw.send(data) == [Flow(half, INCOMING_WINDOW, 0, 65_536)]


def test_peer_that_miscounts_its_transfers_is_served() -> None:
    raw = RawClient()
    raw.attach_sender()
    for n in range(20):
        raw.say(Transfer(0, n, b"t", 0, more=True), Transfer(0), Flow(0, 1000, n, 1000, 0, n, 10))
    assert len(raw.server.of(MessageReceived)) == 20


def test_echo_of_a_session_flow_is_answered() -> None:
    raw = RawClient()
    assert raw.say(Flow(0, 1000, 0, 1000, echo=True)) == [Flow(0, 65_536, 0, 65_536)]
    assert raw.say(Flow(0, 1000, 0, 1000)) == []


def test_transfer_ids_wrap() -> None:
    raw = RawClient()
    raw.send(frame(Begin(None, 0xFFFFFFFF, 1000, 1000), channel=2))
    raw.send(frame(Flow(0, 1000, 0, 1000, echo=True), channel=2))
    link = raw.attach_sender()
    link.session.windows.next_incoming_id = 0xFFFFFFFF
    raw.say(Transfer(0, 0, b"t", 0))
    assert raw.say(Flow(0, 1, 0, 1, echo=True))[0].next_incoming_id == 0


def test_very_many_deliveries_of_a_link_that_is_gone_are_forgotten_in_steps() -> None:
    wire, sender, receiver = server_sends()
    receiver.grant(1000)
    wire.pump()
    for number in range(1000):
        sender.send(b"x", delivery_tag=b"%d" % number, settled=False)
    wire.pump()
    session, connection = sender.session, wire.server.connection
    receiver.detach()
    wire.pump()
    assert not sender.unsettled
    assert len(session.outgoing_unsettled) == 1000
    # What the peer still says of them means as little as it would if all were forgotten.
    receiver.session.writer.send_disposition(True, 5, Accepted(), False)
    receiver.session.writer.send_disposition(True, 7, Accepted(), True)
    wire.pump()
    unknown = wire.server.of(UnknownDelivery)
    assert [(one.delivery_id, one.settled, one.count) for one in unknown] == [
        (5, False, 1),
        (7, True, 1),
    ]
    assert not wire.server.of(DispositionReceived)
    (steps,) = connection.leftovers
    assert len(list(steps)) > 2
    assert not session.outgoing_unsettled


def test_few_deliveries_are_forgotten_at_once() -> None:
    wire, sender, receiver = server_sends()
    sender.send(b"x", delivery_tag=b"1", settled=False)
    wire.pump()
    receiver.detach()
    wire.pump()
    assert not sender.session.outgoing_unsettled
    assert not wire.server.connection.leftovers
