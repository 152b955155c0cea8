"""What the engine tells its caller, in the order in which it happened.

Links and sessions are always the same objects, so a caller can keep its own matter in their
`context`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sbtutorial.amqp.definitions import Error
from sbtutorial.amqp.messaging import DeliveryState
from sbtutorial.amqp.performatives import Open

if TYPE_CHECKING:
    from sbtutorial.amqp.link import Link, ReceiverLink
    from sbtutorial.amqp.session import Session


@dataclass(slots=True)
class ConnectionOpened:
    """Both sides have opened; `open` is what the peer said of itself."""

    open: Open


@dataclass(slots=True)
class ConnectionClosed:
    """The connection is over, and all sessions and links with it; no more events will come.

    `error` says why, in either side's words; None for a clean close or a lost byte stream.
    """

    error: Error | None


@dataclass(slots=True)
class SessionBegun:
    """A session can be used: the peer began it, or answered ours."""

    session: "Session"


@dataclass(slots=True)
class SessionEnded:
    """A session is over, and its links with it; `error` in either side's words."""

    session: "Session"
    error: Error | None


@dataclass(slots=True)
class LinkAttached:
    """The peer answered our attach, or asks for a link itself.

    In the second case `link.accept` or `link.refuse` is due, now or later. What the peer sends on
    the link meanwhile is reported, and its credit kept.
    """

    link: "Link"


@dataclass(slots=True)
class LinkRefused:
    """The peer will not have a link that we asked for."""

    link: "Link"
    error: Error | None


@dataclass(slots=True)
class LinkDetached:
    """A link is gone: the peer detached it, answered our detach, or the engine had to end it."""

    link: "Link"
    closed: bool
    error: Error | None


@dataclass(slots=True)
class LinkFlow:
    """The peer sent a flow for a link: look at its `credit` and `drain`."""

    link: "Link"


@dataclass(slots=True)
class MessageReceived:
    """A whole delivery has arrived; `payload` is all of its frames' joined."""

    link: "ReceiverLink"
    delivery_id: int
    delivery_tag: bytes
    message_format: int
    settled: bool
    state: DeliveryState | None
    payload: bytes


@dataclass(slots=True)
class DispositionReceived:
    """The peer gave its verdict on one unsettled delivery of `link`, or settled it."""

    link: "Link"
    delivery_id: int
    delivery_tag: bytes
    state: DeliveryState | None
    settled: bool


@dataclass(slots=True)
class UnknownDelivery:
    """The peer gave its verdict on a delivery that no sender link of the session holds unsettled.

    When `settled` is false it waits for an answer: `session.settle(delivery_id, outcome)`.
    """

    session: "Session"
    delivery_id: int
    state: DeliveryState | None
    settled: bool


Event = (
    ConnectionOpened
    | ConnectionClosed
    | SessionBegun
    | SessionEnded
    | LinkAttached
    | LinkRefused
    | LinkDetached
    | LinkFlow
    | MessageReceived
    | DispositionReceived
    | UnknownDelivery
)
