"""What serves one connection: bytes in, bytes out through two callables; none touches a socket.

Endpoints stack like bricks: AMQP in WebSocket, WebSocket in HTTP, HTTP in TLS. Whoever carries the
bytes, an event loop or a plain one, is kept in step by three of their methods: a peer that is
behind in reading is told of by `pause_writing`, and one that sends faster than it is served is not
read from while `takes_input` is false.
"""

from collections.abc import Callable
from typing import Protocol

Write = Callable[[bytes], None]
Close = Callable[[], None]


class Endpoint(Protocol):
    """The broker's side of one connection."""

    @property
    def takes_input(self) -> bool:
        """Whether more may be read from the peer now; looked at after every turn of the broker."""

    @property
    def is_proved(self) -> bool:
        """Whether the peer has ever proved who it is on this connection."""

    @property
    def is_cut(self) -> bool:
        """Whether the connection is dropped without a goodbye in any layer, as a fault asks for."""

    def receive_data(self, data: bytes) -> None:
        """Take in what the peer sent."""

    def pause_writing(self) -> None:
        """The peer is behind in reading: write only what cannot wait."""

    def resume_writing(self) -> None:
        """The peer has read most of what was written."""

    def input_ended(self) -> bool:
        """The peer sends no more: it may be gone, or wait for what it has asked for.

        Returns:
            Whether this ends the connection, when all is answered; else it counts as lost.
        """

    def connection_lost(self) -> None:
        """The connection is gone, with or without a goodbye."""


EndpointFactory = Callable[[Write, Close], Endpoint]
