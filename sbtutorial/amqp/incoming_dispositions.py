"""Incoming dispositions: what the peer says of deliveries, as events, one for each delivery.

Source: AMQP 1.0, 2.7.6.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from sbtutorial.amqp.definitions import RECEIVER
from sbtutorial.amqp.dispositions import spans_of
from sbtutorial.amqp.link import Link
from sbtutorial.amqp.messaging import DeliveryState
from sbtutorial.amqp.performatives import Disposition
from sbtutorial.amqp.states import SESSION_OPEN, SessionState


class SessionOfDeliveries(Protocol):
    """What is needed of the session that deliveries belong to.

    Attributes:
        outgoing_unsettled: Unsettled deliveries of this side: delivery-id to sender link.
        incoming_unsettled: Unsettled deliveries of the peer: delivery-id to receiver link.
        state: Where the session is.
    """

    outgoing_unsettled: dict[int, Any]
    incoming_unsettled: dict[int, Any]
    state: SessionState

    @property
    def emit(self) -> Callable[[Any], None]:
        """Report an event to the caller."""

    @property
    def report(self) -> Callable[[Iterator[None]], None]:
        """Take these steps, each of which reports an event, before the next frame is read."""

    def settle(self, delivery_id: int, outcome: DeliveryState | None, count: int = 1) -> None:
        """Settle deliveries of this side, known or not."""


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

    session: SessionOfDeliveries
    delivery_id: int
    state: DeliveryState | None
    settled: bool
    count: int = 1


def on_disposition(session: SessionOfDeliveries, disposition: Disposition, _payload: bytes) -> None:
    """Report what the peer says of deliveries. Hot: runs for each disposition that arrives."""
    is_ours = disposition.role is RECEIVER
    owners: dict[int, Any] = session.outgoing_unsettled if is_ours else session.incoming_unsettled
    first, last = disposition.first, disposition.last
    if (last is None or last == first) and first in owners:  # as a rule
        link = owners.pop(first) if disposition.settled else owners[first]
        _report_state(session, link, first, disposition)
    elif last is None or last == first:
        _on_delivery_state(session, disposition, owners, first, 1)
    else:
        spans = spans_of(first, last, owners)
        session.report(_state_reports(session, disposition, owners, spans))


def _state_reports(
    session: SessionOfDeliveries,
    disposition: Disposition,
    owners: dict[int, Any],
    spans: Iterable[tuple[int, int]],
) -> Iterator[None]:
    """Report a range of deliveries, one by one: there may be very many."""
    for delivery_id, count in spans:
        _on_delivery_state(session, disposition, owners, delivery_id, count)
        yield
        if session.state not in SESSION_OPEN:
            return


def _on_delivery_state(
    session: SessionOfDeliveries,
    disposition: Disposition,
    owners: dict[int, Any],
    delivery_id: int,
    count: int,
) -> None:
    link = owners.get(delivery_id)
    if link is not None:
        if disposition.settled:
            del owners[delivery_id]
        _report_state(session, link, delivery_id, disposition)
    else:
        _report_unknown(session, delivery_id, disposition, count)


def _report_state(
    session: SessionOfDeliveries, link: Link, delivery_id: int, disposition: Disposition
) -> None:
    unsettled = link.unsettled
    if delivery_id not in unsettled:  # the link is gone, and this was not forgotten so far
        _report_unknown(session, delivery_id, disposition, 1)
        return
    take = unsettled.pop if disposition.settled else unsettled.__getitem__
    session.emit(
        DispositionReceived(
            link, delivery_id, take(delivery_id), disposition.state, disposition.settled
        )
    )


def _report_unknown(
    session: SessionOfDeliveries, delivery_id: int, disposition: Disposition, count: int
) -> None:
    if disposition.role is RECEIVER:
        session.emit(
            UnknownDelivery(session, delivery_id, disposition.state, disposition.settled, count)
        )
