"""What the broker knows of one client's connection, shared by all of its links."""

from collections.abc import Callable
from hmac import compare_digest

from sbtutorial.amqp.link import LinkCarrier
from sbtutorial.broker.namespace import Namespace
from sbtutorial.clock import Clock
from sbtutorial.gateway.access.claims import Claims
from sbtutorial.gateway.access.keyring import Keyring
from sbtutorial.gateway.connection_quota import ConnectionQuota
from sbtutorial.gateway.faults import Faults
from sbtutorial.gateway.nodes.cbs import CbsHandler
from sbtutorial.gateway.nodes.dispatch import Dispatchers
from sbtutorial.gateway.nodes.request_response import ResponseRoutes
from sbtutorial.gateway.nodes.transactions import Transactions


class Peer:
    """The broker's side of one connection: who it is, what it may do, where its answers go.

    `who` is the container-id that the client opened with: its own name, or the one that the
    program gave it as `client_identifier`.
    """

    def __init__(
        self,
        *,
        namespace: Namespace,
        clock: Clock,
        keyring: Keyring,
        competitions: Dispatchers,
        presence: ConnectionQuota,
        faults: Faults,
        has_output: Callable[[], None],
    ) -> None:
        self.namespace = namespace
        self.clock = clock
        self.claims = Claims()
        self.cbs = CbsHandler(self.claims, keyring, namespace, clock.wall)
        self.who = ""
        self._keyring = keyring
        self._presence = presence
        self.faults = faults
        self._has_entered = False
        self.has_output = has_output
        self.competitions = competitions
        self.transactions = Transactions()

    def authenticate(self, mechanism: str, response: bytes) -> bool:
        """SASL: a key as user name and password counts at once; everyone else puts a token."""
        if mechanism != "PLAIN":
            return True
        name, _, password = response.partition(b"\0")[2].partition(b"\0")
        key = self._keyring.of_namespace.get(name.decode("utf-8", "replace"))
        if key is None or not compare_digest(password, key.value.encode()):
            return False
        self.claims.grant("", key.rights)
        return True

    def arrive(self, who: str) -> None:
        """The client has said who it is.

        Raises:
            BrokerError: QUOTA_EXCEEDED: too many are connected.
        """
        self.who = who
        self._presence.enter(who)
        self._has_entered = True

    def leave(self) -> None:
        """The connection is gone."""
        if self._has_entered:
            self._has_entered = False
            self._presence.leave(self.who)

    def routes(self, session: LinkCarrier) -> ResponseRoutes:
        """Where answers to the requests of one session go."""
        if session.context is None:
            session.context = ResponseRoutes()
        assert isinstance(session.context, ResponseRoutes)
        return session.context
