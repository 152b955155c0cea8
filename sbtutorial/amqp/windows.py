"""Session windows: how many transfer frames either side may still send.

The peer's windows are kept to; ours are only refreshed, never enforced: there are clients that
count deliveries where they should count frames. Source: AMQP 1.0, 2.5.6.
"""

from sbtutorial.amqp.performatives import Begin, Flow
from sbtutorial.amqp.types.serial import serial_distance

# Some clients stall for ever once they see it small, and it protects nothing here: what arrives
# is handed over at once, and link credit bounds what may come.
INCOMING_WINDOW = 65_536
OUTGOING_WINDOW = 65_536
_REFRESH_AT = INCOMING_WINDOW // 2


class SessionWindows:
    """Transfer-ids and windows of both directions.

    Attributes:
        next_outgoing_id: Of the next frame that we send.
        next_incoming_id: Of the next frame that the peer sends; None until it has begun.
        sendable: How many frames the peer still takes.
    """

    __slots__ = ("_receivable", "next_incoming_id", "next_outgoing_id", "sendable")

    def __init__(self) -> None:
        self.next_outgoing_id = 0
        self.next_incoming_id: int | None = None
        self.sendable = 0
        self._receivable = INCOMING_WINDOW

    def on_begin(self, begin: Begin) -> None:
        """Take over what the peer begins with."""
        self.next_incoming_id = begin.next_outgoing_id
        self.sendable = begin.incoming_window

    def on_flow(self, flow: Flow) -> None:
        """Take over the peer's window, less what is on its way to it already."""
        seen, sent = flow.next_incoming_id or 0, self.next_outgoing_id
        in_flight = 0 if seen == sent else serial_distance(seen, sent)  # hot
        if in_flight < 0:  # an id ahead of ours is one that the peer cannot have seen
            in_flight = 0
        sendable = flow.incoming_window - in_flight
        self.sendable = sendable if sendable > 0 else 0

    def on_sent(self) -> None:
        """Count one frame of ours."""
        self.next_outgoing_id = (self.next_outgoing_id + 1) & 0xFFFFFFFF
        self.sendable -= 1

    def on_received(self) -> bool:
        """Count one frame of the peer's.

        Returns:
            Whether it is time to tell the peer that the window is open again.
        """
        self.next_incoming_id = ((self.next_incoming_id or 0) + 1) & 0xFFFFFFFF
        self._receivable -= 1
        return self._receivable <= _REFRESH_AT

    def to_flow(self) -> Flow:
        """A flow with the session's fields; sending it opens our window again."""
        self._receivable = INCOMING_WINDOW
        return Flow(self.next_incoming_id, INCOMING_WINDOW, self.next_outgoing_id, OUTGOING_WINDOW)
