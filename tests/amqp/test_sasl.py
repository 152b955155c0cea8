"""Who is let in, and how."""

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
from sbtutorial.amqp.sasl import SERVICE_BUS_MECHANISMS, PlainCredentials, plain_credentials
from tests.wire import Side, byte_by_byte, cut_at, frame, make_server, opened, performatives

SASL, AMQP = protocol_header(ProtocolId.SASL), protocol_header(ProtocolId.AMQP)


@pytest.mark.parametrize("mechanism", ["MSSBCBS", "ANONYMOUS", "EXTERNAL"])
@pytest.mark.parametrize("response", [b"", b"\x00somebody"])
def test_mechanism_without_a_password_lets_anyone_in(mechanism: str, response: bytes) -> None:
    wire = opened(client={"sasl_mechanisms": (mechanism,), "sasl_response": response})
    assert wire.client.of(ConnectionOpened)
    assert wire.server.of(ConnectionOpened)


@pytest.mark.parametrize("cut", [byte_by_byte, *map(cut_at, range(1, 60, 7))])
def test_handshake_may_arrive_in_any_pieces(cut: object) -> None:
    assert opened(cut=cut).server.of(ConnectionOpened)


def test_plain_lets_in_whom_the_caller_knows() -> None:
    def authenticate(mechanism: str, response: bytes) -> bool:
        return (mechanism, plain_credentials(response)) == ("PLAIN", PlainCredentials("me", "key"))

    server = {"authenticate": authenticate}
    for password, is_in in ((b"key", True), (b"wrong", False)):
        client = {"sasl_mechanisms": ("PLAIN",), "sasl_response": b"\0me\0" + password}
        assert bool(opened(client=client, server=server).client.of(ConnectionOpened)) is is_in


def test_plain_is_shut_when_nobody_can_check_the_password() -> None:
    wire = opened(client={"sasl_mechanisms": ("PLAIN",), "sasl_response": b"\0a\0b"})
    for side in (wire.client, wire.server):
        error = side.last(ConnectionClosed).error
        assert error is not None
        assert error.condition == Condition.UNAUTHORIZED_ACCESS
        assert side.connection.finished


@pytest.mark.parametrize("response", [b"", b"key", b"\0a", b"\0\xff\0b", b"a\0b\0c\0d"])
def test_response_that_is_not_plain_holds_no_credentials(response: bytes) -> None:
    assert plain_credentials(response) is None


def test_server_offers_what_service_bus_offers() -> None:
    server = make_server()
    server.receive_data(SASL, now=0)
    sent = server.data_to_send()
    assert sent[:8] == SASL
    assert performatives(sent) == [SaslMechanisms(SERVICE_BUS_MECHANISMS)]


def test_mechanism_that_was_not_offered_is_refused_with_an_outcome() -> None:
    server = make_server()
    server.receive_data(SASL + frame(SaslInit("GSSAPI"), sasl=True), now=0)
    assert performatives(server.data_to_send())[-1] == SaslOutcome(SaslCode.AUTH)
    assert server.finished


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


def test_client_that_can_use_nothing_on_offer_gives_up() -> None:
    wire = opened(client={"sasl_mechanisms": ("PLAIN",)}, server={"sasl_mechanisms": ("EXTERNAL",)})
    assert wire.client.connection.finished
    assert not wire.client.of(ConnectionOpened)


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
