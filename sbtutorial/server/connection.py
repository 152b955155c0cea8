"""One connection on its socket: what is read goes to its endpoint, what that writes goes out.

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
import logging
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, cast

from sbtutorial.gateway.endpoint import Close, Endpoint, EndpointFactory, Write
from sbtutorial.server.network import TlsDemanded, is_loopback
from sbtutorial.server.recognizer import Recognizer
from sbtutorial.server.shares import Cancellable
from sbtutorial.server.sniff import Kind

if TYPE_CHECKING:
    from sbtutorial.server.tls import TlsEndpoint

Gate = Callable[[Write, Close], tuple[Write, Close]]
TakeIn = Callable[[Callable[[bytes], None], bytes], None]
Enter = Callable[[Callable[[], None]], Cancellable | None]

# Of what was written to a peer so little is left when its endpoint may go on.
_FEW_UNREAD_BYTES = 256 * 1024
_READ_BYTES = 64 * 1024
# Until a peer that has proved itself sends more than that at once.
_FIRST_READ_BYTES = 4 * 1024

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Terms:
    """What all connections of a listener are served by; see `Listener`.

    Attributes:
        factories: What makes an endpoint, by what the first bytes are.
    """

    factories: Mapping[Kind, EndpointFactory]
    tls_context: Callable[[], ssl.SSLContext]
    network_tls_context: Callable[[], ssl.SSLContext]
    takes_plain: bool
    taking_in: TakeIn
    enter: Enter
    gate: Gate
    recognition_seconds: float
    max_unread_bytes: int
    farewell_seconds: float


class Peers(Protocol):
    """Whoever keeps the connections that are open."""

    def remember(self, connection: "Connection", /) -> None:
        """It is there."""

    def forget(self, connection: "Connection", /) -> None:
        """It is gone."""

    def hold(self, connection: "Connection", /) -> None:
        """It is not read from for now."""

    def let_go_on(self, connection: "Connection", /) -> None:
        """It is read from again."""


class Connection(asyncio.BufferedProtocol):
    """Between one socket and its endpoint.

    What a peer sends that has proved nothing waits for its turn, where there are many.

    It reads into a buffer of its own: asyncio would otherwise ask the system for 256 KiB, and give
    them back, around every small frame.
    """

    _transport: asyncio.Transport

    def __init__(self, terms: Terms, peers: Peers) -> None:
        self._terms = terms
        self._peers = peers
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._buffer = memoryview(bytearray(_FIRST_READ_BYTES))
        self._deadline = self._loop.call_later(terms.recognition_seconds, self.abort)
        self._farewell: asyncio.TimerHandle | None = None
        self._is_held = False
        self._turn: Cancellable | None = None  # that what a stranger has sent waits for
        self._kept = b""
        self._peer = ""
        self._tls_endpoint: TlsEndpoint | None = None
        self._plain: dict[Kind, EndpointFactory] = {
            kind: partial(self._recognized, factory) for kind, factory in terms.factories.items()
        }
        self._tls_context = terms.tls_context
        write, close = terms.gate(self._write, self.close)
        self._endpoint: Endpoint
        self._recognize({**self._plain, Kind.TLS: self._tls}, write, close)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer is here. Event loops have set TCP_NODELAY already."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own has another base
        most = self._terms.max_unread_bytes
        self._transport.set_write_buffer_limits(high=most, low=min(_FEW_UNREAD_BYTES, most // 4))
        peer = transport.get_extra_info("peername")
        self._peer = _shown(peer)
        _LOG.info("%s is here.", self._peer)
        # Who has no address, as a Unix socket, is on this computer.
        if isinstance(peer, tuple) and not is_loopback(peer[0]):
            self._be_careful()
        self._peers.remember(self)

    def _be_careful(self) -> None:
        """The peer is on another computer: TLS, or nothing, unless it may do without."""
        self._tls_context = self._terms.network_tls_context
        if self._terms.takes_plain:
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
        """Hand on what came: at once, or in its turn, while nothing more is read."""
        data = bytes(self._buffer[:nbytes])
        if not self._endpoint.is_proved:
            self._turn = self._terms.enter(self._on_turn)
        if self._turn is None:
            self._take_in(data)
        else:
            self._kept = data
            self._hold()

    def _on_turn(self) -> None:
        self._turn = None
        kept, self._kept = self._kept, b""
        self._take_in(kept)
        self.look_after_input()

    def _take_in(self, data: bytes) -> None:
        self._terms.taking_in(self._endpoint.receive_data, data)
        if len(data) == _FIRST_READ_BYTES == len(self._buffer) and self._endpoint.is_proved:
            self._buffer = memoryview(bytearray(_READ_BYTES))
        if not self._endpoint.takes_input:
            self._hold()

    def _hold(self) -> None:
        self._is_held = True
        self._transport.pause_reading()
        self._peers.hold(self)

    def eof_received(self) -> bool:
        """The peer sends no more; it may still read."""
        return self._endpoint.input_ended()

    def look_after_input(self) -> None:
        """Read again, if the endpoint takes more."""
        if self._is_held and self._turn is None and self._endpoint.takes_input:
            self._is_held = False
            self._peers.let_go_on(self)
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
        for waiting in (self._farewell, self._turn):
            if waiting is not None:
                waiting.cancel()
        try:
            if isinstance(exc, OSError):
                if self._kept:
                    self._endpoint.receive_data(self._kept)
                self._drain()
            self._endpoint.connection_lost()
        finally:
            self._peers.forget(self)
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
            self._terms.farewell_seconds, self._on_farewell, unread_bytes
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
