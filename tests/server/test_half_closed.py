"""Clients of HTTP that ask, say that they send no more, and wait: over real sockets."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sbtutorial.broker.descriptions import QueueDescription
from sbtutorial.gateway.access.sas import sign
from sbtutorial.gateway.core import KEY_NAME
from sbtutorial.server.broker_server import BrokerServer
from sbtutorial.store.stepped import ListKeeper, SteppedStore

TIMEOUT_SECONDS = 10


class Port:
    """A broker with a port, whose store is stepped."""

    def __init__(self, certificates_folder: Path) -> None:
        self.store = SteppedStore(ListKeeper())
        self.broker = BrokerServer(store=self.store, certificates_folder=certificates_folder)
        self.number = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self.number = await self.broker.start()
        with self.broker.reactor.turn() as now:
            self.broker.namespace.create("orders", QueueDescription(), now=now)
        self.keep()

    def keep(self) -> None:
        while self.store.step():
            pass

    @property
    def active(self) -> int:
        return self.broker.namespace.directory.queue("orders").receivable.counts().active

    def request(self, line: str, body: bytes = b"") -> bytes:
        token = sign(
            f"http://127.0.0.1:{self.number}/",
            KEY_NAME,
            self.broker.key,
            self.broker.clock.wall() + 60,
        )
        head = (
            f"{line} HTTP/1.1\r\nHost: 127.0.0.1:{self.number}\r\nAuthorization: {token}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def ask(self, requests: bytes) -> asyncio.StreamReader:
        """Say all there is to say; what is answered can be read."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.number)
        self.writers.append(writer)
        writer.write(requests)
        writer.write_eof()
        return reader


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[Port]:
    port = Port(tmp_path)
    await port.start()
    yield port
    for writer in port.writers:
        writer.close()
    port.keep()
    await port.broker.stop()


def statuses(answers: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.1 (\d+) ", answers)


async def _all(reader: asyncio.StreamReader, port: Port) -> bytes:
    """All that is answered, with what is to be kept kept."""
    reading = asyncio.ensure_future(reader.read())
    while not reading.done():
        port.keep()
        await asyncio.sleep(0)
    return await reading


async def test_what_was_sent_is_told_when_it_is_safe(port: Port) -> None:
    reader = await port.ask(port.request("POST /orders/messages", b"tea"))
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while not port.store.waiting:
            await asyncio.sleep(0)
        for _ in range(10):  # its end has come as well
            await asyncio.sleep(0)
        assert reader.at_eof() is False
        port.keep()
        assert statuses(await reader.read()) == [b"201"]
    assert port.active == 1


async def test_every_request_is_answered_that_came_before_the_end(port: Port) -> None:
    requests = port.request("POST /orders/messages", b"tea") + port.request("GET /orders")
    reader = await port.ask(requests * 50)
    async with asyncio.timeout(TIMEOUT_SECONDS):
        answers = await _all(reader, port)
    assert statuses(answers) == 50 * [b"201", b"200"]


async def test_who_may_be_gone_is_told_that_there_is_no_message_and_takes_none(port: Port) -> None:
    reader = await port.ask(port.request("DELETE /orders/messages/head?timeout=60"))
    async with asyncio.timeout(TIMEOUT_SECONDS):
        answers = await _all(reader, port)
        assert statuses(answers) == [b"204"]
        await _all(await port.ask(port.request("POST /orders/messages", b"tea")), port)
    assert port.active == 1


async def test_a_message_that_is_there_is_handed_to_who_sends_no_more(port: Port) -> None:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        await _all(await port.ask(port.request("POST /orders/messages", b"tea")), port)
        reader = await port.ask(port.request("DELETE /orders/messages/head?timeout=60"))
        answers = await _all(reader, port)
    assert statuses(answers) == [b"200"]
    assert b"\r\ntea\r\n" in answers
    assert port.active == 0


async def test_events_are_not_waited_for_by_who_may_be_gone(port: Port) -> None:
    last = port.broker.trace.last_number
    reader = await port.ask(port.request(f"GET /$lab/events?after={last}&wait=60"))
    async with asyncio.timeout(TIMEOUT_SECONDS):
        assert await reader.read() == b""
    assert port.broker.listener.connections == 0


async def test_who_says_in_tls_that_it_sends_no_more_is_answered(
    port: Port, tmp_path: Path
) -> None:
    """Python's own streams cannot say so in TLS: it is said here in memory."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    tls = context.wrap_bio(incoming, outgoing)
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                incoming.write(await reader.read(1 << 16))
        tls.write(port.request("POST /orders/messages", b"tea"))
        with pytest.raises(ssl.SSLWantReadError):
            tls.unwrap()  # close_notify
        writer.write(outgoing.read())
        incoming.write(await _all(reader, port))
    assert statuses(_decrypted(tls)) == [b"201"]
    writer.close()


def _decrypted(tls: ssl.SSLObject) -> bytes:
    data = b""
    try:
        while more := tls.read(1 << 16):
            data += more
    except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
        pass
    return data
