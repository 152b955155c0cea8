"""Session writer: the frames of one session, in the order in which they were asked for.

A disposition waits for its neighbours, to be joined with them, until anything else is to be sent.
Source: AMQP 1.0, 2.5 and 2.7.6.
"""

from collections.abc import Callable
from typing import Protocol

from sbtutorial.amqp.dispositions import PendingDisposition
from sbtutorial.amqp.messaging import DeliveryState
from sbtutorial.amqp.performatives import Transfer
from sbtutorial.amqp.pieces import Payload
from sbtutorial.amqp.states import SESSION_OPEN, SessionState
from sbtutorial.amqp.transfer_writer import FrameCarrier, TransferWriter
from sbtutorial.amqp.types.composites import Composite
from sbtutorial.amqp.windows import SessionWindows


class DispositionCarrier(FrameCarrier, Protocol):
    """What is needed of the connection."""

    def has_disposition(self, writer: "SessionWriter") -> None:
        """Have `flush_disposition` called before anything is given to the network."""


class SessionWriter:
    """Writes what one session and its links have to say.

    Args:
        carrier: The connection.
        channel: Our number for the session.
        windows: The session's.
        transfers: Writes its deliveries.

    Attributes:
        state: Where the session is, which keeps this up to date.
        pending: The disposition that waits, if any.
    """

    def __init__(
        self,
        carrier: DispositionCarrier,
        channel: int,
        windows: SessionWindows,
        transfers: TransferWriter,
    ) -> None:
        self.state = SessionState.UNMAPPED
        self.pending: PendingDisposition | None = None
        self._carrier = carrier
        self._channel = channel
        self._windows = windows
        self._transfers = transfers

    def send_performative(self, performative: Composite) -> None:
        """Send a frame, behind any disposition that waits."""
        if self.state in SESSION_OPEN:
            if self.pending is not None:
                self.flush_disposition()
            self.write(performative)

    def send_link_flow(
        self,
        handle: int,
        delivery_count: int,
        link_credit: int,
        available: int | None,
        drain: bool,
    ) -> None:
        """Send a flow of a link; its fields of the session are always set as well."""
        flow = self._windows.to_flow()
        flow.handle = handle
        flow.delivery_count = delivery_count
        flow.link_credit = link_credit
        flow.available = available
        flow.drain = drain
        self.send_performative(flow)

    def send_disposition(
        self, role: bool, delivery_id: int, outcome: DeliveryState | None, settled: bool
    ) -> None:
        """Send a disposition, joined with its neighbours when they say the same."""
        pending = self.pending
        if pending is not None:
            if pending.extend(role, delivery_id, outcome, settled):
                return
            self.flush_disposition()
        elif self.state is not SessionState.MAPPED:
            return
        else:
            self._carrier.has_disposition(self)
        self.pending = PendingDisposition(role, delivery_id, outcome, settled)

    def flush_disposition(self) -> None:
        """Send the disposition that waits, if any."""
        pending = self.pending
        if pending is not None:
            self.pending = None
            self._carrier.write_frame(self._channel, pending.encode())

    def send_transfer(self, head: Transfer, payload: Payload) -> None:
        """Send a delivery, behind any disposition that waits."""
        if self.pending is not None:
            self.flush_disposition()
        self._transfers.write(head, payload)

    def send_plain_transfer(
        self, handle: int, delivery_id: int, tag: bytes, settled: bool, payload: Payload
    ) -> None:
        """As `send_transfer`, of a plain format and without a state. Hot."""
        if self.pending is not None:
            self.flush_disposition()
        self._transfers.write_plain(handle, delivery_id, tag, settled, payload)

    def after_transfers(self, handle: int, action: Callable[[], None]) -> None:
        """Do something when a link's deliveries have been sent, as far as the engine goes."""
        self._transfers.after(handle, action)

    def write(self, performative: Composite) -> None:
        """Send a frame at once, whatever waits and wherever the session is."""
        self._carrier.write_frame(self._channel, performative.encode())
