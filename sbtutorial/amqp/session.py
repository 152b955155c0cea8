"""Sessions: links on one channel, windows for transfers, ids for deliveries.

Source: AMQP 1.0, 2.5 and 2.6.12.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from sbtutorial.amqp.definitions import RECEIVER, SENDER, Error
from sbtutorial.amqp.dispositions import PendingDisposition, spans_of
from sbtutorial.amqp.errors import Condition, DecodeError, LocalProtocolError
from sbtutorial.amqp.limits import ResourceUse
from sbtutorial.amqp.link import Link, LinkFlow
from sbtutorial.amqp.link_table import LinkTable
from sbtutorial.amqp.messaging import Coordinator, DeliveryState, Source, Target
from sbtutorial.amqp.performatives import (
    UINT_MAX,
    Attach,
    Begin,
    Detach,
    Disposition,
    End,
    Flow,
    ReceiverSettleMode,
    SenderSettleMode,
    Transfer,
)
from sbtutorial.amqp.pieces import Payload
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.amqp.states import SESSION, LinkState, SessionInput, SessionState, step
from sbtutorial.amqp.transfer_writer import FrameCarrier, TransferWriter
from sbtutorial.amqp.types.composites import Composite
from sbtutorial.amqp.types.serial import serial_add
from sbtutorial.amqp.windows import INCOMING_WINDOW, OUTGOING_WINDOW, SessionWindows

_TOO_MANY = "There are too many links on this session or connection; detach one of them."
# States in which frames of the session may be sent.
_OPEN = frozenset({SessionState.MAPPED, SessionState.BEGIN_SENT})


@dataclass(slots=True)
class SessionBegun:
    """A session can be used: the peer began it, or answered ours."""

    session: "Session"


@dataclass(slots=True)
class SessionEnded:
    """A session is over, and its links with it; `error` in either side's words."""

    session: "Session"
    error: Error | None


@dataclass(slots=True)
class DispositionReceived:
    """The peer told the state of one unsettled delivery of `link`, or settled it."""

    link: Link
    delivery_id: int
    delivery_tag: bytes
    state: DeliveryState | None
    settled: bool


@dataclass(slots=True)
class UnknownDelivery:
    """The peer told the state of deliveries that no sender link of the session holds unsettled.

    They are `count` in a row, from `delivery_id` on. When `settled` is false the peer waits for an
    answer: `session.settle(delivery_id, outcome, count)`.
    """

    session: "Session"
    delivery_id: int
    state: DeliveryState | None
    settled: bool
    count: int = 1


class Carrier(FrameCarrier, Protocol):
    """What a session needs of its connection."""

    def emit(self, event: Any) -> None:
        """Report an event to the caller."""

    def has_disposition(self, session: "Session") -> None:
        """Have `flush_disposition` called before anything is given to the network."""

    def session_over(self, session: "Session") -> None:
        """Free the channel."""

    def report(self, reports: Iterator[None]) -> None:
        """Take these steps, each of which reports an event, before the next frame is read."""


class Session:
    """One session, of either side.

    Attributes:
        channel: Our number for it.
        remote_channel: The peer's number; None until the peer has begun it.
        remote_begin: What the peer said when it began.
        outgoing_unsettled: Our unsettled deliveries: delivery-id to the link that sent it.
        incoming_unsettled: The peer's: delivery-id to the link that received it.
        context: The caller's own.
        emit: For its links: report an event to the caller.
        windows: For its links: how many transfers either side may still send.
        use: For its links: what the peer makes this side keep, and its limits.
    """

    def __init__(self, carrier: Carrier, channel: int, use: ResourceUse) -> None:
        self.channel = channel
        self.remote_channel: int | None = None
        self.remote_begin: Begin | None = None
        self.state = SessionState.UNMAPPED
        self.outgoing_unsettled: dict[int, SenderLink] = {}
        self.incoming_unsettled: dict[int, ReceiverLink] = {}
        self.context: Any = None
        self.emit = carrier.emit
        self._carrier = carrier
        self.use = use
        self._links = LinkTable(use)
        self.windows = SessionWindows()
        self._next_delivery_id = 0
        self._transfers = TransferWriter(carrier, channel, self.windows)
        self._disposition: PendingDisposition | None = None

    def __repr__(self) -> str:
        return f"<Session {self.channel} {self.state.name}>"

    # --- what the caller asks for

    def attach_sender(
        self,
        name: str,
        *,
        source: Source | None = None,
        target: Target | Coordinator | None = None,
        snd_settle_mode: int = SenderSettleMode.MIXED,
        rcv_settle_mode: int = ReceiverSettleMode.FIRST,
        properties: dict[Any, Any] | None = None,
        max_message_size: int | None = None,
    ) -> SenderLink:
        """Ask the peer for a link to send on; `LinkAttached` or `LinkRefused` follows.

        Raises:
            LocalProtocolError: The session is over, or has a sender of that name.
        """
        link = SenderLink(self, name, self._links.take_handle())
        self._attach(
            link,
            source or Source(),
            target,
            snd_settle_mode=snd_settle_mode,
            rcv_settle_mode=rcv_settle_mode,
            properties=properties,
            max_message_size=max_message_size,
        )
        return link

    def attach_receiver(
        self,
        name: str,
        *,
        source: Source | None = None,
        target: Target | None = None,
        snd_settle_mode: int = SenderSettleMode.MIXED,
        rcv_settle_mode: int = ReceiverSettleMode.FIRST,
        properties: dict[Any, Any] | None = None,
        max_message_size: int | None = None,
    ) -> ReceiverLink:
        """Ask the peer for a link to receive on; `LinkAttached` or `LinkRefused` follows.

        Raises:
            LocalProtocolError: The session is over, or has a receiver of that name.
        """
        link = ReceiverLink(self, name, self._links.take_handle())
        self._attach(
            link,
            source,
            target or Target(),
            snd_settle_mode=snd_settle_mode,
            rcv_settle_mode=rcv_settle_mode,
            properties=properties,
            max_message_size=max_message_size,
        )
        return link

    def settle(self, delivery_id: int, outcome: DeliveryState | None, count: int = 1) -> None:
        """Settle a delivery of ours and tell the receiver its state.

        Also the answer to `UnknownDelivery`, for which there is no link to ask and which may stand
        for `count` deliveries in a row.
        """
        self.outgoing_unsettled.pop(delivery_id, None)
        self.send_disposition(SENDER, delivery_id, outcome, settled=True)
        if count > 1 and self._disposition is not None:
            self._disposition.last = serial_add(delivery_id, count - 1)

    def end(self, error: Error | None = None) -> None:
        """End the session and its links; `SessionEnded` follows when the peer has answered."""
        if self.state in _OPEN:
            self._send_end(SessionInput.SEND_END, error)

    @property
    def has_window(self) -> bool:
        """Whether a delivery that is sent now would go out at once: else it would wait here."""
        return self.windows.sendable > 0 and not self._transfers.blocked

    # --- for its links

    def next_delivery_id(self) -> int:
        """Number one more delivery. Clients insist that no number is left out."""
        delivery_id = self._next_delivery_id
        self._next_delivery_id = (delivery_id + 1) & UINT_MAX
        return delivery_id

    def send_performative(self, performative: Composite) -> None:
        """Send a frame, behind any disposition that waits."""
        if self.state in _OPEN:
            if self._disposition is not None:
                self.flush_disposition()
            self._write(performative)

    def send_link_flow(
        self,
        handle: int,
        delivery_count: int,
        link_credit: int,
        available: int | None,
        drain: bool,
    ) -> None:
        """Send a flow of a link; its fields of the session are always set as well."""
        flow = self.windows.to_flow()
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
        pending = self._disposition
        if pending is not None:
            if pending.extend(role, delivery_id, outcome, settled):
                return
            self.flush_disposition()
        elif self.state is not SessionState.MAPPED:
            return
        else:
            self._carrier.has_disposition(self)
        self._disposition = PendingDisposition(role, delivery_id, outcome, settled)

    def flush_disposition(self) -> None:
        """Send the disposition that waits, if any."""
        pending = self._disposition
        if pending is not None:
            self._disposition = None
            self._carrier.write_frame(self.channel, pending.encode())

    def send_transfer(self, head: Transfer, payload: Payload) -> None:
        """Send a delivery, behind any disposition that waits."""
        if self._disposition is not None:
            self.flush_disposition()
        self._transfers.write(head, payload)

    def send_plain_transfer(
        self, handle: int, delivery_id: int, tag: bytes, settled: bool, payload: Payload
    ) -> None:
        """As `send_transfer`, of a plain format and without a state. Hot."""
        if self._disposition is not None:
            self.flush_disposition()
        self._transfers.write_plain(handle, delivery_id, tag, settled, payload)

    def after_transfers(self, handle: int, action: Callable[[], None]) -> None:
        """Do something when a link's deliveries have been sent, as far as the engine goes."""
        self._transfers.after(handle, action)

    def forget_deliveries(self, link: Link) -> None:
        """Forget what a link that leaves had unsettled or had not sent yet."""
        owners: dict[int, Any] = (
            self.outgoing_unsettled if link.role is SENDER else self.incoming_unsettled
        )
        for delivery_id in link.unsettled:
            if owners.get(delivery_id) is link:
                del owners[delivery_id]
        self._transfers.forget(link.handle)

    # --- for its connection

    def begin(self) -> None:
        """Send a begin: a session of ours, or the answer to the peer's."""
        self._step(SessionInput.SEND_BEGIN)
        self._write(
            Begin(
                self.remote_channel,
                self.windows.next_outgoing_id,
                INCOMING_WINDOW,
                OUTGOING_WINDOW,
            )
        )

    def on_begin(self, remote_channel: int, begin: Begin) -> None:
        """Take in a begin: a session of the peer's, or the answer to ours."""
        self._step(SessionInput.RECV_BEGIN)
        self.remote_channel = remote_channel
        # Nobody reads these, and they may be large.
        begin.offered_capabilities = begin.desired_capabilities = ()
        begin.properties = None
        self.remote_begin = begin
        self.windows.on_begin(begin)
        if self.state is SessionState.BEGIN_RCVD:
            self.begin()
        if self.state is SessionState.MAPPED:
            self.emit(SessionBegun(self))

    def on_frame(self, performative: Composite, payload: bytes) -> None:
        """Take in a frame of this session; once an end was sent, only an end counts.

        Hot: runs for each frame of a session that arrives.
        """
        if self.state is SessionState.MAPPED or type(performative) is End:
            handler = _HANDLERS.get(type(performative))
            if handler is None:
                raise DecodeError("a frame of a session must hold one of AMQP's performatives")
            handler(self, performative, payload)

    def fail(self, error: Error) -> None:
        """End the session because of what the peer did on it."""
        self._send_end(SessionInput.SEND_END_FAILURE, error)
        self.emit(SessionEnded(self, error))

    def on_connection_over(self) -> None:
        """The connection is gone, and the session with it."""
        self.state = SessionState.UNMAPPED
        self._drop_links()

    # --- what the peer sends

    def _on_attach(self, attach: Attach, _payload: bytes) -> None:
        self._links.check_free(attach.handle)
        self._links.check_room()
        link = self._links.named(attach.name, not attach.role)
        if link is not None and link.state not in (LinkState.ATTACH_SENT, LinkState.DETACH_PIPE):
            self._links.forget_name(link)
            if not link.is_leaving:
                link.fail(Condition.STOLEN, f"link '{link.name}' was attached again")
            link = None
        if link is None:
            kind = SenderLink if attach.role is RECEIVER else ReceiverLink
            link = kind(self, attach.name, self._links.take_handle())
            self._links.add(link)
        self._links.bind(link, attach.handle)
        if self._links.is_over_full and link.state is LinkState.DETACHED:
            link.turn_away(attach, Condition.RESOURCE_LIMIT_EXCEEDED, _TOO_MANY)
        else:
            link.on_attach(attach)

    def _on_flow(self, flow: Flow, _payload: bytes) -> None:
        windows = self.windows
        was_shut = windows.sendable <= 0
        windows.on_flow(flow)
        if was_shut and windows.sendable > 0:
            self._transfers.resume()
            self._report_window()
        if flow.handle is not None:
            link = self._links.find(flow.handle)
            if link is not None and not link.is_leaving:
                link.on_flow(flow)
        elif flow.echo:
            self.send_performative(self.windows.to_flow())

    def _report_window(self) -> None:
        """Have the sender links served whose credit was of no use while the window was shut."""
        self._carrier.report(self._window_reports())

    def _window_reports(self) -> Iterator[None]:
        for link in list(self._links):
            if isinstance(link, SenderLink) and link.is_attached and link.credit > 0:
                self.emit(LinkFlow(link))
                yield

    def _on_transfer(self, transfer: Transfer, payload: bytes) -> None:
        if self.windows.on_received():
            self.send_performative(self.windows.to_flow())
        link = self._links.find(transfer.handle)
        if link is not None and not link.is_leaving:
            link.on_transfer(transfer, payload)

    def _on_disposition(self, disposition: Disposition, _payload: bytes) -> None:
        is_ours = disposition.role is RECEIVER
        owners: dict[int, Any] = self.outgoing_unsettled if is_ours else self.incoming_unsettled
        first, last = disposition.first, disposition.last
        if (last is None or last == first) and first in owners:  # as a rule
            link = owners.pop(first) if disposition.settled else owners[first]
            self._report_state(link, first, disposition)
        elif last is None or last == first:
            self._on_delivery_state(disposition, owners, first, 1)
        else:
            spans = spans_of(first, last, owners)
            self._carrier.report(self._state_reports(disposition, owners, spans))

    def _state_reports(
        self, disposition: Disposition, owners: dict[int, Any], spans: Iterable[tuple[int, int]]
    ) -> Iterator[None]:
        """Report a range of deliveries, one by one: there may be very many."""
        for delivery_id, count in spans:
            self._on_delivery_state(disposition, owners, delivery_id, count)
            yield
            if self.state not in _OPEN:
                return

    def _on_delivery_state(
        self, disposition: Disposition, owners: dict[int, Any], delivery_id: int, count: int
    ) -> None:
        link = owners.get(delivery_id)
        if link is not None:
            if disposition.settled:
                del owners[delivery_id]
            self._report_state(link, delivery_id, disposition)
        elif disposition.role is RECEIVER:
            self.emit(
                UnknownDelivery(self, delivery_id, disposition.state, disposition.settled, count)
            )

    def _report_state(self, link: Link, delivery_id: int, disposition: Disposition) -> None:
        take = link.unsettled.pop if disposition.settled else link.unsettled.__getitem__
        self.emit(
            DispositionReceived(
                link, delivery_id, take(delivery_id), disposition.state, disposition.settled
            )
        )

    def _on_detach(self, detach: Detach, _payload: bytes) -> None:
        link = self._links.find(detach.handle)
        if link is not None:
            link.on_detach(detach)
            self._links.remove(link)

    def _on_end(self, end: End, _payload: bytes) -> None:
        was_failing = self.state is SessionState.DISCARDING
        self._step(SessionInput.RECV_END)
        self._drop_links()
        if self.state is SessionState.END_RCVD:
            self.flush_disposition()
            self._step(SessionInput.SEND_END)
            self._write(End())
        self._carrier.session_over(self)
        if not was_failing:
            self.emit(SessionEnded(self, end.error))

    # --- inside

    def _attach(
        self,
        link: Link,
        source: Source | None,
        target: Target | Coordinator | None,
        **attach: Any,
    ) -> None:
        if self.state not in _OPEN:
            raise LocalProtocolError("the session is over; begin another one")
        self._links.add(link)
        link.attach(source, target, **attach)

    def _send_end(self, on: SessionInput, error: Error | None) -> None:
        self.flush_disposition()
        self._step(on)
        self._write(End(error))
        self._drop_links()

    def _drop_links(self) -> None:
        self._transfers.clear()
        for link in self._links.clear():
            link.on_session_over()

    def _step(self, on: SessionInput) -> None:
        self.state = step(SESSION, self.state, on)

    def _write(self, performative: Composite) -> None:
        self._carrier.write_frame(self.channel, performative.encode())


_HANDLERS: dict[type, Callable[[Session, Any, bytes], None]] = {
    Attach: Session._on_attach,
    Flow: Session._on_flow,
    Transfer: Session._on_transfer,
    Disposition: Session._on_disposition,
    Detach: Session._on_detach,
    End: Session._on_end,
}
