"""A broker that is open to the network: TLS, or nothing, for who calls from another computer."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPResponse

import pytest

from sbtutorial.broker.descriptions import QueueDescription
from sbtutorial.connection_string import parse_connection_string
from sbtutorial.hosting import terminal
from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.server import network
from sbtutorial.server.broker_server import BrokerServer


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "localhost", "::1%lo"]
)
def test_loopback_is_this_computer(address: str) -> None:
    assert network.is_loopback(address)


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0", "::", "192.168.1.5", "10.127.0.1", "::ffff:10.0.0.1", "fe80::1%eth0", "a.local"],
)
def test_every_other_address_is_the_network(address: str) -> None:
    assert not network.is_loopback(address)


def test_names_are_those_that_others_know() -> None:
    assert network.names("192.168.1.5") == ("192.168.1.5",)
    assert not [name for name in network.names("::") if name in ("127.0.0.1", "::1")]


@pytest.mark.parametrize(("name", "is_one"), [("Bus-1.example", True), ("my_computer", False)])
def test_this_computer_goes_by_its_own_name_where_a_certificate_can_be_for_it(
    name: str, is_one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "gethostname", lambda: name)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert (name in network.names("0.0.0.0")) == is_one


def make_queue(broker: BrokerServer) -> None:
    with broker.reactor.turn() as now:
        broker.namespace.create("orders", QueueDescription(), now=now)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadedBroker]:
    """One to whom every peer is on another computer."""
    monkeypatch.setattr("sbtutorial.server.connection.is_loopback", lambda address: False)
    with ThreadedBroker() as broker:
        broker.call(make_queue)
        yield broker


def answer(broker: ThreadedBroker, said: bytes) -> bytes:
    """All that a peer is told until it is let go."""
    port = parse_connection_string(broker.connection_string).port
    heard = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(said)
        while data := connection.recv(65_536):
            heard += data
    return heard


@pytest.mark.parametrize("layer", [0, 3])
def test_amqp_in_plain_is_told_that_tls_is_spoken(broker: ThreadedBroker, layer: int) -> None:
    assert answer(broker, b"AMQP" + bytes((layer, 1, 0, 0))) == b"AMQP\x02\x01\x00\x00"


def test_http_in_plain_is_told_that_tls_is_spoken(broker: ThreadedBroker) -> None:
    heard = answer(broker, b"DELETE /orders HTTP/1.1\r\nHost: x\r\n\r\n")
    assert heard.startswith(b"HTTP/1.1 426 Upgrade Required\r\n")
    assert b"https" in heard


def test_tls_is_served_by_a_certificate_for_the_names_that_others_know(
    broker: ThreadedBroker,
) -> None:
    own = broker.call(lambda own: own.named_certificates())
    assert own.identities == ("127.0.0.1",)
    context = ssl.create_default_context(cafile=str(own.ca_pem))
    port = parse_connection_string(broker.connection_string).port
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(b"AMQP\x00\x01\x00\x00")
        assert connection.recv(8) == b"AMQP\x00\x01\x00\x00"


def test_the_certificate_is_for_no_other_name(broker: ThreadedBroker) -> None:
    own = broker.call(lambda own: own.named_certificates())
    context = ssl.create_default_context(cafile=str(own.ca_pem))
    port = parse_connection_string(broker.connection_string).port
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as connection,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        context.wrap_socket(connection, server_hostname="localhost")


def test_loopback_is_served_as_ever_on_the_same_port() -> None:
    async def ports() -> tuple[int, str]:
        broker = BrokerServer()
        port = await broker.start("0.0.0.0")
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"AMQP\x00\x01\x00\x00")
            heard = await reader.readexactly(8)
            writer.close()
            return heard[4], broker.host
        finally:
            await broker.stop()

    assert asyncio.run(ports()) == (0, "0.0.0.0")


def test_nothing_listens_elsewhere_unless_asked() -> None:
    assert terminal.Settings().host == "127.0.0.1"

    async def addresses() -> list[str]:
        broker = BrokerServer()
        await broker.start()
        try:
            return [port._socket.getsockname()[0] for port in broker.listener._ports]
        finally:
            await broker.stop()

    assert asyncio.run(addresses()) == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("host", "listening"),
    [
        ("127.0.0.1", ["127.0.0.1"]),
        ("0.0.0.0", ["0.0.0.0"]),
        ("::", ["0.0.0.0", "::"]),
        ("::1", ["127.0.0.1", "::1"]),
        ("192.168.1.5", ["127.0.0.1", "192.168.1.5"]),
    ],
)
def test_this_computer_finds_it_on_its_own_loopback_wherever_else_it_listens(
    host: str, listening: list[str]
) -> None:
    assert [*network.addresses(host)] == listening
    assert network.addresses("localhost")[0] == "127.0.0.1"


@pytest.mark.skipif(len(network.addresses("localhost")) == 1, reason="there is no IPv6 here")
def test_a_port_is_the_same_on_both_loopbacks_or_it_is_none() -> None:
    async def heard() -> list[bytes]:
        broker = BrokerServer()
        port = await broker.start("localhost")
        try:
            streams = [await asyncio.open_connection(one, port) for one in ("127.0.0.1", "::1")]
            answers = []
            for reader, writer in streams:
                writer.write(b"AMQP\x00\x01\x00\x00")
                answers.append(await reader.readexactly(8))
                writer.close()
            with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
                number = taken.getsockname()[1]
                with pytest.raises(OSError, match="in use"):
                    await broker.listen_also(number)
            with pytest.raises(OSError, match=r"."):
                await asyncio.open_connection("127.0.0.1", number)
            return answers
        finally:
            await broker.stop()

    assert asyncio.run(heard()) == [b"AMQP\x00\x01\x00\x00"] * 2


def test_who_asks_for_less_is_served_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sbtutorial.server.connection.is_loopback", lambda address: False)
    with ThreadedBroker(takes_plain=True) as broker:
        port = parse_connection_string(broker.connection_string).port
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(b"AMQP\x00\x01\x00\x00")
            assert connection.recv(8) == b"AMQP\x00\x01\x00\x00"


def test_it_goes_by_the_names_that_it_was_given() -> None:
    with ThreadedBroker(known_as=["Bus.example"]) as broker:
        named = broker.call(lambda own: own.named_certificates())
        assert (broker.local.host, named.identities) == ("127.0.0.1", ("bus.example",))
        context = ssl.create_default_context(cafile=str(named.ca_pem))
        port = parse_connection_string(broker.connection_string).port
        with (
            socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
            context.wrap_socket(plain, server_hostname="bus.example") as connection,
        ):
            assert status(connection, "BUS.example") == 200
            assert status(connection, "other.example") == 421


def status(connection: ssl.SSLSocket, host: str) -> int:
    connection.sendall(f"GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    answered = HTTPResponse(connection)
    answered.begin()
    answered.read()
    return answered.status


def test_who_comes_and_why_it_is_refused_is_told_where_somebody_wants_to_know(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sbtutorial.server.connection.is_loopback", lambda address: False)
    caplog.set_level(logging.INFO, "sbtutorial")
    with ThreadedBroker() as broker:
        answer(broker, b"AMQP\x00\x01\x00\x00")
        port = parse_connection_string(broker.connection_string).port
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            own = connection.getsockname()[1]
            with pytest.raises(ssl.SSLCertVerificationError):
                ssl.create_default_context().wrap_socket(connection, server_hostname="x")
    told = [record.getMessage() for record in caplog.records]
    assert [text.partition(" ")[2] for text in told if f":{own}" not in text] == [
        "is here.",
        "speaks no TLS, as it must from another computer: refused.",
        "is gone.",
    ]
    assert f"127.0.0.1:{own} is here." in told
    assert any(text.startswith(f"127.0.0.1:{own} is gone; TLS failed: ") for text in told)
