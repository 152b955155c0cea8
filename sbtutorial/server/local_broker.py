"""The broker behind a port: the core on an event loop, with sockets, TLS and HTTP around it.

Everything is joined here: the engine knows no queue, the queue knows no socket. One object serves
the background process, the foreground command and a test's own event loop.
"""

import asyncio
import os
import ssl
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sbtutorial.clock import Clock, SystemClock
from sbtutorial.connection_string import connection_string
from sbtutorial.folders import HOST
from sbtutorial.gateway.amqp_endpoint import AmqpEndpoint
from sbtutorial.gateway.core import KEY_NAME, Core
from sbtutorial.gateway.endpoint import Close, Endpoint, Write
from sbtutorial.gateway.ids import RandomBytes
from sbtutorial.server.alarm import LoopScheduler
from sbtutorial.server.listener import Listener

if TYPE_CHECKING:
    from sbtutorial.http.request import Request, Response
    from sbtutorial.server.http_endpoint import Switch

__all__ = ["KEY_NAME", "LocalBroker"]


class LocalBroker(Core):
    """A namespace that answers on one port, with AMQP, TLS and HTTP.

    Args:
        clock: The computer's unless given.
        random_bytes: The system's unless given.
        certificates_folder: Where the TLS certificate is made and kept.
        options: What `Core` takes beside these.

    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        random_bytes: RandomBytes = os.urandom,
        certificates_folder: Path | None = None,
        **options: Any,
    ) -> None:
        super().__init__(LoopScheduler(), clock or SystemClock(), random_bytes, **options)
        self.listener = Listener(amqp=self.amqp, http=self.http, tls_context=self._tls_context)
        self.reactor.on_turn_end = self.listener.look_after_input
        self._certificates_folder = certificates_folder
        self._port = 0

    async def start(self, host: str = HOST, port: int = 0) -> int:
        """Listen on `host`, on `port` or a free one.

        Returns:
            The port.

        Raises:
            OSError: The port is taken.
        """
        self.host = host
        self._port = await self.listener.start(host, port)
        return self._port

    async def listen_also(self, port: int) -> int:
        """Listen on a further port, or a free one for 0, with all that the first one speaks.

        Returns:
            The port.

        Raises:
            OSError: The port is taken.
        """
        return await self.listener.start(self.host, port)

    async def stop(self) -> None:
        """Close every connection and every port."""
        await self.listener.stop()
        self.close()

    @property
    def connection_string(self) -> str:
        """What the SDK's clients take, data and administration alike."""
        return connection_string(self.host, self._port, KEY_NAME, self.key)

    @property
    def connections(self) -> int:
        """How many peers are connected now, whatever they speak."""
        return self.listener.connections

    def amqp(self, write: Write, close: Close) -> AmqpEndpoint:
        """Serve one AMQP connection."""
        return AmqpEndpoint(self, write, close)

    def http(self, write: Write, close: Close) -> Endpoint:
        """Serve one HTTP connection."""
        from sbtutorial.server.http_endpoint import HttpEndpoint

        return HttpEndpoint(
            self.answer_http,
            write,
            close,
            admit=self._admit_http,
            spawn=asyncio.ensure_future,
            later=asyncio.get_running_loop().call_later,
        )

    def answer_http(self, request: "Request") -> "Response | Switch | Awaitable[Response]":
        """Answer one request: at once, later, or as another protocol."""
        from sbtutorial.gateway.rest.data_plane import Poll, Work
        from sbtutorial.server import long_poll, router

        answer = router.handle(request, self)
        if isinstance(answer, Poll):
            return long_poll.answer(answer, self.reactor)
        return long_poll.done(answer) if isinstance(answer, Work) else answer

    def _tls_context(self) -> ssl.SSLContext:
        """Made at the first TLS connection, from the learner's own certificate."""
        from sbtutorial.server import certificates

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        folder = self._certificates_folder or certificates.default_folder()
        context.load_cert_chain(certificates.ensure(folder).server_pem)
        return context

    def _admit_http(self, head: "Request") -> "bool | Response":
        from sbtutorial.server import router

        return router.admit(head, self)
