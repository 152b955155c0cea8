"""One port for everything: accept, look at the first bytes, hand the connection over.

The first bytes say what a connection is: AMQP, TLS (and inside it AMQP or HTTP), or HTTP, which may
go on as AMQP over WebSocket. Each is an `Endpoint`: it is given bytes, and writes and closes
through two callables; none touches a socket. Sockets are here, and nowhere else.

Two rules come from how clients behave. Reading never pauses: a client of the Python SDK lets its
kernel end a connection whose window stayed closed for a second. And a client may settle its last
messages and be gone before our answers reach it: a write that fails says nothing about what still
waits to be read, so everything that arrived is read before the connection counts as lost.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Protocol

from sbtutorial.server.sniff import Kind, sniff

Write = Callable[[bytes], None]
Close = Callable[[], None]

RECOGNITION_SECONDS = 20.0
# A peer this far behind has stopped reading: link credit keeps honest ones far below.
MAX_UNREAD_BYTES = 64 * 1024 * 1024
_FAREWELL_SECONDS = 2.0
_READ_BYTES = 64 * 1024
_BACKLOG = 512


class Endpoint(Protocol):
    """What serves one connection; endpoints stack, as HTTP inside TLS does."""

    def receive_data(self, data: bytes) -> None:
        """Take in what the peer sent."""

    def connection_lost(self) -> None:
        """The connection is gone, with or without a goodbye."""


EndpointFactory = Callable[[Write, Close], Endpoint]


class Listener:
    """Serves AMQP, HTTP, and both inside TLS, on one port, and on each further one.

    Args:
        amqp: Makes what serves an AMQP connection.
        http: Makes what serves an HTTP connection; called at the first one, so it may import.
        tls_context: Makes the server's context; called once, at the first TLS connection.
        recognition_seconds: How long a peer may take to say what it speaks, TLS included.
        max_unread_bytes: How far a peer may fall behind in reading before it is dropped.
    """

    def __init__(
        self,
        *,
        amqp: EndpointFactory,
        http: EndpointFactory,
        tls_context: Callable[[], ssl.SSLContext],
        recognition_seconds: float = RECOGNITION_SECONDS,
        max_unread_bytes: int = MAX_UNREAD_BYTES,
    ) -> None:
        self.factories: Mapping[Kind, EndpointFactory] = {Kind.AMQP: amqp, Kind.HTTP: http}
        self.recognition_seconds = recognition_seconds
        self.max_unread_bytes = max_unread_bytes
        self.open: set[_Connection] = set()
        self._make_tls_context = tls_context
        self._tls_context: ssl.SSLContext | None = None
        self._servers: list[asyncio.Server] = []
        self._last_seen_at = 0.0

    async def start(self, host: str, port: int) -> int:
        """Accept connections on `port`, or on a free one for 0; once more for a further port.

        Returns:
            The port.

        Raises:
            OSError: The port is taken.
        """
        loop = asyncio.get_running_loop()
        self._last_seen_at = loop.time()
        server = await loop.create_server(lambda: _Connection(self), host, port, backlog=_BACKLOG)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Accept no more; send every peer what is still on its way to it, and let it go."""
        for server in self._servers:
            server.close()
        leaving = list(self.open)
        for connection in leaving:
            connection.close()
        if leaving:
            await asyncio.wait([one.lost for one in leaving], timeout=_FAREWELL_SECONDS)
        for connection in list(self.open):
            connection.abort()
            await connection.lost
        for server in self._servers:
            await server.wait_closed()

    @property
    def connections(self) -> int:
        """How many peers are connected now."""
        return len(self.open)

    @property
    def idle_since(self) -> float | None:
        """When the last peer left (or the start), in the event loop's time; None if one is here."""
        return None if self.open else self._last_seen_at

    def forget(self, connection: "_Connection") -> None:
        """Count a connection out."""
        self.open.discard(connection)
        self._last_seen_at = asyncio.get_running_loop().time()

    def tls_context(self) -> ssl.SSLContext:
        """The server's context, made when it is first needed."""
        if self._tls_context is None:
            self._tls_context = self._make_tls_context()
        return self._tls_context


class Recognizer:
    """An endpoint that becomes the one that its first bytes ask for; unknown ones close it."""

    def __init__(
        self, factories: Mapping[Kind, EndpointFactory], write: Write, close: Close
    ) -> None:
        self._factories = factories
        self._write = write
        self._close = close
        self._first_bytes = b""
        self._endpoint: Endpoint | None = None

    def receive_data(self, data: bytes) -> None:
        """Take in what the peer sent."""
        if self._endpoint is not None:
            self._endpoint.receive_data(data)
            return
        self._first_bytes += data
        kind = sniff(self._first_bytes)
        if kind is Kind.NEED_MORE:
            return
        if factory := self._factories.get(kind):
            self._endpoint = factory(self._write, self._close)
            self._endpoint.receive_data(self._first_bytes)
        else:
            self._close()

    def connection_lost(self) -> None:
        """Pass it on, if anybody was spoken to."""
        if self._endpoint is not None:
            self._endpoint.connection_lost()


class _Connection(asyncio.BufferedProtocol):
    """Between one socket and its endpoint.

    It reads into a buffer of its own: asyncio would otherwise ask the system for 256 KiB, and give
    them back, around every small frame.
    """

    _transport: asyncio.Transport

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = loop.create_future()
        self._buffer = memoryview(bytearray(_READ_BYTES))
        self._deadline = loop.call_later(listener.recognition_seconds, self.abort)
        self._plain: dict[Kind, EndpointFactory] = {
            kind: partial(self._recognized, factory) for kind, factory in listener.factories.items()
        }
        self._endpoint = Recognizer({**self._plain, Kind.TLS: self._tls}, self._write, self.close)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer is here. asyncio has set TCP_NODELAY already."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=self._listener.max_unread_bytes)
        self._listener.open.add(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on what came."""
        self._endpoint.receive_data(bytes(self._buffer[:nbytes]))

    def pause_writing(self) -> None:
        """The peer has not read for `max_unread_bytes`: it never will."""
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is done for; what came before that still counts."""
        self._deadline.cancel()
        try:
            if isinstance(exc, OSError):
                self._drain()
            self._endpoint.connection_lost()
        finally:
            self._listener.forget(self)
            self.lost.set_result(None)

    def close(self) -> None:
        """End the connection when what was written is sent."""
        self._transport.close()

    def abort(self) -> None:
        """End the connection now."""
        self._transport.abort()

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def _drain(self) -> None:
        """Read what the peer sent before a write to it failed; the transport no longer does."""
        with suppress(OSError), self._transport.get_extra_info("socket").dup() as socket:
            while data := socket.recv(_READ_BYTES):
                self._endpoint.receive_data(data)

    def _recognized(self, factory: EndpointFactory, write: Write, close: Close) -> Endpoint:
        self._deadline.cancel()
        return factory(write, close)

    def _tls(self, write: Write, close: Close) -> Endpoint:
        from sbtutorial.server.tls import TlsEndpoint

        return TlsEndpoint(
            self._listener.tls_context(), write, close, partial(Recognizer, self._plain)
        )
