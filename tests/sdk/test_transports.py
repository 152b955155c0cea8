"""Transports: plain, in TLS, over WebSocket, all on one port."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest
from azure.servicebus import ServiceBusMessage, TransportType
from azure.servicebus.exceptions import ServiceBusConnectionError

from sbtutorial.connection_string import parse_connection_string
from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.server import certificates
from sbtutorial.server.websocket import MAX_MESSAGE_BYTES
from tests.port_5671 import on_port_5671
from tests.sdk.conftest import PATIENCE_SECONDS, Bench, reason_for
from tests.sdk.flavours import Aio, Flavour, Sync
from tests.sdk.side_by_side import side_by_side

pytestmark = pytest.mark.feature("Transports")

AMQPS_PORT, HTTPS_PORT = 5671, 443


class Way(NamedTuple):
    """How a program says which way it wants to go.

    Attributes:
        is_plain: With UseDevelopmentEmulator=true, and so without TLS.
        address: As `custom_endpoint_address`, with the port in place of `PORT`; "" for none.
        transport: As `transport_type`; None for none.
    """

    is_plain: bool
    address: str
    transport: TransportType | None
    first_bytes: bytes


WEBSOCKET, AMQP = TransportType.AmqpOverWebsocket, TransportType.Amqp
HELLO, UPGRADE, TLS = b"AMQP", b"GET /$servicebus/websocket", b"\x16\x03"
WAYS = {
    "amqp": Way(True, "", None, HELLO),
    "ws": Way(True, "sb://127.0.0.1:PORT", WEBSOCKET, UPGRADE),
    "ws by default": Way(True, "127.0.0.1:PORT", None, UPGRADE),
    "amqps": Way(False, "sb://localhost:PORT", AMQP, TLS),
    "wss": Way(False, "sb://127.0.0.1:PORT", WEBSOCKET, TLS),
    "wss by default": Way(False, "https://localhost:PORT/", None, TLS),
}


def port_of(bench: Bench) -> int:
    port = parse_connection_string(bench.broker.connection_string).port
    assert port is not None
    return port


def without_emulator(connection_string: str) -> str:
    return connection_string.replace("UseDevelopmentEmulator=true;", "")


def client(bench: Bench, way: Way, ca_pem: Path, *, port: int | None = None, **more: Any) -> Any:
    string = bench.broker.connection_string
    options: dict[str, Any] = {"connection_verify": str(ca_pem)}
    if way.address:
        options["custom_endpoint_address"] = way.address.replace(
            "PORT", str(port or port_of(bench))
        )
    if way.transport:
        options["transport_type"] = way.transport
    return bench.flavour.client(
        string if way.is_plain else without_emulator(string), **options, **more
    )


class Tap:
    """Stands before the broker, and keeps what each client says first."""

    def __init__(self, port: int) -> None:
        self.first_bytes: list[bytes] = []
        self._port = port

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", self._port)
        first = await reader.read(1000)
        self.first_bytes.append(first)
        broker_writer.write(first)
        await asyncio.gather(_copy(reader, broker_writer), _copy(broker_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    except ConnectionError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def tapped(port: int) -> AsyncIterator[tuple[Tap, int]]:
    tap = Tap(port)
    async with await asyncio.start_server(tap.serve, "127.0.0.1", 0) as server:
        yield tap, server.sockets[0].getsockname()[1]


@pytest.mark.differs("Otherwise than on Azure")
async def test_a_message_goes_there_and_back(bench: Bench, ca_pem: Path) -> None:
    """One port takes AMQP, AMQP in TLS, AMQP over WebSocket, and that in TLS."""
    body = "coffee" * 30_000  # many frames of WebSocket or TLS

    async def go(name: str) -> tuple[str, int]:
        queue = name.replace(" ", "-")
        bench.make_queue(queue)
        made = client(bench, WAYS[name], ca_pem)
        links = (made.get_queue_sender(queue), made.get_queue_receiver(queue))
        async with made, side_by_side(*links) as (sender, receiver):
            await sender.send_messages(ServiceBusMessage(body))
            (message,) = await receiver.receive_messages(max_wait_time=PATIENCE_SECONDS)
            assert str(message) == body, name
            assert await receiver.renew_message_lock(message) == message.locked_until_utc, name
            await receiver.complete_message(message)
        return name, bench.counts(queue).total

    assert await asyncio.gather(*map(go, WAYS)) == [(name, 0) for name in WAYS]


async def test_a_client_uses_the_transport_that_it_asks_for(bench: Bench, ca_pem: Path) -> None:
    async def go(name: str) -> tuple[str, list[bool]]:
        async with (
            tapped(port_of(bench)) as (tap, port),
            client(bench, WAYS[name], ca_pem, port=port) as made,
            made.get_queue_sender("orders") as sender,
        ):
            await sender.send_messages(ServiceBusMessage(name))
        return name, [first.startswith(WAYS[name].first_bytes) for first in tap.first_bytes]

    names = [name for name, way in WAYS.items() if way.address]
    assert await asyncio.gather(*map(go, names)) == [(name, [True]) for name in names]
    assert sorted(await bench.drain()) == sorted(names)


async def test_many_large_messages_in_one_go_arrive_whole_over_websocket(
    bench: Bench, ca_pem: Path
) -> None:
    # More in one go than an asyncio client takes in one message of WebSocket: 4 MiB.
    body = b"x" * 200_000
    assert len(body) * 40 > 4 * 2**20 > MAX_MESSAGE_BYTES
    async with client(bench, WAYS["ws"], ca_pem) as made:
        async with made.get_queue_sender("orders") as sender:
            for _ in range(40):
                await sender.send_messages(ServiceBusMessage(body))
        async with made.get_queue_receiver("orders", prefetch_count=40) as receiver:
            left = 40
            while left:
                messages = await receiver.receive_messages(left, max_wait_time=PATIENCE_SECONDS)
                assert {b"".join(message.body) for message in messages} == {body}
                for message in messages:
                    await receiver.complete_message(message)
                left -= len(messages)
    assert bench.counts().total == 0


@pytest.mark.differs("Otherwise than on Azure")
@pytest.mark.parametrize("name", ["amqps", "wss"])
async def test_without_trust_in_the_certificate_there_is_no_way(
    bench: Bench, name: str, tmp_path: Path
) -> None:
    """A client has to trust the certificate that the broker makes on its machine."""
    stranger = certificates.ensure(tmp_path / "another").ca_pem
    made = client(bench, WAYS[name], stranger, retry_total=0)
    with pytest.raises(ServiceBusConnectionError) as failure:
        async with made, made.get_queue_sender("orders"):
            pass
    assert "CERTIFICATE_VERIFY_FAILED" in reason_for(failure) + str(failure.value)


async def test_a_wrong_key_opens_nothing_over_websocket_either(bench: Bench, ca_pem: Path) -> None:
    key = bench.broker.local.key
    wrong = bench.broker.connection_string.replace(key, "wrong")
    made = bench.flavour.client(
        wrong, custom_endpoint_address=f"127.0.0.1:{port_of(bench)}", retry_total=0
    )
    # Whatever is refused at a custom address, the SDK blames the connection.
    with pytest.raises(ServiceBusConnectionError) as failure:
        async with made, made.get_queue_sender("orders"):
            pass
    assert "InvalidSignature" in reason_for(failure)


@pytest.mark.client("aiohttp")
async def test_a_websocket_that_cannot_be_is_refused_in_http(bench: Bench) -> None:
    """A wrong WebSocket handshake is refused in HTTP, and text in place of bytes ends it."""
    url = f"http://127.0.0.1:{port_of(bench)}"
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/$servicebus/websocket") as response:
            assert (response.status, response.headers["Upgrade"]) == (426, "websocket")
        with pytest.raises(aiohttp.WSServerHandshakeError) as failure:
            await session.ws_connect(f"{url}/orders", protocols=["AMQPWSB10"])
        assert failure.value.status == 404
        async with session.ws_connect(
            f"{url}/$servicebus/websocket", protocols=["amqp"]
        ) as websocket:
            assert websocket.protocol == "amqp"
            await websocket.send_bytes(b"AMQP\x00\x01\x00\x00")
            assert (await websocket.receive_bytes()).startswith(b"AMQP\x00\x01\x00\x00")
            await websocket.send_str("hello")
            await websocket.receive()
            assert websocket.close_code == 1003


# --- further ports --------------------------------------------------------------------------------


@pytest.fixture
def two_ports(
    certificates_folder: Path, flavour: Flavour, ca_pem: Path
) -> Iterator[tuple[Bench, int]]:
    with ThreadedBroker(certificates_folder=certificates_folder, also=[0]) as broker:
        bench = Bench(broker, flavour, ca_pem)
        bench.make_queue()
        yield bench, broker.further_ports[0]


async def test_a_further_port_takes_every_transport(
    two_ports: tuple[Bench, int], ca_pem: Path
) -> None:
    bench, further = two_ports

    async def go(name: str) -> None:
        way = WAYS[name]
        if not way.address:
            string = bench.broker.connection_string.replace(str(port_of(bench)), str(further))
            made = bench.flavour.client(string)
        else:
            made = client(bench, way, ca_pem, port=further)
        async with made, made.get_queue_sender("orders") as sender:
            await sender.send_messages(ServiceBusMessage(name))

    await asyncio.gather(*map(go, WAYS))
    assert sorted(await bench.drain()) == sorted(WAYS)


@pytest.mark.parametrize("spell", [str, without_emulator], ids=["emulator", "azure"])
async def test_a_further_port_takes_administration(
    two_ports: tuple[Bench, int], spell: Callable[[str], str]
) -> None:
    bench, further = two_ports
    string = bench.broker.connection_string.replace(str(port_of(bench)), str(further))
    async with bench.administration(spell(string)) as administration:
        await administration.create_queue("parcels")
        assert [queue.name async for queue in administration.list_queues()] == ["orders", "parcels"]
    await bench.send("book", queue="parcels")
    assert bench.counts("parcels").total == 1


@pytest.mark.client("Python", "asyncio")
async def test_a_connection_string_as_on_azure_works_where_the_broker_has_port_5671(
    certificates_folder: Path, ca_pem: Path
) -> None:
    # Without UseDevelopmentEmulator the SDK drops the port that Endpoint names.
    options: dict[str, Any] = {"certificates_folder": certificates_folder, "also": [AMQPS_PORT]}
    with on_port_5671(lambda: ThreadedBroker(**options)) as broker:
        string = without_emulator(broker.connection_string)
        for flavour in (Sync(), Aio()):
            bench = Bench(broker, flavour, ca_pem)
            queue = type(flavour).__name__
            bench.make_queue(queue)
            made = flavour.client(string, connection_verify=str(ca_pem))
            async with made, made.get_queue_sender(queue) as sender:
                await sender.send_messages(ServiceBusMessage("x"))
            assert bench.counts(queue).total == 1
