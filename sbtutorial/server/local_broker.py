"""The broker as a whole: a namespace behind one port, with its clock, its keys and its log.

Everything is joined here: the engine knows no queue, the queue knows no socket. One object serves
the background process, the foreground command and a test's own event loop.
"""

import asyncio
import secrets
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sbtutorial.amqp.connection import Connection, ConnectionRole
from sbtutorial.broker.changes import Change
from sbtutorial.broker.limits import STANDARD, Limits
from sbtutorial.broker.namespace import Namespace
from sbtutorial.clock import Clock, SystemClock
from sbtutorial.connection_string import connection_string
from sbtutorial.folders import DEFAULT_NAMESPACE, HOST
from sbtutorial.gateway.access.keyring import Keyring
from sbtutorial.gateway.access.sas import ALL_RIGHTS, Key
from sbtutorial.gateway.amqp_endpoint import AmqpEndpoint
from sbtutorial.gateway.connection_quota import ConnectionQuota
from sbtutorial.gateway.faults import Faults
from sbtutorial.gateway.nodes.dispatch import Dispatchers
from sbtutorial.gateway.nodes.peer import Peer
from sbtutorial.gateway.reactor import Reactor
from sbtutorial.gateway.wire.properties import WirePropertyAccess
from sbtutorial.server.listener import Close, Endpoint, Listener, Write
from sbtutorial.store.store import MemoryStore, Store
from sbtutorial.trace import Advanced, Trace

if TYPE_CHECKING:
    from sbtutorial.http.request import Request, Response
    from sbtutorial.server.http_endpoint import Switch

KEY_NAME = "RootManageSharedAccessKey"


class LocalBroker:
    """A namespace that answers on one port, with AMQP, TLS and HTTP.

    Args:
        namespace: Its name, as it shows in messages and files.
        key: The key that clients must sign with; a random one unless given.
        limits: Azure's numbers for the tier.
        clock: Where every instant comes from.
        store: Keeps what changes; by default nothing outlives the process.
        certificates_folder: Where the TLS certificate is made and kept.
        max_events: How many events the log holds.
        accept_bearer_tokens: Let every token of Microsoft Entra ID open everything. Nothing here
            can tell a good one from a bad one, so this is for programs that use a credential
            class, on a machine whose users trust each other.

    Attributes:
        host: Where it listens.
        started_at: Wall-clock seconds.
        faults: Refusals that a test has ordered.
        on_shutdown: What ends the process around it; None where that is another program.
    """

    def __init__(
        self,
        *,
        namespace: str = DEFAULT_NAMESPACE,
        key: str | None = None,
        limits: Limits = STANDARD,
        clock: Clock | None = None,
        store: Store | None = None,
        certificates_folder: Path | None = None,
        max_events: int = 20_000,
        accept_bearer_tokens: bool = False,
    ) -> None:
        self.clock = clock or SystemClock()
        self.key = key or secrets.token_urlsafe(32)
        self.trace = Trace(max_events)
        self.namespace = Namespace(
            namespace,
            limits=limits,
            journal=self._journal,
            property_access=WirePropertyAccess(self.clock.to_wire),
        )
        self.competitions = Dispatchers()
        self.turns = Reactor(self.namespace, self.clock, self.competitions, self._commit)
        self.listener = Listener(amqp=self.amqp, http=self.http, tls_context=self._tls_context)
        self._store = store or MemoryStore()
        self._uncommitted: list[Change] = []
        self._certificates_folder = certificates_folder
        self.keys = {KEY_NAME: Key(self.key, ALL_RIGHTS)}
        self.keyring = Keyring(self.keys, self.namespace, accepts_bearer=accept_bearer_tokens)
        self.host = HOST
        self._port = 0
        self._presence = ConnectionQuota(limits)
        self.faults = Faults()
        self.started_at = self.clock.wall()
        self.on_shutdown: Callable[[], None] | None = None

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
        self.turns.close()
        self._store.close()

    @property
    def connection_string(self) -> str:
        """What the SDK's clients take, data and administration alike."""
        return connection_string(self.host, self._port, KEY_NAME, self.key)

    @property
    def connections(self) -> int:
        """How many clients are connected now."""
        return self.listener.connections

    def is_connected(self, who: str) -> bool:
        """Whether the client that goes by this name (its container-id) has a connection."""
        return self._presence.is_here(who)

    def reset(self) -> None:
        """Back to an empty namespace, for everyone who is connected."""
        with self.turns.turn() as now:
            self.namespace.reset(now=now)

    def advance(self, seconds: float) -> None:
        """Make everything that the broker holds `seconds` older, and act on what that ends."""
        name = self.namespace.name
        self.trace.record(Advanced(self.clock.now(), seconds, name, f"by {seconds:g} s"))
        self.clock.advance(seconds)
        self.turns.time_has_jumped()
        with self.turns.turn():
            pass

    def amqp(self, write: Write, close: Close) -> AmqpEndpoint:
        """Serve one AMQP connection."""
        endpoint: AmqpEndpoint
        peer = Peer(
            namespace=self.namespace,
            clock=self.clock,
            keyring=self.keyring,
            competitions=self.competitions,
            presence=self._presence,
            faults=self.faults,
            has_output=lambda: self.turns.speak(endpoint),
        )
        connection = Connection(
            ConnectionRole.SERVER,
            container_id=f"{self.namespace.name}-{secrets.token_hex(4)}",
            authenticate=peer.authenticate,
        )
        endpoint = AmqpEndpoint(connection, peer, self.turns, write, close)
        return endpoint

    def http(self, write: Write, close: Close) -> Endpoint:
        """Serve one HTTP connection."""
        from sbtutorial.server.http_endpoint import HttpEndpoint

        return HttpEndpoint(
            self._handle_http,
            write,
            close,
            admit=self._admit_http,
            spawn=asyncio.ensure_future,
            later=asyncio.get_running_loop().call_later,
        )

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

    def _handle_http(self, request: "Request") -> "Response | Switch | Awaitable[Response]":
        from sbtutorial.server import router

        return router.handle(request, self)

    def _journal(self, change: Change) -> None:
        self._uncommitted.append(change)
        self.trace.record(change)

    def _commit(self) -> None:
        if self._uncommitted:
            changes, self._uncommitted = self._uncommitted, []
            self._store.commit(changes)
