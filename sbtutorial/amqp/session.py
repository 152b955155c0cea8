"""Sessions: links on one channel, windows for transfers, ids for deliveries.

Source: AMQP 1.0, 2.5 and 2.6.12.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from sbtutorial.amqp.definitions import RECEIVER, SENDER, Error
from sbtutorial.amqp.errors import Condition, DecodeError, LocalProtocolError
from sbtutorial.amqp.incoming_dispositions import on_disposition
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
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.amqp.session_writer import DispositionCarrier, SessionWriter
from sbtutorial.amqp.states import (
    SESSION,
    SESSION_OPEN,
    LinkState,
    SessionInput,
    SessionState,
    step,
)
from sbtutorial.amqp.transfer_writer import TransferWriter
from sbtutorial.amqp.types.composites import Composite
from sbtutorial.amqp.types.serial import serial_add
from sbtutorial.amqp.windows import INCOMING_WINDOW, OUTGOING_WINDOW, SessionWindows

# Of deliveries that nobody will settle any more, so many are forgotten at once.
_FORGOTTEN_AT_ONCE = 256
_TOO_MANY = "There are too many links on this session or connection; detach one of them."


@dataclass(slots=True)
class SessionBegun:
    """A session can be used: the peer began it, or answered ours."""

    session: "Session"


@dataclass(slots=True)
class SessionEnded:
    """A session is over, and its links with it; `error` in either side's words."""

    session: "Session"
    error: Error | None


class Carrier(DispositionCarrier, Protocol):
    """What a session needs of its connection."""

    def emit(self, event: Any) -> None:
        """Report an event to the caller."""

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
        report: Take these steps, each of which reports an event, before the next frame is read.
        windows: For its links: how many transfers either side may still send.
        writer: For its links: sends frames, in order.
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
        self.report = carrier.report
        self._carrier = carrier
        self.use = use
        self._links = LinkTable(use)
        self.windows = SessionWindows()
        self._next_delivery_id = 0
        self._forgets_later = False
        self._transfers = TransferWriter(carrier, channel, self.windows)
        self.writer = SessionWriter(carrier, channel, self.windows, self._transfers)

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
        self.writer.send_disposition(SENDER, delivery_id, outcome, settled=True)
        if count > 1 and self.writer.pending is not None:
            self.writer.pending.last = serial_add(delivery_id, count - 1)

    def end(self, error: Error | None = None) -> None:
        """End the session and its links; `SessionEnded` follows when the peer has answered."""
        if self.state in SESSION_OPEN:
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

    def forget_deliveries(self, link: Link) -> None:
        """Forget what a link that leaves had unsettled or had not sent yet.

        Of very many deliveries the link has none any more; that they were its own is forgotten
        later, in steps.
        """
        owners: dict[int, Any] = (
            self.outgoing_unsettled if link.role is SENDER else self.incoming_unsettled
        )
        unsettled, link.unsettled = link.unsettled, {}
        forgetting = _forgetting(unsettled, owners, link)
        if len(unsettled) > _FORGOTTEN_AT_ONCE or (unsettled and self._forgets_later):
            self.use.leftovers.append(forgetting)
        else:
            for _ in forgetting:
                pass
        self._transfers.forget(link.handle)

    # --- for its connection

    def begin(self) -> None:
        """Send a begin: a session of ours, or the answer to the peer's."""
        self._step(SessionInput.SEND_BEGIN)
        self.writer.write(
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
        self.state = self.writer.state = SessionState.UNMAPPED
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
            self.writer.send_performative(self.windows.to_flow())

    def _report_window(self) -> None:
        """Have the sender links served whose credit was of no use while the window was shut."""
        self.report(self._window_reports())

    def _window_reports(self) -> Iterator[None]:
        for link in list(self._links):
            if isinstance(link, SenderLink) and link.is_attached and link.credit > 0:
                self.emit(LinkFlow(link))
                yield

    def _on_transfer(self, transfer: Transfer, payload: bytes) -> None:
        if self.windows.on_received():
            self.writer.send_performative(self.windows.to_flow())
        link = self._links.find(transfer.handle)
        if link is not None and not link.is_leaving:
            link.on_transfer(transfer, payload)

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
            self.writer.flush_disposition()
            self._step(SessionInput.SEND_END)
            self.writer.write(End())
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
        if self.state not in SESSION_OPEN:
            raise LocalProtocolError("the session is over; begin another one")
        self._links.add(link)
        link.attach(source, target, **attach)

    def _send_end(self, on: SessionInput, error: Error | None) -> None:
        self.writer.flush_disposition()
        self._step(on)
        self.writer.write(End(error))
        self._drop_links()

    def _drop_links(self) -> None:
        self._transfers.clear()
        count = len(self.outgoing_unsettled) + len(self.incoming_unsettled)
        self._forgets_later = count > _FORGOTTEN_AT_ONCE
        for link in self._links.clear():
            link.on_session_over()

    def _step(self, on: SessionInput) -> None:
        self.state = self.writer.state = step(SESSION, self.state, on)


def _forgetting(unsettled: dict[int, bytes], owners: dict[int, Any], link: Link) -> Iterator[None]:
    while unsettled:
        for _ in range(min(_FORGOTTEN_AT_ONCE, len(unsettled))):
            delivery_id, _ = unsettled.popitem()
            if owners.get(delivery_id) is link:
                del owners[delivery_id]
        yield


_HANDLERS: dict[type, Callable[[Session, Any, bytes], None]] = {
    Attach: Session._on_attach,
    Flow: Session._on_flow,
    Transfer: Session._on_transfer,
    Disposition: on_disposition,
    Detach: Session._on_detach,
    End: Session._on_end,
}
