"""The end of a link that receives: credit granted, frames joined to messages, verdicts given.

Source: AMQP 1.0, 2.6.7, 2.6.12 and 2.6.14.
"""

from typing import TYPE_CHECKING

from sbtutorial.amqp.definitions import RECEIVER
from sbtutorial.amqp.errors import Condition, RemoteProtocolError
from sbtutorial.amqp.events import LinkFlow, MessageReceived
from sbtutorial.amqp.link_base import Link
from sbtutorial.amqp.messaging import DeliveryState
from sbtutorial.amqp.performatives import Flow, Transfer
from sbtutorial.amqp.states import LinkState

if TYPE_CHECKING:
    from sbtutorial.amqp.session import Session

# For a link that was accepted without a limit of its own.
DEFAULT_HARD_CAP_BYTES = 64 * 1024 * 1024


class ReceiverLink(Link):
    """The end that receives: grants credit, joins frames to messages, settles."""

    role = RECEIVER

    def __init__(self, session: "Session", name: str, handle: int) -> None:
        super().__init__(session, name, handle)
        self.hard_cap_bytes = DEFAULT_HARD_CAP_BYTES
        self._partial: Transfer | None = None
        self._pieces: list[bytes] = []
        self._size_bytes = 0

    @property
    def available_credit(self) -> int:
        """What is left of the credit granted; below zero when the sender does not count."""
        return self._credit.available

    @property
    def delivery_count(self) -> int:
        """Deliveries begun, from where the sender began to count; wraps at 2^32."""
        return self._credit.delivery_count

    def grant(self, credit: int, *, drain: bool = False) -> None:
        """Welcome `credit` deliveries from now on, whatever was granted before.

        Args:
            credit: The whole of it, not an addition.
            drain: Ask the sender to use it up or give it back at once; its answer is a
                `LinkFlow` with nothing left in `available_credit`.
        """
        if self.is_attached:
            self._credit.grant(credit)
            self._send_flow(drain=drain)

    def keep_credit(self, credit: int) -> None:
        """Welcome `credit` deliveries again, once half of them have come."""
        if self._credit.available <= credit // 2:
            self.grant(credit)

    def settle(
        self, delivery_id: int, outcome: DeliveryState | None, *, settled: bool = True
    ) -> None:
        """Tell the sender what became of a delivery.

        Args:
            delivery_id: From its `MessageReceived`.
            outcome: The verdict.
            settled: Forget the delivery; otherwise the sender is asked to settle, and its answer
                comes as a `DispositionReceived`.
        """
        if self.state is LinkState.ATTACHED:
            if settled:
                self.unsettled.pop(delivery_id, None)
                self.session.incoming_unsettled.pop(delivery_id, None)
            self.session.send_disposition(RECEIVER, delivery_id, outcome, settled)

    def flow(self) -> None:
        """Tell the sender the credit again."""
        if self.is_attached:
            self._send_flow(drain=False)

    def on_flow(self, flow: Flow) -> None:
        """Take in what the sender says of itself: credit that it gives back, or nothing much.

        A sender may send flows whenever it likes; some do at every attach.
        """
        if flow.drain and flow.delivery_count is not None:
            self._credit.exhausted_by_peer(flow.delivery_count)
        if flow.echo:
            self.flow()
        self.session.emit(LinkFlow(self))

    def on_transfer(self, transfer: Transfer, payload: bytes) -> None:
        """Take in a frame; a sender that overruns its credit is served all the same."""
        if self._partial is None:
            self._credit.spend()
            if not (transfer.more or transfer.aborted) and len(payload) <= self.hard_cap_bytes:
                self._deliver(transfer, payload)
                return
        self._gather(transfer, payload)

    def _gather(self, transfer: Transfer, payload: bytes) -> None:
        first = self._partial
        if first is None:
            first = self._partial = transfer
        elif transfer.delivery_id not in (None, first.delivery_id):
            self._forget_partial()
            self.fail(Condition.NOT_ALLOWED, "a delivery began before the one before had ended")
            return
        self._pieces.append(payload)
        self._size_bytes += len(payload)
        if transfer.aborted:
            self._forget_partial()
        elif self._size_bytes > self.hard_cap_bytes:
            self._forget_partial()
            self.fail(
                Condition.MESSAGE_SIZE_EXCEEDED,
                f"a delivery on link '{self.name}' is larger than {self.hard_cap_bytes} bytes",
            )
        elif not transfer.more:
            self._finish_partial(first, transfer)

    def _finish_partial(self, first: Transfer, last: Transfer) -> None:
        first.settled = first.settled or last.settled
        first.state = last.state or first.state
        payload = b"".join(self._pieces)
        self._forget_partial()
        self._deliver(first, payload)

    def _forget_partial(self) -> None:
        self._partial = None
        self._pieces = []
        self._size_bytes = 0

    def _deliver(self, transfer: Transfer, payload: bytes) -> None:
        delivery_id, tag = transfer.delivery_id, transfer.delivery_tag
        if delivery_id is None or tag is None:
            raise RemoteProtocolError(
                "the first transfer of a delivery needs a delivery-id and a delivery-tag",
                Condition.INVALID_FIELD,
            )
        settled = transfer.settled or False
        session = self.session
        if not settled:
            self.unsettled[delivery_id] = tag
            session.incoming_unsettled[delivery_id] = self
        session.emit(
            MessageReceived(
                self,
                delivery_id,
                tag,
                transfer.message_format or 0,
                settled,
                transfer.state,
                payload,
            )
        )

    def _prepare(self, initial_delivery_count: int, hard_cap_bytes: int | None) -> None:
        if hard_cap_bytes is not None:
            self.hard_cap_bytes = hard_cap_bytes

    def _send_flow(self, *, drain: bool) -> None:
        credit = self._credit
        self.session.send_link_flow(
            self.handle, credit.delivery_count, max(credit.available, 0), None, drain
        )
