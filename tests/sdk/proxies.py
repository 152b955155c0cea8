"""What stands between a client and the broker: one that listens, and one that clients ask to."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Recorder:
    """Passes everything on, and keeps what clients say.

    Attributes:
        said: By all of them, in the order in which it came.
    """

    def __init__(self, port: int) -> None:
        self.said = bytearray()
        self._port = port

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(self._record(reader, onward), _copy(there, writer))

    async def _record(self, reader: asyncio.StreamReader, onward: asyncio.StreamWriter) -> None:
        while data := await _read(reader):
            self.said += data
            onward.write(data)
        onward.close()


class HttpProxy:
    """Takes clients to the broker, whatever host they ask for, by CONNECT or by a whole URL.

    Attributes:
        asked: The head of each client's request.
    """

    def __init__(self, port: int) -> None:
        self.asked: list[bytes] = []
        self._port = port

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head)
        there, onward = await asyncio.open_connection("127.0.0.1", self._port)
        if head.startswith(b"CONNECT "):
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            onward.write(re.sub(rb"^GET http://[^/]+", b"GET ", head))
        await asyncio.gather(_copy(reader, onward), _copy(there, writer))


@asynccontextmanager
async def standing_before(middle: Recorder | HttpProxy) -> AsyncIterator[int]:
    """Its port."""
    async with await asyncio.start_server(middle.serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await _read(reader):
        writer.write(data)
    writer.close()


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(65536)
    except ConnectionError:
        return b""
