"""What stands behind a link: a node, kept as the link's `context`."""

from sbtutorial.amqp.events import DispositionReceived, MessageReceived
from sbtutorial.gateway.reactor import Job


class Node:
    """What a link does with what arrives on it; by itself, nothing.

    A method that returns a job has only begun: the rest is done in the turns that follow, and the
    connection is not read until then.

    Attributes:
        right: What a token must allow for the link to stay: "Send", "Listen", or "" for nothing.
        path: On which entity.
        transfers_to: Which other entity it must allow "Send" to; "" for none.
    """

    right = ""
    path = ""
    transfers_to = ""

    def message_received(self, event: MessageReceived, *, now: float) -> Job | None:
        """A delivery came in on a link on which the client sends."""

    def disposition_received(self, event: DispositionReceived, *, now: float) -> None:
        """The client gave its verdict on a delivery of ours."""

    def flow_received(self, *, now: float) -> Job | None:
        """The client changed its credit, asked for a drain, or for an echo."""

    def detached(self) -> Job | None:
        """The link is gone: by a detach, with its session, or with the connection."""
