"""One port for everything: accept, look at the first bytes, hand the connection over.

The first bytes say what a connection is: AMQP, TLS (and inside it AMQP or HTTP), or HTTP, which may
go on as AMQP over WebSocket. Each is an `Endpoint`: it is given bytes, and writes and closes
through two callables; none touches a socket. Sockets are in `port`, which accepts connections, and
in `connection`, which reads and writes them; here is who is connected.
"""

import asyncio
import ssl
from collections.abc import Callable
from functools import cache, partial

from sbtutorial.gateway.access.admission import Crowd
from sbtutorial.gateway.endpoint import EndpointFactory
from sbtutorial.server.connection import Connection, Enter, Gate, TakeIn, Terms
from sbtutorial.server.port import Port
from sbtutorial.server.sniff import Kind

RECOGNITION_SECONDS = 20.0
# How much that was written to a peer may wait for it before its endpoint is told.
MAX_UNREAD_BYTES = 1024 * 1024
# A peer that was told goodbye may take this long to read a little of what is left for it.
FAREWELL_SECONDS = 10.0
_STOP_SECONDS = 2.0


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
        enter: Asked by a peer that has proved nothing before its bytes are taken in: None when
            that may be at once, or else it calls what it is given when it is its turn.
        gate: Keeps back what is written to a connection, and its end, as long as need be.
        network_tls_context: The same for peers on other computers, which must speak TLS.
        takes_plain: Whether they may do without.
        recognition_seconds: How long a peer may take to say what it speaks, TLS included.
        max_unread_bytes: How far a peer may fall behind in reading before its endpoint is told.
        farewell_seconds: How long a peer that is being let go may read nothing of what is left.

    Attributes:
        open: The connections, the oldest first.
        network_tls_context: See above; it is made once.
    """

    def __init__(
        self,
        *,
        amqp: EndpointFactory,
        http: EndpointFactory,
        tls_context: Callable[[], ssl.SSLContext],
        taking_in: TakeIn = _take_in,
        enter: Enter = lambda action: None,
        gate: Gate = lambda write, close: (write, close),
        network_tls_context: Callable[[], ssl.SSLContext] | None = None,
        takes_plain: bool = False,
        recognition_seconds: float = RECOGNITION_SECONDS,
        max_unread_bytes: int = MAX_UNREAD_BYTES,
        farewell_seconds: float = FAREWELL_SECONDS,
    ) -> None:
        self.network_tls_context = cache(network_tls_context or tls_context)
        terms = Terms(
            factories={Kind.AMQP: amqp, Kind.HTTP: http},
            tls_context=cache(tls_context),
            network_tls_context=self.network_tls_context,
            takes_plain=takes_plain,
            taking_in=taking_in,
            enter=enter,
            gate=gate,
            recognition_seconds=recognition_seconds,
            max_unread_bytes=max_unread_bytes,
            farewell_seconds=farewell_seconds,
        )
        self._accept = partial(Connection, terms, self)
        self.open: dict[Connection, None] = {}
        self._held: dict[Connection, None] = {}
        self._crowd: Crowd[Connection] = Crowd()
        self._ports: list[Port] = []
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
        opened = [Port(host, port, self._accept)]
        try:
            for another in further_hosts:
                opened.append(Port(another, opened[0].number, self._accept))
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

    def hold(self, connection: Connection) -> None:
        """Remember a connection that is not read from for now."""
        self._held[connection] = None

    def let_go_on(self, connection: Connection) -> None:
        """It is read from again."""
        self._held.pop(connection, None)

    def remember(self, connection: Connection) -> None:
        """Count a connection in; when there are too many without proof, one makes room."""
        self.open[connection] = None
        if leaving := self._crowd.enter(connection, asyncio.get_running_loop().time()):
            leaving.abort()

    def forget(self, connection: Connection) -> None:
        """Count a connection out."""
        self.open.pop(connection, None)
        self._held.pop(connection, None)
        self._crowd.leave(connection)
        self._last_seen_at = asyncio.get_running_loop().time()
