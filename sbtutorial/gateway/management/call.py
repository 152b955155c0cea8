"""One management operation on one entity: what it is given, and what is known of it.

Source: Azure Service Bus, "AMQP request-response-based operations".
"""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sbtutorial.amqp.types import Array, Symbol
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.entities.subscription import Subscription
from sbtutorial.broker.entities.topic import Topic
from sbtutorial.broker.errors import (
    BrokerError,
    ErrorCode,
    session_lock_lost,
    session_receiver_refused,
)
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.paths import entity_path
from sbtutorial.broker.subqueues.message_session import MessageSession
from sbtutorial.broker.subqueues.session_subqueue import SessionSubQueue
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.clock import Clock
from sbtutorial.gateway.ids import Ids
from sbtutorial.gateway.nodes.peer import Peer


class Call(NamedTuple):
    """One operation on one entity, with what its function may need; the peer is who asks."""

    target: SubQueue
    body: Mapping[str, Any]
    peer: Peer
    now: float

    @property
    def namespace(self) -> Namespace:
        """Whose entity it is."""
        return self.peer.core.namespace

    @property
    def clock(self) -> Clock:
        """Turns broker time into that of the client's clock."""
        return self.peer.core.clock

    @property
    def ids(self) -> Ids:
        """Makes ids for what has none."""
        return self.peer.core.ids

    @property
    def who(self) -> str:
        """The client's name."""
        return self.peer.who

    def field(self, name: str, kind: type, what: str) -> Any:
        """A field of the body.

        Raises:
            BrokerError: ARGUMENT_ERROR: it is missing, or of another type.
        """
        value = self.body.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise BrokerError(
                ErrorCode.ARGUMENT_ERROR,
                f"'{name}' must be {what}, not {value!r}.",
            )
        return value

    def list_field(self, name: str, kind: type, what: str) -> list[Any]:
        """A field that is a list or an array of one type."""
        values = self.field(name, Sequence, f"a list of {what}")
        for value in values:
            if not isinstance(value, kind):
                raise BrokerError(
                    ErrorCode.ARGUMENT_ERROR, f"'{name}' must hold {what}, not {value!r}."
                )
        return list(values)

    @property
    def entity(self) -> Queue | Topic | Subscription:
        """Whose node was asked.

        Raises:
            BrokerError: ENTITY_NOT_FOUND: it has been deleted meanwhile.
        """
        return self.namespace.directory.entity(self.target.context.path)

    @property
    def sessions(self) -> SessionSubQueue:
        """The target, where it has sessions.

        Raises:
            BrokerError: NOT_ALLOWED.
        """
        if not isinstance(self.target, SessionSubQueue):
            raise session_receiver_refused(self.target.path)
        return self.target

    def session(self) -> MessageSession:
        """The session that the body names, which the caller's connection must hold.

        Raises:
            BrokerError: ARGUMENT_ERROR, NOT_ALLOWED or SESSION_LOCK_LOST.
        """
        session_id = self.field("session-id", str, "a session id (string)")
        held = self.sessions.held(session_id)
        if held is None or held.holder is not self.peer:
            raise session_lock_lost(session_id, self.target.path)
        return held

    def require_no_forwarding(self) -> None:
        """Refuse what takes a message browser where an entity forwards: peek, schedule, list rules.

        Rules are added and removed there all the same, and dead letters are peeked.
        Source: Azure/azure-service-bus-dotnet#626 (scheduling) and Azure/azure-sdk-for-net#34816
        (rules), both with Azure's sentence.

        Raises:
            BrokerError: NOT_ALLOWED.
        """
        context = self.target.context
        target = getattr(context.description, "forward_to", None)
        if target and self.target.path == context.path:
            raise BrokerError(
                ErrorCode.NOT_ALLOWED,
                "Cannot create a message browser on an entity with auto-forwarding enabled. "
                f"'{context.path}' forwards its messages to '{entity_path(target)}': peek and "
                "schedule there, or send with a scheduled enqueue time, or end the forwarding.",
            )

    def receiving(self) -> SubQueue | MessageSession:
        """What the caller receives from: the session that the body names, or else the target."""
        is_in_session = self.target.requires_session and self.body.get("session-id") is not None
        return self.session() if is_in_session else self.target


Body = dict[str, Any] | None
# What takes long: a job, see `reactor`, that returns the answer. Its first step is done at once.
InSteps = Generator[int, float, Body]


class Operation(NamedTuple):
    """What an operation does and the right it takes; what to say beside 204, if anything."""

    run: Callable[[Call], Body | InSteps]
    right: str
    when_empty: Symbol | None = None


def array_of(values: Iterable[Any]) -> Array:
    """Values of one type, as clients expect several of them."""
    return Array(list(values))
