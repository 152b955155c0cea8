"""One port for everything: accept, look at the first bytes, hand the connection over.

The first bytes say what a connection is: AMQP, TLS (and inside it AMQP or HTTP), or HTTP, which may
go on as AMQP over WebSocket. Each is an `Endpoint`: it is given bytes, and writes and closes
through two callables; none touches a socket. Sockets are here, and nowhere else.

Four rules come from how clients behave. A client of the Python SDK lets its kernel end a
connection whose window stayed closed for a second: so reading pauses only for a peer that has sent
much more than it waited for. A client may settle its last messages and be gone before our answers
reach it: a write that fails says nothing about what still waits to be read, so everything that
arrived is read before the connection counts as lost. A client of HTTP may ask, say that it sends no
more, and wait: it is answered before the connection ends. And a peer that reads slowly is never cut
off: its endpoint learns that it is behind, and waits; only one that was told goodbye and reads
nothing more has its time.
"""

import asyncio
import errno
import logging
import os
import socket
import ssl
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, partial
from typing import TYPE_CHECKING, cast

from sbtutorial.gateway.access.admission import Crowd
from sbtutorial.gateway.endpoint import Close, Endpoint, EndpointFactory, Write
from sbtutorial.server.network import TlsDemanded, is_loopback
from sbtutorial.server.sniff import Kind, sniff

RECOGNITION_SECONDS = 20.0
# How much that was written to a peer may wait for it before its endpoint is told; and how little is
# left when it may go on.
MAX_UNREAD_BYTES = 1024 * 1024
_FEW_UNREAD_BYTES = 256 * 1024
# A peer that was told goodbye may take this long to read a little of what is left for it.
FAREWELL_SECONDS = 10.0
_STOP_SECONDS = 2.0
_READ_BYTES = 64 * 1024
# Until a peer that has proved itself sends more than that at once.
_FIRST_READ_BYTES = 4 * 1024
_BACKLOG = 512
# Where a client that is told no other port looks for AMQP in TLS.
AMQPS_PORT = 5671
_MAX_SEGMENT_BYTES = 32_767
# When the system has no file descriptor left: how long to wait before asking again.
_ACCEPT_AGAIN_SECONDS = 1.0
_AFTER_A_FAILURE_SECONDS = 0.01
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
# Windows has numbers of its own for sockets.
_EXHAUSTED |= {getattr(errno, name, errno.EMFILE) for name in ("WSAEMFILE", "WSAENOBUFS")}

if TYPE_CHECKING:
    from sbtutorial.server.tls import TlsEndpoint

Gate = Callable[[Write, Close], tuple[Write, Close]]

_LOG = logging.getLogger(__name__)


TakeIn = Callable[[Callable[[bytes], None], bytes], None]


def _take_in(take: Callable[[bytes], None], data: bytes) -> None:
    take(data)


class Listener:
    """Serves AMQP, HTTP, and both inside TLS, on one port, and on each further one.

    Args:
        amqp: Makes what serves an AMQP connection.
        http: Makes what serves an HTTP connection; called at the first one, so it may import.
        tls_context: Makes the server's context; called once, at the first TLS connection.
        taking_in: Calls its first argument with its second, the bytes that came, and sees to what
            that asks for.
        gate: Keeps back what is written to a connection, and its end, as long as need be.
        network_tls_context: The same for peers on other computers, which must speak TLS.
        takes_plain: Whether they may do without.
        recognition_seconds: How long a peer may take to say what it speaks, TLS included.
        max_unread_bytes: How far a peer may fall behind in reading before its endpoint is told.
        farewell_seconds: How long a peer that is being let go may read nothing of what is left.

    Attributes:
        open: The connections, the oldest first.
    """

    def __init__(
        self,
        *,
        amqp: EndpointFactory,
        http: EndpointFactory,
        tls_context: Callable[[], ssl.SSLContext],
        taking_in: TakeIn = _take_in,
        gate: Gate = lambda write, close: (write, close),
        network_tls_context: Callable[[], ssl.SSLContext] | None = None,
        takes_plain: bool = False,
        recognition_seconds: float = RECOGNITION_SECONDS,
        max_unread_bytes: int = MAX_UNREAD_BYTES,
        farewell_seconds: float = FAREWELL_SECONDS,
    ) -> None:
        self.factories: Mapping[Kind, EndpointFactory] = {Kind.AMQP: amqp, Kind.HTTP: http}
        self.taking_in = taking_in
        self.gate = gate
        self.recognition_seconds = recognition_seconds
        self.max_unread_bytes = max_unread_bytes
        self.farewell_seconds = farewell_seconds
        self.open: dict[_Connection, None] = {}
        self._held: dict[_Connection, None] = {}
        self._crowd: Crowd[_Connection] = Crowd()
        self.tls_context = cache(tls_context)
        self.network_tls_context = cache(network_tls_context or tls_context)
        self.takes_plain = takes_plain
        self._ports: list[_Port] = []
        self._last_seen_at = 0.0

    async def start(self, host: str, port: int, *further_hosts: str) -> int:
        """Accept connections on `port`, or on a free one for 0; once more for a further port.

        Args:
            host: Where.
            port: Its number.
            further_hosts: Further addresses, on each of which the port has the same number.

        Returns:
            The port.

        Raises:
            OSError: The port is taken; `OverflowError`: it is no port. Nothing listens then.
        """
        self._last_seen_at = asyncio.get_running_loop().time()
        opened = [_Port(host, port, partial(_Connection, self))]
        try:
            for another in further_hosts:
                opened.append(_Port(another, opened[0].number, partial(_Connection, self)))
        except OSError:
            for one in opened:
                await one.close()
            raise
        self._ports += opened
        return opened[0].number

    async def stop(self) -> None:
        """Accept no more; send every peer what is still on its way to it, and let it go."""
        for port in self._ports:
            await port.close()
        leaving = list(self.open)
        for connection in leaving:
            connection.close()
        if leaving:
            await asyncio.wait([one.lost for one in leaving], timeout=_STOP_SECONDS)
        for connection in list(self.open):
            connection.abort()
            await connection.lost

    def cut(self) -> None:
        """Drop every connection now; whoever was served may connect again."""
        for connection in list(self.open):
            connection.abort()

    @property
    def connections(self) -> int:
        """How many peers are connected now."""
        return len(self.open)

    @property
    def idle_since(self) -> float | None:
        """When the last peer left (or the start), in the event loop's time; None if one is here."""
        return None if self.open else self._last_seen_at

    def look_after_input(self) -> None:
        """Read again from those whose endpoints take more; for the end of every turn."""
        for connection in list(self._held):
            connection.look_after_input()

    def hold(self, connection: "_Connection") -> None:
        """Remember a connection that is not read from for now."""
        self._held[connection] = None

    def let_go_on(self, connection: "_Connection") -> None:
        """It is read from again."""
        self._held.pop(connection, None)

    def remember(self, connection: "_Connection") -> None:
        """Count a connection in; when there are too many without proof, one makes room."""
        self.open[connection] = None
        if leaving := self._crowd.enter(connection, asyncio.get_running_loop().time()):
            leaving.abort()

    def forget(self, connection: "_Connection") -> None:
        """Count a connection out."""
        self.open.pop(connection, None)
        self._held.pop(connection, None)
        self._crowd.leave(connection)
        self._last_seen_at = asyncio.get_running_loop().time()


class _Port:
    """A socket that listens, and what accepts from it.

    asyncio's own server asks again at once, hundreds of times, when there is no file descriptor
    left for a new connection; here that is asked once a second, and said once.
    """

    def __init__(
        self, host: str, port: int, make_connection: Callable[[], asyncio.BaseProtocol]
    ) -> None:
        self._make_connection = make_connection
        self._socket = _listening(host, port)
        self.number = int(self._socket.getsockname()[1])
        self._accepting = asyncio.ensure_future(self._accept())

    async def close(self) -> None:
        """Accept no more."""
        self._accepting.cancel()
        with suppress(asyncio.CancelledError):
            await self._accepting
        self._socket.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        is_exhausted = False
        while True:
            try:
                accepted, _ = await loop.sock_accept(self._socket)
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    # A peer that was gone before it was accepted; whatever it is, without a spin.
                    await asyncio.sleep(_AFTER_A_FAILURE_SECONDS)
                    continue
                if not is_exhausted:
                    is_exhausted = True
                    _LOG.error(
                        "The system has no room for another connection (%s): new ones on port %d "
                        "wait until some are closed.",
                        error.strerror,
                        self.number,
                    )
                await asyncio.sleep(_ACCEPT_AGAIN_SECONDS)
                continue
            is_exhausted = False
            try:
                await loop.connect_accepted_socket(self._make_connection, accepted)
            except OSError:  # gone meanwhile
                accepted.close()


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens; the address may be of either family."""
    # As bytes, for which no tables of Unicode are loaded.
    name = host.encode() if host.isascii() else host
    family, _, _, _, address = socket.getaddrinfo(
        name, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    # On Windows that option would let two programs have the same port.
    reuse = os.name == "posix"
    # With its protocol named, event loops set TCP_NODELAY on what is accepted from it.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if reuse:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if port == AMQPS_PORT:
            _limit_segments(listening)
        listening.setblocking(False)
        listening.bind((address[0], port, *address[2:]))  # the resolver takes any number
        listening.listen(_BACKLOG)
    except (OSError, OverflowError):
        listening.close()
        raise
    return listening


def _limit_segments(listening: socket.socket) -> None:
    """Have clients find a segment size that Linux lets them set again.

    The asyncio half of `azure-servicebus` 7.10 to 7.14 reads the options of its socket, and sets
    them to what it read. On loopback the segments grow to 32,768 bytes during the handshake of
    TLS, one more than may be set, and each connection ends with "Invalid argument". A listening
    socket tells its clients how large their segments may be.
    Source: azure-sdk-for-python#45394.
    """
    if sys.platform == "linux":
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _MAX_SEGMENT_BYTES)


class Recognizer:
    """An endpoint that becomes the one that its first bytes ask for; unknown ones close it.

    Args:
        factories: Make the endpoint.
        write, close: The way out.
        on_recognized: Told of that endpoint, which may take its place.
    """

    def __init__(
        self,
        factories: Mapping[Kind, EndpointFactory],
        write: Write,
        close: Close,
        on_recognized: Callable[[Endpoint], None] = lambda endpoint: None,
    ) -> None:
        self._factories = factories
        self._write = write
        self._close = close
        self._on_recognized = on_recognized
        self._first_bytes = b""
        self._endpoint: Endpoint | None = None

    @property
    def is_proved(self) -> bool:
        """Whether the peer has proved to whoever serves it who it is."""
        return self._endpoint is not None and self._endpoint.is_proved

    @property
    def takes_input(self) -> bool:
        """Whether more may be read from the peer."""
        return self._endpoint is None or self._endpoint.takes_input

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
            self._on_recognized(self._endpoint)
            self._endpoint.receive_data(self._first_bytes)
        else:
            self._close()

    @property
    def is_cut(self) -> bool:
        """Whether what is spoken inside is dropped without a goodbye."""
        return self._endpoint is not None and self._endpoint.is_cut

    def pause_writing(self) -> None:
        """Pass it on."""
        if self._endpoint is not None:
            self._endpoint.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        if self._endpoint is not None:
            self._endpoint.resume_writing()

    def input_ended(self) -> bool:
        """Pass it on, if anybody was spoken to."""
        return self._endpoint is not None and self._endpoint.input_ended()

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
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._buffer = memoryview(bytearray(_FIRST_READ_BYTES))
        self._deadline = self._loop.call_later(listener.recognition_seconds, self.abort)
        self._farewell: asyncio.TimerHandle | None = None
        self._is_held = False
        self._peer = ""
        self._tls_endpoint: TlsEndpoint | None = None
        self._plain: dict[Kind, EndpointFactory] = {
            kind: partial(self._recognized, factory) for kind, factory in listener.factories.items()
        }
        self._tls_context = listener.tls_context
        write, close = listener.gate(self._write, self.close)
        self._endpoint: Endpoint
        self._recognize({**self._plain, Kind.TLS: self._tls}, write, close)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer is here. Event loops have set TCP_NODELAY already."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own has another base
        most = self._listener.max_unread_bytes
        self._transport.set_write_buffer_limits(high=most, low=min(_FEW_UNREAD_BYTES, most // 4))
        peer = transport.get_extra_info("peername")
        self._peer = _shown(peer)
        _LOG.info("%s is here.", self._peer)
        # Who has no address, as a Unix socket, is on this computer.
        if isinstance(peer, tuple) and not is_loopback(peer[0]):
            self._be_careful()
        self._listener.remember(self)

    def _be_careful(self) -> None:
        """The peer is on another computer: TLS, or nothing, unless it may do without."""
        self._tls_context = self._listener.network_tls_context
        if self._listener.takes_plain:
            return
        demands = {kind: partial(self._demand_tls, kind) for kind in self._plain}
        self._recognize({**demands, Kind.TLS: self._tls}, self._write, self.close)

    def _recognize(
        self, factories: Mapping[Kind, EndpointFactory], write: Write, close: Close
    ) -> None:
        """Serve with what the first bytes ask for, and without who has looked at them."""

        def serve_with(endpoint: Endpoint) -> None:
            self._endpoint = endpoint

        self._endpoint = Recognizer(factories, write, close, serve_with)

    @property
    def is_proved(self) -> bool:
        """Whether the peer has proved who it is."""
        return self._endpoint.is_proved

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on what came."""
        self._listener.taking_in(self._endpoint.receive_data, bytes(self._buffer[:nbytes]))
        if nbytes == _FIRST_READ_BYTES == len(self._buffer) and self._endpoint.is_proved:
            self._buffer = memoryview(bytearray(_READ_BYTES))
        if not self._endpoint.takes_input:
            self._is_held = True
            self._transport.pause_reading()
            self._listener.hold(self)

    def eof_received(self) -> bool:
        """The peer sends no more; it may still read."""
        return self._endpoint.input_ended()

    def look_after_input(self) -> None:
        """Read again, if the endpoint takes more."""
        if self._is_held and self._endpoint.takes_input:
            self._is_held = False
            self._listener.let_go_on(self)
            self._transport.resume_reading()

    def pause_writing(self) -> None:
        """The peer has not read for `max_unread_bytes`."""
        self._endpoint.pause_writing()

    def resume_writing(self) -> None:
        """The peer has read most of it."""
        self._endpoint.resume_writing()
        self.look_after_input()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is done for; what came before that still counts."""
        self._deadline.cancel()
        if self._farewell is not None:
            self._farewell.cancel()
        try:
            if isinstance(exc, OSError):
                self._drain()
            self._endpoint.connection_lost()
        finally:
            self._listener.forget(self)
            self.lost.set_result(None)
            self._say_that_it_is_gone()

    def _say_that_it_is_gone(self) -> None:
        failure = self._tls_endpoint.failure if self._tls_endpoint else None
        if failure:
            _LOG.info("%s is gone; TLS failed: %s.", self._peer, failure)
        else:
            _LOG.info("%s is gone.", self._peer)

    def close(self) -> None:
        """End the connection when what was written is sent, or not read for a while."""
        self._transport.close()
        if self._farewell is None:
            self._see_off(self._transport.get_write_buffer_size())

    def abort(self) -> None:
        """End the connection now."""
        self._transport.abort()

    def _see_off(self, unread_bytes: int) -> None:
        """Come back in a while, to see whether the peer reads."""
        self._farewell = self._loop.call_later(
            self._listener.farewell_seconds, self._on_farewell, unread_bytes
        )

    def _on_farewell(self, unread_before: int) -> None:
        unread_bytes = self._transport.get_write_buffer_size()
        if unread_bytes < unread_before:
            self._see_off(unread_bytes)
        else:
            self.abort()

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

        self._tls_endpoint = TlsEndpoint(
            self._tls_context(), write, close, partial(Recognizer, self._plain)
        )
        return self._tls_endpoint

    def _demand_tls(self, kind: Kind, write: Write, close: Close) -> Endpoint:
        _LOG.info("%s speaks no TLS, as it must from another computer: refused.", self._peer)
        return TlsDemanded(kind, write, close)


def _shown(peer: object) -> str:
    """The address of a peer, as it is written in connection strings."""
    if not isinstance(peer, tuple):
        return "A peer without an address"
    host, port = peer[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
