"""A receiving link that locks a session: the one it names, or the next that has messages.

The attach of a client that wants the next session is answered when there is one. From then on the
link serves the session as any link serves a queue, and the session's lock ends with it.
Source: Azure Service Bus, "Message sessions"; "AMQP 1.0 protocol guide".
"""

from copy import copy

from sbtutorial.amqp.link import Link
from sbtutorial.amqp.messaging import Source
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.amqp.types import Long, Symbol, ULong
from sbtutorial.amqp.types.values import Described
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.subqueues.message_session import MessageSession
from sbtutorial.broker.subqueues.session_subqueue import SessionSubQueue
from sbtutorial.gateway.nodes.node import Node
from sbtutorial.gateway.nodes.peer import Peer
from sbtutorial.gateway.nodes.receiving import ReceiverNode, receiver_for
from sbtutorial.gateway.wire.conditions import error_of

# What a client waits for a session that it leaves to the broker, unless it says otherwise.
DEFAULT_WAIT_SECONDS = 65.0

_FILTER = Symbol("com.microsoft:session-filter")
_TIMEOUT = Symbol("com.microsoft:timeout")
_LOCKED_UNTIL = Symbol("com.microsoft:locked-until-utc")
# .NET counts time in units of 100 ns from the year 1.
_TICKS_PER_SECOND = 10_000_000
_TICKS_AT_UNIX_EPOCH = 621_355_968_000_000_000


def wants_session(link: Link) -> bool:
    """Whether a client asks for a session, by its id or whichever is next."""
    return isinstance(link.source, Source) and _FILTER in (link.source.filter or {})


def attach_session(link: SenderLink, subqueue: SessionSubQueue, peer: Peer) -> Node:
    """Accept a link for the session that it asks for, or have it wait for one.

    Raises:
        BrokerError: What `SessionSubQueue.accept` raises; ARGUMENT_ERROR for an id that is no
            text.
    """
    assert isinstance(link.source, Source), "its filter was read"
    source, now = link.source, peer.core.clock.now()
    session_id = _session_asked_for(source)
    if session_id is not None:
        session = subqueue.accept(session_id, now=now, who=peer.who, holder=peer)
        return _open(link, source, session, peer)
    if there_is := subqueue.accept_next(now=now, who=peer.who, holder=peer):
        return _open(link, source, there_is, peer)
    waiting = WaitingNode(link, source, subqueue, peer)
    subqueue.wait(waiting, _wait_seconds(link), now=now)
    return waiting


class WaitingNode(Node):
    """Stands behind a link whose attach is answered once there is a session for it."""

    def __init__(
        self, link: SenderLink, source: Source, subqueue: SessionSubQueue, peer: Peer
    ) -> None:
        self.who = peer.who
        self.holder: object = peer
        self._link = link
        self._source = source  # the link forgets it if the client gives up meanwhile
        self._subqueue = subqueue
        self._peer = peer

    def accepted(self, session: MessageSession, *, now: float) -> None:
        """Answer the attach, and leave the link to the session."""
        node = _open(self._link, self._source, session, self._peer)
        node.right, node.path = self.right, self.path
        self._link.context = node
        node.flow_received(now=now)  # credit may have come before
        self._peer.output.has_output()

    def refused(self, refusal: BrokerError) -> None:
        """Answer the attach: there is no session."""
        self._link.refuse(error_of(refusal))
        self._peer.output.has_output()

    def detached(self) -> None:
        """The client waits no longer."""
        self._subqueue.stop_waiting(self)


def _open(link: SenderLink, asked: Source, session: MessageSession, peer: Peer) -> ReceiverNode:
    """Accept the link with the session's id and the end of its lock."""
    until = peer.core.clock.to_wire(session.locked_until)
    ticks = round(until * _TICKS_PER_SECOND) + _TICKS_AT_UNIX_EPOCH
    link.accept(
        source=_granted(asked, session.id),
        properties={_LOCKED_UNTIL: Long(ticks)},
        max_message_size=ULong(session.context.max_message_bytes),
    )
    return receiver_for(link, session, peer)


def _granted(asked: Source, session_id: str) -> Source:
    """The source as the client wrote it, with the session's id in its place."""
    filters = dict(asked.filter or {})
    value = filters[_FILTER]
    is_described = isinstance(value, Described)
    filters[_FILTER] = Described(value.descriptor, session_id) if is_described else session_id
    source = copy(asked)
    source.filter = filters
    return source


def _session_asked_for(source: Source) -> str | None:
    value = (source.filter or {})[_FILTER]
    session_id = value.value if isinstance(value, Described) else value
    if session_id is None or isinstance(session_id, str):
        return session_id
    raise BrokerError(
        ErrorCode.ARGUMENT_ERROR,
        f"The filter '{_FILTER}' must be a session id (a string), or null for the next session, "
        f"not {session_id!r}.",
    )


def _wait_seconds(link: Link) -> float:
    assert link.remote_attach is not None
    milliseconds = (link.remote_attach.properties or {}).get(_TIMEOUT)
    if not isinstance(milliseconds, int):
        return DEFAULT_WAIT_SECONDS
    return milliseconds / 1000
