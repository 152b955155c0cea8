"""What the broker knows of one client's connection, shared by all of its links."""

from collections import Counter
from collections.abc import Callable

from sbtutorial.amqp.session import Session
from sbtutorial.broker.namespace import Namespace
from sbtutorial.clock import Clock
from sbtutorial.server.cbs import CbsHandler
from sbtutorial.server.claims import Claims
from sbtutorial.server.outbound import Competitions
from sbtutorial.server.requests import ResponseRoutes
from sbtutorial.server.security import Key


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
        keys: Callable[[], dict[str, Key]],
        competitions: Competitions,
        present: Counter[str],
        has_output: Callable[[], None],
    ) -> None:
        self.namespace = namespace
        self.clock = clock
        self.claims = Claims()
        self.cbs = CbsHandler(self.claims, keys, namespace, clock.wall)
        self.who = ""
        self._present = present
        self.has_output = has_output
        self.competitions = competitions

    def arrive(self, who: str) -> None:
        """The client has said who it is."""
        self.who = who
        self._present[who] += 1

    def leave(self) -> None:
        """The connection is gone."""
        if self.who:
            self._present[self.who] -= 1
            if not self._present[self.who]:
                del self._present[self.who]

    def routes(self, session: Session) -> ResponseRoutes:
        """Where answers to the requests of one session go."""
        if session.context is None:
            session.context = ResponseRoutes()
        assert isinstance(session.context, ResponseRoutes)
        return session.context
