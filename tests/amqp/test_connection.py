"""Opening, closing, silence, and everything a peer can do wrong."""

import random

import pytest

from sbtutorial.amqp.connection import Connection
from sbtutorial.amqp.errors import Condition, LocalProtocolError
from sbtutorial.amqp.events import (
    ConnectionClosed,
    ConnectionOpened,
    LinkAttached,
    MessageReceived,
    SessionBegun,
)
from sbtutorial.amqp.frames import HEARTBEAT, ProtocolId, frame_header, protocol_header
from sbtutorial.amqp.idle_timeout import CLOSE_TIMEOUT_SECONDS
from sbtutorial.amqp.messaging import Accepted, Source, Target
from sbtutorial.amqp.performatives import (
    Attach,
    Begin,
    Close,
    Disposition,
    Error,
    Flow,
    Open,
    Transfer,
)
from sbtutorial.amqp.types import Symbol
from tests.wire import (
    RawClient,
    byte_by_byte,
    client_sends,
    connect,
    cut_at,
    frame,
    make_client,
    make_server,
    opened,
    performatives,
)

AMQP = protocol_header(ProtocolId.AMQP)


def test_both_sides_learn_who_the_other_is() -> None:
    wire = opened(
        client={"hostname": "h", "properties": {Symbol("product"): "p"}},
        server={"max_frame_size": 4096, "channel_max": 9},
    )
    at_server = wire.server.last(ConnectionOpened).open
    assert (at_server.container_id, at_server.hostname) == ("client", "h")
    assert at_server.properties == {"product": "p"}
    at_client = wire.client.connection.remote_open
    assert at_client is not None
    assert (at_client.max_frame_size, at_client.channel_max) == (4096, 9)
    assert at_client.idle_time_out == 240_000


def test_everything_may_be_sent_before_anything_is_answered() -> None:
    wire = connect(client={"sasl_mechanisms": ()})
    client = wire.client.connection
    client.open()
    session = client.begin()
    session.attach_sender("l", target=Target("q"))
    data = client.data_to_send()
    assert [type(each) for each in performatives(data)] == [Open, Begin, Attach]
    wire.server.connection.receive_data(data, now=0)
    kinds = [type(event) for event in wire.server.connection.events()]
    assert kinds == [ConnectionOpened, SessionBegun, LinkAttached]


def test_what_is_asked_before_authentication_waits_for_it() -> None:
    wire = connect()
    session = wire.client.connection.begin()
    session.attach_sender("l", target=Target("q"))
    wire.client.connection.open()
    wire.pump()
    assert wire.server.of(LinkAttached)


@pytest.mark.parametrize("cut", [byte_by_byte, *map(cut_at, range(1, 40, 3))])
def test_whole_exchange_works_in_any_pieces(cut: object) -> None:
    wire, sender, receiver = client_sends(cut=cut)
    sender.send(b"x" * 1000, delivery_tag=b"t", settled=False)
    wire.pump()
    receiver.settle(wire.server.last(MessageReceived).delivery_id, Accepted())
    wire.client.connection.close()
    wire.pump()
    assert wire.client.last(ConnectionClosed).error is None
    assert wire.client.connection.finished
    assert wire.server.connection.finished


def test_only_a_client_opens_and_only_once() -> None:
    with pytest.raises(LocalProtocolError):
        make_server().open()
    client = make_client()
    client.open()
    with pytest.raises(LocalProtocolError):
        client.open()


def test_close_is_answered_and_nothing_is_said_after_it() -> None:
    raw = RawClient()
    link = raw.attach_sender()
    raw.say(Transfer(0, 0, b"t", 0))
    link.settle(0, Accepted())
    answers = raw.send(frame(Close(Error("a:b", "bye"))))
    assert [type(each) for each in answers] == [Disposition, Close]
    assert answers[-1].error is None
    assert raw.server.last(ConnectionClosed).error == Error("a:b", "bye")
    assert raw.server.connection.finished
    link.grant(5)
    raw.session.end()
    raw.server.connection.close()
    assert raw.send(frame(Begin(None, 0, 1, 1))) == []
    assert len(raw.server.of(ConnectionClosed)) == 1


def test_close_from_our_side_waits_for_the_answer() -> None:
    raw = RawClient()
    raw.attach_sender()
    error = Error("amqp:connection:forced", "going down")
    raw.server.connection.close(error)
    raw.server.connection.close()
    assert raw.answers() == [Close(error)]
    assert not raw.server.connection.finished
    with pytest.raises(LocalProtocolError, match="closing"):
        raw.server.connection.begin()
    assert raw.say(Transfer(0, 0, b"t", 0)) == []
    raw.send(frame(Close()))
    assert raw.server.connection.finished
    with pytest.raises(LocalProtocolError, match="over"):
        raw.server.connection.begin()


def test_end_of_the_byte_stream_is_the_end_of_everything_on_it() -> None:
    raw = RawClient()
    link = raw.attach_sender()
    raw.server.connection.receive_eof()
    raw.server.connection.receive_eof()
    assert raw.server.connection.events() == [ConnectionClosed(None)]
    assert raw.server.connection.finished
    assert not link.is_attached
    assert raw.server.connection.next_deadline() is None


# --- time


def test_silence_of_twice_the_idle_time_out_closes_the_connection() -> None:
    raw = RawClient(idle_time_out_ms=10_000)
    connection = raw.server.connection
    raw.send(HEARTBEAT, now=100.0)
    assert connection.next_deadline() == 120.0
    connection.handle_deadline(119.9)
    assert raw.answers() == []
    connection.handle_deadline(120.0)
    (close,) = raw.answers()
    assert close.error.condition == Condition.RESOURCE_LIMIT_EXCEEDED
    assert connection.events() == [ConnectionClosed(close.error)]
    assert connection.next_deadline() == 120.0 + CLOSE_TIMEOUT_SECONDS
    connection.handle_deadline(120.0 + CLOSE_TIMEOUT_SECONDS)
    assert connection.finished


def test_heartbeats_go_out_at_half_of_what_the_peer_allows() -> None:
    server = make_server(idle_time_out_ms=None)
    server.receive_data(AMQP + frame(Open("c", idle_time_out=60_000)), now=1000.0)
    server.data_to_send()
    assert server.next_deadline() == 1030.0
    server.handle_deadline(1029.0)
    assert server.data_to_send() == b""
    server.handle_deadline(1030.0)
    assert server.data_to_send() == HEARTBEAT
    assert server.next_deadline() == 1060.0
    server.receive_data(frame(Begin(None, 0, 1, 1)), now=1050.0)
    server.data_to_send()
    assert server.next_deadline() == 1080.0


def test_connection_without_idle_time_outs_has_no_deadline() -> None:
    server = make_server(idle_time_out_ms=None)
    server.receive_data(AMQP + frame(Open("c")), now=5.0)
    server.data_to_send()
    assert server.next_deadline() is None


def test_peer_that_never_opens_is_dropped_in_time() -> None:
    server = make_server(idle_time_out_ms=1000)
    server.receive_data(AMQP, now=0.0)
    server.data_to_send()
    server.handle_deadline(2.0)
    assert server.finished
    assert server.data_to_send() == b""


def test_peer_that_does_not_answer_a_close_is_dropped_in_time() -> None:
    raw = RawClient()
    raw.server.connection.close()
    raw.send(HEARTBEAT, now=9.0)
    raw.server.connection.handle_deadline(CLOSE_TIMEOUT_SECONDS)
    assert raw.server.connection.finished


# --- a peer that breaks the rules


def condition_of(answers: list[object]) -> str:
    close = answers[-1]
    assert isinstance(close, Close)
    assert close.error is not None
    return close.error.condition


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        (frame_header(0)[:4] + b"\x01\x00\x00\x00", Condition.FRAMING_ERROR),
        (b"\xff" * 16, Condition.FRAMING_ERROR),
        (b"\x00\x00\x00\x08\x02\x07\x00\x00", Condition.FRAMING_ERROR),
        (frame_header(3, 1) + b"abc", Condition.DECODE_ERROR),
        (frame_header(4, 1) + b"\x00\x53\x12\x45", Condition.DECODE_ERROR),
        (frame_header(5, 1) + b"\x00\x53\x99\xc0\x00", Condition.DECODE_ERROR),
        (frame_header(4, 1) + b"\x00\x53\x24\x45", Condition.DECODE_ERROR),
        (frame_header(4, 1) + b"\x00\x53\x99\x45", Condition.DECODE_ERROR),
        (frame(Open("again")), Condition.ILLEGAL_STATE),
    ],
)
def test_bad_bytes_close_the_connection_with_their_condition(
    data: bytes, condition: Condition
) -> None:
    raw = RawClient()
    assert condition_of(raw.send(data)) == condition
    assert raw.server.last(ConnectionClosed).error is not None
    raw.send(frame(Begin(None, 0, 1, 1), channel=5) + b"\xff" * 100)
    assert raw.server.connection.data_to_send() == b""
    assert raw.server.connection.finished


def test_frame_that_is_too_large_is_refused_at_its_header() -> None:
    raw = RawClient(max_frame_size=1024)
    assert condition_of(raw.send(frame_header(2000, 1))) == Condition.FRAMING_ERROR
    assert raw.server.connection.finished


def test_frame_size_below_the_minimum_cannot_be_agreed() -> None:
    server = make_server()
    server.receive_data(AMQP + frame(Open("c", max_frame_size=511)), now=0)
    opened_with, close = performatives(server.data_to_send())
    assert isinstance(opened_with, Open)
    assert condition_of([close]) == Condition.INVALID_FIELD
    assert server.finished


def test_first_frame_must_be_an_open() -> None:
    server = make_server()
    server.receive_data(AMQP + frame(Begin(None, 0, 1, 1)), now=0)
    answers = performatives(server.data_to_send())
    assert isinstance(answers[0], Open)
    assert condition_of(answers) == Condition.ILLEGAL_STATE


def conversation() -> bytes:
    """All that a client sends from header to close."""
    return AMQP + b"".join(
        (
            frame(Open("c", "h", 65_536, 10, 60_000, properties={Symbol("a"): "b"})),
            frame(Begin(None, 0, 1000, 1000)),
            frame(Attach("l", 0, False, 0, 0, Source("s"), Target("t"), initial_delivery_count=0)),
            frame(Attach("m", 1, True, 0, 1, Source("s"), Target("t"))),
            frame(Flow(0, 1000, 0, 1000, 1, 0, 10)),
            frame(Transfer(0, 0, b"t", 0, False, True), b"first half "),
            HEARTBEAT,
            frame(Transfer(0), b"second half"),
            frame(Disposition(True, 0, 5, True, Accepted())),
            frame(Close()),
        )
    )


def feed(data: bytes) -> Connection:
    """A server that accepts every link and settles every message, as a caller would."""
    server = make_server()
    server.receive_data(data, now=0)
    for event in server.events():
        if isinstance(event, LinkAttached):
            event.link.accept()
        elif isinstance(event, MessageReceived):
            event.link.settle(event.delivery_id, Accepted())
            event.link.grant(5)
    server.data_to_send()
    return server


def test_conversation_cut_short_anywhere_just_waits() -> None:
    data = conversation()
    for size in range(len(data)):
        assert not feed(data[:size]).finished
    assert feed(data).finished


def test_conversation_with_any_byte_changed_never_raises() -> None:
    data, choose = conversation(), random.Random(1)
    for at in range(len(data)):
        for value in (0, 255, choose.randrange(256)):
            feed(data[:at] + bytes((value,)) + data[at + 1 :])
