"""What the broker knows of one client's connection, shared by all of its links."""

from hmac import compare_digest
from typing import Protocol

from sbtutorial.amqp.link import LinkCarrier
from sbtutorial.gateway.access.claims import Claims
from sbtutorial.gateway.core import Core
from sbtutorial.gateway.nodes.cbs import CbsHandler
from sbtutorial.gateway.nodes.request_response import ResponseRoutes
from sbtutorial.gateway.nodes.transactions import Transactions


class Parked(Protocol):
    """A receiver that is passed over until its connection has room."""

    def unpark(self) -> None:
        """There is room."""


class Output(Protocol):
    """The way back to the client."""

    @property
    def has_room(self) -> bool:
        """Whether one more message may be handed out: little of what was written is unread."""

    def has_output(self) -> None:
        """Have what the engine says written at the end of the turn."""

    def cut(self) -> None:
        """Say nothing more, and drop the connection when the turn is kept, as a fault asks for."""

    def hold(self) -> None:
        """Act on nothing more that the client sends, until `job_done`."""

    def job_done(self) -> None:
        """Act on what came meanwhile, and have written what there is to say."""

    def has_proof(self) -> None:
        """The client has proved who it is."""

    def has_new_claim(self) -> None:
        """The client has proved one more thing, which may end before all others."""


class Peer:
    """The broker's side of one connection: who it is, what it may do, where its answers go.

    Attributes:
        core: The broker.
        who: The container-id that the client opened with: its own name, or the one that the
            program gave it as `client_identifier`.
        output: The way back to the client.
        parked: Receivers that wait for room on this connection.
    """

    def __init__(self, core: Core, output: Output) -> None:
        self.core = core
        self.output = output
        self.who = ""
        self.claims = Claims(output.has_proof, output.has_new_claim)
        self.cbs = CbsHandler(self.claims, core.keyring, core.namespace, core.clock.wall)
        self.transactions = Transactions(core.ids)
        self.parked: dict[Parked, None] = {}
        self._has_entered = False

    def authenticate(self, mechanism: str, response: bytes) -> bool:
        """SASL: a key as user name and password counts at once; everyone else puts a token."""
        if mechanism != "PLAIN":
            return True
        name, _, password = response.partition(b"\0")[2].partition(b"\0")
        key = self.core.keyring.of_namespace.get(name.decode("utf-8", "replace"))
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
        self.core.quota.enter(who)
        self._has_entered = True

    def leave(self) -> None:
        """The connection is gone."""
        self.parked.clear()
        if self._has_entered:
            self._has_entered = False
            self.core.quota.leave(self.who)

    def unpark(self) -> None:
        """There is room on the connection: let its receivers compete again."""
        parked, self.parked = self.parked, {}
        for receiver in parked:
            receiver.unpark()

    def routes(self, session: LinkCarrier) -> ResponseRoutes:
        """Where answers to the requests of one session go."""
        if session.context is None:
            session.context = ResponseRoutes()
        assert isinstance(session.context, ResponseRoutes)
        return session.context
