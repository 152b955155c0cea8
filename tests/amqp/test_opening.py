"""Which header comes when, in whatever pieces, and who speaks first."""

import pytest

from sbtutorial.amqp.errors import Condition
from sbtutorial.amqp.events import ConnectionClosed, ConnectionOpened
from sbtutorial.amqp.frames import ProtocolId, protocol_header
from sbtutorial.amqp.performatives import (
    Open,
    SaslCode,
    SaslInit,
    SaslMechanisms,
    SaslOutcome,
)
from sbtutorial.amqp.sasl import SERVICE_BUS_MECHANISMS
from tests.wire import (
    Side,
    byte_by_byte,
    cut_at,
    frame,
    make_client,
    make_server,
    opened,
    performatives,
)

SASL, AMQP = protocol_header(ProtocolId.SASL), protocol_header(ProtocolId.AMQP)


@pytest.mark.parametrize("cut", [byte_by_byte, *map(cut_at, range(1, 60, 7))])
def test_handshake_may_arrive_in_any_pieces(cut: object) -> None:
    assert opened(cut=cut).server.of(ConnectionOpened)


def test_server_offers_what_service_bus_offers() -> None:
    server = make_server()
    server.receive_data(SASL, now=0)
    sent = server.data_to_send()
    assert sent[:8] == SASL
    assert performatives(sent) == [SaslMechanisms(SERVICE_BUS_MECHANISMS)]


def test_client_may_send_everything_without_waiting() -> None:
    side = Side(make_server())
    side.connection.receive_data(
        SASL + frame(SaslInit("ANONYMOUS"), sasl=True) + AMQP + frame(Open("eager")), now=0
    )
    side.events += side.connection.events()
    assert side.last(ConnectionOpened).open.container_id == "eager"
    sent = side.connection.data_to_send()
    assert sent.index(AMQP) > sent.index(SASL)


def test_client_may_leave_sasl_out() -> None:
    side = Side(make_server())
    side.connection.receive_data(AMQP + frame(Open("bare")), now=0)
    assert side.connection.data_to_send()[:8] == AMQP
    assert isinstance(side.connection.events()[0], ConnectionOpened)


@pytest.mark.parametrize("header", [b"AMQP\x02\x01\x00\x00", b"AMQP\x00\x00\x09\x01", b"GET / HT"])
def test_unsupported_protocol_is_answered_with_ours(header: bytes) -> None:
    server = make_server()
    server.receive_data(header, now=0)
    assert server.data_to_send() == SASL
    assert server.finished


def test_frame_of_the_wrong_layer_ends_the_connection() -> None:
    for wrong in (frame(Open("early")), frame(SaslOutcome(0), sasl=True)):
        server = make_server()
        server.receive_data(SASL + wrong, now=0)
        assert server.finished


def test_client_hangs_up_on_a_server_that_answers_in_another_layer() -> None:
    for mechanisms, answer in (((), SASL), (("ANONYMOUS",), AMQP)):
        client = make_client(sasl_mechanisms=mechanisms)
        client.receive_data(answer, now=0)
        (closed,) = client.events()
        assert isinstance(closed, ConnectionClosed)
        assert closed.error is not None
        assert closed.error.condition == Condition.NOT_IMPLEMENTED
        assert client.finished


def test_second_sasl_header_is_refused_without_an_answer() -> None:
    server = make_server()
    server.receive_data(SASL + frame(SaslInit("ANONYMOUS"), sasl=True), now=0)
    server.data_to_send()
    server.receive_data(SASL, now=0)
    assert server.data_to_send() == b""
    assert server.finished


def test_sasl_frame_that_is_the_other_sides_to_send_ends_the_connection() -> None:
    client = make_client()
    client.receive_data(SASL + frame(SaslOutcome(SaslCode.OK), sasl=True), now=0)
    (closed,) = client.events()
    assert isinstance(closed, ConnectionClosed)
    assert closed.error is not None
    assert closed.error.condition == Condition.ILLEGAL_STATE
