"""Links: one direction of messages, with credit, between the two ends of a session.

`Link` is what both ends share: how a link is attached, refused, detached and lost. `sender` has the
end that sends, `receiver` the one that receives. A link whose session or connection is over, or
that was detached, ignores what it is told to send: an event that says so may still be unread.
Source: AMQP 1.0, 2.6.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from sbtutorial.amqp.credit import LinkCredit
from sbtutorial.amqp.definitions import (
    RECEIVER,
    Error,
    ReceiverSettleMode,
    SenderSettleMode,
)
from sbtutorial.amqp.errors import Condition, LocalProtocolError
from sbtutorial.amqp.limits import ResourceUse
from sbtutorial.amqp.messaging import Coordinator, DeliveryState, Source, Target
from sbtutorial.amqp.performatives import Attach, Detach, Flow, Transfer
from sbtutorial.amqp.session_writer import SessionWriter
from sbtutorial.amqp.states import LINK, LinkInput, LinkState, step
from sbtutorial.amqp.types.values import Described
from sbtutorial.amqp.windows import SessionWindows


class LinkCarrier(Protocol):
    """What a link needs of its session.

    Attributes:
        outgoing_unsettled: Unsettled deliveries of this side: delivery-id to sender link.
        incoming_unsettled: Unsettled deliveries of the peer: delivery-id to receiver link.
        context: The caller's own.
        windows: How many transfers either side may still send.
        writer: Sends frames, in order.
        use: What the peer makes this side keep, and its limits.
    """

    outgoing_unsettled: dict[int, Any]
    incoming_unsettled: dict[int, Any]
    context: Any
    use: ResourceUse
    windows: SessionWindows
    writer: SessionWriter

    @property
    def emit(self) -> Callable[[Any], None]:
        """Report an event to the caller."""

    @property
    def has_window(self) -> bool:
        """Whether a delivery that is sent now would go out at once."""

    def next_delivery_id(self) -> int:
        """The delivery-id of one more delivery."""

    def settle(self, delivery_id: int, outcome: DeliveryState | None, count: int = 1) -> None:
        """Settle a delivery of this side."""

    def forget_deliveries(self, link: Any) -> None:
        """Drop what a link has unsettled, which it has no more, and what it has not sent yet."""


@dataclass(slots=True)
class LinkAttached:
    """The peer answered our attach, or asks for a link itself.

    In the second case `link.accept` or `link.refuse` is due, now or later. What the peer sends on
    the link meanwhile is reported, and its credit kept.
    """

    link: "Link"


@dataclass(slots=True)
class LinkRefused:
    """The peer refused a link that we asked for."""

    link: "Link"
    error: Error | None


@dataclass(slots=True)
class LinkDetached:
    """A link is detached: by the peer, by its answer to our detach, or by the engine for cause."""

    link: "Link"
    closed: bool
    error: Error | None


@dataclass(slots=True)
class LinkFlow:
    """The peer sent a flow for a link: look at its `credit` and `drain`."""

    link: "Link"


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

    def __init__(self, session: LinkCarrier, name: str, handle: int) -> None:
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
    ) -> None:
        """Attach a link that the peer asked for; does nothing when the peer has given up.

        Args:
            source: What the link is granted instead of the source asked for.
            target: The same for the target.
            properties: For the peer, keys are symbols.
            max_message_size: In bytes: what the peer is told. A delivery that is larger is
                rejected by the engine, and its bytes thrown away as they come. None: the peer is
                told nothing, and `limits.max_message_size` holds.
            initial_delivery_count: Where a sender's delivery-count begins.

        Raises:
            LocalProtocolError: The link does not wait for an answer.
        """
        if self._has_given_up():
            return
        asked = self._asked()
        self.source = source if source is not None else asked.source
        self.target = target if target is not None else asked.target
        self._prepare(initial_delivery_count, max_message_size)
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
        # The peer may never answer, and what it asked for may be large.
        self.remote_attach = None

    def detach(self, error: Error | None = None, *, closed: bool = True) -> None:
        """End the link from this side; `LinkDetached` follows when the peer has answered."""
        if self.state in (LinkState.ATTACHED, LinkState.ATTACH_SENT):
            self._step(LinkInput.SEND_DETACH)
            self._let_go()
            self.session.writer.send_performative(Detach(self.handle, closed, error))

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

    def _prepare(self, initial_delivery_count: int, max_message_size: int | None) -> None:
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
        """Take in an attach: the peer asks for a link, or answers ours."""
        self._take(attach)
        if not self._refused and self.state is not LinkState.DETACH_SENT:
            self.session.emit(LinkAttached(self))

    def turn_away(self, attach: Attach, condition: Condition, description: str) -> None:
        """Refuse a link that the peer asks for, without an event for the caller."""
        self._take(attach)
        self.refuse(Error(condition, description))
        self._is_over = True

    def _take(self, attach: Attach) -> None:
        self.remote_attach = attach
        self.remote_handle = attach.handle
        terminus = attach.source if self.role is RECEIVER else attach.target
        self._refused = self.state is LinkState.ATTACH_SENT and terminus is None
        self._step(LinkInput.RECV_ATTACH)
        self.source, self.target = attach.source, attach.target
        if self.role is RECEIVER:
            self._credit.delivery_count = attach.initial_delivery_count or 0

    def on_detach(self, detach: Detach) -> None:
        """Take in the peer's detach and answer it."""
        self._step(LinkInput.RECV_DETACH)
        self._let_go()
        if self.state is LinkState.ABANDONED:
            # Every attach is answered, also one that was taken back.
            self.source = self.target = None
            self._send_attach()
        if self.state is LinkState.DETACH_RCVD:
            self._step(LinkInput.SEND_DETACH)
            self.session.writer.send_performative(Detach(self.handle, detach.closed))
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
        """Free what the link keeps: it is detached, or its session is over."""
        self._credit.available = 0
        self.session.forget_deliveries(self)

    def _step(self, on: LinkInput) -> None:
        self.state = step(LINK, self.state, on)

    def _send_attach(
        self,
        *,
        snd_settle_mode: int = SenderSettleMode.MIXED,
        rcv_settle_mode: int = ReceiverSettleMode.FIRST,
        properties: dict[Any, Any] | None = None,
        max_message_size: int | None = None,
    ) -> None:
        self._step(LinkInput.SEND_ATTACH)
        self.session.writer.send_performative(
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
