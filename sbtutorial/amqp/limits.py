"""Limits: what one peer may make this side keep or work through, as data.

They are handed in with the connection's settings and may be replaced while it is open: a peer that
has not proved who it is gets `UNPROVED`, and what is its due once it has.

    connection = Connection(role, container_id="c", limits=UNPROVED)
    connection.limits = ConnectionLimits()
"""

from collections.abc import Iterator
from dataclasses import dataclass

KIB, MIB = 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What a peer may ask for; the defaults are for one that is known.

    Attributes:
        max_sessions: Sessions at a time. One more closes the connection.
        max_links_per_session: Links at a time on one session. One more is refused; twice as many
            that are refused and never detached end the session.
        max_links: The same for all sessions of the connection together.
        max_opening_frame_size: Bytes of a frame before both sides have opened. AMQP 1.0, 2.3 says
            512; some clients open with more.
        max_performative_size: Bytes of a performative, its payload not counted: bounds names,
            addresses, capabilities, filters and properties, and with them all that is echoed.
        max_message_size: Bytes of a delivery on a link that was accepted without a limit of its
            own.
        max_partial_bytes: Bytes of unfinished deliveries, of all links together. A delivery that
            goes beyond is refused like one that is too large.
    """

    max_sessions: int = 8192
    max_links_per_session: int = 8192
    max_links: int = 16_384
    max_opening_frame_size: int = 8 * KIB
    max_performative_size: int = 64 * KIB
    max_message_size: int = 64 * MIB
    max_partial_bytes: int = 128 * MIB


# Enough to open, to begin a session or a few, and to put a token. That is some two megabytes,
# however cleverly they are filled: one byte of AMQP can stand for 64 of Python's.
UNPROVED = ConnectionLimits(
    max_sessions=8,
    max_links_per_session=16,
    max_links=16,
    max_performative_size=2 * KIB,
    max_message_size=64 * KIB,
    max_partial_bytes=128 * KIB,
)


class ResourceUse:
    """What the peer of one connection makes this side keep now, beside the limits to it.

    Attributes:
        limits: The limits that hold now.
        link_count: Links of all sessions.
        partial_bytes: Bytes of unfinished deliveries of all links.
        leftovers: What is to be forgotten that is very much; see `Connection.leftovers`.
    """

    __slots__ = ("leftovers", "limits", "link_count", "partial_bytes")

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.link_count = 0
        self.partial_bytes = 0
        self.leftovers: list[Iterator[None]] = []
