"""Events: what the engine reports to its caller, in the order in which it happened.

Those of links, deliveries and sessions are declared beside what they tell of; all of them can be
had from here. Links and sessions are always the same objects, so a caller can keep its own matter
in their `context`.
"""

from dataclasses import dataclass

from sbtutorial.amqp.definitions import Error
from sbtutorial.amqp.incoming_dispositions import DispositionReceived as DispositionReceived
from sbtutorial.amqp.incoming_dispositions import UnknownDelivery as UnknownDelivery
from sbtutorial.amqp.link import LinkAttached as LinkAttached
from sbtutorial.amqp.link import LinkDetached as LinkDetached
from sbtutorial.amqp.link import LinkFlow as LinkFlow
from sbtutorial.amqp.link import LinkRefused as LinkRefused
from sbtutorial.amqp.performatives import Open
from sbtutorial.amqp.receiver import MessageReceived as MessageReceived
from sbtutorial.amqp.session import SessionBegun as SessionBegun
from sbtutorial.amqp.session import SessionEnded as SessionEnded


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
