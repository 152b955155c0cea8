"""Sender links: credit spent, deliveries numbered, drains answered.

Source: AMQP 1.0, 2.6.7, 2.6.10 and 2.6.12.
"""

from sbtutorial.amqp.definitions import SENDER
from sbtutorial.amqp.errors import Condition, LocalProtocolError, RemoteProtocolError
from sbtutorial.amqp.link import Link, LinkCarrier, LinkFlow
from sbtutorial.amqp.messaging import DeliveryState
from sbtutorial.amqp.performatives import Flow, Transfer
from sbtutorial.amqp.pieces import Payload
from sbtutorial.amqp.states import LinkState


class SenderLink(Link):
    """The end that sends: spends the credit that the peer grants.

    Attributes:
        drain: The peer wants its credit used or given back at once; answer with `drained`.
    """

    role = SENDER

    def __init__(self, session: LinkCarrier, name: str, handle: int) -> None:
        super().__init__(session, name, handle)
        self.drain = False

    @property
    def credit(self) -> int:
        """How many deliveries may be sent now: none while the session's window is shut."""
        return self._credit.available if self.session.windows.sendable > 0 else 0

    @property
    def delivery_count(self) -> int:
        """Deliveries sent, from where the link began; wraps at 2^32."""
        return self._credit.delivery_count

    def send(
        self,
        payload: Payload,
        *,
        delivery_tag: bytes,
        settled: bool,
        message_format: int = 0,
        state: DeliveryState | None = None,
    ) -> int:
        """Send one delivery, in as many frames as the peer's limit asks for.

        Args:
            payload: The encoded message.
            delivery_tag: Up to 32 bytes, unique among the link's unsettled deliveries.
            settled: Forget the delivery at once; otherwise it stays in `unsettled` until the
                peer or `settle` settles it.
            message_format: 0 for a plain message.
            state: Such as a transaction.

        Returns:
            The delivery-id, one more than that of the session's delivery before.

        Raises:
            LocalProtocolError: The link is not attached, or its credit is spent.
        """
        if self.state is not LinkState.ATTACHED:
            raise LocalProtocolError(f"link '{self.name}' is not attached; nothing can be sent")
        if self._credit.available <= 0:
            raise LocalProtocolError(f"link '{self.name}' has no credit; wait for a LinkFlow")
        session = self.session
        delivery_id = session.next_delivery_id()
        self._credit.spend()
        if not settled:
            self.unsettled[delivery_id] = delivery_tag
            session.outgoing_unsettled[delivery_id] = self
        if message_format == 0 and state is None:
            session.writer.send_plain_transfer(
                self.handle, delivery_id, delivery_tag, settled, payload
            )
        else:
            head = Transfer(
                self.handle, delivery_id, delivery_tag, message_format, settled, False, None, state
            )
            session.writer.send_transfer(head, payload)
        return delivery_id

    def settle(self, delivery_id: int, outcome: DeliveryState | None) -> None:
        """Settle a delivery, and tell the receiver the outcome.

        A delivery that is not unsettled any more is answered all the same: the receiver waits.
        """
        if self.state is LinkState.ATTACHED:
            self.unsettled.pop(delivery_id, None)
            self.session.settle(delivery_id, outcome)

    def drained(self) -> None:
        """Give the remaining credit back: there is nothing more to send. Answers a drain."""
        self._credit.exhaust()
        # To a client this flow says that nothing more will come.
        self.session.writer.after_transfers(self.handle, lambda: self._send_flow(drain=True))
        self.drain = False

    def flow(self) -> None:
        """Tell the receiver the delivery-count and the credit that is left."""
        self._send_flow(drain=self.drain)

    def on_flow(self, flow: Flow) -> None:
        """Take in a flow: new credit, a drain, or an echo that is asked for."""
        if flow.link_credit is not None:
            self._credit.granted_by_peer(flow.delivery_count, flow.link_credit)
        self.drain = flow.drain
        if flow.echo and self.is_attached:
            self.flow()
        self.session.emit(LinkFlow(self))

    def on_transfer(self, transfer: Transfer, payload: bytes) -> None:
        """Refuse a transfer that comes the wrong way."""
        raise RemoteProtocolError(
            f"transfer on link '{self.name}', whose receiver is the peer", Condition.NOT_ALLOWED
        )

    def _prepare(self, initial_delivery_count: int, max_message_size: int | None) -> None:
        # Credit may have come before our attach went out: it was counted from zero.
        self._credit.delivery_count = initial_delivery_count

    def _initial_delivery_count(self) -> int | None:
        return self._credit.delivery_count

    def _send_flow(self, *, drain: bool) -> None:
        if self.is_attached:
            credit = self._credit
            self.session.writer.send_link_flow(
                self.handle, credit.delivery_count, credit.available, 0, drain
            )
