"""Receiver links: credit granted, transfers joined to deliveries, deliveries settled.

A delivery that is larger than the link takes is thrown away as it comes and rejected behind its
last transfer, as Service Bus does; the link stays. Source: AMQP 1.0, 2.6.7, 2.6.12 and 2.6.14.
"""

from dataclasses import dataclass
from io import BytesIO

from sbtutorial.amqp.definitions import RECEIVER, Error
from sbtutorial.amqp.errors import Condition, RemoteProtocolError
from sbtutorial.amqp.link import Link, LinkCarrier, LinkFlow
from sbtutorial.amqp.messaging import DeliveryState, Rejected
from sbtutorial.amqp.performatives import Flow, Transfer
from sbtutorial.amqp.states import LinkState


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


class PartialDelivery:
    """A delivery of several transfers, as far as it has come.

    Attributes:
        first: Its first transfer, which names it.
        content: The payloads, joined; nothing any more once the delivery is refused.
        size_bytes: What has come, thrown away or not.
        refusal: Why it will be rejected, if it will be.
    """

    __slots__ = ("content", "first", "refusal", "size_bytes")

    def __init__(self, first: Transfer) -> None:
        self.first = first
        # One buffer and not a list of pieces: a piece costs memory even when it is empty. This kind
        # gives its bytes away without a copy, which of a hundred megabytes others would notice.
        self.content = BytesIO()
        self.size_bytes = 0
        self.refusal: Condition | None = None


class ReceiverLink(Link):
    """The end that receives: grants credit, joins transfers to deliveries, settles.

    Attributes:
        max_message_size: In bytes: the largest delivery that is handed over.
        called: What refusals call the end that receives; the caller may say it better.
    """

    role = RECEIVER

    def __init__(self, session: LinkCarrier, name: str, handle: int) -> None:
        super().__init__(session, name, handle)
        self.max_message_size = session.use.limits.max_message_size
        self.called = f"link '{name}'"
        self._partial: PartialDelivery | None = None

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

    def keep_credit(self, target: int) -> None:
        """Keep up to `target` deliveries welcome: grant them anew once half are spent.

        Called after each message, it costs a flow for every half of `target`.
        """
        if self._credit.available <= target // 2:
            self.grant(target)

    def settle(
        self, delivery_id: int, outcome: DeliveryState | None, *, settled: bool = True
    ) -> None:
        """Tell the sender what became of a delivery.

        Args:
            delivery_id: From its `MessageReceived`.
            outcome: The state of the delivery (3.4), such as `Accepted`.
            settled: Forget the delivery; otherwise the sender is asked to settle, and its answer
                comes as a `DispositionReceived`.
        """
        if self.state is LinkState.ATTACHED:
            if settled:
                self.unsettled.pop(delivery_id, None)
                self.session.incoming_unsettled.pop(delivery_id, None)
            self.session.writer.send_disposition(RECEIVER, delivery_id, outcome, settled)

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
        """Take in a transfer; a sender that overruns its credit is served all the same.

        Hot: runs for each transfer that arrives. Most are a whole delivery.
        """
        if self._partial is None:
            self._credit.spend()
            if not (transfer.more or transfer.aborted) and len(payload) <= self.max_message_size:
                self._deliver(transfer, payload)
                return
            self._require_id(transfer)
            self._partial = PartialDelivery(transfer)
        self._join(self._partial, transfer, payload)

    def _join(self, partial: PartialDelivery, transfer: Transfer, payload: bytes) -> None:
        first = partial.first
        if transfer.delivery_id not in (None, first.delivery_id):
            self._forget_partial()
            self.fail(Condition.NOT_ALLOWED, "a delivery began before the one before had ended")
            return
        partial.size_bytes += len(payload)
        if transfer.aborted:
            self._forget_partial()
            return
        if partial.refusal is None:
            self._keep(partial, payload)
        if not transfer.more:
            first.settled = first.settled or transfer.settled
            first.state = transfer.state or first.state
            self._finish(partial)

    def _keep(self, partial: PartialDelivery, payload: bytes) -> None:
        """Add a payload, or refuse the delivery and free what has come of it."""
        use = self.session.use
        use.partial_bytes += len(payload)
        partial.content.write(payload)
        if partial.size_bytes > self.max_message_size:
            partial.refusal = Condition.MESSAGE_SIZE_EXCEEDED
        elif use.partial_bytes > use.limits.max_partial_bytes:
            partial.refusal = Condition.RESOURCE_LIMIT_EXCEEDED
        if partial.refusal is not None:
            use.partial_bytes -= partial.content.tell()
            partial.content = BytesIO()

    def _finish(self, partial: PartialDelivery) -> None:
        self._forget_partial()
        if partial.refusal is None:
            self._deliver(partial.first, partial.content.getvalue())
        else:
            self._reject(partial, partial.refusal)

    def _reject(self, partial: PartialDelivery, condition: Condition) -> None:
        """Answer a delivery that was thrown away; its credit is granted anew."""
        delivery_id = self._require_id(partial.first)
        if not partial.first.settled:
            most = self.max_message_size
            if condition is Condition.MESSAGE_SIZE_EXCEEDED:
                why = (
                    f"The message has {partial.size_bytes} bytes; {self.called} takes {most} "
                    f"({most // 1024} KB) at most, properties included. Send less at a time, or "
                    "keep the body elsewhere and send its address."
                )
            else:
                why = (
                    "Too much is on its way at once on this connection. "
                    "Send it again when other messages have arrived."
                )
            self.settle(delivery_id, Rejected(Error(condition, why)))
        if self.is_attached:
            self._credit.available += 1
            self._send_flow(drain=False)

    def _forget_partial(self) -> None:
        if self._partial is not None:
            self.session.use.partial_bytes -= self._partial.content.tell()
            self._partial = None

    def _require_id(self, transfer: Transfer) -> int:
        if transfer.delivery_id is None or transfer.delivery_tag is None:
            raise _no_id()
        return transfer.delivery_id

    def _deliver(self, transfer: Transfer, payload: bytes) -> None:
        delivery_id, tag = transfer.delivery_id, transfer.delivery_tag
        if delivery_id is None or tag is None:
            raise _no_id()
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

    def _prepare(self, initial_delivery_count: int, max_message_size: int | None) -> None:
        self.max_message_size = max_message_size or self.session.use.limits.max_message_size

    def _let_go(self) -> None:
        self._forget_partial()
        super()._let_go()

    def _send_flow(self, *, drain: bool) -> None:
        credit = self._credit
        self.session.writer.send_link_flow(
            self.handle, credit.delivery_count, max(credit.available, 0), None, drain
        )


def _no_id() -> RemoteProtocolError:
    return RemoteProtocolError(
        "the first transfer of a delivery needs a delivery-id and a delivery-tag",
        Condition.INVALID_FIELD,
    )
