"""What a receiver's verdict on a message asks for, and what the broker answers.

Source: AMQP 1.0, 3.4; Azure Service Bus, "Message transfers, locks, and settlement".
"""

from collections.abc import Callable
from typing import Any

from sbtutorial.amqp.messaging import Accepted, Modified, Received, Rejected, Released
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import DEAD_LETTER_ERROR_DESCRIPTION, DEAD_LETTER_REASON
from sbtutorial.broker.subqueues.disposition import Disposition, Settlement
from sbtutorial.gateway.wire.changes import property_changes, reason_text

Outcome = Accepted | Modified | Rejected | Released


def read_disposition(state: object) -> Disposition | None:
    """The disposition that a delivery state is; None for `received`, which settles nothing.

    Raises:
        BrokerError: ARGUMENT_ERROR: it is no outcome, or has properties that no message can have;
            MESSAGE_SIZE_EXCEEDED: one of these is too long.
    """
    if isinstance(state, Received):
        return None
    read = _READ.get(type(state))
    if read is None:
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR,
            f"A message is not settled by {str(state)[:_SHOWN_CHARS]}: settle it as accepted, "
            "released, rejected or modified.",
        )
    return read(state)


def outcome_of(state: object) -> Outcome:
    """What the broker answers when it has done what a delivery state says."""
    if isinstance(state, Modified):
        return Modified(None, bool(state.undeliverable_here), None)
    if isinstance(state, Rejected):
        return Rejected(None)
    assert isinstance(state, Accepted | Released)
    return state


def _read_modified(state: Modified) -> Disposition:
    settlement = Settlement.DEFER if state.undeliverable_here else Settlement.ABANDON
    return Disposition(settlement, property_changes(state.message_annotations))


def _read_rejected(state: Rejected) -> Disposition:
    info = dict(state.error.info or {}) if state.error else {}
    return dead_lettering(
        info.pop(DEAD_LETTER_REASON, None), info.pop(DEAD_LETTER_ERROR_DESCRIPTION, None), info
    )


def dead_lettering(reason: object, description: object, changes: object) -> Disposition:
    """To the dead-letter queue, with all that a client says of it, as it comes from the wire.

    Raises:
        BrokerError: As `read_disposition`.
    """
    return Disposition(
        Settlement.DEAD_LETTER,
        property_changes(changes),
        reason_text(DEAD_LETTER_REASON, reason),
        reason_text(DEAD_LETTER_ERROR_DESCRIPTION, description),
    )


_SHOWN_CHARS = 60
_COMPLETE, _RELEASE = Disposition(Settlement.COMPLETE), Disposition(Settlement.RELEASE)
_READ: dict[type, Callable[[Any], Disposition]] = {
    Accepted: lambda _state: _COMPLETE,
    Modified: _read_modified,
    Rejected: _read_rejected,
    Released: lambda _state: _RELEASE,
}
