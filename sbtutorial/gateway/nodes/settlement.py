"""What a receiver's verdict on a message asks for, and what the broker answers.

Source: AMQP 1.0, 3.4; Azure Service Bus, "Message transfers, locks, and settlement".
"""

from collections.abc import Callable, Mapping
from typing import Any

from sbtutorial.amqp.messaging import Accepted, Modified, Rejected, Released
from sbtutorial.broker.message import DEAD_LETTER_ERROR_DESCRIPTION, DEAD_LETTER_REASON
from sbtutorial.broker.subqueues.subqueue import Disposition, Settlement

Outcome = Accepted | Modified | Rejected | Released


def read_disposition(state: object) -> Disposition | None:
    """The disposition that a delivery state is; None for one that is none, such as `received`."""
    read = _READ.get(type(state))
    return read(state) if read else None


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
    return Disposition(settlement, _text_keys(state.message_annotations))


def _read_rejected(state: Rejected) -> Disposition:
    changed = _text_keys(state.error.info if state.error else None) or {}
    reason = changed.pop(DEAD_LETTER_REASON, None)
    description = changed.pop(DEAD_LETTER_ERROR_DESCRIPTION, None)
    return Disposition(Settlement.DEAD_LETTER, changed, reason, description)


_COMPLETE, _RELEASE = Disposition(Settlement.COMPLETE), Disposition(Settlement.RELEASE)
_READ: dict[type, Callable[[Any], Disposition]] = {
    Accepted: lambda _state: _COMPLETE,
    Modified: _read_modified,
    Rejected: _read_rejected,
    Released: lambda _state: _RELEASE,
}


def _text_keys(changed: Mapping[Any, Any] | None) -> dict[str, Any] | None:
    """Property names arrive as symbols or strings; application properties are named by strings."""
    return {str(key): value for key, value in changed.items()} if changed else None
