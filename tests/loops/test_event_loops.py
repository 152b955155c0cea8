"""The broker on every event loop that keeps to asyncio's contracts: it may be a guest in one."""

import asyncio
import http.client
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from azure.servicebus import ServiceBusMessage, TransportType

from sbtutorial.connection_string import parse_connection_string
from sbtutorial.gateway.access.sas import sign
from sbtutorial.gateway.core import KEY_NAME
from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.server.connection import Connection
from tests.sdk.conftest import Bench
from tests.sdk.flavours import Aio, Flavour, Sync

pytestmark = [pytest.mark.sdk, pytest.mark.feature("Event loops")]

LoopFactory = Callable[[], asyncio.AbstractEventLoop]

# All that there are, and those of them that this system has.
LOOPS = ("selector", "proactor", "uvloop")
LOOP_FACTORIES: dict[str, LoopFactory] = {"selector": asyncio.SelectorEventLoop}
if sys.platform == "win32":
    LOOP_FACTORIES["proactor"] = asyncio.ProactorEventLoop
else:
    import uvloop

    LOOP_FACTORIES["uvloop"] = uvloop.new_event_loop

MANY_REQUESTS = 100
BIG_MESSAGE = b"x" * 200_000


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> str:
    """The name of an event loop."""
    name: str = request.param
    if name not in LOOP_FACTORIES:
        pytest.skip(f"{sys.platform} has no such event loop")
    return name


@pytest.fixture
def loop_factory(loop: str) -> LoopFactory:
    return LOOP_FACTORIES[loop]


@pytest.fixture
def broker(certificates_folder: Path, loop_factory: LoopFactory) -> Iterator[ThreadedBroker]:
    """In place of the one that `bench` stands on otherwise."""
    with ThreadedBroker(
        certificates_folder=certificates_folder, loop_factory=loop_factory
    ) as broker:
        yield broker


@pytest.fixture
def plain(broker: ThreadedBroker, ca_pem: Path) -> Bench:
    """For what no SDK does, so that there is but one flavour of it."""
    bench = Bench(broker, Sync(), ca_pem)
    bench.make_queue()
    return bench


def test_it_is_the_loop_that_was_asked_for(
    broker: ThreadedBroker, loop_factory: LoopFactory
) -> None:
    """The broker runs on the event loop that it is given."""
    loop = loop_factory()
    loop.close()
    assert broker.call(lambda _: type(asyncio.get_running_loop())) is type(loop)


async def test_amqp_and_administration_in_tls(bench: Bench) -> None:
    """AMQP, and administration in TLS, are answered on it."""
    async with bench.administration() as administration:
        await administration.create_queue("kitchen")
        assert (await administration.get_queue("kitchen")).name == "kitchen"
    await bench.send("tea", "cake", queue="kitchen")
    async with bench.receiver("kitchen") as receiver:
        for expected in ("tea", "cake"):
            (message,) = await receiver.receive_messages(max_wait_time=5)
            assert str(message) == expected
            await receiver.complete_message(message)
    assert bench.counts("kitchen").total == 0


async def test_amqp_over_websocket(bench: Bench, flavour: Flavour) -> None:
    """A message of many frames comes and goes in AMQP over WebSocket."""
    port = port_of(bench.broker)
    way: dict[str, Any] = {
        "transport_type": TransportType.AmqpOverWebsocket,
        "custom_endpoint_address": f"sb://127.0.0.1:{port}",
    }
    async with bench.client(**way) as client:
        async with client.get_queue_sender("orders") as sender:
            await sender.send_messages(ServiceBusMessage(BIG_MESSAGE))
        async with client.get_queue_receiver("orders") as receiver:
            (message,) = await receiver.receive_messages(max_wait_time=5)
            assert b"".join(message.body) == BIG_MESSAGE
            await receiver.complete_message(message)
    assert bench.counts().total == 0


def test_the_asyncio_clients_run_on_it_themselves(
    broker: ThreadedBroker, loop_factory: LoopFactory, ca_pem: Path
) -> None:
    """The asyncio clients of the SDK run on it, too: AMQP, and administration in TLS."""
    bench = Bench(broker, Aio(), ca_pem)

    async def there_and_back() -> str:
        async with bench.administration() as administration:
            await administration.create_queue("kitchen")
        await bench.send("tea", queue="kitchen")
        async with bench.receiver("kitchen") as receiver:
            (message,) = await receiver.receive_messages(max_wait_time=5)
            await receiver.complete_message(message)
        return str(message)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(there_and_back()) == "tea"
    assert bench.counts("kitchen").total == 0


def test_data_plane_over_http_waits_for_a_message(plain: Bench) -> None:
    """Who waits for a message over HTTP gets it when it comes."""
    waiting = connection_to(plain.broker)
    waiting.request("DELETE", "/orders/messages/head?timeout=60", headers=headers(plain.broker))
    sending = connection_to(plain.broker)
    sending.request("POST", "/orders/messages", b"soup", headers(plain.broker))
    assert sending.getresponse().status == 201
    answer = waiting.getresponse()
    assert (answer.status, answer.read()) == (200, b"soup")
    for connection in (waiting, sending):
        connection.close()
    assert plain.counts().total == 0


def test_slow_reader_is_waited_for_and_harms_nobody(
    plain: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow reader is waited for, and harms nobody.

    It asks for many times what it gets at once, and reads nothing until others were served.
    """
    is_behind = note_pauses(monkeypatch)
    for number in range(100):
        plain.make_queue(f"queue-{number}")
    request = list_of_queues(plain.broker)
    with socket.create_connection(("127.0.0.1", port_of(plain.broker))) as slow:
        slow.sendall(request * MANY_REQUESTS)
        assert is_behind.wait(30)
        with socket.create_connection(("127.0.0.1", port_of(plain.broker))) as other:
            answer = answer_to(other, request)
        assert unread_bytes(plain.broker) < MANY_REQUESTS * len(answer) / 2
        size = MANY_REQUESTS * len(answer)
        with slow.makefile("rb") as answers:
            assert answers.read(size).count(answer[:15]) == MANY_REQUESTS


def test_who_sends_no_more_is_still_answered(plain: Bench) -> None:
    """Who sends no more is still answered.

    However long that takes: here the answer is late on purpose, so the end comes first.
    """
    plain.broker.call(lambda broker: broker.faults.delay(0.2))
    with socket.create_connection(("127.0.0.1", port_of(plain.broker)), timeout=30) as client:
        client.sendall(list_of_queues(plain.broker) * 2)
        client.shutdown(socket.SHUT_WR)
        with client.makefile("rb") as answers:
            assert answers.read().count(b"HTTP/1.1 200 OK") == 2


def note_pauses(monkeypatch: pytest.MonkeyPatch) -> Event:
    """Set when the broker has learned that somebody reads too slowly."""
    is_behind, pause = Event(), Connection.pause_writing

    def pause_writing(self: Connection) -> None:
        pause(self)
        is_behind.set()

    monkeypatch.setattr(Connection, "pause_writing", pause_writing)
    return is_behind


def list_of_queues(broker: ThreadedBroker) -> bytes:
    lines = [f"{name}: {value}" for name, value in {"Host": "127.0.0.1", **headers(broker)}.items()]
    start = "GET /$Resources/queues?api-version=2021-05 HTTP/1.1"
    return "\r\n".join((start, *lines, "", "")).encode()


def answer_to(connection: socket.socket, request: bytes) -> bytes:
    connection.sendall(request)
    connection.shutdown(socket.SHUT_WR)
    with connection.makefile("rb") as answer:
        return answer.read()


def unread_bytes(broker: ThreadedBroker) -> int:
    return broker.call(
        lambda local: sum(one._transport.get_write_buffer_size() for one in local.listener.open)
    )


def port_of(broker: ThreadedBroker) -> int:
    port = parse_connection_string(broker.connection_string).port
    assert port is not None
    return port


def connection_to(broker: ThreadedBroker) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port_of(broker), timeout=30)


def headers(broker: ThreadedBroker) -> dict[str, str]:
    key, now = broker.local.key, broker.call(lambda local: local.clock.wall())
    return {"Authorization": sign("http://127.0.0.1/", KEY_NAME, key, now + 3600)}
