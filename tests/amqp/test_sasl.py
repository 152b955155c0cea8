"""Who is let in, and how."""

import pytest

from sbtutorial.amqp.errors import Condition
from sbtutorial.amqp.events import ConnectionClosed, ConnectionOpened
from sbtutorial.amqp.frames import ProtocolId, protocol_header
from sbtutorial.amqp.performatives import (
    SaslCode,
    SaslInit,
    SaslOutcome,
)
from sbtutorial.amqp.sasl import PlainCredentials, plain_credentials
from tests.wire import frame, make_server, opened, performatives

SASL, AMQP = protocol_header(ProtocolId.SASL), protocol_header(ProtocolId.AMQP)


@pytest.mark.parametrize("mechanism", ["MSSBCBS", "ANONYMOUS", "EXTERNAL"])
@pytest.mark.parametrize("response", [b"", b"\x00somebody"])
def test_mechanism_without_a_password_lets_anyone_in(mechanism: str, response: bytes) -> None:
    wire = opened(client={"sasl_mechanisms": (mechanism,), "sasl_response": response})
    assert wire.client.of(ConnectionOpened)
    assert wire.server.of(ConnectionOpened)


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


def test_mechanism_that_was_not_offered_is_refused_with_an_outcome() -> None:
    server = make_server()
    server.receive_data(SASL + frame(SaslInit("GSSAPI"), sasl=True), now=0)
    assert performatives(server.data_to_send())[-1] == SaslOutcome(SaslCode.AUTH)
    assert server.finished


def test_client_that_can_use_nothing_on_offer_gives_up() -> None:
    wire = opened(client={"sasl_mechanisms": ("PLAIN",)}, server={"sasl_mechanisms": ("EXTERNAL",)})
    assert wire.client.connection.finished
    assert not wire.client.of(ConnectionOpened)
