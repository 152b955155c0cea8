"""Many who have proved nothing, over real sockets, and the real SDK among them."""

import socket
from collections.abc import Iterator

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage

from sbtutorial.broker.descriptions import QueueDescription
from sbtutorial.connection_string import parse_connection_string
from sbtutorial.gateway.access import admission
from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.server.broker_server import BrokerServer
from tests.sockets import is_open

UPGRADE = (
    b"GET /$servicebus/websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: AMQPWSB10\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
FIRST_WORDS = [
    b"",
    b"GET / HTTP/1.1\r\nX:",
    b"POST /orders/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n",
    b"AMQP\x03\x01\x00\x00",
    b"AMQP\x00\x01\x00\x00",
    b"\x16\x03\x01",
    UPGRADE,
]


def make_queue(broker: BrokerServer) -> None:
    with broker.reactor.turn() as now:
        broker.namespace.create("orders", QueueDescription(), now=now)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadedBroker]:
    monkeypatch.setattr(admission, "MAX_UNPROVED_CONNECTIONS", 20)
    monkeypatch.setattr(admission, "MOMENT_SECONDS", 0.0)
    with ThreadedBroker() as broker:
        broker.call(make_queue)
        yield broker


def test_rightful_client_is_served_among_any_number_of_strangers(broker: ThreadedBroker) -> None:
    port = parse_connection_string(broker.connection_string).port
    assert port is not None
    strangers = []
    for number in range(100):
        strangers.append(socket.create_connection(("127.0.0.1", port)))
        strangers[-1].sendall(FIRST_WORDS[number % len(FIRST_WORDS)])
    with ServiceBusClient.from_connection_string(broker.connection_string) as client:
        with client.get_queue_sender("orders") as sender:
            for number in range(30):
                if number % 10 == 0:
                    strangers.append(socket.create_connection(("127.0.0.1", port)))
                sender.send_messages(ServiceBusMessage("coffee"))
        with client.get_queue_receiver("orders", max_wait_time=5) as receiver:
            assert len(receiver.receive_messages(30)) > 0
    assert sum(map(is_open, strangers)) <= 21
    for stranger in strangers:
        stranger.close()
