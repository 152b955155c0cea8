"""The port, over real sockets: who is handed what, and that nothing a peer sent is lost."""

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any
from unittest.mock import Mock

import pytest

from sbtutorial.gateway.access import admission
from sbtutorial.gateway.endpoint import Close, Write
from sbtutorial.server.listener import Listener
from sbtutorial.server.recognizer import Recognizer
from sbtutorial.server.sniff import Kind

AMQP_HEADER = b"AMQP\x03\x01\x00\x00"


class RecordingEndpoint:
    """Keeps what it is given; its tests write and close through it."""

    def __init__(self, name: str, write: Write, close: Close) -> None:
        self.name = name
        self.write = write
        self.close = close
        self.received = b""
        self.is_lost = asyncio.Event()
        self.has_received = asyncio.Event()
        self.on_data: Callable[[bytes], None] = lambda data: None
        self.takes_input = True
        self.is_proved = False
        self.goes_on = self.is_cut = False
        self.paused: asyncio.Queue[bool] = asyncio.Queue()

    def pause_writing(self) -> None:
        self.paused.put_nowait(True)

    def resume_writing(self) -> None:
        self.paused.put_nowait(False)

    def receive_data(self, data: bytes) -> None:
        self.received += data
        self.has_received.set()
        self.on_data(data)

    def input_ended(self) -> bool:
        return self.goes_on

    def connection_lost(self) -> None:
        self.is_lost.set()


class Port:
    """A listener on a free port, and the endpoints that it made."""

    def __init__(self, **options: Any) -> None:
        self.endpoints: asyncio.Queue[RecordingEndpoint] = asyncio.Queue()
        self.listener = Listener(
            amqp=lambda write, close: self._make("amqp", write, close),
            http=lambda write, close: self._make("http", write, close),
            tls_context=self._no_tls,
            **options,
        )
        self.number = 0

    def _make(self, name: str, write: Write, close: Close) -> RecordingEndpoint:
        endpoint = RecordingEndpoint(name, write, close)
        self.endpoints.put_nowait(endpoint)
        return endpoint

    def _no_tls(self) -> ssl.SSLContext:
        raise AssertionError("nobody spoke TLS")

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.number)


@pytest.fixture
async def port() -> AsyncIterator[Port]:
    port = Port(max_unread_bytes=1_000_000)
    port.number = await port.listener.start("127.0.0.1", 0)
    yield port
    await port.listener.stop()


@pytest.mark.parametrize(
    ("first_bytes", "name"),
    [(AMQP_HEADER, "amqp"), (b"GET / HTTP/1.1\r\n", "http"), (b"DELETE /q HTTP/1.1\r\n", "http")],
)
async def test_first_bytes_choose_the_endpoint_and_reach_it(
    port: Port, first_bytes: bytes, name: str
) -> None:
    _, writer = await port.connect()
    writer.write(first_bytes)
    endpoint = await port.endpoints.get()
    await endpoint.has_received.wait()
    assert (endpoint.name, endpoint.received) == (name, first_bytes)
    writer.close()


async def test_first_bytes_may_come_one_by_one(port: Port) -> None:
    made: list[RecordingEndpoint] = []

    def make(write: Write, close: Close) -> RecordingEndpoint:
        made.append(RecordingEndpoint("amqp", write, close))
        return made[-1]

    recognizer = Recognizer({Kind.AMQP: make}, lambda data: None, lambda: None)
    for byte in AMQP_HEADER:
        recognizer.receive_data(bytes([byte]))
    assert [endpoint.received for endpoint in made] == [AMQP_HEADER]


async def test_unknown_first_bytes_close_the_connection(port: Port) -> None:
    reader, writer = await port.connect()
    writer.write(b"\x00\x01\x02\x03")
    assert await reader.read() == b""
    assert port.endpoints.empty()
    writer.close()


async def test_peer_that_says_nothing_is_dropped() -> None:
    port = Port(recognition_seconds=0.01)
    port.number = await port.listener.start("127.0.0.1", 0)
    reader, writer = await port.connect()
    assert await reader.read() == b""
    writer.close()
    await port.listener.stop()


async def test_recognized_peer_may_be_silent_ever_after() -> None:
    port = Port(recognition_seconds=0.05)
    port.number = await port.listener.start("127.0.0.1", 0)
    _, writer = await port.connect()
    writer.write(AMQP_HEADER)
    endpoint = await port.endpoints.get()
    silent_reader, silent_writer = await port.connect()
    await silent_reader.read()  # a later peer's time is over, so this one's would be too
    assert not endpoint.is_lost.is_set()
    for each in (writer, silent_writer):
        each.close()
    await port.listener.stop()


async def test_peer_that_sends_no_more_is_lost_or_still_answered(port: Port) -> None:
    reader, writer = await port.connect()
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    endpoint = await port.endpoints.get()
    endpoint.goes_on = True
    writer.write_eof()
    _, other_writer = await port.connect()
    other_writer.write(AMQP_HEADER)
    other = await port.endpoints.get()
    other_writer.write_eof()
    await other.is_lost.wait()
    assert not endpoint.is_lost.is_set()
    endpoint.write(b"answer")
    endpoint.close()
    assert await reader.read() == b"answer"
    await endpoint.is_lost.wait()
    for each in (writer, other_writer):
        each.close()


async def test_small_writes_leave_at_once(port: Port) -> None:
    _, writer = await port.connect()
    writer.write(AMQP_HEADER)
    await port.endpoints.get()
    (connection,) = port.listener.open
    server_side = connection._transport.get_extra_info("socket")
    assert server_side.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    writer.close()


async def test_what_came_before_a_failed_write_is_still_read(port: Port) -> None:
    """A client that settles its last messages and leaves: its answers fail, its words count."""
    client = socket.create_connection(("127.0.0.1", port.number))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(AMQP_HEADER)
    endpoint = await port.endpoints.get()
    await endpoint.has_received.wait()
    endpoint.write(b"never read, which makes the client's close a reset")

    def settle_and_leave_before_the_answer(data: bytes) -> None:
        endpoint.on_data = endpoint.write
        client.sendall(b"last words")
        client.close()
        endpoint.write(b"answer to " + data)

    endpoint.on_data = settle_and_leave_before_the_answer
    client.sendall(b"first words, ")
    await endpoint.is_lost.wait()
    assert endpoint.received == AMQP_HEADER + b"first words, last words"


async def test_endpoint_learns_that_its_peer_is_behind_and_when_it_has_caught_up(
    port: Port,
) -> None:
    reader, writer = await port.connect()
    writer.transport.pause_reading()
    writer.write(AMQP_HEADER)
    endpoint = await port.endpoints.get()
    written = 0
    while endpoint.paused.empty():
        endpoint.write(b"x" * 65536)
        written += 65536
        await asyncio.sleep(0)
    assert await endpoint.paused.get()
    writer.transport.resume_reading()
    await reader.readexactly(written)
    assert not await endpoint.paused.get()
    assert not endpoint.is_lost.is_set()
    writer.close()


async def test_peer_whose_endpoint_takes_no_more_is_read_again_when_it_does(port: Port) -> None:
    _, writer = await port.connect()
    writer.write(AMQP_HEADER)
    endpoint = await port.endpoints.get()
    endpoint.takes_input = False
    endpoint.has_received.clear()
    writer.write(b"a")
    await endpoint.has_received.wait()
    writer.write(b"b")
    for _ in range(20):
        await asyncio.sleep(0)
        port.listener.look_after_input()
    assert endpoint.received == AMQP_HEADER + b"a"
    endpoint.has_received.clear()
    endpoint.takes_input = True
    port.listener.look_after_input()
    await endpoint.has_received.wait()
    assert endpoint.received == AMQP_HEADER + b"ab"
    writer.close()


async def test_what_a_stranger_sends_waits_for_its_turn_and_who_is_known_does_not() -> None:
    asked: asyncio.Queue[Callable[[], None]] = asyncio.Queue()

    def enter(action: Callable[[], None]) -> Mock:
        asked.put_nowait(action)
        return Mock()

    port = Port(enter=enter)
    port.number = await port.listener.start("127.0.0.1", 0)
    try:
        _, writer = await port.connect()
        writer.write(AMQP_HEADER)
        go_on = await asked.get()
        writer.write(b"more")
        port.listener.look_after_input()  # another one's turn of the broker: nothing is read
        assert port.endpoints.empty()
        go_on()
        endpoint = await port.endpoints.get()
        assert endpoint.received == AMQP_HEADER
        (await asked.get())()
        assert endpoint.received == AMQP_HEADER + b"more"
        endpoint.is_proved = True
        endpoint.has_received.clear()
        writer.write(b" and more")
        await endpoint.has_received.wait()
        assert endpoint.received == AMQP_HEADER + b"more and more"
        assert asked.empty()
        endpoint.is_proved = False
        writer.write(b"too late")
        go_on = await asked.get()
        writer.close()
        await port.listener.stop()
        assert endpoint.is_lost.is_set()
    finally:
        await port.listener.stop()


async def test_peer_that_was_told_goodbye_and_reads_nothing_has_its_time() -> None:
    port = Port(farewell_seconds=0.05)
    port.number = await port.listener.start("127.0.0.1", 0)
    _, writer = await port.connect()
    writer.transport.pause_reading()
    writer.write(AMQP_HEADER)
    endpoint = await port.endpoints.get()
    while endpoint.paused.empty():
        endpoint.write(b"x" * 65536)
    endpoint.close()
    await endpoint.is_lost.wait()
    assert port.listener.connections == 0
    writer.close()
    await port.listener.stop()


async def test_connections_are_counted_and_idleness_starts_with_the_last_goodbye(
    port: Port,
) -> None:
    started_idle_at = port.listener.idle_since
    assert started_idle_at is not None
    _, writer = await port.connect()
    writer.write(AMQP_HEADER)
    endpoint = await port.endpoints.get()
    assert (port.listener.connections, port.listener.idle_since) == (1, None)
    writer.close()
    await endpoint.is_lost.wait()
    assert port.listener.connections == 0
    assert port.listener.idle_since is not None
    assert port.listener.idle_since > started_idle_at


async def test_stop_sends_what_is_written_and_tells_every_endpoint() -> None:
    port = Port()
    port.number = await port.listener.start("127.0.0.1", 0)
    reader, writer = await port.connect()
    writer.write(AMQP_HEADER)
    endpoint = await port.endpoints.get()
    endpoint.write(b"last words")
    await port.listener.stop()
    assert endpoint.is_lost.is_set()
    assert await reader.read() == b"last words"
    with pytest.raises(OSError):
        await port.connect()
    writer.close()


async def test_taken_port_is_an_error(port: Port) -> None:
    with pytest.raises(OSError):
        await Port().listener.start("127.0.0.1", port.number)


async def test_a_further_port_is_as_good_as_the_first_and_ends_with_it(port: Port) -> None:
    numbers = [port.number, await port.listener.start("127.0.0.1", 0)]
    writers: list[asyncio.StreamWriter] = []
    for number in numbers:
        _, writer = await asyncio.open_connection("127.0.0.1", number)
        writer.write(AMQP_HEADER)
        writers.append(writer)
        assert (await port.endpoints.get()).name == "amqp"
    assert port.listener.connections == 2
    await port.listener.stop()
    for writer in writers:
        writer.close()
    for number in numbers:
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", number)


async def test_strangers_make_room_for_newcomers_and_known_peers_stay(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "MAX_UNPROVED_CONNECTIONS", 2)
    monkeypatch.setattr(admission, "MOMENT_SECONDS", 0.0)
    known = await port.connect()
    known[1].write(AMQP_HEADER)
    endpoint = await port.endpoints.get()
    endpoint.is_proved = True
    strangers = [await port.connect() for _ in range(5)]
    for reader, _ in strangers[:3]:
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
    strangers[4][1].write(AMQP_HEADER)
    assert (await port.endpoints.get()).name == "amqp"
    assert not endpoint.is_lost.is_set()
    assert port.listener.connections == 3
    for _, writer in (known, *strangers):
        writer.close()


async def test_a_further_port_that_is_taken_leaves_the_first(port: Port) -> None:
    other = Port()
    other.number = await other.listener.start("127.0.0.1", 0)
    with pytest.raises(OSError):
        await other.listener.start("127.0.0.1", port.number)
    _, writer = await other.connect()
    writer.write(AMQP_HEADER)
    assert (await other.endpoints.get()).name == "amqp"
    writer.close()
    await other.listener.stop()


async def test_a_system_without_room_for_a_connection_is_asked_again_later_and_says_so_once(
    port: Port, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    accept, asked = loop.sock_accept, 0

    async def exhausted(listening: socket.socket) -> tuple[socket.socket, object]:
        nonlocal asked
        asked += 1
        if asked <= 3:
            raise OSError(errno.EMFILE, "Too many open files")
        return await accept(listening)

    monkeypatch.setattr(loop, "sock_accept", exhausted)
    monkeypatch.setattr("sbtutorial.server.port._ACCEPT_AGAIN_SECONDS", 0.01)
    other = Port()
    other.number = await other.listener.start("127.0.0.1", 0)
    _, writer = await other.connect()
    writer.write(AMQP_HEADER)
    assert (await other.endpoints.get()).name == "amqp"
    assert asked >= 4
    (record,) = caplog.records
    assert f"new ones on port {other.number} wait" in record.getMessage()
    writer.close()
    await other.listener.stop()


async def test_any_transport_will_do_that_keeps_to_the_contract(port: Port) -> None:
    """An event loop of another maker has transports of its own, which are none of asyncio's."""
    transport = Mock(spec_set=asyncio.Transport)
    transport.__class__ = object
    connection = port.listener._accept()
    connection.connection_made(transport)
    connection.get_buffer(-1)[: len(AMQP_HEADER)] = AMQP_HEADER
    connection.buffer_updated(len(AMQP_HEADER))
    assert (await port.endpoints.get()).received == AMQP_HEADER
    connection.connection_lost(None)


async def test_a_peer_has_a_small_buffer_until_it_is_known_and_sends_much(port: Port) -> None:
    connection = port.listener._accept()
    connection.connection_made(Mock(spec_set=asyncio.Transport))

    def fill() -> int:
        buffer = connection.get_buffer(-1)
        buffer[: len(AMQP_HEADER)] = AMQP_HEADER
        connection.buffer_updated(len(buffer))
        return len(buffer)

    assert (fill(), fill()) == (4096, 4096)
    (await port.endpoints.get()).is_proved = True
    assert (fill(), fill()) == (4096, 65_536)
    connection.connection_lost(None)
