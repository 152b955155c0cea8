"""The broker behind a port: the core on an event loop, with sockets, TLS and HTTP around it.

Everything is joined here: the engine knows no queue, the queue knows no socket. One object serves
the background process, the foreground command and a test's own event loop.
"""

import asyncio
import os
import ssl
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from hashlib import sha256
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
from sbtutorial.server.network import addresses, names
from sbtutorial.server.shares import Shares

if TYPE_CHECKING:
    from sbtutorial.http.request import Request, Response
    from sbtutorial.server.certificates import Certificates
    from sbtutorial.server.http_answers import Switch

__all__ = ["KEY_NAME", "BrokerServer"]

# How long the end waits for a disk that keeps nothing.
_SAFE_SECONDS = 5.0


class BrokerServer(Core):
    """A namespace that answers on one port, with AMQP, TLS and HTTP.

    Args:
        clock: The computer's unless given.
        random_bytes: The system's unless given.
        certificates_folder: Where the TLS certificate is made and kept.
        known_as: Names beside its own that clients call it by; its certificate has them, too.
        takes_plain: Whether other computers may do without TLS.
        options: What `Core` takes beside these.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        random_bytes: RandomBytes = os.urandom,
        certificates_folder: Path | None = None,
        known_as: Sequence[str] = (),
        takes_plain: bool = False,
        **options: Any,
    ) -> None:
        scheduler = LoopScheduler()
        super().__init__(scheduler, clock or SystemClock(), random_bytes, **options)
        self._shares: Shares | None = None
        self.listener = Listener(
            amqp=self.amqp,
            http=self.http,
            tls_context=self._tls_context,
            taking_in=scheduler.taking_in,
            enter=lambda action: self._taking_turns().enter(action),
            gate=self.gate,
            network_tls_context=self._named_tls_context,
            takes_plain=takes_plain,
        )
        self.reactor.on_turn_end = self.listener.look_after_input
        self.on_cut = self.listener.cut
        self.known_as = frozenset(name.lower() for name in known_as)
        self._certificates_folder = certificates_folder
        self._port = 0

    async def start(self, host: str = HOST, port: int = 0) -> int:
        """Listen on `host`, and on loopback in any case, on `port` or a free one.

        Where `host` opens it to other computers, they are served with the certificate of
        `named_certificates`.

        Returns:
            The port.

        Raises:
            OSError: The port is taken, or this computer has no such address.
        """
        self.host = host
        self._port = await self.listen_also(port)
        return self._port

    async def listen_also(self, port: int) -> int:
        """Listen on a further port, or a free one for 0, with all that the first one speaks.

        Returns:
            The port.

        Raises:
            OSError: The port is taken.
        """
        first, *further = addresses(self.host)
        return await self.listener.start(first, port, *further)

    async def stop(self) -> None:
        """Close every connection and every port, when all that was done is safe."""
        safe = asyncio.Event()
        self.when_safe(safe.set)
        with suppress(TimeoutError):
            async with asyncio.timeout(_SAFE_SECONDS):
                await safe.wait()
        await self.listener.stop()
        self.close()

    @property
    def connection_string(self) -> str:
        """What the SDK's clients take, data and administration alike."""
        return connection_string(self.host, self._port, KEY_NAME, self.key)

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
            later=self._taking_turns().later,
        )

    def _taking_turns(self) -> Shares:
        if self._shares is None:
            loop = asyncio.get_running_loop()
            self._shares = Shares(loop.call_later, loop.time)
        return self._shares

    def answer_http(self, request: "Request") -> "Response | Switch | Awaitable[Response]":
        """Answer one request: at once, later, or as another protocol."""
        from sbtutorial.gateway.rest.data_plane import Poll, Work
        from sbtutorial.http.request import Response
        from sbtutorial.server import long_poll, router
        from sbtutorial.server.http_answers import Switch, Vigil

        answer = router.handle(request, self)
        if isinstance(answer, Poll):
            waiting = long_poll.answer(answer, self.reactor)
            return Vigil(long_poll.at_risk(waiting, self), answer.nothing)
        if isinstance(answer, Work):
            answer = long_poll.done(answer)
        if isinstance(answer, Switch) or router.is_for_the_lab(request):
            return answer
        if isinstance(answer, Response):
            if not self.faults.delay_seconds:
                return answer
            answer = long_poll.at_once(answer)
        return long_poll.at_risk(answer, self)

    def _tls_context(self) -> ssl.SSLContext:
        """Made at the first TLS connection, from the learner's own certificate."""
        from sbtutorial.server import certificates

        context = _context(certificates.ensure(self._folder()))
        if self.known_as:
            context.sni_callback = self._choose_certificate
        return context

    def _choose_certificate(self, peer: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        """Who asks for one of the further names is shown the certificate that has it."""
        if name is not None and name.lower() in self.known_as:
            peer.context = self.listener.network_tls_context()

    def _named_tls_context(self) -> ssl.SSLContext:
        return _context(self.named_certificates())

    def named_certificates(self) -> "Certificates":
        """The certificate by the names that other computers know, and those it was given."""
        from sbtutorial.server import certificates

        own = (*sorted(self.known_as), *names(self.host)) or (self.host,)
        digest = sha256("\n".join(own).encode()).hexdigest()[:16]
        return certificates.ensure(self._folder() / f"network-{digest}", own)

    def _folder(self) -> Path:
        from sbtutorial.server import certificates

        return self._certificates_folder or certificates.default_folder()

    def _admit_http(self, head: "Request") -> "bool | Response":
        from sbtutorial.server import router

        return router.admit(head, self)


def _context(own: "Certificates") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.server_pem)
    return context
