"""Links: one direction of messages, with credit, between two sides of a session.

`Link` is what both ends share; `SenderLink` is the end that sends, `ReceiverLink` the one that
receives. A link whose session or connection is gone, or that was detached, ignores what it is
told to send: an event that says so may still be waiting to be read.
Source: AMQP 1.0, 2.6.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from sbtutorial.amqp.credit import LinkCredit
from sbtutorial.amqp.definitions import RECEIVER, SENDER, Error
from sbtutorial.amqp.errors import Condition, LocalProtocolError, RemoteProtocolError
from sbtutorial.amqp.events import (
    LinkAttached,
    LinkDetached,
    LinkFlow,
    LinkRefused,
    MessageReceived,
)
from sbtutorial.amqp.messaging import (
    Coordinator,
    DeliveryState,
    Source,
    Target,
)
from sbtutorial.amqp.performatives import Attach, Detach, Flow, Transfer
from sbtutorial.amqp.states import LINK, LinkInput, LinkState, step
from sbtutorial.amqp.values import Described

if TYPE_CHECKING:
    from sbtutorial.amqp.session import Session

# For a link that was accepted without a limit of its own.
DEFAULT_HARD_CAP_BYTES = 64 * 1024 * 1024


class Link:
    """What both ends share: attaching, detaching, and what the peer said of the link.

    Attributes:
        role: SENDER or RECEIVER: which end this is.
        name: Unique on its session among links of one direction.
        handle: Our number for the link.
        session: The session that it belongs to.
        source: Where messages come from: as the attaching side asked, then as it was granted.
        target: Where they go.
        remote_attach: The peer's attach; None until it has come.
        unsettled: Deliveries that are not settled yet: delivery-id to delivery-tag.
        context: The caller's own.
    """

    role: ClassVar[bool]

    def __init__(self, session: "Session", name: str, handle: int) -> None:
        self.session = session
        self.name = name
        self.handle = handle
        self.remote_handle: int | None = None
        self.source: Source | Described | None = None
        self.target: Target | Coordinator | Described | None = None
        self.remote_attach: Attach | None = None
        self.state = LinkState.DETACHED
        self.unsettled: dict[int, bytes] = {}
        self.context: Any = None
        self._credit = LinkCredit()
        self._refused = False
        self._is_over = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} {self.state.name}>"

    @property
    def is_attached(self) -> bool:
        """Whether both sides have attached and neither has detached."""
        return self.state is LinkState.ATTACHED

    @property
    def is_leaving(self) -> bool:
        """Whether this side has detached: what still comes on the link means nothing."""
        return self.state is LinkState.DETACH_SENT

    # --- what the caller asks for

    def accept(
        self,
        *,
        source: Source | None = None,
        target: Target | Coordinator | None = None,
        properties: dict[Any, Any] | None = None,
        max_message_size: int | None = None,
        initial_delivery_count: int = 0,
        hard_cap_bytes: int | None = None,
    ) -> None:
        """Attach a link that the peer asked for; does nothing when the peer has given up.

        Args:
            source: What the link is granted instead of the source asked for.
            target: The same for the target.
            properties: For the peer, keys are symbols.
            max_message_size: In bytes: what the peer is told. It is up to the caller to reject
                what is larger.
            initial_delivery_count: Where a sender's delivery-count begins.
            hard_cap_bytes: A delivery that grows beyond this ends the link at once; 64 MiB
                unless told otherwise.

        Raises:
            LocalProtocolError: The link does not wait for an answer.
        """
        if self._has_given_up():
            return
        asked = self._asked()
        self.source = source if source is not None else asked.source
        self.target = target if target is not None else asked.target
        self._prepare(initial_delivery_count, hard_cap_bytes)
        self._send_attach(
            snd_settle_mode=asked.snd_settle_mode,
            rcv_settle_mode=asked.rcv_settle_mode,
            properties=properties,
            max_message_size=max_message_size,
        )

    def refuse(self, error: Error) -> None:
        """Tell the peer that there will be no such link, and why.

        Raises:
            LocalProtocolError: The link does not wait for an answer.
        """
        if self._has_given_up():
            return
        asked = self._asked()
        self.source = self.target = None
        self._send_attach(
            snd_settle_mode=asked.snd_settle_mode, rcv_settle_mode=asked.rcv_settle_mode
        )
        self.detach(error)

    def detach(self, error: Error | None = None, *, closed: bool = True) -> None:
        """End the link from this side; `LinkDetached` follows when the peer has answered."""
        if self.state in (LinkState.ATTACHED, LinkState.ATTACH_SENT):
            self._step(LinkInput.SEND_DETACH)
            self._let_go()
            self.session.send_performative(Detach(self.handle, closed, error))

    def _has_given_up(self) -> bool:
        return self._is_over or self.state in (LinkState.DETACHED, LinkState.ABANDONED)

    def _asked(self) -> Attach:
        if self.state is not LinkState.ATTACH_RCVD or self.remote_attach is None:
            raise LocalProtocolError(f"link '{self.name}' does not wait for an answer")
        return self.remote_attach

    # --- what differs between the two ends

    def settle(self, delivery_id: int, outcome: DeliveryState | None) -> None:
        """Settle one delivery."""
        raise NotImplementedError

    def _prepare(self, initial_delivery_count: int, hard_cap_bytes: int | None) -> None:
        """Note what only one of the two ends is interested in."""

    def _initial_delivery_count(self) -> int | None:
        """What to say of it in an attach: only senders do."""
        return None

    def flow(self) -> None:
        """Tell the peer where the link stands."""
        raise NotImplementedError

    def on_flow(self, flow: Flow) -> None:
        """Take in the peer's flow."""
        raise NotImplementedError

    def on_transfer(self, transfer: Transfer, payload: bytes) -> None:
        """Take in a frame of a delivery."""
        raise NotImplementedError

    # --- between the session and the link

    def attach(
        self, source: Source | None, target: Target | Coordinator | None, **attach: Any
    ) -> None:
        """Ask the peer for this link."""
        self.source, self.target = source, target
        self._send_attach(**attach)

    def on_attach(self, attach: Attach) -> None:
        """Take in the peer's attach: its wish for a link, or its answer to ours."""
        self.remote_attach = attach
        self.remote_handle = attach.handle
        terminus = attach.source if self.role is RECEIVER else attach.target
        self._refused = self.state is LinkState.ATTACH_SENT and terminus is None
        self._step(LinkInput.RECV_ATTACH)
        self.source, self.target = attach.source, attach.target
        if self.role is RECEIVER:
            self._credit.delivery_count = attach.initial_delivery_count or 0
        if not self._refused and self.state is not LinkState.DETACH_SENT:
            self.session.emit(LinkAttached(self))

    def on_detach(self, detach: Detach) -> None:
        """Take in the peer's detach and answer it."""
        self._step(LinkInput.RECV_DETACH)
        self._let_go()
        if self.state is LinkState.ABANDONED:
            # Every attach is answered, also the one that nobody waits for any more.
            self.source = self.target = None
            self._send_attach()
        if self.state is LinkState.DETACH_RCVD:
            self._step(LinkInput.SEND_DETACH)
            self.session.send_performative(Detach(self.handle, detach.closed))
        if self._refused:
            self.session.emit(LinkRefused(self, detach.error))
        elif not self._is_over:
            self.session.emit(LinkDetached(self, detach.closed, detach.error))
        self._is_over = True

    def fail(self, condition: Condition, description: str) -> None:
        """End the link because of what the peer did on it."""
        error = Error(condition, description)
        if self.state is LinkState.ATTACH_RCVD:
            self.refuse(error)
        else:
            self.detach(error)
        self._is_over = True
        self.session.emit(LinkDetached(self, True, error))

    def on_session_over(self) -> None:
        """The session is gone, and the link with it."""
        self.state = LinkState.DETACHED
        self._is_over = True
        self._let_go()

    def _let_go(self) -> None:
        self._credit.available = 0
        self.session.forget_deliveries(self)
        self.unsettled.clear()

    def _step(self, on: LinkInput) -> None:
        self.state = step(LINK, self.state, on)

    def _send_attach(
        self,
        *,
        snd_settle_mode: int = 2,
        rcv_settle_mode: int = 0,
        properties: dict[Any, Any] | None = None,
        max_message_size: int | None = None,
    ) -> None:
        self._step(LinkInput.SEND_ATTACH)
        self.session.send_performative(
            Attach(
                self.name,
                self.handle,
                self.role,
                snd_settle_mode,
                rcv_settle_mode,
                self.source,
                self.target,
                initial_delivery_count=self._initial_delivery_count(),
                max_message_size=max_message_size,
                properties=properties,
            )
        )


class SenderLink(Link):
    """The end that sends: spends the credit that the peer grants.

    Attributes:
        drain: The peer wants its credit used or given back at once; answer with `drained`.
    """

    role = SENDER

    def __init__(self, session: "Session", name: str, handle: int) -> None:
        super().__init__(session, name, handle)
        self.drain = False

    @property
    def credit(self) -> int:
        """How many deliveries may be sent now."""
        return self._credit.available

    @property
    def delivery_count(self) -> int:
        """Deliveries sent, from where the link began; wraps at 2^32."""
        return self._credit.delivery_count

    def send(
        self,
        payload: bytes,
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
        head = Transfer(
            self.handle, delivery_id, delivery_tag, message_format, settled, False, None, state
        )
        session.send_transfer(self, head, payload)
        return delivery_id

    def settle(self, delivery_id: int, outcome: DeliveryState | None) -> None:
        """Settle a delivery and tell the receiver what came of its verdict.

        A delivery that is not unsettled any more is answered all the same: the receiver waits.
        """
        if self.state is LinkState.ATTACHED:
            self.unsettled.pop(delivery_id, None)
            self.session.settle(delivery_id, outcome)

    def drained(self) -> None:
        """Give the remaining credit back: there is nothing more to send. Answers a drain."""
        self._credit.exhaust()
        self._send_flow(drain=True)
        self.drain = False

    def flow(self) -> None:
        """Tell the receiver the delivery-count and the credit that is left."""
        self._send_flow(drain=self.drain)

    def on_flow(self, flow: Flow) -> None:
        """Take in new credit, a drain, or a wish for an echo."""
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

    def _prepare(self, initial_delivery_count: int, hard_cap_bytes: int | None) -> None:
        # Credit may have come before our attach went out: it was counted from zero.
        self._credit.delivery_count = initial_delivery_count

    def _initial_delivery_count(self) -> int | None:
        return self._credit.delivery_count

    def _send_flow(self, *, drain: bool) -> None:
        if self.is_attached:
            credit = self._credit
            self.session.send_link_flow(
                self.handle, credit.delivery_count, credit.available, 0, drain
            )


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
